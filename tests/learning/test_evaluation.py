import numpy as np
import pytest
from scipy import ndimage

from semiview.core.outline import rectangle
from semiview.core.raster import coverage
from semiview.learning.evaluation import contour_errors_px, count_faults, score
from semiview.learning.samples import Sample

SHAPE = (120, 160)


def bars(grown_px=0.0, count=3):
    """Bars whose straight edges lie exactly on the half contour: blurred, because that of a sharp edge is not."""
    starts = [20 + 40 * i for i in range(count)]
    boxes = [rectangle(x - grown_px, 20 - grown_px, x + 20 + grown_px, 90 + grown_px)[::-1] for x in starts]
    return ndimage.gaussian_filter(coverage(boxes, SHAPE), 1.0)


def sample(target, weight=None, nm_per_px=(2.0, 2.0)):
    weight = np.ones(SHAPE, np.float32) if weight is None else weight
    return Sample("r1", "case", "group", "bars", target, target, weight, nm_per_px)


@pytest.mark.parametrize("grown_px", [-2.3, -0.25, 0.0, 0.4, 3.0])
def test_that_a_prediction_grown_by_a_distance_has_that_epe(grown_px):
    errors = contour_errors_px(bars(grown_px), bars(), np.zeros(SHAPE, bool))
    assert np.nanmedian(errors) == pytest.approx(grown_px, abs=0.05)
    assert np.isfinite(errors).mean() > 0.9


def test_that_epe_is_said_in_nanometres():
    found = score(sample(bars(), nm_per_px=(5.0, 5.0)), bars(0.4))
    assert found.epe_mean_nm == pytest.approx(5.0 * 0.4, abs=0.3)
    assert found.iou < 1
    assert (found.missing, found.bridge, found.extra) == (0, 0, 0)


def test_that_an_unknown_pixel_size_gives_no_nanometres_but_image_scores():
    found = score(sample(bars(), nm_per_px=(float("nan"), float("nan"))), bars())
    assert np.isnan([found.epe_mean_nm, found.epe_3sigma_nm, found.epe_max_nm]).all()
    assert found.iou == 1
    assert np.isfinite(found.psnr)


def test_that_an_ignored_region_counts_nowhere():
    weight = np.ones(SHAPE, np.float32)
    weight[:, 90:] = 0
    wrong = bars()
    wrong[:, 100:] = 1 - wrong[:, 100:]
    found = score(sample(bars(), weight), wrong)
    assert found.iou == pytest.approx(1)
    assert found.epe_max_nm == pytest.approx(0, abs=1e-6)
    assert found.faults == 0


def test_that_lost_joined_and_invented_features_are_counted():
    approved = bars() > 0.5
    predicted = approved.copy()
    predicted[:, 100:] = False  # the third bar is lost
    predicted[50:60, 20:80] = True  # the first two are one
    predicted[100:110, 5:15] = True  # something out of nothing
    faults = count_faults(predicted, approved)
    assert (faults.missing, faults.bridge, faults.extra) == (1, 1, 1)


def test_that_a_prediction_without_any_edge_has_no_epe():
    errors = contour_errors_px(np.zeros(SHAPE, np.float32), bars(), np.zeros(SHAPE, bool))
    assert len(errors)
    assert np.isnan(errors).all()
    assert score(sample(bars()), np.zeros(SHAPE, np.float32)).missing == 3
