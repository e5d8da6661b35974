"""openEBL: real SEM beside its own design, with an independent reference registration."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.outline import bounds, signed_area
from semiview.core.registration import Registration, Trust, with_linear_nm
from semiview.files.project import Project
from semiview.metrology.measurement import Measurement, measure

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "openebl"

pytestmark = pytest.mark.skipif(not (DATA / "pairs.json").is_file(), reason="the openEBL data set is not here")


def reference(case: Case) -> tuple[Registration, dict[str, float]]:
    """The registration of pairs.json: U = R(-r) d / px about (cx, cy), d the design's offset, V up."""
    pairs = json.loads((DATA / "pairs.json").read_text())["pairs"]
    truth = next(pair["truth"] for pair in pairs if pair["image"] == f"{case.case_id}.jpg")
    nominal = case.nominal
    cosine, sine = np.cos(truth["rot_mrad"] * 1e-3), np.sin(truth["rot_mrad"] * 1e-3)
    scale = np.diag(nominal.frame.nm_per_px / np.array([truth["px_x_nm"], truth["px_y_nm"]]))
    linear = scale @ np.array([[cosine, sine], [-sine, cosine]])
    shift = linear @ (np.array(nominal.frame.centre_nm) - 1e3 * np.array([truth["cx_um"], truth["cy_um"]]))
    found = with_linear_nm(nominal, linear, (float(shift[0]), float(shift[1])), "affine")
    return replace(found, method="reference", trust=Trust(verdict="unique")), truth


def measured(case_id: str) -> tuple[Case, Registration, Measurement, dict[str, float]]:
    case = Project.open(DATA).load(case_id)
    registration, truth = reference(case)
    return case, registration, measure(case, Document(registration)), truth


@pytest.mark.parametrize("case_id", ["LL_131", "LL_136", "LL_145"])
def test_that_the_mean_edge_bias_agrees_with_the_reference_s(case_id: str) -> None:
    case, _, measurement, truth = measured(case_id)
    summary = measurement.epe_summary["sem"]
    nm_per_px = case.sem.pixel_size.x_nm
    assert summary.median_nm == pytest.approx(truth["mean_edge_bias_nm"], abs=max(1.5, 0.1 * nm_per_px))
    if case_id != "LL_145":  # that field has real defects
        assert summary.missing < 0.002 * summary.valid


def test_that_holes_that_never_opened_are_missing_and_open_ones_are_not() -> None:
    case, registration, measurement, _ = measured("LL_145")
    assert case.design is not None
    table = measurement.epe
    rows = [row for row in measurement.cd if row.mode == "hole"]
    drawn = np.array([bounds([case.design.target[row.feature_id]]) for row in rows])
    centres = registration.to_px((drawn[:, :2] + drawn[:, 2:]) / 2)
    column, line = np.rint(centres).astype(int).T
    # An open hole is dark in its middle, a closed one as grey as the plate around it; in between they are half open.
    middle = np.array([case.sem.pixels[v - 2 : v + 3, u - 2 : u + 3].mean() for u, v in zip(column, line, strict=True)])
    is_open, is_closed = middle < 30, middle > 60
    assert is_open.sum() > 40
    assert is_closed.sum() > 150
    edges = table.feature_class == "edge"
    share = np.array([np.mean(table.state[edges & (table.feature_id == row.feature_id)] == "missing") for row in rows])
    assert np.mean(share[is_closed]) > 0.99
    assert np.mean(share[is_open]) < 0.1
    assert measurement.epe_summary["sem"].missing_features > 150
    cds = np.array([row.cd_nm for row in rows])
    assert np.isnan(cds[is_closed]).all()
    assert np.isfinite(cds[is_open]).mean() > 0.9


def test_that_a_keyhole_s_seam_carries_no_epe() -> None:
    case, _, measurement, _ = measured("LL_145")
    assert case.design is not None
    table = measurement.epe
    # A seam would be two edges on top of each other, with normals that face each other.
    points = np.column_stack([table.x_nm, table.y_nm, table.normal_x, table.normal_y])[table.feature_class == "edge"]
    rounded = {tuple(row) for row in np.round(points, 1).tolist()}
    assert not any((x, y, -a, -b) in rounded for x, y, a, b in rounded)


def test_that_wide_and_narrow_bars_have_the_same_bias() -> None:
    case, _, measurement, _ = measured("LL_145")
    assert case.design is not None
    bars = {}
    for index, outline in enumerate(case.design.target):
        sides = np.sort(np.hypot(*np.diff(outline[:3], axis=0).T))
        if len(outline) <= 5 and signed_area(outline) > 0 and sides[0] * sides[1] < 1.02 * signed_area(outline):
            bars[index] = float(sides[0])
    bias = {
        width: [
            row.cd_nm - row.cd_design_nm
            for row in measurement.cd
            if row.mode == "line" and abs(row.cd_design_nm - width) < 5 and abs(bars.get(row.feature_id, 0) - width) < 5
        ]
        for width in (100.0, 500.0)
    }
    assert min(len(values) for values in bias.values()) >= 2
    assert abs(np.nanmean(bias[500.0]) - np.nanmean(bias[100.0])) < 4.0
