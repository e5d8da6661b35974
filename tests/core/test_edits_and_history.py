import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semiview.core import edits
from semiview.core.coverage import TILE_PX, Coverage
from semiview.core.document import Document
from semiview.core.history import History
from semiview.core.registration import Frame, Registration

SHAPE = (600, 700)


def a_document() -> Document:
    return Document(Registration(Frame((349.5, 299.5), (0.0, 0.0), 2.0)))


def empty() -> Coverage:
    return Coverage.from_array(np.zeros(SHAPE, np.uint8))


some_edits = st.one_of(
    st.builds(lambda x, y: lambda d: edits.nudge(d, x, y), st.floats(-3, 3), st.floats(-3, 3)),
    st.builds(lambda a: lambda d: edits.turn(d, a), st.floats(-1, 1)),
    st.builds(lambda f: lambda d: edits.scale(d, f), st.floats(0.99, 1.01)),
    st.builds(
        lambda u, v, r, stroke: lambda d: edits.paint(d, "correction", empty(), np.array([[u, v]]), r, stroke),
        st.floats(-50, 750),
        st.floats(-50, 650),
        st.floats(0.5, 40),
        st.sampled_from(["add", "erase"]),
    ),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(some_edits, st.sampled_from([None, "drag"])), max_size=8))
def test_that_any_edits_and_then_all_undos_give_the_same_object(steps: list) -> None:
    begin = a_document()
    history = History.begin(begin)
    for edit, merge_key in steps:
        history = history.applied("edit", edit(history.document), merge_key)
    last = history.document
    while history.undo_label is not None:
        history = history.undone()
    assert history.document is begin
    while history.redo_label is not None:
        history = history.redone()
    assert history.document is last


def test_that_a_gesture_is_one_step() -> None:
    history = History.begin(a_document())
    key = object()
    for _ in range(5):
        history = history.applied("drag", edits.nudge(history.document, 1, 0), key)
    history = history.applied("drag", edits.nudge(history.document, 1, 0), object())
    assert len(history.steps) == 3
    assert history.undone().document.registration.shift_x_nm == 10.0


def test_that_a_new_edit_drops_what_was_undone() -> None:
    history = History.begin(a_document())
    history = history.applied("a", edits.nudge(history.document, 1, 0))
    history = history.undone().applied("b", edits.nudge(history.document, 0, 1))
    assert history.redo_label is None
    assert history.undo_label == "b"


def test_that_the_oldest_steps_go_when_the_history_grows_past_its_limit() -> None:
    history = History.begin(a_document(), limit_bytes=10 * TILE_PX * TILE_PX)
    for step in range(40):
        painted = edits.paint(history.document, "correction", empty(), np.array([[100.0, 100.0 + step]]), 5.0, "add")
        history = history.applied("brush", painted)
    assert history.size_bytes() <= history.limit_bytes
    assert 2 < len(history.steps) < 20
    assert history.redo_label is None


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: edits.nudge(d, 0, 0),
        lambda d: edits.turn(d, 0),
        lambda d: edits.scale(d, 1),
        lambda d: edits.set_registration(d, d.registration),
        lambda d: edits.set_settings(d, d.settings),
        lambda d: edits.remove_gauge(d, "none of that name"),
        lambda d: edits.set_shape(d, "ignore", None),
        lambda d: edits.paint(d, "correction", empty(), np.array([[-900.0, 0.0]]), 5.0, "add"),
        lambda d: edits.paint(d, "correction", empty(), np.array([[50.0, 50.0]]), 5.0, "erase"),
    ],
)
def test_that_an_edit_that_changes_nothing_returns_its_argument(edit: edits.Edit) -> None:
    document = a_document()
    assert edit(document) is document


def test_that_a_dot_has_the_area_of_its_circle_and_its_middle_where_it_was_put() -> None:
    painted = edits.paint(a_document(), "correction", empty(), np.array([[300.25, 200.75]]), 20.0, "add")
    assert painted.correction is not None
    share = painted.correction.to_array() / 255
    assert share.sum() == pytest.approx(np.pi * 20**2, rel=2e-3)
    v, u = np.indices(SHAPE)
    assert (u * share).sum() / share.sum() == pytest.approx(300.25, abs=0.01)
    assert (v * share).sum() / share.sum() == pytest.approx(200.75, abs=0.01)


def test_that_erasing_takes_away_what_painting_added() -> None:
    path = np.array([[100.0, 100.0], [400.0, 320.0]])
    painted = edits.paint(a_document(), "correction", empty(), path, 8.0, "add")
    erased = edits.paint(painted, "correction", empty(), path, 10.0, "erase")
    assert erased.correction is not None
    assert not erased.correction.to_array().any()


def test_that_a_stroke_shares_the_tiles_it_does_not_touch() -> None:
    first = edits.paint(a_document(), "correction", empty(), np.array([[300.0, 300.0]]), 5.0, "add").correction
    assert first is not None
    second = edits.paint(
        Document(a_document().registration, first), "correction", first, np.array([[10.0, 10.0]]), 5.0, "add"
    ).correction
    assert second is not None
    assert second.tiles[1][1] is first.tiles[1][1]
    assert second.tiles[0][0] is not first.tiles[0][0]
    assert second.bytes_not_in(first) == TILE_PX * TILE_PX


@given(st.integers(1, 600), st.integers(1, 600), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_that_coverage_comes_back_as_it_was_cut(height: int, width: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    cut = Coverage.from_array(values)
    assert np.array_equal(cut.to_array(), values)
    assert np.array_equal(cut.window(0, 0, height, width), values)
    assert cut.replaced(0, 0, values) is cut


def test_that_moving_the_registration_never_moves_the_correction() -> None:
    painted = edits.paint(a_document(), "correction", empty(), np.array([[300.0, 300.0]]), 5.0, "add")
    moved = edits.turn(edits.nudge(painted, 3, 4), 1.0)
    assert moved.correction is painted.correction
    assert moved.registration.trust.verdict == "manual"
