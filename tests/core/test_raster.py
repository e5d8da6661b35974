import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from semiview.core.outline import Points, as_outline
from semiview.core.raster import coverage

SHAPE = (12, 16)


def star(seed: int, corners: int) -> Points:
    """A star-shaped polygon that may leave the picture on any side."""
    generator = np.random.default_rng(seed)
    angles = np.sort(generator.uniform(0, 2 * np.pi, corners))
    radii = generator.uniform(2, 14, corners)
    return as_outline(np.column_stack([8 + radii * np.cos(angles), 6 + radii * np.sin(angles)]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(3, 12))
def test_that_each_pixel_holds_the_exact_area_of_the_polygon_inside_it(seed: int, corners: int) -> None:
    outline = star(seed, corners)
    polygon = Polygon(outline)
    if not polygon.is_valid:
        return
    pixels = [[box(u - 0.5, v - 0.5, u + 0.5, v + 0.5) for u in range(SHAPE[1])] for v in range(SHAPE[0])]
    exact = np.array([[polygon.intersection(pixel).area for pixel in row] for row in pixels])
    assert np.abs(coverage([outline], SHAPE) - exact).max() < 1e-6


def test_that_a_hole_is_outside() -> None:
    outer = np.array([[0.5, 0.5], [8.5, 0.5], [8.5, 8.5], [0.5, 8.5]])
    hole = np.array([[2.5, 2.5], [2.5, 5.5], [5.5, 5.5], [5.5, 2.5]])
    share = coverage([outer, hole], (10, 10))
    assert share[4, 4] == 0
    assert share.sum() == pytest.approx(64 - 9)


def test_that_orientation_does_not_matter_for_a_single_polygon() -> None:
    outline = star(3, 7)
    assert np.array_equal(coverage([outline], SHAPE), coverage([outline[::-1]], SHAPE))


def test_that_nothing_drawn_is_an_empty_picture() -> None:
    assert coverage([], SHAPE).sum() == 0


def test_that_a_polygon_around_the_whole_picture_fills_it() -> None:
    around = np.array([[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]])
    assert (coverage([around], SHAPE) == 1).all()


def test_that_a_coordinate_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        coverage([np.array([[0.0, 0.0], [np.nan, 1.0], [1.0, 1.0]])], SHAPE)
