from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from semiview.core import edits
from semiview.core.coverage import TILE_PX, Coverage
from semiview.core.document import Document, MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.history import History
from semiview.core.registration import Frame, Registration

SHAPE = (600, 700)


A_GAUGE = Gauge("first", "line", 10.0, 20.0, 0.0, 60.0, 40.0)


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
    st.builds(
        lambda top, left, value, stroke: (
            lambda d: edits.lay(d, "ignore", empty(), top, left, np.full((60, 70), value, np.float32), stroke)
        ),
        st.integers(0, SHAPE[0] - 60),
        st.integers(0, SHAPE[1] - 70),
        st.floats(0, 1, width=32),
        st.sampled_from(["add", "erase"]),
    ),
    st.builds(lambda name: lambda d: edits.add_gauge(d, replace(A_GAUGE, gauge_id=name)), st.sampled_from("abc")),
    st.builds(lambda name: lambda d: edits.remove_gauge(d, name), st.sampled_from("abc")),
    st.builds(lambda n: lambda d: edits.set_settings(d, MeasureSettings(rows_averaged=n)), st.integers(1, 3)),
    st.builds(lambda: lambda d: edits.set_shape(d, "correction", None)),
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
        lambda d: edits.add_gauge(d, d.gauges[0]),
        lambda d: edits.set_shape(d, "ignore", None),
        lambda d: edits.paint(d, "correction", empty(), np.array([[-900.0, 0.0]]), 5.0, "add"),
        lambda d: edits.paint(d, "correction", empty(), np.array([[50.0, 50.0]]), 5.0, "erase"),
    ],
)
def test_that_an_edit_that_changes_nothing_returns_its_argument(edit: edits.Edit) -> None:
    document = replace(a_document(), gauges=(A_GAUGE, replace(A_GAUGE, gauge_id="second")))
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


@given(st.lists(st.tuples(st.floats(20, 580), st.floats(20, 580)), min_size=2, max_size=5), st.floats(2, 15))
@settings(max_examples=25, deadline=None)
def test_that_a_stroke_covers_what_lies_within_the_brush_of_its_path(path: list, radius: float) -> None:
    painted = edits.paint(a_document(), "correction", empty(), np.array(path), radius, "add").correction
    assert painted is not None
    swept = LineString(path).buffer(radius, quad_segs=32)
    # The rim is anti-aliased along the pixel grid: its middle is right to some hundredths of a pixel.
    assert painted.to_array().sum() / 255 == pytest.approx(swept.area, abs=0.08 * swept.length)


def test_that_a_stroke_over_the_border_paints_the_part_within() -> None:
    painted = edits.paint(a_document(), "correction", empty(), np.array([[-0.5, 300.0]]), 20.0, "add").correction
    assert painted is not None
    assert painted.to_array().sum() / 255 == pytest.approx(np.pi * 20**2 / 2, rel=5e-3)


def test_that_a_brush_without_a_radius_and_a_patch_outside_the_picture_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a brush needs a positive radius, not 0\.0 px"):
        edits.paint(a_document(), "correction", empty(), np.array([[5.0, 5.0]]), 0.0, "add")
    with pytest.raises(ValueError, match="leaves the picture"):
        empty().replaced(SHAPE[0] - 1, 0, np.ones((2, 2), np.uint8))


def test_that_shapes_laid_over_each_other_keep_the_larger_and_erasing_the_smaller_share() -> None:
    document = edits.lay(a_document(), "ignore", empty(), 10, 20, np.full((5, 5), 0.4, np.float32), "add")
    document = edits.lay(document, "ignore", empty(), 10, 20, np.full((5, 5), 0.2, np.float32), "add")
    assert document.ignore is not None
    assert document.ignore.to_array()[12, 22] == 102
    document = edits.lay(document, "ignore", empty(), 10, 20, np.full((5, 5), 0.8, np.float32), "erase")
    assert document.ignore is not None
    assert document.ignore.to_array()[12, 22] == 51
    assert document.correction is None


def test_that_a_document_costs_only_what_its_neighbour_does_not_share() -> None:
    noise = Coverage.from_array(np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8))
    document = replace(a_document(), correction=noise)
    alone = document.bytes_not_in(None)
    assert alone > SHAPE[0] * SHAPE[1]
    assert edits.nudge(document, 1, 0).bytes_not_in(document) < 2000
    painted = edits.paint(document, "correction", empty(), np.array([[10.0, 10.0]]), 3.0, "add")
    assert TILE_PX**2 <= painted.bytes_not_in(document) < TILE_PX**2 + 2000


def test_that_a_probability_becomes_coverage_with_its_half_contour_in_place() -> None:
    ramp = np.linspace(0, 1, 101, dtype=np.float32)[None].repeat(3, axis=0)
    shape = Coverage.from_probability(ramp)
    assert np.array_equal(shape.mask(), ramp >= 0.5)
    assert np.abs(shape.to_array() / 255 - ramp).max() <= 0.5 / 255 + 1e-6


def test_that_the_size_kept_with_each_step_is_what_the_steps_take_together() -> None:
    history = History.begin(a_document(), limit_bytes=9 * TILE_PX**2)
    for step, key in enumerate([None, "drag", "drag", None, "brush", "brush", None, None, None, None]):
        spot = np.array([[60.0 * step, 40.0 * step]])
        history = history.applied("edit", edits.paint(history.document, "correction", empty(), spot, 9.0, "add"), key)
    documents = [step.document for step in history.steps]
    before = [None, *documents[:-1]]
    assert history.size_bytes() == sum(new.bytes_not_in(old) for new, old in zip(documents, before, strict=True))
    assert len(documents) < 9


def test_that_nothing_moves_while_the_pixel_size_is_unknown() -> None:
    unknown = Document(Registration(Frame((1.0, 1.0), (0.0, 0.0), float("nan"))))
    assert edits.nudge(unknown, 1.0, 2.0) is unknown
