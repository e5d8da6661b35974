"""One shift for all contours of a picture: read off its edges, learned from known shapes, kept with the network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semiview.core.raster import coverage
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.edge_placement import (
    LARGEST_SHIFT_PX,
    LOOK_SIZE,
    EdgePlacement,
    look_of,
    moved,
)
from semiview.learning.evaluation import contour_errors_px
from semiview.learning.inference import predict, predict_at_its_scale, predict_averaged, predict_scaled, unplaced
from semiview.learning.messages import (
    CheckpointSaved,
    FineTuneJob,
    Finished,
    Progress,
    SamplesChosen,
    TrainingOptions,
    Wish,
)
from semiview.learning.networks import PatternNet, architecture
from semiview.learning.placement_examples import example, stacked
from semiview.learning.registry import starter_path
from semiview.learning.samples import Sample, scaled
from semiview.learning.simulated_samples import simulated_sample
from semiview.learning.training import fine_tune
from semiview.metrology.contour import half_contours


def disc(radius: float, side: int = 80) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    middle = (side - 1) / 2
    return coverage([middle + radius * np.column_stack([np.cos(angle), -np.sin(angle)])], (side, side))


def looks(count: int, at: float = 0.0, seed: int = 0) -> np.ndarray:
    """Looks that differ in few ways, as those of real pictures do, around `at`."""
    ways = np.random.default_rng(77).standard_normal((3, LOOK_SIZE))
    return at + np.random.default_rng(seed).standard_normal((count, 3)) @ ways


def of_look(placement: EdgePlacement, look: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr("semiview.learning.edge_placement.look_of", lambda *_: look)
    return placement.shift_px(disc(20), disc(20))


@pytest.mark.parametrize("outward_px", [-0.6, -0.2, 0.25, 0.6])
@pytest.mark.parametrize("hole", [False, True])
def test_that_contours_move_by_what_is_asked(outward_px, hole):
    share = 1 - disc(20) if hole else disc(20)
    (outline,) = (one for one in half_contours(moved(share, share, outward_px)) if np.ptp(one[:, 0]) < 70)
    radius = np.hypot(*(outline - 39.5).T).mean()
    assert radius - 20 == pytest.approx(-outward_px if hole else outward_px, abs=0.05)


def test_that_another_plane_moves_along():
    share = disc(20)
    beside = 3 - 2 * share
    np.testing.assert_allclose(moved(beside, share, 0.3), 3 - 2 * moved(share, share, 0.3), atol=1e-5)
    assert np.abs(moved(beside, share, 0.3) - beside).max() > 0.5


def test_that_nothing_moves_without_a_shift():
    share = disc(20)
    assert moved(share, share, 0.0) is share
    assert EdgePlacement().placed(share, share) is share
    assert EdgePlacement().counts == (0, 0)


def test_that_a_look_knows_neither_grey_scale_nor_place():
    share = disc(20)
    picture = np.pad(share, 3, mode="edge")[:80, :80]
    one, other = look_of(share, share), look_of(picture, 0.5 * picture + 0.2)
    assert one.shape == (LOOK_SIZE,)
    assert np.abs(one - other)[: LOOK_SIZE - 1].max() < 0.1
    assert np.abs(one - look_of(share, moved(share, share, 0.5)))[: LOOK_SIZE - 1].max() > 0.2


def test_that_an_enlarged_picture_looks_as_it_was_shown():
    picture = simulated_sample(3, "line_space", 60.0, 128)
    as_shown = replace(
        picture,
        target=np.kron(picture.target, np.ones((2, 2), np.float32)),
        pixels=np.kron(picture.pixels, np.ones((2, 2), np.float32)),
    )
    here, there = look_of(picture.target, picture.pixels, 2), look_of(as_shown.target, as_shown.pixels)
    assert np.abs(here - there).max() < np.abs(look_of(picture.target, picture.pixels) - there).max() / 3


@pytest.mark.parametrize("share", [np.zeros((40, 40), np.float32), disc(2, 40)])
def test_that_too_few_contours_give_no_look_and_no_shift(share):
    assert look_of(share, share) is None
    placement = EdgePlacement.from_simulated(looks(30), np.full(30, 0.3))
    assert placement.placed(share, share) is share


def test_that_simulated_fields_tell_of_what_is_like_them_and_of_nothing_else(monkeypatch):
    known = looks(301)
    right = 0.1 * known[:, 0] + 0.1
    placement = EdgePlacement.from_simulated(known[:300], right[:300])
    assert placement.counts == (300, 0)
    assert of_look(placement, known[300], monkeypatch) == pytest.approx(right[300], abs=0.03)
    assert of_look(placement, known[300] + 50, monkeypatch) == pytest.approx(0, abs=1e-3)


def test_that_approved_shapes_have_the_last_word_where_they_know(monkeypatch):
    simulated = EdgePlacement.from_simulated(np.concatenate([looks(200), looks(50, at=30)]), np.full(250, 0.3))
    seen = looks(20, seed=2)
    placement = simulated.taught_by(seen, np.full(20, -0.1))
    assert placement.counts == (250, 20)
    assert of_look(placement, seen[4], monkeypatch) == pytest.approx(-0.1, abs=0.03)
    assert -0.11 < of_look(placement, looks(1, seed=3)[0], monkeypatch) < 0.1
    assert of_look(placement, looks(1, at=30, seed=3)[0], monkeypatch) == pytest.approx(0.3, abs=0.06)
    again = placement.taught_by(seen[:10], np.full(10, 0.2))
    assert again.counts == (250, 10)
    assert of_look(again, seen[4], monkeypatch) == pytest.approx(0.2, abs=0.03)


def test_that_simulated_fields_are_believed_as_long_as_approved_edges_are_defined_alike(monkeypatch):
    known, seen, new = looks(300), looks(8, seed=2), looks(20, seed=3)
    simulated = EdgePlacement.from_simulated(known, 0.1 * known[:, 0])
    agreeing = simulated.taught_by(seen, 0.1 * seen[:, 0] + 0.1)
    contrary = simulated.taught_by(seen, -0.1 * seen[:, 0])
    assert agreeing.replaced == 0
    assert contrary.replaced == 1
    for placement, right in ((agreeing, 0.1 * new[:, 0] + 0.1), (contrary, -0.1 * new[:, 0])):
        found = [of_look(placement, look, monkeypatch) for look in new]
        assert np.abs(found - right).mean() < 0.07


def test_that_approved_shapes_alone_teach_too_and_none_changes_nothing(monkeypatch):
    placement = EdgePlacement().taught_by(looks(12), np.full(12, 0.25))
    assert of_look(placement, looks(12)[3], monkeypatch) == pytest.approx(0.25, abs=0.03)
    assert 0.1 < of_look(placement, looks(1, seed=9)[0], monkeypatch) < 0.26
    assert of_look(placement, looks(1, at=90)[0], monkeypatch) == pytest.approx(0, abs=1e-3)
    simulated = EdgePlacement.from_simulated(looks(50), np.full(50, 0.3))
    nothing = simulated.taught_by(np.empty((0, LOOK_SIZE)), np.empty(0))
    assert nothing.counts == (50, 0)
    look = looks(1, seed=9)[0]
    assert of_look(nothing, look, monkeypatch) == of_look(simulated, look, monkeypatch) != 0
    assert EdgePlacement().taught_by(np.empty((0, LOOK_SIZE)), np.empty(0)).counts == (0, 0)


def test_that_a_shift_is_never_large_and_half_as_large_on_half_the_pixels(monkeypatch):
    placement = EdgePlacement.from_simulated(looks(50), np.full(50, 5.0))
    look = looks(50)[7]
    assert of_look(placement, look, monkeypatch) == LARGEST_SHIFT_PX
    assert placement.shift_px(disc(20), disc(20), 2) == LARGEST_SHIFT_PX / 2


def test_that_a_checkpoint_keeps_it(tmp_path):
    network, reference = load_network(starter_path())
    network.placement = EdgePlacement.from_simulated(looks(40), np.full(40, 0.3)).taught_by(
        looks(5, at=1), np.full(5, -0.2)
    )
    path = tmp_path / "a.safetensors"
    path.write_bytes(to_bytes(network, reference.card))
    again, _ = load_network(path)
    assert again.placement.counts == (40, 5)
    for name, tensor in network.placement.state_dict().items():
        assert (again.placement.state_dict()[name] == tensor).all(), name
    sample = simulated_sample(5, "logic")
    assert (predict_scaled(again, sample.pixels) == predict_scaled(network, sample.pixels)).all()


def test_that_a_checkpoint_from_before_there_was_a_placement_loads(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    monkeypatch.setattr(
        "semiview.learning.checkpoint_file.architecture",
        lambda network: {k: v for k, v in architecture(network).items() if k != "placement"},
    )
    path.write_bytes(to_bytes(PatternNet(), {"id": "old"}))
    assert load_network(path)[0].placement.counts == (0, 0)


@pytest.mark.parametrize("counts", [(1,), (-1, 0), ("many", 0), (10**9, 0), (0.5, 1)])
def test_that_a_card_with_impossible_numbers_is_refused(tmp_path, monkeypatch, counts):
    path = tmp_path / "a.safetensors"
    monkeypatch.setattr(
        "semiview.learning.checkpoint_file.architecture",
        lambda network: {**architecture(network), "placement": counts},
    )
    path.write_bytes(to_bytes(PatternNet(), {"id": "odd"}))
    with pytest.raises(FileProblem, match="no network"):
        load_network(path)


def test_that_every_way_to_predict_moves_the_contours(monkeypatch):
    network, _ = load_network(starter_path())
    sample = simulated_sample(41_000_003, "line_space", 60.0)
    grey = np.rint(128 + 60 * sample.pixels).astype(np.uint8)
    monkeypatch.setattr(EdgePlacement, "shift_px", lambda *_: 0.0)
    ways = (
        lambda: predict(network, grey),
        lambda: predict_averaged(network, grey, square=True)[0],
        lambda: predict_at_its_scale(network, scaled(grey)),
    )
    before = [way() for way in ways]
    monkeypatch.setattr(EdgePlacement, "shift_px", lambda *_: 0.4)
    for way, was in zip(ways, before, strict=True):
        assert np.nanmedian(contour_errors_px(way(), was, np.zeros(was.shape, bool))) == pytest.approx(0.4, abs=0.05)


def grown(sample: Sample, outward_px: float) -> Sample:
    return replace(sample, target=moved(sample.target, sample.target, outward_px))


def test_that_an_example_is_how_far_the_network_was_off():
    network, _ = load_network(starter_path())
    sample = simulated_sample(41_000_003, "line_space", 60.0)
    said, factor = unplaced(network, sample.pixels)
    assert factor == 1
    exact = replace(sample, target=said)
    look, shift = example(network, grown(exact, 0.3))
    assert shift == pytest.approx(0.3, abs=0.05)
    assert (look == look_of(said, sample.pixels)).all()
    assert example(network, grown(exact, 1.4)) is None
    assert example(network, replace(exact, target=np.zeros_like(said))) is None
    found, shifts = stacked([None, (look, shift), None])
    assert found.shape == (1, LOOK_SIZE)
    assert shifts.tolist() == [shift]
    assert stacked([None])[0].shape == (0, LOOK_SIZE)


@pytest.fixture
def drawn_wider(tmp_path) -> FineTuneJob:
    """A job on fields whose approved shapes lie 0.4 px outside the material."""
    store = FeedbackStore.open(tmp_path / "feedback")
    for number in range(15):
        field = grown(simulated_sample(41_500_000 + number, "line_space", 40.0, 128), 0.4)
        record = Record.example(number, field.target.shape)
        store.append(
            replace(
                record,
                sem=np.rint(128 + 60 * field.pixels).clip(0, 255).astype(np.uint8),
                approved=(field.target >= 0.5).astype(np.uint8),
                approved_outlines_px=half_contours(field.target),
                group=f"wafer-{number}",
                ignore=None,
                design_outlines_nm=(),
                design_raster=None,
                prediction=None,
                checkpoint_id="",
                tables={},
            )
        )
    (tmp_path / "run").mkdir()
    return FineTuneJob(
        run_folder=str(tmp_path / "run"),
        store_folder=str(tmp_path / "feedback"),
        snapshot=store.snapshot(),
        start_checkpoint=str(starter_path()),
        checkpoints_folder=str(tmp_path / "checkpoints"),
        options=TrainingOptions(
            epochs=1, steps_per_epoch=1, learning_rate=1e-6, replay_share=0.0, patch_px=64, device="cpu"
        ),
    )


def test_that_a_run_learns_where_approved_edges_lie(drawn_wider):
    events = list(fine_tune(drawn_wider))
    (kept,) = (event for event in events if isinstance(event, CheckpointSaved))
    (chosen,) = (event for event in events if isinstance(event, SamplesChosen))
    candidate, reference = load_network(Path(kept.path))
    start, _ = load_network(starter_path())
    simulated, approved = candidate.placement.counts
    assert reference.card["edge_placement"] == {"simulated_fields": simulated, "approved_shapes": approved}
    assert simulated == start.placement.counts[0]
    assert approved == chosen.train + chosen.validation

    def off_px(network: PatternNet) -> float:
        new = (grown(simulated_sample(41_600_000 + k, "line_space", 40.0, 128), 0.4) for k in range(6))
        errors = [contour_errors_px(predict_scaled(network, s.pixels), s.target, s.weight < 0.5) for s in new]
        return float(np.mean([abs(np.nanmedian(found)) for found in errors]))

    assert off_px(start) > 0.25
    assert off_px(candidate) < off_px(start) / 2


def test_that_a_wish_to_cancel_is_heard_while_edges_are_read(drawn_wider):
    wishes: list[Wish] = []
    events = []
    for event in fine_tune(drawn_wider, lambda: wishes[0] if wishes else ""):
        events.append(event)
        if isinstance(event, Progress) and "edges" in event.text:
            wishes.append("cancel")
    assert sum(isinstance(event, Progress) and "edges" in event.text for event in events) == 1
    assert isinstance(events[-1], Finished)
    assert events[-1].outcome == "cancelled"
    assert not any(isinstance(event, CheckpointSaved) for event in events)
