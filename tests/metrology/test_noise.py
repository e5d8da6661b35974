import numpy as np
import pytest

from semiview.metrology.noise import NoiseModel, estimate_noise


def test_that_shot_and_detector_noise_are_told_apart() -> None:
    generator = np.random.default_rng(1)
    level = np.repeat(np.repeat(generator.uniform(20, 200, (30, 40)), 16, axis=0), 16, axis=1)
    pixels = generator.normal(level, np.sqrt(9.0 + 0.8 * level)).clip(0, 255)
    noise = estimate_noise(np.rint(pixels).astype(np.uint8))
    levels = np.array([30.0, 100.0, 190.0])
    assert noise.sigma(levels) == pytest.approx(np.sqrt(9.0 + 0.8 * levels), rel=0.05)


def test_that_the_noise_of_a_shaded_picture_is_that_of_a_pixel() -> None:
    rows, columns = np.indices((300, 300))
    image = 60 + 0.2 * rows + 0.1 * columns + np.random.default_rng(4).normal(0, 5, (300, 300))
    assert estimate_noise(image.astype(np.float32)).sigma(np.array([100.0])) == pytest.approx(5.0, rel=0.05)


def test_that_whole_grey_levels_are_never_free_of_noise() -> None:
    assert estimate_noise(np.full((20, 20), 7, np.uint8)).variance(np.array([7.0])) == pytest.approx(1 / 12)
    assert estimate_noise(np.zeros((2, 3), np.uint8)).variance(np.array([0.0])) == pytest.approx(1 / 12)


def test_that_rows_average_and_a_negative_is_as_noisy() -> None:
    noise = NoiseModel(8.0, 2.0)
    levels = np.array([10.0, 50.0])
    assert noise.averaged(4).variance(levels) == pytest.approx(noise.variance(levels) / 4)
    assert noise.negated().variance(-levels) == pytest.approx(noise.variance(levels))
