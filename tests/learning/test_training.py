import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from semiview.files.problem import FileProblem
from semiview.learning import pattern_run, simulated_samples, training_run
from semiview.learning.checkpoint_file import load_network
from semiview.learning.chosen_samples import choose
from semiview.learning.messages import (
    CheckpointSaved,
    EpochDone,
    Finished,
    GateDone,
    PreviewDone,
    Progress,
    SamplesChosen,
    WorkFailed,
    encode,
)
from semiview.learning.registry import read_reference
from semiview.learning.runs import CHANGED_FILE, STATE_FILE, job_of, list_runs
from semiview.learning.training import fine_tune


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def wish_after(steps, what):
    """A wish that comes after so many steps."""
    count = itertools.count()
    return lambda: what if next(count) >= steps else ""


@pytest.mark.slow
def test_that_fine_tuning_improves_a_network_on_held_out_samples(toy):
    events = list(fine_tune(toy.job(epochs=6)))
    losses = [event.train_loss for event in of(EpochDone, events)]
    assert losses[-1] < losses[0]
    report = of(GateDone, events)[0].report
    assert report.figure("iou").candidate > max(report.figure("iou").current, 0.9)
    assert report.figure("epe_mean").candidate < 2 * 1.0  # nm, at 2 nm per px
    assert report.verdict == "engineer decides"  # one held-out group
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.outcome == "done"
    chosen = of(SamplesChosen, events)[0]
    assert (chosen.train + chosen.validation + chosen.test, chosen.left_out) == (6, ())


def test_that_held_out_samples_are_named_where_nothing_else_is_approved(toy):
    snapshot = toy.store.snapshot()
    held = tuple(one for one in snapshot if toy.store.load(one[0]).split in ("validation", "test"))
    assert 0 < len(held) < len(snapshot)
    events = list(fine_tune(replace(toy.job(), snapshot=held)))
    assert isinstance(events[-1], WorkFailed)
    assert f"({len(held)}) is held out" in events[-1].reason


def test_that_the_candidates_card_says_where_it_comes_from(toy):
    saved = of(CheckpointSaved, list(fine_tune(toy.job(epochs=1, steps_per_epoch=2))))[0]
    card = read_reference(Path(saved.path)).card
    assert card["parent"] == "fresh"
    assert card["records"] == [record_id for record_id, _ in toy.store.snapshot()]
    assert card["options"]["seed"] == 0
    assert card["gate"]["verdict"] == "engineer decides"
    assert not (Path(toy.job().checkpoints_folder) / "current.json").exists()


def test_that_the_same_job_gives_the_same_network(toy):
    job = toy.job(epochs=1, steps_per_epoch=3)
    weights = []
    for run in ("one", "two"):
        folder = toy.folder / run
        folder.mkdir()
        saved = of(
            CheckpointSaved, list(fine_tune(replace(job, run_folder=str(folder), checkpoints_folder=str(folder))))
        )
        weights.append(load_network(Path(saved[0].path))[0].state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_that_a_run_that_was_left_goes_on_and_ends_as_if_it_had_not_been(toy):
    job = toy.job(epochs=3, steps_per_epoch=3)
    straight = replace(job, run_folder=str(toy.folder / "straight"))
    Path(straight.run_folder).mkdir()
    first = list(fine_tune(job, wish_after(5, "abandon")))
    assert first[-1].outcome == "abandoned"
    assert (Path(job.run_folder) / STATE_FILE).exists()
    second = list(fine_tune(job))
    whole = list(fine_tune(straight))
    assert [e.train_loss for e in of(EpochDone, second)] == [e.train_loss for e in of(EpochDone, whole)]
    assert of(CheckpointSaved, second)[0].checkpoint_id[-8:] == of(CheckpointSaved, whole)[0].checkpoint_id[-8:]
    assert not (Path(job.run_folder) / STATE_FILE).exists()


def test_that_a_damaged_state_starts_the_run_anew(toy):
    job = toy.job(epochs=1, steps_per_epoch=2)
    (Path(job.run_folder) / STATE_FILE).write_bytes(b"torn")
    assert list(fine_tune(job))[-1].outcome == "done"


def test_that_stop_keeps_the_best_so_far(toy):
    events = list(fine_tune(toy.job(epochs=9, steps_per_epoch=3), wish_after(5, "stop")))
    assert events[-1].outcome == "stopped"
    assert len(of(EpochDone, events)) == 1
    assert Path(of(CheckpointSaved, events)[0].path).exists()


def test_that_stop_before_the_first_epoch_keeps_what_there_is(toy):
    events = list(fine_tune(toy.job(), wish_after(2, "stop")))
    assert events[-1].outcome == "stopped"
    assert of(CheckpointSaved, events)[0].epoch == 0


def test_that_cancel_discards(toy):
    job = toy.job(epochs=9, steps_per_epoch=3)
    events = list(fine_tune(job, wish_after(5, "cancel")))
    assert events[-1].outcome == "cancelled"
    assert not Path(job.checkpoints_folder).exists()
    assert not (Path(job.run_folder) / STATE_FILE).exists()


def test_that_training_ends_when_validation_no_longer_improves(toy, monkeypatch):
    losses = iter([0.6, 0.5, 0.4, 0.45, 0.41, 0.3, 0.2])  # the first is that of the start
    monkeypatch.setattr(training_run.Trainer, "validation_loss", lambda *_: next(losses))
    events = list(fine_tune(toy.job(epochs=6, steps_per_epoch=1, patience=2, replay_share=0.0)))
    assert [event.best_epoch for event in of(EpochDone, events)] == [1, 2, 2, 2]
    assert of(CheckpointSaved, events)[0].epoch == 2
    assert events[-1].outcome == "done"


def test_that_what_was_there_is_kept_when_no_epoch_is_better(toy, monkeypatch):
    losses = iter([0.3, 0.5, 0.4])
    monkeypatch.setattr(training_run.Trainer, "validation_loss", lambda *_: next(losses))
    events = list(fine_tune(toy.job(epochs=9, steps_per_epoch=1, patience=2, replay_share=0.0)))
    assert [event.best_epoch for event in of(EpochDone, events)] == [0, 0]
    kept = load_network(Path(of(CheckpointSaved, events)[0].path))[0].state_dict()
    start = load_network(toy.start)[0].state_dict()
    assert all(torch.equal(kept[name], start[name]) for name in start)
    assert "no epoch was better" in events[-1].text


def test_that_what_is_forgotten_counts_against_an_epoch(toy, monkeypatch):
    seen = []

    def loss(_, samples):
        seen.append({sample.case_id.startswith("simulated-") for sample in samples})
        return (0.5, 0.2, 0.4, 0.5)[len(seen) - 1]  # the new: 0.5 to 0.4; the old: 0.2 to 0.5

    monkeypatch.setattr(training_run.Trainer, "validation_loss", loss)
    events = list(fine_tune(toy.job(epochs=1, steps_per_epoch=1, replay_share=0.5)))
    assert seen == [{False}, {True}] * 2
    assert of(EpochDone, events)[0].validation_loss == pytest.approx(0.45)
    assert of(CheckpointSaved, events)[0].epoch == 0


def test_that_a_network_that_explodes_ends_the_run_with_a_sentence(toy):
    network, _ = load_network(toy.start)
    with torch.no_grad():
        network.head.weight.fill_(float("nan"))
    toy.start.write_bytes(pattern_run.to_bytes(network, {"id": "broken"}))
    events = list(fine_tune(toy.job()))
    assert isinstance(events[-1], WorkFailed)
    assert "no longer a number" in events[-1].reason
    assert not Path(toy.job().checkpoints_folder).exists()


def test_that_the_batch_is_halved_when_memory_runs_out(toy, monkeypatch):
    sizes = []
    whole_step = training_run.Trainer.train_step

    def step(self, batch):
        sizes.append(len(batch.pixels))
        if len(batch.pixels) > 1:
            raise MemoryError
        return whole_step(self, batch)

    monkeypatch.setattr(training_run.Trainer, "train_step", step)
    events = list(fine_tune(toy.job(epochs=1, steps_per_epoch=2, batch=4)))
    assert sizes == [4, 2, 1, 1]
    assert isinstance(events[-1], Finished)


def test_that_no_approved_shape_is_said(toy):
    events = list(fine_tune(replace(toy.job(), snapshot=())))
    assert isinstance(events[-1], WorkFailed)
    assert "Accept or correct" in events[-1].reason


def test_that_a_missing_start_is_said(toy):
    toy.start.unlink()
    events = list(fine_tune(toy.job()))
    assert isinstance(events[-1], WorkFailed)
    assert "gone" in events[-1].reason


def test_that_replayed_patches_are_asked_for(toy, monkeypatch):
    asked = []
    draw = training_run.draw_batch

    def watched(new, replay, size, replayed, patch_px, rng):
        asked.append((len(replay), replayed))
        return draw(new, replay, size, replayed, patch_px, rng)

    monkeypatch.setattr(training_run, "draw_batch", watched)
    monkeypatch.setattr(simulated_samples, "REPLAY_SEEDS", range(2 + pattern_run.HELD_REPLAY))
    list(fine_tune(toy.job(epochs=1, steps_per_epoch=1, batch=4, replay_share=0.5)))
    assert asked == [(2, 2)]


def test_that_progress_counts_every_step(toy):
    events = list(fine_tune(toy.job(epochs=2, steps_per_epoch=2)))
    steps = [event.done for event in of(Progress, events) if event.text.startswith("training")]
    assert steps == [1, 2, 3, 4]


def test_that_a_full_disk_ends_the_run_with_a_sentence_and_room_lets_it_go_on(toy, monkeypatch):
    job, kept = toy.job(epochs=3, steps_per_epoch=2), training_run.save_state
    Path(job.run_folder, "job.json").write_text(encode(job))
    saves = []

    def full(job, state):
        saves.append(state.step)
        if len(saves) == 2:
            raise FileProblem(Path(job.run_folder), "not saved, the disk is full.", "Make room.")
        kept(job, state)

    monkeypatch.setattr(training_run, "save_state", full)
    events = list(fine_tune(job))
    assert isinstance(events[-1], WorkFailed)
    assert "disk is full" in events[-1].reason
    (run,) = list_runs(toy.folder)
    assert (run.state, run.resumable) == ("failed", True)
    again = list(fine_tune(job))
    assert [event.epoch for event in of(EpochDone, again)] == [1, 2, 3]
    assert list_runs(toy.folder)[0].state == "done"


def test_that_a_lost_gpu_is_said_and_the_run_goes_on_without_one(toy, monkeypatch):
    job = toy.job(epochs=2, steps_per_epoch=2, device="cuda")
    assert list(fine_tune(job, wish_after(3, "abandon")))[-1].outcome == "abandoned"
    with monkeypatch.context() as patch:

        def lost(self):
            raise RuntimeError("CUDA error: device lost\nand more")
            yield

        patch.setattr(pattern_run.PatternRun, "events", lost)
        events = list(fine_tune(job, device=torch.device("cuda")))
    assert "The GPU is lost" in events[-1].reason
    assert "and more" not in events[-1].reason
    on_cpu = replace(job, options=replace(job.options, device="cpu"))
    again = list(fine_tune(on_cpu))
    assert again[-1].outcome == "done"
    assert [event.epoch for event in of(EpochDone, again)] == [1, 2]


def test_that_samples_lie_on_the_disk_while_a_run_is_at_work_and_are_gone_after_it(toy, tmp_path):
    job = toy.job(epochs=1, steps_per_epoch=1)
    run = fine_tune(job)
    next(run)
    folder = training_run.planes_folder(job)
    planes = list(folder.glob("*.npy"))
    assert len(planes) == 3 * len(job.snapshot)
    samples = choose(toy.store, job.snapshot, tmp_path / "planes")
    assert all(isinstance(sample.pixels, np.memmap) for sample in samples.train)
    list(run)
    assert not folder.exists()


def test_that_pictures_of_a_run_show_the_previewed_cases_and_those_that_changed(toy):
    job = toy.job(epochs=1, steps_per_epoch=1)
    events = list(fine_tune(job))
    (preview,) = of(PreviewDone, events)
    with np.load(preview.path) as shown:
        assert len(shown["case_ids"]) >= 1
        assert shown["after_0"].shape == shown["sem_0"].shape == shown["approved_0"].shape
    report = of(GateDone, events)[0].report
    with np.load(Path(job.run_folder) / CHANGED_FILE) as changed:
        assert set(changed["case_ids"]) == {one.case_id for one in report.worst_changed}
        assert changed["before_0"].dtype == np.uint8


def test_that_a_run_that_was_killed_is_listed_as_broken_off(toy):
    job = toy.job(epochs=3, steps_per_epoch=2)
    Path(job.run_folder, "job.json").write_text(encode(job))
    run = fine_tune(job)
    for event in run:
        if isinstance(event, PreviewDone):
            next(run)  # the state is saved; nothing more is heard of it
            break
    run.close()
    (listed,) = list_runs(toy.folder)
    assert (listed.state, listed.resumable) == ("broken off", True)
    assert job_of(listed) == job
    assert [event.epoch for event in of(EpochDone, list(fine_tune(job_of(listed))))] == [1, 2, 3]
