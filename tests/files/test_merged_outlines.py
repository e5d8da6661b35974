import numpy as np
import pytest

from semiview.core.outline import signed_area
from semiview.files.merged_outlines import merged_outlines, without_straight_vertices

FAR_NM = np.array([14e6, -13e6])


def box(x: float, y: float, width: float, height: float) -> np.ndarray:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=float)


def test_that_the_seam_of_a_keyhole_is_no_edge() -> None:
    outer_path = [[0, 0], [100, 0], [100, 100], [0, 100], [0, 50]]
    hole_path = [[40, 50], [40, 60], [60, 60], [60, 40], [40, 40], [40, 50]]
    keyhole = np.array([*outer_path, *hole_path, [0, 50]], dtype=float)
    outer, hole = merged_outlines([keyhole + FAR_NM])
    assert (len(outer), len(hole)) == (4, 4)
    assert (signed_area(outer), signed_area(hole)) == (10_000.0, -400.0)


def test_that_borders_between_touching_polygons_vanish() -> None:
    (outline,) = merged_outlines(
        [box(0, 0, 10, 20) + FAR_NM, box(10, 0, 10, 20)[::-1] + FAR_NM, box(5, 5, 10, 5) + FAR_NM]
    )
    assert sorted(map(tuple, outline - FAR_NM)) == [(0, 0), (0, 20), (20, 0), (20, 20)]
    assert signed_area(outline) == 400.0


def test_that_a_gap_stays_a_gap() -> None:
    assert len(merged_outlines([box(0, 0, 10, 20), box(11, 0, 10, 20)])) == 2


def test_that_nothing_gives_nothing() -> None:
    assert merged_outlines([]) == ()
    assert merged_outlines([np.zeros((4, 2)), np.array([[0, 0], [5, 0], [9, 0]], float)]) == ()


@pytest.mark.parametrize("count", [16, 400])
def test_that_a_circle_keeps_its_vertices(count: int) -> None:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    circle = 500 * np.column_stack([np.cos(angle), np.sin(angle)])
    assert len(merged_outlines([circle])[0]) == count


def test_that_a_spike_is_not_taken_for_a_straight_edge() -> None:
    spike = np.array([[0, 0], [10, 0], [5, 0], [5, 5]], dtype=float)
    assert [10.0, 0.0] in without_straight_vertices(spike).tolist()
