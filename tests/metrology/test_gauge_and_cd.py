from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from semiview.core.gauge import Gauge
from semiview.core.outline import as_outline, rectangle
from semiview.core.sem_image import PixelSize
from semiview.metrology.cd import CdRow, measure_cd
from semiview.metrology.contour import Contours, half_contours
from semiview.metrology.gauge import box_of, design_gauges

DrawField = Callable[..., Any]
SHAPE = (360, 420)
NM_PER_PX = 4.0
SIZE = PixelSize(NM_PER_PX, NM_PER_PX, "test")


def cd_of(
    drawn: Any, probability: np.ndarray, gauges: tuple[Gauge, ...] | None = None, **more: Any
) -> tuple[CdRow, ...]:
    chosen = design_gauges(drawn.design, drawn.registration, SHAPE) if gauges is None else gauges
    contours = Contours(half_contours(probability))
    return measure_cd(chosen, contours, drawn.registration, SIZE, SHAPE, "prediction", "half contour", **more)


@pytest.mark.parametrize("rotation", [0.0, 1.3, 17.0, 45.0, 88.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_that_a_line_measures_its_width_at_any_rotation(
    draw_field: DrawField, lines: list[np.ndarray], rotation: float, mirrored: bool
) -> None:
    drawn = draw_field(lines, rotation_deg=rotation, mirrored=mirrored)
    # Marching squares read an exact-area raster up to 0.08 px off, by the edge's place in its pixel; a blur ends it.
    rows = [row for row in cd_of(drawn, gaussian_filter(drawn.printed(10.0), 1.0)) if row.mode == "line"]
    assert len(rows) >= 3
    widths = np.array([row.cd_nm for row in rows])
    assert np.abs(widths - 120.0).max() / NM_PER_PX < 0.05
    assert [row.cd_design_nm for row in rows] == pytest.approx([100.0] * len(rows))
    assert all(row.n_failed == 0 and row.reason == "" for row in rows)


def test_that_spaces_shrink_where_lines_grow(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines, rotation_deg=5.0)
    rows = [row for row in cd_of(drawn, drawn.printed(10.0)) if row.mode == "space"]
    assert [round(row.cd_design_nm) for row in rows] == [140] * len(rows)
    assert np.abs(np.array([row.cd_nm for row in rows]) - 120.0).max() < 0.2


def test_that_there_is_one_gauge_for_each_facing_pair(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    gauges = design_gauges(drawn.design, drawn.registration, SHAPE)
    assert sum(gauge.mode == "line" for gauge in gauges) == 18
    assert sum(gauge.mode == "space" for gauge in gauges) == 12
    assert sum(gauge.mode == "pitch" for gauge in gauges) == 12
    assert len({gauge.gauge_id for gauge in gauges}) == 42
    spaces = {(round(gauge.cd_design_nm), round(abs(gauge.angle_deg))) for gauge in gauges if gauge.mode == "space"}
    assert spaces == {(180, 0), (180, 90)}


def test_that_openings_are_holes_with_their_area_equivalent_diameter(draw_field: DrawField) -> None:
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    ellipse = np.column_stack([80 * np.cos(angle), 60 * np.sin(angle)])
    drawn = draw_field(
        [ellipse, ellipse + np.array([300, 0]), ellipse - np.array([300, 40])], tone="opening", rotation_deg=9.0
    )
    rows = [row for row in cd_of(drawn, drawn.printed()) if row.mode == "hole"]
    assert len(rows) == 3
    for row in rows:
        assert row.cd_nm == pytest.approx(2 * np.sqrt(80 * 60), abs=0.2)
        assert row.diameter_a_nm == pytest.approx(160, abs=0.5)
        assert row.diameter_b_nm == pytest.approx(120, abs=0.5)
        assert row.cd_min_nm == pytest.approx(120, abs=0.6)
        assert row.cd_max_nm == pytest.approx(160, abs=0.6)


def test_that_a_ring_s_hole_in_material_is_a_hole_and_one_that_never_opened_has_no_cd(draw_field: DrawField) -> None:
    plate, hole = rectangle(-300, -300, 300, 300), rectangle(-60, -60, 60, 60)[::-1]
    drawn = draw_field([plate, as_outline(hole)])
    open_plate = drawn.printed(without=[1]) - drawn.printed(without=[0])
    (row,) = (row for row in cd_of(drawn, open_plate) if row.mode == "hole")
    # A pixel's box rounds the corners that marching squares draw, so the area is a little small.
    assert row.cd_nm == pytest.approx(120 * 2 / np.sqrt(np.pi), rel=0.01)
    (row,) = (row for row in cd_of(drawn, drawn.printed(without=[1])) if row.mode == "hole")
    assert np.isnan(row.cd_nm)
    assert row.reason == "no hole found"


def test_that_a_feature_cut_by_the_border_has_no_gauge(draw_field: DrawField) -> None:
    drawn = draw_field([rectangle(780, -200, 900, 200), rectangle(0, -200, 120, 200)])
    gauges = design_gauges(drawn.design, drawn.registration, SHAPE)
    assert {gauge.feature_id for gauge in gauges} == {1}
    corners = drawn.registration.to_px(np.concatenate([box_of(gauge) for gauge in gauges]))
    assert corners.min() >= 0
    assert (corners <= (419, 359)).all()


def test_that_a_line_that_crosses_the_picture_has_a_gauge_wherever_its_middle_lies(draw_field: DrawField) -> None:
    drawn = draw_field([rectangle(-50, 300, 50, 90_000)])
    (gauge,) = design_gauges(drawn.design, drawn.registration, SHAPE)
    moved = design_gauges(drawn.design, drawn.registration.moved(8.0, 4.0), SHAPE)
    assert [other.gauge_id for other in moved] == [gauge.gauge_id]
    assert gauge.cd_design_nm == pytest.approx(100.0)
    (row,) = cd_of(drawn, gaussian_filter(drawn.printed(), 1.0))
    assert row.cd_nm == pytest.approx(100.0, abs=0.1)


def test_that_a_line_that_is_gone_is_nan_with_a_reason(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines)
    rows = [row for row in cd_of(drawn, drawn.printed(without=[2])) if row.feature_id == 2 and row.mode == "line"]
    assert rows
    for row in rows:
        assert np.isnan(row.cd_nm)
        assert row.reason == "edges in fewer than half of the rows"
        assert row.n == 0
        assert row.n_failed > 10


def test_that_a_gauge_placed_by_hand_needs_no_drawn_width(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines, rotation_deg=4.0)
    x, y = drawn.registration.frame.centre_nm
    askew = Gauge("mine", "line", x + 6.0, y + 30.0, 3.0, 190.0, 200.0)
    (row,) = cd_of(drawn, drawn.printed(), (askew,))
    assert row.cd_nm == pytest.approx(100.0, abs=0.2)  # along the edges' own normal, not the gauge's
    assert np.isnan(row.cd_design_nm)
    (row,) = cd_of(drawn, drawn.printed(), (replace(askew, mode="space", x_nm=x + 120.0),))
    assert row.cd_nm == pytest.approx(140.0, abs=0.2)


def test_that_the_widths_spread_is_the_roughness_s(draw_field: DrawField) -> None:
    y = np.arange(-600, 600, 4.0)
    wave = 6 * np.sin(2 * np.pi * y / 80)
    outline = np.concatenate([np.column_stack([50 + wave, y]), np.column_stack([np.full(300, -50.0), y])[::-1]])
    straight = draw_field([rectangle(-50, -600, 50, 600)])
    rough = draw_field([outline])
    gauges = design_gauges(straight.design, straight.registration, SHAPE)
    row = next(row for row in cd_of(rough, rough.printed(), gauges) if row.mode == "line")
    assert row.cd_nm == pytest.approx(100, abs=1.0)
    assert row.cd_sigma_nm == pytest.approx(6 / np.sqrt(2), rel=0.1)
    assert row.cd_max_nm - row.cd_min_nm == pytest.approx(12, rel=0.1)
    assert row.cd_se_nm > row.cd_sigma_nm / np.sqrt(row.n)  # neighbouring rows are not independent


def test_that_widths_are_in_nominal_nanometres(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines, rotation_deg=5.0)
    larger = replace(drawn, registration=replace(drawn.registration, scale_x=1.02, scale_y=1.02, transform="affine"))
    rows = [row for row in cd_of(larger, larger.printed()) if row.mode == "line"]
    assert np.mean([row.cd_nm for row in rows]) == pytest.approx(102.0, abs=0.1)
    assert rows[0].nm_per_px_x == NM_PER_PX


def test_that_what_cannot_be_measured_says_why(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines)
    x, y = drawn.registration.frame.centre_nm
    off = Gauge("off", "line", x + 5000.0, y, 0.0, 200.0, 100.0)
    (row,) = cd_of(drawn, drawn.printed(), (off,))
    assert row.reason == "outside the picture"
    middle = replace(off, x_nm=x)
    (row,) = cd_of(drawn, drawn.printed(), (middle,), ignore=np.ones(SHAPE, bool))
    assert row.reason == "ignored"
    (row,) = measure_cd((middle,), Contours(()), drawn.registration, PixelSize(), SHAPE, "sem", "threshold")
    assert row.reason == "pixel size unknown"
    assert np.isnan(row.cd_nm)
    (row,) = cd_of(drawn, np.zeros(SHAPE), (middle,))
    assert np.isnan(row.cd_nm)
    rows = cd_of(drawn, drawn.printed(), (replace(middle, mode="pitch"), middle))
    assert [row.reason for row in rows] == ["edges in fewer than half of the rows", ""]  # one line makes no pitch


def test_that_a_design_without_tone_has_no_gauges(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines, tone=None)
    assert design_gauges(drawn.design, drawn.registration, SHAPE) == ()
