"""Edits that take another shape over or move an outline repaint what lies between, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semiview.core import edits
from semiview.core.coverage import FULL, TILE_PX, Coverage, brush_stamp
from semiview.core.document import Document
from semiview.core.outline import Points
from semiview.core.raster import coverage
from semiview.core.registration import Frame, Registration

SHAPE = (600, 700)
# Inside on the left as seen on the screen, rows down.
SQUARE = np.array([[100.0, 100.0], [100.0, 300.0], [300.0, 300.0], [300.0, 100.0]])


def of(*outlines: Points) -> Coverage:
    return Coverage.from_array(np.rint(coverage(list(outlines), SHAPE) * FULL).astype(np.uint8))


def a_document(correction: Coverage | None) -> Document:
    return Document(Registration(Frame((349.5, 299.5), (0.0, 0.0), 2.0)), correction)


def correction_of(document: Document) -> Coverage:
    assert document.correction is not None
    return document.correction


def moved(outline: Points, number: int, u: float, v: float) -> Points:
    result = outline.copy()
    result[number] = (u, v)
    return result


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3), st.floats(20, 580), st.floats(20, 580), st.booleans())
def test_that_a_moved_vertex_gives_the_shape_drawn_with_it(number: int, u: float, v: float, hole: bool) -> None:
    new = moved(SQUARE, number, u, v)
    sides = np.roll(new, -1, axis=0) - new
    behind = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * behind[:, 1] - sides[:, 1] * behind[:, 0]
    if turns.max() > 0:
        return  # turned inside out, or not convex: the law speaks of simple outlines
    frame = np.array([[10.0, 10.0], [10.0, 590.0], [690.0, 590.0], [690.0, 10.0]])
    base = of(frame, SQUARE[::-1]) if hole else of(SQUARE)
    expected = of(frame, new[::-1]) if hole else of(new)
    change = (SQUARE[::-1], new[::-1]) if hole else (SQUARE, new)
    result = correction_of(edits.reshape(a_document(base), "correction", base, [change]))
    difference = np.abs(result.to_array().astype(int) - expected.to_array())
    assert difference.max() <= 2


def test_that_a_moved_vertex_leaves_far_tiles_and_other_shapes_alone() -> None:
    far = np.array([[560.0, 20.0], [560.0, 60.0], [640.0, 60.0], [640.0, 20.0]])
    base = of(SQUARE, far)
    document = a_document(base)
    after = correction_of(edits.reshape(document, "correction", base, [(SQUARE, moved(SQUARE, 0, 80.0, 90.0))]))
    assert after.tiles[0][2] is base.tiles[0][2]
    assert after.tiles[1][1] is base.tiles[1][1]
    assert after.tiles[0][0] is not base.tiles[0][0]


def test_that_a_drag_over_another_shape_and_back_leaves_it_whole() -> None:
    other = np.array([[320.0, 120.0], [320.0, 160.0], [360.0, 160.0], [360.0, 120.0]])
    base = of(SQUARE, other)
    over = edits.reshape(a_document(base), "correction", base, [(SQUARE, moved(SQUARE, 3, 400.0, 100.0))])
    back = edits.reshape(over, "correction", base, [(SQUARE, moved(SQUARE, 3, 300.0, 101.0))])
    assert correction_of(back).to_array()[121:160, 321:360].min() == FULL


def test_that_a_vertex_taken_off_gives_the_shape_without_it() -> None:
    base = of(SQUARE)
    triangle = np.delete(SQUARE, 1, axis=0)
    result = correction_of(edits.reshape(a_document(base), "correction", base, [(SQUARE, triangle)]))
    assert np.abs(result.to_array().astype(int) - of(triangle).to_array()).max() <= 2


@pytest.mark.parametrize("changes", [[], [(SQUARE, SQUARE.copy())]])
def test_that_nothing_moved_is_the_same_document(changes: list) -> None:
    base = of(SQUARE)
    document = a_document(base)
    assert edits.reshape(document, "correction", base, changes) is document


def test_that_what_is_taken_is_the_other_shape_inside_and_the_own_one_outside() -> None:
    base, other = of(SQUARE), of(SQUARE + 40.0)
    box = (90, 80, 200, 330)
    source = other.window(*box)
    document = edits.take(a_document(base), "correction", base, 90, 80, source, np.full(source.shape, FULL, np.uint8))
    after = correction_of(document).to_array()
    assert np.array_equal(after[90:200, 80:330], source)
    outside = np.ones(SHAPE, bool)
    outside[90:200, 80:330] = False
    assert np.array_equal(after[outside], base.to_array()[outside])


def test_that_taking_what_is_there_already_is_the_same_document() -> None:
    base = of(SQUARE)
    document = a_document(None)
    source = base.window(90, 80, 200, 330)
    assert edits.take(document, "correction", base, 90, 80, source, np.full(source.shape, 90, np.uint8)) is document


def test_that_a_brush_outside_the_picture_covers_nothing() -> None:
    assert brush_stamp(np.array([[-50.0, 10.0]]), 8.0, SHAPE) is None
    stamp = brush_stamp(np.array([[2.0, 2.0]]), 8.0, SHAPE)
    assert stamp is not None
    assert stamp[:2] == (0, 0)
    assert stamp[2].shape < (TILE_PX, TILE_PX)
