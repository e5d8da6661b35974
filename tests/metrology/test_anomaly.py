import numpy as np
import pytest

from semiview.metrology.anomaly import anomaly
from semiview.metrology.noise import NoiseModel, estimate_noise

NOISE = NoiseModel(4.0, 0.5)


def picture(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of two levels, and one taken of it with shot noise."""
    level = np.where(np.arange(200) // 20 % 2, 60.0, 150.0) * np.ones((160, 1))
    return level, np.random.default_rng(seed).normal(level, NOISE.sigma(level))


def test_that_a_picture_as_expected_differs_by_its_noise_alone_at_every_level() -> None:
    level, taken = picture()
    found = anomaly(taken, level.astype(np.float32), estimate_noise(taken))
    for value in (60.0, 150.0):
        assert found[level == value].std() == pytest.approx(1.0, abs=0.06)
        assert found[level == value].mean() == pytest.approx(0.0, abs=0.05)


def test_that_the_sign_is_that_of_the_picture_against_what_is_expected() -> None:
    level, _ = picture()
    brighter = level.copy()
    brighter[40:44, 50:54] += 3 * NOISE.sigma(level[40:44, 50:54])
    found = anomaly(brighter, level, NOISE)
    np.testing.assert_allclose(found[40:44, 50:54], 3.0, rtol=1e-5)
    assert not found[:40].any()


def test_that_a_wide_fault_stands_out_by_the_side_of_the_window() -> None:
    level, taken = picture()
    taken[60:90, 60:90] += NOISE.sigma(level[60:90, 60:90])
    found = anomaly(taken, level, NOISE, 7)
    assert found[65:85, 65:85].mean() == pytest.approx(7.0, rel=0.1)
    assert found[:50].std() == pytest.approx(1.0, abs=0.1)


def test_that_pictures_that_cannot_be_held_against_each_other_are_refused() -> None:
    level, taken = picture()
    with pytest.raises(ValueError, match="equally large"):
        anomaly(taken[1:], level, NOISE)
    with pytest.raises(ValueError, match="odd"):
        anomaly(taken, level, NOISE, 4)
    with pytest.raises(ValueError, match="no noise"):
        anomaly(level, level, NoiseModel(0.0, 0.0))
