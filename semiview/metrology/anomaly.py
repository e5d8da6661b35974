"""Where a picture differs from what was expected of it."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.metrology.noise import NoiseModel


def anomaly(
    pixels: npt.NDArray[Any], expected: npt.NDArray[np.floating], noise: NoiseModel, window_px: int = 1
) -> npt.NDArray[np.float32]:
    """(H, W) picture less expected picture, in standard deviations of the picture's noise; positive: too bright.

    Parameters
    ----------
    pixels, expected
        (H, W) grey levels on the same scale.
    noise
        Of `pixels`; taken at the expected level, so that a fault does not set its own scale.
    window_px
        Odd side of the square over which both are averaged first: a fault larger than that stands out so many times
        better, and a wide one of little contrast is found that no single pixel shows.

    Raises
    ------
    ValueError
        If the shapes differ, the window is even or less than 1, or the noise is nowhere above 0.
    """
    if pixels.shape != expected.shape or pixels.ndim != 2:
        raise ValueError(f"both pictures are (H, W) and equally large, not {pixels.shape} and {expected.shape}")
    if window_px < 1 or window_px % 2 == 0:
        raise ValueError(f"the window's side is odd and at least 1, not {window_px}")
    difference = pixels.astype(np.float32) - np.asarray(expected, dtype=np.float32)
    sigma = noise.sigma(np.asarray(expected, dtype=np.float64))
    if not sigma.max() > 0:
        raise ValueError("the picture shows no noise to measure a difference by")
    if window_px > 1:
        difference = ndimage.uniform_filter(difference, window_px)
        sigma = sigma / window_px
    floor = sigma[sigma > 0].min()
    result: npt.NDArray[np.float32] = (difference / np.maximum(sigma, floor)).astype(np.float32)
    return result
