import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from semiview.core.outline import as_outline
from semiview.metrology.crossing import SegmentGrid


def all_crossings(
    points: np.ndarray, directions: np.ndarray, low: float, high: float, outline: np.ndarray
) -> set[tuple[int, int]]:
    """Every line against every segment, one at a time."""
    found = set()
    for i, (p, d) in enumerate(zip(points, directions, strict=True)):
        for j, (a, b) in enumerate(zip(outline, np.roll(outline, -1, axis=0), strict=True)):
            one, other = d[0] * (a - p)[1] - d[1] * (a - p)[0], d[0] * (b - p)[1] - d[1] * (b - p)[0]
            if (one <= 0) != (other <= 0):
                q = a + one / (one - other) * (b - a)
                if low <= (q - p) @ d / (d @ d) <= high:
                    found.add((i, j))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.3, 1.0, 4.0, 50.0]))
def test_that_the_grid_finds_exactly_the_crossings_of_each_line_with_each_segment(seed: int, cell: float) -> None:
    generator = np.random.default_rng(seed)
    outline = as_outline(generator.uniform(-8, 8, (9, 2)))
    points, directions = generator.uniform(-9, 9, (12, 2)), generator.normal(size=(12, 2))
    directions[0], directions[1] = (1.0, 0.0), (0.0, -2.0)
    grid = SegmentGrid.of([outline], cell, rows_down=False)
    found = grid.crossings(points, directions, np.full(12, -3.0), np.full(12, 5.0))
    expected = all_crossings(points, directions, -3.0, 5.0, outline)
    assert set(zip(found.line.tolist(), found.segment.tolist(), strict=True)) == expected
    assert len(found.line) == len(expected)


def test_that_a_line_from_inside_leaves_with_a_positive_cosine_in_both_frames() -> None:
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    ends = np.array([9.0])
    for rows_down, outline in ((False, square), (True, square[::-1])):
        grid = SegmentGrid.of([outline], 1.0, rows_down)
        out = grid.crossings(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), 0 * ends, ends)
        assert out.cosine.tolist() == [1.0]
        assert out.along.tolist() == [3.0]


def test_that_no_outlines_are_crossed_nowhere() -> None:
    grid = SegmentGrid.of([], 4.0, rows_down=True)
    assert len(grid.crossings(np.zeros((3, 2)), np.ones((3, 2)), np.zeros(3), np.ones(3)).line) == 0


def test_that_a_line_that_is_not_finite_crosses_nothing() -> None:
    grid = SegmentGrid.of([np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])], 4.0, rows_down=True)
    points = np.array([[np.nan, 1.0], [1.0, 1.0]])
    found = grid.crossings(points, np.array([[1.0, 0.0], [1.0, 0.0]]), np.zeros(2), np.full(2, 9.0))
    assert found.line.tolist() == [1]
