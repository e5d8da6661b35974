import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from semiview.core.raster import coverage
from semiview.core.sem_image import PixelSize
from semiview.metrology.pixel_scores import pixel_scores

SIZE = PixelSize(2.0, 2.0, "test")


def square(left: float, top: float, side: float, shape: tuple[int, int] = (64, 80)) -> np.ndarray:
    right, bottom = left + side, top + side
    return coverage([np.array([[left, bottom], [right, bottom], [right, top], [left, top]])], shape)


def test_that_equal_maps_are_perfect() -> None:
    one = square(9.5, 9.5, 20)
    scores = pixel_scores(one, one.copy(), None, SIZE)
    assert (scores.l1, scores.iou, scores.dice, scores.hausdorff95_nm, scores.psnr) == (0, 1, 1, 0, np.inf)
    assert scores.ssim == pytest.approx(1, abs=1e-6)


def test_that_a_shifted_square_scores_as_counted_by_hand() -> None:
    scores = pixel_scores(square(9.5, 9.5, 20), square(14.5, 9.5, 20), None, SIZE)
    assert scores.iou == pytest.approx(15 / 25)
    assert scores.dice == pytest.approx(15 / 20)
    assert scores.l1 == pytest.approx(200 / (64 * 80))
    assert scores.psnr == pytest.approx(10 * np.log10(64 * 80 / 200))
    assert scores.hausdorff95_nm == pytest.approx(10, abs=0.2)


def test_that_the_contour_distance_is_sub_pixel() -> None:
    one, other = (gaussian_filter(square(9.5 - grown, 9.5 - grown, 30 + 2 * grown), 1.0) for grown in (0.0, 0.3))
    assert pixel_scores(one, other, None, SIZE).hausdorff95_nm == pytest.approx(0.6, abs=0.05)


def test_that_structural_similarity_is_that_of_scikit_image() -> None:
    generator = np.random.default_rng(5)
    one = generator.random((64, 80)).astype(np.float32)
    other = np.clip(one + 0.2 * generator.normal(size=one.shape), 0, 1).astype(np.float32)
    expected = structural_similarity(one.astype(float), other.astype(float), data_range=1.0)
    assert pixel_scores(one, other, None, SIZE).ssim == pytest.approx(expected, abs=1e-5)


def test_that_ignored_pixels_count_for_nothing() -> None:
    one, other = square(9.5, 9.5, 20), square(9.5, 9.5, 20)
    other[:, 50:] = 1
    ignore = np.zeros(one.shape, bool)
    ignore[:, 46:] = True
    scores = pixel_scores(one, other, ignore, SIZE)
    assert (scores.l1, scores.iou, scores.hausdorff95_nm) == (0, 1, 0)
    everything = pixel_scores(one, other, np.ones(one.shape, bool), SIZE)
    assert np.isnan(everything.l1)
    assert everything.reason == "everything is ignored"


def test_that_without_material_overlap_is_nan_with_a_reason() -> None:
    empty = np.zeros((20, 20), np.float32)
    scores = pixel_scores(empty, empty, None, SIZE)
    assert np.isnan(scores.iou)
    assert scores.reason == "no standing material in either"


def test_that_no_nanometre_is_shown_without_a_pixel_size() -> None:
    assert np.isnan(pixel_scores(square(9.5, 9.5, 20), square(9.5, 9.5, 20), None, PixelSize()).hausdorff95_nm)


def test_that_bad_maps_are_named() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        pixel_scores(np.zeros((3, 4), np.float32), np.zeros((4, 3), np.float32), None, SIZE)
    assert "7 px" in pixel_scores(np.ones((3, 4), np.float32), np.ones((3, 4), np.float32), None, SIZE).reason
    bad = np.full((20, 20), np.nan, np.float32)
    assert pixel_scores(bad, np.zeros((20, 20), np.float32), None, SIZE).reason == "a value is not finite"
