import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from semiview.core.outline import Points, bounds, signed_area
from semiview.core.raster import coverage
from semiview.simulation.patterns import PATTERNS, contact, logic, merged, sram

SIZE = (1000.0, 800.0)


@pytest.mark.parametrize("name", PATTERNS)
def test_that_the_same_seed_draws_the_same_and_another_seed_something_else(name: str) -> None:
    first, again, other = (PATTERNS[name](SIZE, 40, seed) for seed in (4, 4, 6))
    assert len(first) == len(again)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert [len(a) for a in first] != [len(b) for b in other] or not all(
        np.array_equal(a, b) for a, b in zip(first, other, strict=True)
    )


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(sorted(PATTERNS)), st.integers(20, 90), st.integers(0, 2**31))
def test_that_outlines_are_merged_simple_and_on_whole_nanometres(name: str, cd_nm: int, seed: int) -> None:
    outlines = PATTERNS[name](SIZE, cd_nm, seed)
    outer = [Polygon(outline) for outline in outlines if signed_area(outline) > 0]
    holes = [Polygon(outline) for outline in outlines if signed_area(outline) < 0]
    assert outer
    assert all(polygon.is_simple and polygon.is_valid for polygon in (*outer, *holes))
    assert all(np.array_equal(outline, np.round(outline)) for outline in outlines)
    assert all(any(polygon.contains(hole) for polygon in outer) for hole in holes)
    overlap = sum(a.intersection(b).area for i, a in enumerate(outer) for b in outer[:i] if not holes)
    assert overlap == 0


@pytest.mark.parametrize("name", ["line_space", "contact", "random_contact", "logic", "sram", "bars"])
def test_that_a_pattern_reaches_past_the_field_on_every_side(name: str) -> None:
    for seed in range(6):
        x_min, y_min, x_max, y_max = bounds(PATTERNS[name](SIZE, 40, seed))
        assert x_min < -450
        assert x_max > 450
        assert y_min < -350
        assert y_max > 350


@pytest.mark.parametrize("name", PATTERNS)
def test_that_no_drawn_edge_is_shorter_than_a_fraction_of_the_smallest_width(name: str) -> None:
    for seed in range(6):
        for outline in PATTERNS[name](SIZE, 40, seed):
            sides = np.hypot(*(np.roll(outline, -1, axis=0) - outline).T)
            assert sides.min() >= 20


def _shares_under_shift(outlines: tuple[Points, ...], shift: tuple[float, float]) -> float:
    """Share of a field of 500 nm that is the same after a shift."""
    here, there = (coverage([(outline + move) / 4 + 62 for outline in outlines], (125, 125)) for move in (0, shift))
    return float(np.mean(np.abs(here - there) < 0.01))


def test_that_the_periodic_kinds_repeat_and_routing_does_not() -> None:
    lowest = np.array([outline.min(axis=0) for outline in contact((1600, 1600), 40, 2)])
    pitch = np.diff(np.unique(lowest[lowest[:, 1] == lowest[0, 1], 0])).min()
    assert _shares_under_shift(contact((1600, 1600), 40, 2), (pitch, 0)) == 1
    assert _shares_under_shift(sram((2600, 2600), 40, 2), (18 * 40, 16 * 40)) == 1
    best = max(
        _shares_under_shift(logic((2600, 2600), 40, 2), (40.0 * i, 40.0 * j))
        for i in range(-8, 9)
        for j in range(9)
        if (i, j) != (0, 0) and abs(i) + j > 1
    )
    assert best < 0.9


def test_that_a_ring_has_a_hole_that_runs_clockwise() -> None:
    ring = merged([(0, 0, 30, 10), (0, 20, 30, 30), (0, 0, 10, 30), (20, 0, 30, 30)])
    assert [signed_area(outline) for outline in ring] == [900, -100]


@pytest.mark.parametrize("name", ["logic", "sram", "bars"])
@pytest.mark.parametrize("cd_nm", [0.4, 0.0, -3.0, float("nan")])
def test_that_a_width_below_the_grid_is_refused_in_words(name: str, cd_nm: float) -> None:
    with pytest.raises(ValueError, match="needs a smallest width of 2 nm or more"):
        PATTERNS[name](SIZE, cd_nm, 1)
