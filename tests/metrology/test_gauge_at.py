from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from semiview.core.document import MeasureSettings
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.cd import measure_cd
from semiview.metrology.contour import Contours, half_contours
from semiview.metrology.gauge_at import gauge_at, gauge_in_picture, ruler

DrawField = Callable[..., Any]
SHAPE = (360, 420)
SIZE = PixelSize(4.0, 4.0, "test")
RIGHT, UP = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def cd_at(place_nm: np.ndarray, contours: Contours, registration: Registration) -> tuple[str, float, float]:
    gauge = gauge_at((float(place_nm[0]), float(place_nm[1])), contours, registration, SHAPE, "mine")
    assert gauge is not None
    (row,) = measure_cd((gauge,), contours, registration, SIZE, SHAPE, "prediction", "half contour")
    assert row.reason == ""
    return gauge.mode, gauge.angle_deg, row.cd_nm


@pytest.mark.parametrize(("rotation", "mirrored"), [(0.0, False), (23.0, False), (-71.0, True), (88.0, False)])
def test_that_a_click_finds_the_line_or_the_space_it_lies_in(
    draw_field: DrawField, lines: list[np.ndarray], rotation: float, mirrored: bool
) -> None:
    drawn = draw_field(lines, rotation_deg=rotation, mirrored=mirrored)
    contours = Contours(half_contours(gaussian_filter(drawn.printed(10.0), 1.0)))
    middle = np.array(drawn.registration.frame.centre_nm)
    for offset, mode, width in ((17.0 * RIGHT + 40 * UP, "line", 120.0), (100.0 * RIGHT - 90 * UP, "space", 120.0)):
        found, angle, cd = cd_at(middle + offset, contours, drawn.registration)
        assert found == mode
        assert angle == pytest.approx(0.0, abs=0.1)
        assert cd == pytest.approx(width, abs=0.2)


def test_that_a_click_between_two_tips_is_across_the_gap(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    first, second = np.array(lines[2]), np.array(lines[2])
    first[first[:, 1] > 0, 1] = -40.0
    second[second[:, 1] < 0, 1] = 40.0
    drawn = draw_field([*lines[:2], first, second, *lines[3:]], rotation_deg=4.0)
    contours = Contours(half_contours(gaussian_filter(drawn.printed(), 1.0)))
    mode, angle, cd = cd_at(np.array(drawn.registration.frame.centre_nm) + 15 * UP, contours, drawn.registration)
    assert (mode, abs(angle)) == ("space", pytest.approx(90.0, abs=0.2))
    assert cd == pytest.approx(80.0, abs=1.0)


def test_that_a_click_in_a_compact_void_is_a_hole(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, tone="opening", rotation_deg=8.0)
    contours = Contours(half_contours(gaussian_filter(drawn.printed(), 1.0)))
    mode, _, cd = cd_at(
        np.array(drawn.registration.frame.centre_nm) + 310 * RIGHT - 20 * UP, contours, drawn.registration
    )
    assert mode == "hole"
    assert cd == pytest.approx(120 * 2 / np.sqrt(np.pi), rel=0.01)


def test_that_a_click_snaps_in_the_picture_itself(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines, rotation_deg=7.0)
    generator = np.random.default_rng(3)
    grey = 60 + 90 * gaussian_filter(drawn.printed(), 1.5) + generator.normal(0, 8, SHAPE)
    sem = SemImage.from_pixels(grey.astype(np.uint8), 4.0)
    x, y = np.array(drawn.registration.frame.centre_nm) + 12 * RIGHT + 60 * UP
    gauge = gauge_in_picture((x, y), sem, drawn.registration, MeasureSettings())
    assert gauge is not None
    assert gauge.mode == "line"
    assert gauge.angle_deg == pytest.approx(0.0, abs=0.3)
    assert gauge.x_nm == pytest.approx(drawn.registration.frame.centre_nm[0], abs=0.6)


def test_that_no_gauge_is_made_where_no_edges_face_each_other(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines)
    contours = Contours(half_contours(drawn.printed()))
    x, y = drawn.registration.frame.centre_nm
    assert gauge_at((x + 5000, y), contours, drawn.registration, SHAPE) is None
    assert gauge_at((x, y), Contours(()), drawn.registration, SHAPE) is None
    assert gauge_at((float("nan"), y), contours, drawn.registration, SHAPE) is None
    unknown = replace(drawn.registration, frame=replace(drawn.registration.frame, nm_per_px=float("nan")))
    assert gauge_at((x, y), contours, unknown, SHAPE) is None


def test_that_a_ruler_has_no_nanometre_without_a_pixel_size() -> None:
    free = ruler((10.0, 10.0), (10.0, 4.0), PixelSize(2.0, 3.0, "test"))
    assert (free.length_nm, free.up_nm, free.angle_deg) == (18.0, 18.0, 90.0)
    unknown = ruler((10.0, 10.0), (10.0, 4.0), PixelSize())
    assert unknown.length_px == 6.0
    assert np.isnan(unknown.length_nm)
