"""Who decided what, how two decisions differ, and what learned from them."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem
from semiview.files.project import Project
from semiview.files.project_settings import ProjectSettings
from semiview.learning.registry import CheckpointRef, Registry
from semiview.tasks.decide import retract
from semiview.tasks.history import arbitrate, case_history, samples_of, shape_difference
from semiview.tasks.workspace import Workspace

Made = Callable[..., Record]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    store = FeedbackStore.open(tmp_path / "feedback")
    return Workspace(Project(tmp_path, ProjectSettings(), ()), store, Registry(tmp_path / "checkpoints"))


def square(left: int, side: int = 20) -> np.ndarray:
    shape = np.zeros((40, 60), np.uint8)
    shape[10 : 10 + side, left : left + side] = 1
    return shape


def said(by: str, left: int = 10, **changes: object) -> Record:
    record = Record.example(1, (40, 60))
    return replace(record, reviewer=by, approved=square(left), case_id="A", **changes)


def test_that_a_history_tells_what_became_of_each_decision(workspace: Workspace) -> None:
    store = workspace.store
    first = store.append(said("Ada"))
    second = store.append(said("Ada", 12, supersedes=(first,)))
    third = store.append(said("Bob", 14))
    assert [(line.header.record_id, line.standing) for line in case_history(workspace, "A")] == [
        (third, "disputed"), (second, "disputed"), (first, "replaced"),
    ]  # fmt: skip
    retract(workspace, third, "Bob")
    assert [line.standing for line in case_history(workspace, "A")][1:] == ["taken back", "stands", "replaced"]


def test_that_an_arbitration_ends_the_dispute_with_the_chosen_shape_and_keeps_both_sides(workspace: Workspace) -> None:
    store = workspace.store
    one, other = store.append(said("Ada", 10)), store.append(said("Bob", 14))
    assert store.snapshot() == ()
    settled = arbitrate(workspace, other, "Cy")
    assert store.review("A").state == "accepted"
    assert [record_id for record_id, _ in store.snapshot()] == [settled]
    assert np.array_equal(store.load(settled).approved, square(14))
    assert set(store.header(settled).supersedes) == {one, other}
    assert (store.load(settled).reviewer, "Bob" in store.load(settled).note) == ("Cy", True)


def test_that_a_shifted_square_differs_by_its_shift(workspace: Workspace) -> None:
    one, other = workspace.store.append(said("Ada", 10)), workspace.store.append(said("Bob", 14))
    found = shape_difference(workspace, one, other)
    assert (found.only_first_px, found.only_second_px) == (80, 80)
    assert found.overlap == pytest.approx(320 / 480)
    assert found.largest_px == pytest.approx(4.0)
    assert found.nm_per_px == 2.0
    assert found.picture.shape == (40, 60, 3)
    same = shape_difference(workspace, one, one)
    assert (same.only_first_px, same.overlap, same.largest_px) == (0, 1.0, 0.0)


def test_that_what_is_ignored_is_not_compared_and_an_empty_shape_has_no_edge(workspace: Workspace) -> None:
    masked = square(14)
    masked[:, 26:] = 2
    one = workspace.store.append(said("Ada", 10))
    other = workspace.store.append(replace(said("Bob"), approved=masked))
    assert shape_difference(workspace, one, other).only_second_px == 0
    empty = workspace.store.append(replace(said("Cy"), approved=np.zeros((40, 60), np.uint8)))
    assert math.isnan(shape_difference(workspace, one, empty).largest_px)
    rejected = workspace.store.append(Record("reject", "A", "Dee", "2026-01-01T00:00:00Z", reason="other"))
    with pytest.raises(FileProblem, match="holds no shape"):
        shape_difference(workspace, one, rejected)


def test_that_a_checkpoint_names_its_samples_and_each_sample_its_checkpoints(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = workspace.store.append(said("Ada"))
    gone = one[:-1] + ("0" if one[-1] != "0" else "1")
    checkpoint = CheckpointRef("run-1", Path("run-1.safetensors"), {"records": [one, gone]})
    monkeypatch.setattr(Registry, "list", lambda _: (checkpoint,))
    monkeypatch.setattr(Registry, "get", lambda _, __: checkpoint)
    assert case_history(workspace, "A")[0].taught == ("run-1",)
    found = samples_of(workspace, "run-1")
    assert [(each.record_id, each.standing) for each in found] == [(gone, None), (one, "stands")]
