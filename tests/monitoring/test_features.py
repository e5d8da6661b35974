"""What a picture's numbers follow, and what they do not."""

import numpy as np
import pytest
from scipy import ndimage

from semiview.monitoring.features import GreyRange, grey_range, image_features

BINS = GreyRange(0.0, 256.0)


def lines(sigma_px: float = 1.5, contrast: float = 100.0, noise: float = 8.0, seed: int = 0) -> np.ndarray:
    columns = np.arange(256) // 16 % 2
    steps = ndimage.gaussian_filter1d(np.broadcast_to(columns, (256, 256)).astype(float), sigma_px, axis=1, mode="wrap")
    return 60 + contrast * steps + noise * np.random.default_rng(seed).standard_normal((256, 256))


def test_that_contrast_noise_and_density_are_those_the_picture_was_made_with():
    found = image_features(lines(), BINS)
    assert found.contrast == pytest.approx(100, rel=0.06)
    assert found.noise == pytest.approx(8, rel=0.05)
    assert found.snr == pytest.approx(found.contrast / found.noise)
    assert found.edge_density == pytest.approx(1 / 16, rel=0.1)
    assert found.mean == pytest.approx(110, abs=0.5)
    assert found.histogram.sum() == pytest.approx(1)


@pytest.mark.parametrize("noise", [2.0, 8.0, 16.0])
def test_that_edge_width_grows_with_blur_and_not_with_noise(noise: float):
    widths = [image_features(lines(sigma, noise=noise), BINS).edge_width for sigma in (1.0, 1.3, 1.6)]
    quiet = [image_features(lines(sigma, noise=0.5), BINS).edge_width for sigma in (1.0, 1.3, 1.6)]
    assert np.diff(widths).min() > 0.4
    assert widths == pytest.approx(quiet, rel=0.03)


def test_that_scaling_the_grey_levels_leaves_shape_and_ratio_alone():
    one, other = image_features(lines(), BINS), image_features(0.8 * lines(), BINS)
    assert other.contrast / one.contrast == pytest.approx(0.8, rel=1e-4)
    assert other.snr == pytest.approx(one.snr, rel=1e-3)
    assert other.edge_width == pytest.approx(one.edge_width, rel=1e-3)
    assert other.edge_density == pytest.approx(one.edge_density, rel=1e-3)


def test_that_a_flat_picture_has_numbers_too():
    found = image_features(np.full((64, 64), 7, np.uint8), BINS)
    assert np.isfinite(found.values()[:4]).all()
    assert found.contrast == 0


def test_that_bins_hold_every_grey_level_of_the_picture():
    assert grey_range(np.zeros((4, 4), np.uint8)) == BINS
    assert grey_range(np.full((4, 4), 4095, np.uint16)).high == 4096
    floats = grey_range(np.array([[-1.0, 3.0]], np.float32))
    assert floats.low < -1 < 3 < floats.high


@pytest.mark.parametrize("wrong", [np.zeros((8, 64)), np.full((64, 64), np.nan), np.zeros((64, 64, 3))])
def test_that_what_is_no_picture_is_refused(wrong: np.ndarray):
    with pytest.raises(ValueError, match="picture"):
        image_features(wrong, BINS)
