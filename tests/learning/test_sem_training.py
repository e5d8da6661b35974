"""The way back: designs in, SEM pictures out."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.expected_sem_file import is_generated
from semiview.files.problem import FileProblem
from semiview.learning.adversary import Adversary
from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.generation import expect_items, picture_of
from semiview.learning.generators import newest_generator
from semiview.learning.messages import (
    CheckpointSaved,
    EpochDone,
    GateDone,
    PicturesScored,
    PredictionDone,
    PredictionFailed,
    PredictItem,
    PredictJob,
    PreviewDone,
    SamplesChosen,
    TrainingOptions,
    WorkFailed,
)
from semiview.learning.networks import PatternNet
from semiview.learning.registry import Registry, read_reference, shipped_paths
from semiview.learning.samples import Batch
from semiview.learning.sem_trainer import SemTrainer
from semiview.learning.training import fine_tune

from .conftest import SIDE_PX

CPU = torch.device("cpu")


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def wish_after(steps, what):
    count = itertools.count()
    return lambda: what if next(count) >= steps else ""


def sem_job(toy, run="run", **options):
    job = toy.job(answers="sem", **options)
    folder = toy.folder / run
    folder.mkdir(exist_ok=True)
    return replace(job, start_checkpoint="", run_folder=str(folder))


def weights_of(events):
    return load_network(Path(of(CheckpointSaved, events)[0].path), "sem")[0].state_dict()


@pytest.mark.slow
def test_that_a_network_learns_what_designs_look_like(toy):
    events = list(fine_tune(sem_job(toy, epochs=8, steps_per_epoch=8)))
    (scored,) = of(PicturesScored, events)
    assert scored.l1 < 0.4 * scored.flat_l1
    assert scored.samples == of(SamplesChosen, events)[0].test >= 1
    losses = [event.train_loss for event in of(EpochDone, events)]
    assert losses[-1] < 0.5 * losses[0]


def test_that_a_generator_stands_apart_and_is_never_promoted(toy):
    job = sem_job(toy, epochs=1, steps_per_epoch=1)
    events = list(fine_tune(job))
    assert not of(GateDone, events)
    folder = Path(job.checkpoints_folder)
    made = newest_generator(folder)
    assert made.id == events[-1].checkpoint_id
    assert made.card["task"] == "design -> sem"
    assert "no CD" in made.card["limits"]
    assert [one.path for one in Registry(folder).list()] == list(shipped_paths())
    (folder / made.path.name).write_bytes(made.path.read_bytes())
    with pytest.raises(FileProblem, match="finds no patterns"):
        Registry(folder).promote(made.id, by="test", reason="")
    with pytest.raises(FileProblem, match="the other way"):
        load_network(made.path)
    with pytest.raises(FileProblem, match="the other way"):
        load_network(toy.start, "sem")


def test_that_a_run_of_pictures_starts_where_the_last_one_ended(toy):
    job = sem_job(toy, epochs=1, steps_per_epoch=1)
    first = newest_generator(Path(job.checkpoints_folder)) or list(fine_tune(job))[-1]
    path = newest_generator(Path(job.checkpoints_folder)).path
    list(fine_tune(replace(job, start_checkpoint=str(path), options=replace(job.options, seed=1))))
    assert newest_generator(Path(job.checkpoints_folder)).card["parent"] == first.checkpoint_id


def test_that_what_is_left_out_is_named(toy):
    store = FeedbackStore.open(toy.folder / "feedback")
    record = Record.example(77, (SIDE_PX, SIDE_PX))
    left = store.append(replace(record, checkpoint_id="", prediction=None, tables={}, approves_registration=False))
    events = list(fine_tune(sem_job(toy, epochs=1, steps_per_epoch=1), wish_after(0, "cancel")))
    (chosen,) = of(SamplesChosen, events)
    assert chosen.left_out == ((left, "nobody approved its registration"),)
    assert (chosen.train + chosen.validation + chosen.test) == 6


def test_that_no_pair_at_all_is_said(toy):
    events = list(fine_tune(replace(sem_job(toy), snapshot=())))
    assert isinstance(events[-1], WorkFailed)
    assert "finer than a pixel" in events[-1].reason


@pytest.mark.parametrize("adversarial", [False, True])
def test_that_a_run_of_pictures_that_was_left_ends_as_if_it_had_not_been(toy, adversarial):
    options = {"epochs": 3, "steps_per_epoch": 2, "adversarial": adversarial}
    job = sem_job(toy, "broken", **options)
    assert list(fine_tune(job, wish_after(3, "abandon")))[-1].outcome == "abandoned"
    resumed, whole = list(fine_tune(job)), list(fine_tune(sem_job(toy, "whole", **options)))
    assert [e.train_loss for e in of(EpochDone, resumed)] == [e.train_loss for e in of(EpochDone, whole)]
    one, other = weights_of(resumed), weights_of(whole)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_that_a_loss_that_is_no_number_ends_the_run_with_a_sentence(toy):
    network = PatternNet()
    with torch.no_grad():
        network.head.weight.fill_(float("nan"))
    path = toy.folder / "broken.safetensors"
    path.write_bytes(to_bytes(network, {"id": "broken", "task": "design -> sem"}))
    events = list(fine_tune(replace(sem_job(toy), start_checkpoint=str(path))))
    assert isinstance(events[-1], WorkFailed)
    assert "no longer a number" in events[-1].reason
    assert newest_generator(toy.folder / "checkpoints") is None


def test_that_previews_show_the_real_picture_beside_the_made_one(toy):
    previews = of(PreviewDone, fine_tune(sem_job(toy, epochs=2, steps_per_epoch=1)))
    assert [one.epoch for one in previews] == [1, 2]
    with np.load(previews[-1].path) as shown:
        assert shown["sem_0"].shape == (SIDE_PX, 2 * SIDE_PX) == shown["design_0"].shape
        assert "after_0" not in shown


def planes(seed=0, side=64):
    rng = np.random.default_rng(seed)
    pattern = np.where(np.arange(side) // 8 % 2, 1.0, -1.0) * np.ones((2, 1, side, 1))
    real = 0.7 * pattern + rng.normal(0, 0.2, pattern.shape)
    return Batch(pattern.astype(np.float32), real.astype(np.float32), np.ones(pattern.shape, np.float32))


def test_that_ignored_pixels_change_neither_loss_nor_gradient_nor_opponent():
    results = []
    for fill in (0.0, 2.5):
        torch.manual_seed(0)
        trainer = SemTrainer(PatternNet(dropout=0.0), 10, 1e-3, 0.0, 0, CPU, adversarial=True)
        batch = planes()
        batch.weight[..., 32:] = 0
        batch.target[..., 32:] = fill
        made = torch.zeros(batch.pixels.shape, requires_grad=True)
        patterns, wanted, weight = trainer.planes(batch)
        torch.autograd.backward(trainer.against(patterns, made, wanted, weight))
        assert not made.grad[..., 32:].any()
        assert made.grad[..., :32].any()
        results.append(float(trainer.loss(trainer.network, batch).detach()))
    assert results[0] == results[1]


def test_that_the_opponent_learns_to_tell_made_pictures_from_real_ones():
    adversary = Adversary(0, CPU)
    patterns, real, weight = (torch.from_numpy(plane) for plane in (planes().pixels, planes().target, planes().weight))
    flat = torch.zeros_like(real)

    def gap():
        with torch.no_grad():
            return float(adversary.opponent(patterns, real)[0].mean() - adversary.opponent(patterns, flat)[0].mean())

    before = gap()
    for _ in range(30):
        adversary.terms(patterns, real, flat, weight)
    assert gap() > before + 0.3


def test_that_the_opponents_terms_fall_where_a_made_picture_comes_near_the_real_one():
    adversary = Adversary(0, CPU)
    patterns, real, weight = (torch.from_numpy(plane) for plane in (planes().pixels, planes().target, planes().weight))
    for _ in range(30):
        adversary.terms(patterns, real, torch.zeros_like(real), weight)
    near, far = (float(adversary.terms(patterns, real, share * real, weight)) for share in (0.9, 0.1))
    assert near < far


def test_that_a_made_picture_is_the_same_for_any_tile():
    torch.manual_seed(0)
    pattern = np.where(np.indices((300, 260)).sum(axis=0) // 16 % 2, 1, -1).astype(np.float32)
    network = PatternNet().eval()
    whole, tiled = (picture_of(network, pattern, tile) for tile in (1024, 128))
    assert whole.shape == pattern.shape
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_that_expected_pictures_are_in_the_grey_levels_of_the_case(tmp_path):
    pixels = np.random.default_rng(0).integers(1000, 60_000, (80, 96)).astype(np.uint16)
    network = PatternNet()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.head.bias.fill_(1.0)  # the picture's white everywhere
    checkpoint = tmp_path / "g.safetensors"
    checkpoint.write_bytes(to_bytes(network, {"id": "g", "task": "design -> sem"}))
    np.save(tmp_path / "a.npy", pixels)
    np.save(tmp_path / "a.design.npy", np.zeros(pixels.shape, np.float32))
    np.save(tmp_path / "wrong.npy", np.zeros((3, 3), np.float32))
    out = tmp_path / "predictions" / "g" / "a.npy"
    good = PredictItem("a", str(tmp_path / "a.npy"), 2.0, 2.0, str(out), str(tmp_path / "a.design.npy"))
    bad = replace(good, case_id="b", design_npy=str(tmp_path / "wrong.npy"), out_npy=str(tmp_path / "b.npy"))
    events = list(expect_items(PredictJob(str(checkpoint), (good, bad), answers="sem"), lambda: "", CPU))
    assert [event.case_id for event in of(PredictionDone, events)] == ["a"]
    assert [event.case_id for event in of(PredictionFailed, events)] == ["b"]
    assert is_generated(out)
    grey = np.load(out)
    assert np.ptp(grey) < 1
    assert np.percentile(pixels, 50) < grey[0, 0] < 60_000


def test_that_options_that_contradict_each_other_are_refused():
    for options in ({"adversarial": True}, {"bidirectional": True, "answers": "sem"}):
        with pytest.raises(ValueError, match="bidirectional"):
            TrainingOptions(**options)


def test_that_the_card_of_the_last_epoch_is_that_of_a_generator(toy):
    saved = of(CheckpointSaved, fine_tune(sem_job(toy, epochs=1, steps_per_epoch=1)))[0]
    card = read_reference(Path(saved.path)).card
    assert card["held_out"]["samples"] >= 1
    assert card["options"]["answers"] == "sem"
