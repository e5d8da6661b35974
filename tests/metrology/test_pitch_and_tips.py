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
from semiview.metrology.gauge import design_gauges
from semiview.metrology.holes import fit_ellipse

DrawField = Callable[..., Any]
SHAPE = (360, 420)
SIZE = PixelSize(4.0, 4.0, "test")
RIGHT = np.array([1.0, 0.0])


def rows_of(
    drawn: Any, probability: np.ndarray, mode: str, gauges: tuple[Gauge, ...] | None = None
) -> tuple[CdRow, ...]:
    found = design_gauges(drawn.design, drawn.registration, SHAPE) if gauges is None else gauges
    chosen = tuple(gauge for gauge in found if gauge.mode == mode)
    contours = Contours(half_contours(gaussian_filter(probability, 1.0)))
    tone = drawn.design.tone
    return measure_cd(chosen, contours, drawn.registration, SIZE, SHAPE, "prediction", "half contour", tone=tone)


@pytest.mark.parametrize("tone", ["raised", "opening"])
def test_that_neighbouring_lines_are_a_pitch_apart_whatever_their_bias(
    draw_field: DrawField, lines: list[np.ndarray], tone: str
) -> None:
    drawn = draw_field(lines, tone=tone, rotation_deg=5.0)
    rows = rows_of(drawn, drawn.printed(9.0), "pitch")
    assert len(rows) == 4
    for row in rows:
        assert row.cd_nm == pytest.approx(240.0, abs=0.2)
        assert row.pitch_leading_nm == pytest.approx(240.0, abs=0.3)
        assert row.pitch_trailing_nm == pytest.approx(240.0, abs=0.3)
        assert row.cd_design_nm == pytest.approx(240.0)
        assert row.pitch_walk_nm == pytest.approx(0.0, abs=0.2)
        assert row.reason == ""


def test_that_pitch_walk_is_odd_minus_even(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines)
    printed = draw_field([line + 6.0 * (number % 2) * RIGHT for number, line in enumerate(lines)])
    rows = rows_of(drawn, printed.printed(), "pitch")
    assert [row.pitch_walk_nm for row in rows] == pytest.approx([12.0] * 4, abs=0.3)
    assert [row.cd_nm for row in rows] == pytest.approx([246.0, 234.0, 246.0, 234.0], abs=0.3)


def test_that_a_wider_line_moves_its_trailing_edge_only(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines)
    wide = as_outline(np.where(np.array(lines[2]) > 0, np.array(lines[2]) + 8.0 * RIGHT, lines[2]))
    printed = draw_field([*lines[:2], wide, *lines[3:]]).printed()
    _, before, _, _ = rows_of(drawn, printed, "pitch")
    assert before.pitch_leading_nm == pytest.approx(240.0, abs=0.2)
    assert before.pitch_trailing_nm == pytest.approx(248.0, abs=0.2)
    assert before.cd_nm == pytest.approx(244.0, abs=0.2)


def test_that_a_pitch_by_hand_needs_no_drawn_one(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines, rotation_deg=3.0)
    x, y = drawn.registration.frame.centre_nm
    gauge = Gauge("mine", "pitch", x + 126.0, y, 2.0, 420.0, 200.0)
    (row,) = rows_of(drawn, drawn.printed(), "pitch", (gauge,))
    assert row.cd_nm == pytest.approx(240.0, abs=0.2)


@pytest.mark.parametrize("tone", ["raised", "opening"])
def test_that_tips_are_told_from_spaces_and_measured(draw_field: DrawField, tone: str) -> None:
    bars = [rectangle(-40, -500, 40, -60), rectangle(-40, 60, 40, 500), rectangle(-400, 620, 400, 690)]
    drawn = draw_field(bars, tone=tone, rotation_deg=2.0)
    gauges = design_gauges(drawn.design, drawn.registration, SHAPE)
    assert sum(gauge.mode == "tip_to_tip" for gauge in gauges) == 1
    assert sum(gauge.mode == "tip_to_line" for gauge in gauges) == 1
    for mode, width in (("tip_to_tip", 120.0), ("tip_to_line", 120.0)):
        (row,) = rows_of(drawn, drawn.printed(10.0), mode)
        assert row.cd_design_nm == pytest.approx(width)
        assert row.cd_nm == pytest.approx(width - 20.0, abs=0.4)
        assert abs(row.angle_deg) == pytest.approx(90.0)


def test_that_a_square_has_no_tips(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    gauges = design_gauges(drawn.design, drawn.registration, SHAPE)
    assert not [gauge for gauge in gauges if gauge.mode.startswith("tip")]


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_that_the_least_squares_ellipse_is_the_true_one(noise: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False) ** 1.05 / (2 * np.pi) ** 0.05  # uneven points
    generator = np.random.default_rng(0)
    radius = 1 + noise * generator.normal(size=200) / 50
    points = np.column_stack([60 * radius * np.cos(angle), 40 * radius * np.sin(angle)])
    turn = np.deg2rad(28.0)
    turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + (7.0, -3.0)
    ellipse = fit_ellipse(turned)
    assert ellipse is not None
    assert ellipse.a == pytest.approx(120.0, abs=1e-6 + 0.7 * noise)
    assert ellipse.b == pytest.approx(80.0, abs=1e-6 + 0.7 * noise)
    assert ellipse.angle_deg == pytest.approx(28.0, abs=1e-6 + 0.5 * noise)
    assert ellipse.centre == pytest.approx((7.0, -3.0), abs=1e-6 + 0.3 * noise)
    assert ellipse.rms == pytest.approx(noise, rel=0.15, abs=1e-6)


def test_that_points_on_a_line_or_too_few_are_no_ellipse() -> None:
    assert fit_ellipse(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])) is None
    assert fit_ellipse(np.column_stack([np.arange(9.0), np.zeros(9)])) is None


@pytest.mark.parametrize("mirrored", [False, True])
def test_that_a_hole_s_ellipse_lies_as_drawn(draw_field: DrawField, mirrored: bool) -> None:
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    turn = np.deg2rad(30.0)
    ellipse = np.column_stack([80 * np.cos(angle), 60 * np.sin(angle)]) @ np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    )
    drawn = draw_field([ellipse], tone="opening", rotation_deg=11.0, mirrored=mirrored)
    (row,) = rows_of(drawn, drawn.printed(), "hole")
    assert row.ellipse_angle_deg == pytest.approx(30.0, abs=0.5)
    assert (row.diameter_a_nm, row.diameter_b_nm) == pytest.approx((160.0, 120.0), abs=0.7)
    assert (row.feret_min_nm, row.feret_max_nm) == pytest.approx((120.0, 160.0), abs=0.7)
    assert row.cer3_nm < 0.5
    assert np.isnan(row.cer3_unbiased_nm)


def test_that_contact_edge_roughness_is_the_contour_s(draw_field: DrawField) -> None:
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    radius = 100 + 4 * np.sqrt(2) * np.cos(7 * angle)
    drawn = draw_field([np.column_stack([100 * np.cos(angle), 100 * np.sin(angle)])], tone="opening")
    printed = draw_field([np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])], tone="opening")
    (row,) = rows_of(drawn, printed.printed(), "hole")
    assert row.cer3_nm == pytest.approx(12.0, rel=0.06)


def test_that_tips_and_pitches_without_edges_say_why(draw_field: DrawField, lines: list[np.ndarray]) -> None:
    drawn = draw_field(lines)
    (first, *_) = rows_of(drawn, drawn.printed(without=[1]), "pitch")
    assert np.isnan(first.cd_nm)
    assert first.reason == "edges in fewer than half of the rows"
    pitch = next(g for g in design_gauges(drawn.design, drawn.registration, SHAPE) if g.mode == "pitch")
    (away,) = rows_of(drawn, drawn.printed(), "pitch", (replace(pitch, x_nm=pitch.x_nm - 5000.0),))
    assert away.reason == "outside the picture"
