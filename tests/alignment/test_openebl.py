"""Real SEM of e-beam written silicon against its own design; read in place, skipped where it is absent."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semiview.alignment.align import align
from semiview.core.case import Case
from semiview.core.registration import Registration
from semiview.files.project import Project

OPENEBL = Path(__file__).parents[3] / "shared" / "data" / "openebl"
pytestmark = pytest.mark.skipif(not OPENEBL.exists(), reason=f"no real data at {OPENEBL}")

PERIODIC = ("LL_140", "LL_150", "LL_151", "LL_153")


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.open(OPENEBL)


@pytest.fixture(scope="module")
def references() -> dict[str, Any]:
    pairs = json.loads((OPENEBL / "pairs.json").read_text())["pairs"]
    return {Path(pair["image"]).stem: pair["truth"] for pair in pairs if "truth" in pair}


def errors_px(case: Case, found: Registration, reference: dict[str, float]) -> np.ndarray:
    """(N,) distance to the independent reference at design edge points in the picture, by the mapping of pairs.json."""
    assert case.design is not None
    points = []
    for outline in case.design.target:
        following = np.roll(outline, -1, axis=0)
        for start, end in zip(outline, following, strict=True):
            count = int(np.hypot(*(end - start)) / 50) + 1
            points.append(start + (end - start) * ((np.arange(count) + 0.5) / count)[:, None])
    points_nm = np.concatenate(points)
    away = points_nm - 1000 * np.array([reference["cx_um"], reference["cy_um"]])
    turn = reference["rot_mrad"] * 1e-3
    along = np.cos(turn) * away[:, 0] + np.sin(turn) * away[:, 1]
    across = -np.sin(turn) * away[:, 0] + np.cos(turn) * away[:, 1]
    expected = np.column_stack([1023.5 + along / reference["px_x_nm"], 684.5 - across / reference["px_y_nm"]])
    inside = (expected > 0).all(axis=1) & (expected < [2047, 1369]).all(axis=1)
    return np.hypot(*(found.to_px(points_nm[inside]) - expected[inside]).T)


@pytest.mark.parametrize(("case_id", "median_px"), [("LL_131", 1.0), ("LL_136", 1.0), ("LL_145", 2.0)])
def test_that_real_fields_agree_with_an_independent_reference(
    project: Project, references: dict[str, Any], case_id: str, median_px: float
) -> None:
    case = project.load(case_id)
    found = align(case)
    error = errors_px(case, found, references[case_id])
    assert found.trust.verdict == "unique", found.trust.grounds
    assert np.median(error) < median_px
    assert error.max() < 3.0


@pytest.mark.slow
@pytest.mark.parametrize("case_id", PERIODIC)
def test_that_real_periodic_fields_are_flagged(project: Project, case_id: str) -> None:
    found = align(project.load(case_id))
    assert found.trust.verdict == "periodic", found.trust.grounds
    assert len(found.trust.alternatives) >= 1


def test_that_a_field_whose_stated_pixel_size_is_far_off_fails(project: Project) -> None:
    # LL_127 was taken at 1.6 times the pixel size that its case list says.
    found = align(project.load("LL_127"))
    assert found.trust.verdict == "failed"
    assert "fits at 115.6 nm per px instead of 72.19" in found.trust.grounds[0]
