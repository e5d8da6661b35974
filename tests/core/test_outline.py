import re

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from semiview.core.outline import (
    Points,
    as_outline,
    bounds,
    contains,
    rectangle,
    signed_area,
    with_breaks,
)


def star(seed: int, corners: int) -> Points:
    generator = np.random.default_rng(seed)
    angles = (np.arange(corners) + generator.uniform(0.1, 0.9, corners)) * 2 * np.pi / corners
    radii = generator.uniform(2, 14, corners)
    return as_outline(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]))


@given(st.integers(0, 2**32), st.integers(4, 20), st.floats(-2e7, 2e7), st.floats(-2e7, 2e7))
def test_that_area_does_not_depend_on_the_place(seed: int, corners: int, x: float, y: float) -> None:
    outline = star(seed, corners)
    polygon = Polygon(outline)
    moved = outline + (x, y)  # noqa: RUF005
    # 20 mm away a float64 still resolves 4e-9.
    assert signed_area(moved) == pytest.approx(polygon.area, abs=1e-5)
    assert signed_area(moved[::-1]) == pytest.approx(-polygon.area, abs=1e-5)


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(4, 20))
def test_that_inside_is_what_shapely_calls_inside_and_holes_are_not(seed: int, corners: int) -> None:
    outer = star(seed, corners)
    hole = as_outline(outer[::-1] * 0.5)
    points = np.random.default_rng(seed + 1).uniform(-15, 15, (200, 2))
    expected = shapely.contains_xy(Polygon(outer, [hole]), *points.T)
    assert np.array_equal(contains([outer, hole], points), expected)


def test_that_a_repeated_last_point_is_dropped_and_the_rest_cannot_be_written_to() -> None:
    mine = np.array([(0, 0), (2, 0), (2, 1), (0, 0)], float)
    outline = as_outline(mine)
    assert outline.tolist() == [[0, 0], [2, 0], [2, 1]]
    mine[1] = 9
    assert outline[1].tolist() == [2, 0]
    with pytest.raises(ValueError, match="read-only"):
        outline[0] = 1


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([(0, 0), (1, 0)], "needs three points, this one has 2"),
        ([(0, 0), (1, 0), (0, 0)], "needs three points, this one has 2"),
        ([0, 1, 2], "an outline is (N, 2), this one is (3,)"),
        ([(0, 0), (1, 0), (1, np.inf)], "a coordinate that is not finite"),
    ],
)
def test_that_what_is_no_outline_is_refused_in_words(points: list, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        as_outline(points)


def test_that_bounds_hold_every_point_and_are_unknown_for_nothing() -> None:
    assert bounds([rectangle(0, 1, 2, 3), rectangle(-5, 2, 1, 2.5)]) == (-5, 1, 2, 3)
    assert np.isnan(bounds([])).all()


def test_that_outlines_joined_for_drawing_are_closed_and_apart() -> None:
    joined = with_breaks([rectangle(0, 0, 1, 1), rectangle(5, 5, 6, 6)])
    parts = np.split(joined, np.flatnonzero(np.isnan(joined[:, 0])))
    assert len(parts) == 2
    assert parts[0].tolist() == [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    assert parts[1][1:].tolist() == [[5, 5], [6, 5], [6, 6], [5, 6], [5, 5]]
    assert with_breaks([]).shape == (0, 2)
