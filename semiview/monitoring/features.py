"""What a picture is like as a picture: seven numbers and a histogram, nothing of what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.metrology.noise import estimate_noise

Feature = Literal["mean", "contrast", "edge_density", "edge_width", "noise", "snr"]
FEATURES: tuple[Feature, ...] = ("mean", "contrast", "edge_density", "edge_width", "noise", "snr")
IN_WORDS: dict[Feature, str] = {
    "mean": "mean intensity",
    "contrast": "contrast",
    "edge_density": "edge density",
    "edge_width": "edge width",
    "noise": "noise",
    "snr": "signal to noise",
}
UNITS: dict[Feature, str] = {
    "mean": "grey levels",
    "contrast": "grey levels",
    "edge_density": "px of edge a px²",
    "edge_width": "px",
    "noise": "grey levels",
    "snr": "",
}
BINS = 64
LOW_PERCENT, HIGH_PERCENT = 5.0, 95.0
FINE_PX, COARSE_PX = 1.0, 2.0
WIDTH_OF_SIGMA = 2.5631  # 10 % to 90 % of a Gaussian edge
GREATEST_SIGMA_PX = 20.0  # farther out the two gradients differ by less than they are sure


@dataclass(frozen=True, slots=True)
class GreyRange:
    """Where the histogram's bins lie: from `low` to `high`; the first and last bin take what is beyond."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class ImageFeatures:
    """One picture in numbers.

    Attributes
    ----------
    mean, contrast, noise
        Grey levels: mean; 95th less 5th percentile of the 3 x 3 mean; standard deviation of a pixel at the mean level.
    edge_density
        Length of edge a px², in 1/px, from the gradient's energy over the contrast squared.
    edge_width
        10 % to 90 % width in px of a Gaussian edge whose gradient would fall as this picture's does when it is blurred
        from 1 to 2 px; it includes that blur.
    snr
        Contrast over noise; inf without noise.
    histogram
        (64,) share of the pixels in each bin.
    """

    mean: float
    contrast: float
    edge_density: float
    edge_width: float
    noise: float
    snr: float
    histogram: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: Sequence[float], histogram: Sequence[float]) -> "ImageFeatures":
        """From six values in the order of FEATURES and 64 shares.

        Raises
        ------
        ValueError
            If there are more or fewer.
        """
        if len(values) != len(FEATURES) or len(histogram) != BINS:
            raise ValueError(f"{len(FEATURES)} values and {BINS} shares are expected")
        mean, contrast, edge_density, edge_width, noise, snr = (float(value) for value in values)
        shares = np.array(histogram, dtype=np.float64)
        return cls(mean, contrast, edge_density, edge_width, noise, snr, shares)

    def values(self) -> npt.NDArray[np.float64]:
        """(6,) in the order of FEATURES."""
        return np.array([getattr(self, name) for name in FEATURES])


def grey_range(pixels: npt.NDArray[Any]) -> GreyRange:
    """Bins that suit pictures like this one: all of 8 bits, the bits in use of 16, half the span beyond for floats."""
    low, high = float(pixels.min()), float(pixels.max())
    if pixels.dtype == np.uint8:
        return GreyRange(0.0, 256.0)
    if np.issubdtype(pixels.dtype, np.integer):
        return GreyRange(0.0, 2.0 ** np.ceil(np.log2(max(high, 1) + 1)))
    span = high - low or 1.0
    return GreyRange(low - span / 2, high + span / 2)


def image_features(pixels: npt.NDArray[Any], bins: GreyRange) -> ImageFeatures:
    """Numbers of a (H, W) picture, the data bar left out.

    Raises
    ------
    ValueError
        If the picture is smaller than 16 px or holds values that are not finite.
    """
    if pixels.ndim != 2 or min(pixels.shape) < 16:
        raise ValueError(f"a picture of at least 16 px a side is needed, this one is {pixels.shape}")
    values = pixels.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("the picture holds values that are not finite")
    mean = float(values.mean(dtype=np.float64))
    low, high = np.percentile(ndimage.uniform_filter(values, 3)[1::2, 1::2], (LOW_PERCENT, HIGH_PERCENT))
    contrast = float(high - low)
    variance = float(estimate_noise(pixels).variance(np.array(mean)))
    noise = float(np.sqrt(variance))
    fine, coarse = (_gradient_energy(values, sigma, variance) for sigma in (FINE_PX, COARSE_PX))
    sigma_px = _edge_sigma_px(fine, coarse)
    # A step of height c, blurred by s, holds c^2 / (2 sqrt(pi) s) of squared gradient a px of its length.
    spread = 2 * np.sqrt(np.pi) * sigma_px
    density = fine * spread / contrast**2 if contrast > 0 else 0.0
    edges = np.linspace(bins.low, bins.high, BINS + 1)[1:-1]
    histogram = np.bincount(np.searchsorted(edges, values.ravel(), side="right"), minlength=BINS)
    return ImageFeatures(
        mean,
        contrast,
        float(density),
        WIDTH_OF_SIGMA * sigma_px,
        noise,
        contrast / noise if noise > 0 else float("inf"),
        histogram / values.size,
    )


def _gradient_energy(values: npt.NDArray[np.float32], sigma: float, variance: float) -> float:
    """Mean squared gradient of the blurred picture, less what white noise of that variance adds."""
    energy = 0.0
    for order in ((0, 1), (1, 0)):
        slope = ndimage.gaussian_filter(values, sigma, order=order)
        energy += float(np.mean(np.square(slope), dtype=np.float64))
    return max(energy - 2 * variance * _noise_gain(sigma), 0.0)


@cache
def _noise_gain(sigma: float) -> float:
    """Variance of one derivative of the blurred picture for white noise of variance 1."""
    impulse = np.zeros(int(12 * sigma) * 2 + 1)
    impulse[len(impulse) // 2] = 1
    smooth, slope = (ndimage.gaussian_filter1d(impulse, sigma, order=order) for order in (0, 1))
    return float(np.sum(smooth**2) * np.sum(slope**2))


def _edge_sigma_px(fine: float, coarse: float) -> float:
    """How fast blurring takes the gradient away: (coarse_px^2 - fine_px^2) / (2 ln(fine / coarse)), its root.

    The gradient's energy of a step of blur s falls as (s^2 + sigma^2)^(-1/2) with the blur sigma, so that this is
    sqrt(s^2 + sigma^2) somewhere between the two; rims and narrow features read less. No model is inverted: it has a
    value for every picture, and grows with s.
    """
    if not fine > coarse > 0:
        return GREATEST_SIGMA_PX
    return float(min(np.sqrt((COARSE_PX**2 - FINE_PX**2) / (2 * np.log(fine / coarse))), GREATEST_SIGMA_PX))
