"""The band about a contour is as wide as the contour moves."""

import numpy as np
import pytest
from scipy.special import ndtr

from semiview.metrology.contour import half_contours
from semiview.metrology.uncertainty import REACH_PX, contour_sigma_px, edge_uncertainty_px


def edges(shift_px: float) -> np.ndarray:
    """A disc of radius 20 px whose edge is a Gaussian of 1.5 px."""
    y, x = np.mgrid[:80, :80]
    return ndtr((20 + shift_px - np.hypot(y - 40, x - 40)) / 1.5).astype(np.float32)


@pytest.mark.parametrize("sigma_px", [0.1, 0.3])
def test_that_a_contour_that_moves_by_a_known_amount_has_that_band(sigma_px: float):
    maps = np.stack([edges(shift) for shift in sigma_px * np.array([-1, 1]) / np.sqrt(2)])
    mean, spread = maps.mean(axis=0), maps.std(axis=0, ddof=1)
    outlines = half_contours(mean)
    (sigma,) = contour_sigma_px(mean, spread, outlines)
    assert sigma == pytest.approx(np.full(len(sigma), sigma_px), rel=0.1)
    assert edge_uncertainty_px(mean, spread, outlines) == pytest.approx(sigma_px, rel=0.1)


def test_that_a_contour_without_slope_is_as_unsure_as_can_be():
    flat = np.full((40, 40), 0.5, np.float32)
    outline = np.array([[10.0, 10.0], [20.0, 10.0], [20.0, 20.0]])
    (sigma,) = contour_sigma_px(flat, np.full((40, 40), 0.1, np.float32), [outline])
    assert (sigma == REACH_PX).all()
    assert np.isnan(edge_uncertainty_px(flat, flat, []))
