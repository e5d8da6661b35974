"""SEM -> pattern and pattern -> SEM side by side."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from semiview.learning.checkpoint_file import load_network
from semiview.learning.messages import CheckpointSaved, EpochDone, Finished, GateDone, UnpairedPicture, WorkFailed
from semiview.learning.networks import PatternNet
from semiview.learning.runs import UNPAIRED_FOLDER
from semiview.learning.samples import Batch, Sample
from semiview.learning.training import fine_tune
from semiview.learning.two_way_trainer import TwoWayTrainer

CPU = torch.device("cpu")


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def wish_after(steps, what):
    count = itertools.count()
    return lambda: what if next(count) >= steps else ""


def planes(seed=0, side=64):
    rng = np.random.default_rng(seed)
    shape = (np.arange(side) // 8 % 2) * np.ones((2, 1, side, 1))
    picture = 1.4 * shape - 0.7 + rng.normal(0, 0.2, shape.shape)
    return Batch(picture.astype(np.float32), shape.astype(np.float32), np.ones(shape.shape, np.float32))


def unpaired(seed=5):
    plane = planes(seed).pixels[0, 0]
    return Sample("u", "u", "u", "", plane, np.zeros_like(plane), np.ones_like(plane), (2.0, 2.0))


def trainer(**options):
    torch.manual_seed(0)
    return TwoWayTrainer(PatternNet(), 40, 1e-3, 1e-2, 7, CPU, **options)


def two_way_job(toy, run="run", **options):
    folder = toy.folder / run
    (folder / UNPAIRED_FOLDER).mkdir(parents=True, exist_ok=True)
    pictures = []
    for number in range(2):
        path = folder / UNPAIRED_FOLDER / f"{number}.npy"
        np.save(path, (planes(number).pixels[0, 0] * 50 + 128).astype(np.uint8))
        pictures.append(UnpairedPicture(f"u{number}", str(path), 2.0, 2.0))
    job = toy.job(bidirectional=True, **options)
    return replace(job, run_folder=str(folder), unpaired=tuple(pictures))


@pytest.mark.slow
def test_that_both_ways_and_the_cycle_get_better():
    made = trainer(unpaired=[unpaired()])
    first = [made.train_step(planes(step)) for step in range(25)]
    assert np.mean(first[-5:]) < 0.5 * np.mean(first[:5])
    with torch.no_grad():
        forward, companion = made._losses(planes(99))
        fresh_forward, fresh_companion = trainer(unpaired=[unpaired()])._losses(planes(99))
    assert forward < 0.5 * fresh_forward
    assert companion < 0.7 * fresh_companion


def test_that_an_unpaired_picture_takes_part_in_both():
    without, with_it = trainer(), trainer(unpaired=[unpaired()])
    for each in (without, with_it):
        each.train_step(planes())
    for one, other in ((without.network, with_it.network), (without.backward.network, with_it.backward.network)):
        assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_that_the_cycle_alone_reaches_the_network_that_finds_patterns():
    made = trainer(unpaired=[unpaired()])
    made.begin_step()
    torch.autograd.backward(made._unpaired_cycle(2, 64))
    assert any(p.grad is not None and p.grad.any() for p in made.network.parameters())


def test_that_what_is_ignored_gives_neither_network_a_gradient():
    batch = planes()
    batch.weight[...] = 0
    made = trainer()
    made.begin_step()
    forward, companion = made._losses(batch)
    torch.autograd.backward(forward + companion)
    for network in (made.network, made.backward.network):
        assert not any(p.grad is not None and p.grad.any() for p in network.parameters())


@pytest.mark.parametrize("adversarial", [False, True])
def test_that_a_run_both_ways_that_was_left_ends_as_if_it_had_not_been(toy, adversarial):
    options = {"epochs": 2, "steps_per_epoch": 2, "adversarial": adversarial}
    job = two_way_job(toy, "broken", **options)
    assert list(fine_tune(job, wish_after(3, "abandon")))[-1].outcome == "abandoned"
    assert (Path(job.run_folder) / UNPAIRED_FOLDER).exists()
    resumed, whole = list(fine_tune(job)), list(fine_tune(two_way_job(toy, "whole", **options)))
    assert [e.train_loss for e in of(EpochDone, resumed)] == [e.train_loss for e in of(EpochDone, whole)]
    one, other = (load_network(Path(of(CheckpointSaved, e)[0].path))[0].state_dict() for e in (resumed, whole))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not (Path(job.run_folder) / UNPAIRED_FOLDER).exists()


def test_that_the_gate_judges_the_network_that_finds_patterns(toy):
    events = list(fine_tune(two_way_job(toy, epochs=1, steps_per_epoch=1)))
    assert isinstance(events[-1], Finished)
    (report,) = (event.report for event in of(GateDone, events))
    assert report.figure("iou") is not None
    network, reference = load_network(Path(of(CheckpointSaved, events)[0].path))
    assert reference.card["options"]["bidirectional"] is True
    assert not any(name.startswith("backward") for name in network.state_dict())


def test_that_a_picture_that_is_gone_is_said(toy):
    job = two_way_job(toy)
    Path(job.unpaired[0].image_npy).unlink()
    events = list(fine_tune(job))
    assert isinstance(events[-1], WorkFailed)
    assert "cannot be read" in events[-1].reason


def test_that_a_companion_that_explodes_ends_the_run_with_a_sentence(toy, monkeypatch):
    def broken(self, batch):
        forward, companion = whole(self, batch)
        return forward, companion * float("nan")

    whole = TwoWayTrainer._losses
    monkeypatch.setattr(TwoWayTrainer, "_losses", broken)
    events = list(fine_tune(two_way_job(toy, epochs=1, steps_per_epoch=1)))
    assert isinstance(events[-1], WorkFailed)
    assert "no longer a number" in events[-1].reason
