from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from semiview.core.document import Document, MeasureSettings, with_epe_preset
from semiview.core.outline import rectangle
from semiview.metrology.epe_points import design_points
from semiview.metrology.epe_summary import summarise, summarise_by_group
from semiview.metrology.measurement import measure

DrawField = Callable[..., Any]
SHAPE = (360, 420)


def grey(standing: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 6, SHAPE)
    return np.clip(60 + 90 * gaussian_filter(standing, 1.2) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("tone", ["raised", "opening"])
def test_that_the_picture_tells_a_bridge(draw_field: DrawField, squares: list[np.ndarray], tone: str) -> None:
    drawn = draw_field(squares, tone=tone)
    bridge = rectangle(60, -60, 240, 60) + np.array(drawn.registration.frame.centre_nm)
    table = measure(drawn.case(None, grey(drawn.printed(also=[bridge]))), Document(drawn.registration)).epe
    joined = table.where(table.state == "bridge")
    assert len(joined) >= 20
    assert set(joined.feature_id.tolist()) == {4, 5}
    assert (np.abs(joined.normal_x) > 0.9).all()
    assert set(joined.reason.tolist()) == {"joined to its neighbour"}
    assert not (table.state == "extra").any()


def test_that_the_picture_tells_a_shape_nobody_drew(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, rotation_deg=3.0)
    spot = rectangle(480, 130, 560, 210) + np.array(drawn.registration.frame.centre_nm)
    table = measure(drawn.case(None, grey(drawn.printed(also=[spot]))), Document(drawn.registration)).epe
    (row,) = np.flatnonzero(table.state == "extra")
    centre = np.array(drawn.registration.frame.centre_nm)
    assert (table.x_nm[row], table.y_nm[row]) == pytest.approx(tuple(centre + np.array([520.0, 170.0])), abs=4.0)
    assert not (table.state == "bridge").any()
    assert not (table.state == "missing").any()


def test_that_a_clean_picture_has_no_faults(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, rotation_deg=3.0)
    summary = measure(drawn.case(None, grey(drawn.printed(4.0))), Document(drawn.registration)).epe_summary["sem"]
    assert summary.missing == summary.bridge == summary.extra == 0


def test_that_a_feature_missing_in_the_picture_is_missing_and_no_bridge(
    draw_field: DrawField, squares: list[np.ndarray]
) -> None:
    drawn = draw_field(squares)
    table = measure(drawn.case(None, grey(drawn.printed(without=[4]))), Document(drawn.registration)).epe
    assert set(table.state[table.feature_id == 4].tolist()) == {"missing"}
    assert not np.isin(table.state[table.feature_id != 4], ["missing", "bridge"]).any()


def test_that_the_contest_s_preset_reads_every_40_nm_and_short_edges_once(draw_field: DrawField) -> None:
    drawn = draw_field([rectangle(-200, -40, 200, 40), rectangle(-60, 200, 60, 300)])
    points = design_points(drawn.design, drawn.registration, SHAPE, with_epe_preset(MeasureSettings(), "ICCAD13"))
    edges = ~points.corner
    tip = edges & (points.feature_id == 0) & (np.abs(points.normals_nm[:, 0]) > 0.9)
    assert tip.sum() == 2
    assert points.points_nm[tip, 1] == pytest.approx(drawn.registration.frame.centre_nm[1])
    top = points.points_nm[edges & (points.feature_id == 0) & (points.normals_nm[:, 1] > 0.9), 0]
    assert np.diff(np.sort(top)) == pytest.approx(40.0)
    assert len(top) == 10
    assert with_epe_preset(MeasureSettings(), "ICCAD13").tolerance_nm == 15.0


def test_that_statistics_by_side_add_up_to_those_of_the_edges(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    moved = replace(drawn.registration, shift_x_nm=6.0)
    table = measure(drawn.case(gaussian_filter(drawn.printed(3.0), 1.0)), Document(moved)).epe
    table = table.where(table.source == "prediction")
    groups = summarise_by_group(table, 5.0)
    assert groups["side right"].mean_nm == pytest.approx(-3.0, abs=0.15)
    assert groups["side left"].mean_nm == pytest.approx(9.0, abs=0.15)
    assert groups["side top"].mean_nm == pytest.approx(3.0, abs=0.15)
    assert groups["orientation upright"].mean_nm == pytest.approx(3.0, abs=0.15)
    assert groups["side left"].violations == groups["side left"].n
    assert sum(groups[f"side {side}"].n for side in ("right", "left", "top", "bottom")) == groups["class edge"].n
    whole = summarise(table, 5.0)
    assert (groups["class edge"].n, groups["class edge"].rms_nm) == (whole.n, whole.rms_nm)
    assert groups["class corner"].n == 36
    assert "orientation oblique" not in groups
