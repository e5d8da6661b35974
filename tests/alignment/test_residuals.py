"""Residuals show what a registration errs by, and nothing of a process bias."""

import numpy as np
import pytest

from semiview.alignment.residuals import edge_residuals
from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design, DesignLayer
from semiview.core.outline import rectangle
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import SemImage

NM_PER_PX = 2.0


def square_case(bias_px: float = 0.0) -> Case:
    """Nine squares of 120 nm, printed larger by a bias on every side, with edges 3 px soft."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:256, :256].astype(float)
    pixels = np.full((256, 256), 40.0)
    outlines = []
    for x in (-160, 0, 160):
        for y in (-160, 0, 160):
            u, v = 127.5 + x / NM_PER_PX, 127.5 - y / NM_PER_PX
            away = np.maximum(np.abs(columns - u), np.abs(rows - v)) - 30 - bias_px
            pixels += 120 / (1 + np.exp(away / 0.8))
            outlines.append(rectangle(x - 60.0, y - 60.0, x + 60.0, y + 60.0))
    sem = SemImage.from_pixels((pixels + rng.normal(0, 2, pixels.shape)).astype(np.float32), NM_PER_PX)
    design = Design(tuple(outlines), (DesignLayer("1/0", "target", tuple(outlines)),), "raised", (-300, -300, 300, 300))
    return Case(CaseInfo("squares"), sem, nominal_registration(sem.shape, sem.pixel_size, (0.0, 0.0)), design)


@pytest.mark.parametrize("bias_px", [0.0, 2.0])
def test_that_a_true_registration_has_none_whatever_the_process_bias(bias_px: float) -> None:
    case = square_case(bias_px)
    residuals = edge_residuals(case, case.nominal)
    assert residuals is not None
    assert np.isfinite(residuals.offsets_nm).mean() > 0.95
    assert np.nanmax(np.abs(residuals.offsets_nm)) < 0.4


def test_that_a_shift_is_seen_on_both_sides_with_opposite_signs() -> None:
    case = square_case()
    residuals = edge_residuals(case, case.nominal.moved(6.0, 0.0))  # the pattern really lies 6 nm to the left of it
    assert residuals is not None
    for side in (-1, 1):
        offsets = residuals.offsets_nm[residuals.normals_nm[:, 0] * side > 0.9]
        assert np.nanmedian(offsets) == pytest.approx(-6.0 * side, abs=0.4)
    flat = residuals.offsets_nm[np.abs(residuals.normals_nm[:, 0]) < 0.1]
    assert np.nanmax(np.abs(flat)) < 0.4


def test_that_far_off_nothing_is_made_up() -> None:
    case = square_case()
    residuals = edge_residuals(case, case.nominal.moved(60.0, 0.0))
    assert residuals is not None
    sides = np.abs(residuals.normals_nm[:, 0]) > 0.9
    assert np.isnan(residuals.offsets_nm[sides]).mean() > 0.5


def test_that_without_a_design_there_is_nothing_to_compare() -> None:
    case = square_case()
    assert edge_residuals(Case(case.info, case.sem, case.nominal), case.nominal) is None
