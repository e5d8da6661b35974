from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from semiview.core.document import MeasureSettings
from semiview.core.outline import rectangle
from semiview.metrology.contour import Contours, half_contours
from semiview.metrology.epe import EpeTable, measure_epe
from semiview.metrology.epe_points import design_points
from semiview.metrology.epe_summary import summarise

DrawField = Callable[..., Any]
SETTINGS = MeasureSettings()
SHAPE = (360, 420)
NM_PER_PX = 4.0


def epe_of(drawn: Any, probability: np.ndarray, ignore: np.ndarray | None = None) -> EpeTable:
    points = design_points(drawn.design, drawn.registration, SHAPE, SETTINGS)
    contours = Contours(half_contours(probability))
    return measure_epe(points, contours, drawn.registration, SHAPE, ignore, "prediction", drawn.design.tone)


@pytest.mark.parametrize("bias_px", [-0.5, 0.0, 0.3, 1.0, 2.7, 5.0])
@pytest.mark.parametrize(("tone", "mirrored"), [("raised", False), ("opening", False), ("raised", True)])
def test_that_a_uniform_bias_is_recovered_with_its_sign(
    draw_field: DrawField, squares: list[np.ndarray], bias_px: float, tone: str, mirrored: bool
) -> None:
    drawn = draw_field(squares, tone=tone, rotation_deg=7.0, mirrored=mirrored)
    table = epe_of(drawn, drawn.printed(bias_px * NM_PER_PX))
    summary = summarise(table, 15.0)
    assert summary.mean_nm / NM_PER_PX == pytest.approx(bias_px, abs=0.03)
    assert summary.max_nm / NM_PER_PX < abs(bias_px) + 0.15  # a pixel's box shape moves single points by 0.1 px
    assert summary.missing == summary.bridge == summary.extra == summary.unobserved == 0


def test_that_an_anisotropic_scale_is_read_in_design_nm(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, rotation_deg=11.0)
    registration = replace(drawn.registration, scale_x=0.99, scale_y=1.006, shear=0.004, transform="affine")
    drawn = replace(drawn, registration=registration)
    assert summarise(epe_of(drawn, drawn.printed(6.0)), 15.0).mean_nm == pytest.approx(6.0, abs=0.1)


def test_that_a_missing_feature_is_wholly_missing_and_no_other(
    draw_field: DrawField, squares: list[np.ndarray]
) -> None:
    drawn = draw_field(squares, rotation_deg=3.0)
    table = epe_of(drawn, drawn.printed(2.0, without=[4]))
    of_it = table.feature_id == 4
    assert of_it.sum() > 20
    assert (table.state[of_it] == "missing").all()
    assert np.isnan(table.epe_nm[of_it]).all()
    assert (table.state[~of_it] == "valid").all()
    assert summarise(table, 15.0).missing_features == 1


def test_that_a_filled_space_between_two_features_is_a_bridge(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    centre = np.array(drawn.registration.frame.centre_nm)
    neck = rectangle(-1, -60, 241, 60) + centre
    table = epe_of(drawn, drawn.printed())
    assert not (table.state == "bridge").any()
    joined = np.clip(drawn.printed() + drawn.printed(without=range(9), also=[neck]), 0, 1)
    table = epe_of(drawn, joined)
    facing = ((table.feature_id == 4) & (table.normal_x > 0.9)) | ((table.feature_id == 5) & (table.normal_x < -0.9))
    assert (table.state[facing] == "bridge").all()
    assert not (table.state[~facing & (table.feature_class == "edge")] == "bridge").any()


def test_that_a_contour_nobody_drew_is_extra(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    speck = rectangle(130, 130, 170, 170) + np.array(drawn.registration.frame.centre_nm)
    table = epe_of(drawn, drawn.printed(also=[speck]))
    extra = table.where(table.state == "extra")
    assert len(extra) == 1
    assert extra.x_nm[0] - drawn.registration.frame.centre_nm[0] == pytest.approx(150, abs=2)
    assert extra.feature_id[0] == -1


def test_that_edges_at_the_border_are_unobserved_and_never_missing(
    draw_field: DrawField, lines: list[np.ndarray]
) -> None:
    wide = [*lines, rectangle(760, -200, 860, 200)]  # its left edge lies in the picture, its right one outside
    drawn = draw_field(wide, rotation_deg=1.5)
    summary = summarise(epe_of(drawn, drawn.printed(1.0)), 15.0)
    assert summary.missing == 0
    assert summary.unobserved > 0
    assert summary.mean_nm == pytest.approx(1.0, abs=0.12)
    empty = epe_of(drawn, np.zeros(SHAPE))
    at_border = (empty.feature_id == 5) & (empty.normal_x > 0.9)
    assert (empty.state[at_border] == "unobserved").all()
    assert (empty.state[(empty.feature_id == 2) & (empty.feature_class == "edge")] == "missing").sum() > 100


def test_that_an_ignored_region_carries_no_epe(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    ignore = np.zeros(SHAPE, bool)
    ignore[:, :150] = True
    for probability in (drawn.printed(), np.zeros(SHAPE)):
        table = epe_of(drawn, probability, ignore)
        column = drawn.registration.to_px(np.column_stack([table.x_nm, table.y_nm]))[:, 0]
        assert (table.state[column < 149] == "unobserved").all()
        assert set(table.reason[column < 149]) == {"ignored"}
        assert not (table.state[column > 170] == "unobserved").any()


def test_that_a_free_axis_leaves_only_the_edges_across_it(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, free_axis_deg=90.0)
    table = epe_of(drawn, drawn.printed(2.0))
    along = np.abs(table.normal_y) > 0.1
    assert (table.state[along] == "unobserved").all()
    assert set(table.reason[along]) == {"free axis"}
    assert table.epe_nm[~along].mean() == pytest.approx(2.0, abs=0.2)


def test_that_a_shift_is_told_from_a_bias(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, rotation_deg=5.0)
    probability = drawn.printed(3.0)
    moved = replace(drawn, registration=drawn.registration.moved(-6.0, 2.0))
    table = epe_of(moved, probability)
    valid = table.state == "valid"
    assert table.epe_bias_nm[valid][0] == pytest.approx(3.0, abs=0.15)
    total = table.epe_registration_nm + table.epe_bias_nm + table.epe_local_nm
    assert np.allclose(total[valid], table.epe_nm[valid])
    angle = np.deg2rad(5.0)
    pattern = np.array([6 * np.cos(angle) - 2 * np.sin(angle), -6 * np.sin(angle) - 2 * np.cos(angle)])
    normals = np.column_stack([table.normal_x, table.normal_y])
    assert np.abs(table.epe_registration_nm - normals @ pattern)[valid].max() < 0.2


def test_that_every_point_without_epe_says_why(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    table = epe_of(drawn, drawn.printed(without=[0]))
    assert (np.isnan(table.epe_nm) == (table.state != "valid")).all()
    assert ((table.reason != "") == (table.state != "valid")).all()


def test_that_the_registration_s_error_bar_reaches_every_epe(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, sigma_x_nm=0.5, sigma_y_nm=1.5)
    table = epe_of(drawn, drawn.printed())
    edges = table.feature_class == "edge"
    assert np.allclose(table.sigma_nm[edges & (np.abs(table.normal_x) > 0.9)], 0.5)
    assert np.allclose(table.sigma_nm[edges & (np.abs(table.normal_y) > 0.9)], 1.5)


def test_that_an_unknown_pixel_size_gives_no_points(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    frame = replace(drawn.registration.frame, nm_per_px=float("nan"))
    assert len(design_points(drawn.design, replace(drawn.registration, frame=frame), SHAPE, SETTINGS)) == 0
