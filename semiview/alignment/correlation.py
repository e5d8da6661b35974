"""Where a design fits an image: correlation with the design formed like an SEM picture.

The image is explained, at each shift, as `a + b * coverage + c * edges`: coverage is the design's exact-area raster,
edges is its outline, both blurred like the image; b is free in sign (either tone, bright or dark material) and c >= 0
(edges are bright or invisible). The score is the multiple correlation coefficient R of that fit in [0, 1]; it is
computed for all shifts at once with FFTs and running sums. Nothing here says whether a score can be believed.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import fft

from semiview.core.outline import Points
from semiview.core.raster import coverage

FloatImage = npt.NDArray[np.float32]

BLUR_PX = 1.2  # of image and design alike, at the level's own pixels
HIGH_PASS_SHARE = 0.04  # shading wider than this share of the picture's width is taken off


@dataclass(frozen=True, slots=True, eq=False)
class FormedDesign:
    """The design as an SEM would show it, on a level's grid that reaches beyond the picture.

    Attributes
    ----------
    coverage, edges
        (H, W) float32, blurred and free of slow trends.
    origin_px
        (u, v) of the grid's pixel (0, 0) in the level's picture, px of the level (negative: beyond the picture).
    """

    coverage: FloatImage
    edges: FloatImage
    origin_px: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationMap:
    """Scores of all shifts of the image's window over a formed design.

    Attributes
    ----------
    bright, dark
        (H, W) R with the drawn polygons brighter, or darker, than their surroundings; 0 where nothing fits.
    zero
        (column, row) of the shift nought.
    """

    bright: FloatImage
    dark: FloatImage
    zero: tuple[int, int]

    @property
    def best(self) -> FloatImage:
        """The better of both polarities."""
        result: FloatImage = np.maximum(self.bright, self.dark)
        return result


def level_image(pixels: npt.NDArray[Any], binning: int, ignored: npt.NDArray[np.bool_] | None = None) -> FloatImage:
    """Grey values in [0, 1], blemishes clipped, averaged over binning x binning px, blurred, trends taken off.

    What is ignored becomes a flat patch at the level of its surroundings.

    Pixel (i, j) of the level has its centre at `binning * i + (binning - 1) / 2` of the image.
    """
    height, width = (size // binning for size in pixels.shape)
    grey = np.asarray(pixels[: height * binning, : width * binning], dtype=np.float32)
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA) if binning > 1 else grey
    low, high = np.percentile(small[::2, ::2], (0.5, 99.8))
    scaled = np.clip((small - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32)
    if ignored is None:
        return _band(scaled, width)
    kept = (~ignored[: height * binning, : width * binning]).astype(np.float32)
    share = cv2.resize(kept, (width, height), interpolation=cv2.INTER_AREA) if binning > 1 else kept
    share = (share > 0.99).astype(np.float32)
    wide = HIGH_PASS_SHARE * width
    around = cv2.GaussianBlur(scaled * share, (0, 0), wide) / np.maximum(cv2.GaussianBlur(share, (0, 0), wide), 1e-3)
    return _band((share * scaled + (1 - share) * around).astype(np.float32), width)


def form_design(
    outlines_px: tuple[Points, ...], shape: tuple[int, int], binning: int, margin_px: tuple[int, int]
) -> FormedDesign:
    """Raster the design on a level's grid.

    Parameters
    ----------
    outlines_px
        Outlines in px of the full image.
    shape
        (H, W) of the level's picture in px of the level.
    margin_px
        (u, v) px of the level added on each side.
    """
    margin_u, margin_v = margin_px
    height, width = shape
    offset = np.array([margin_u, margin_v])
    placed = [(outline - (binning - 1) / 2) / binning + offset for outline in outlines_px]
    raster = coverage(placed, (height + 2 * margin_v, width + 2 * margin_u))
    slightly = cv2.GaussianBlur(raster, (0, 0), 0.6)
    slope_u = cv2.Sobel(slightly, cv2.CV_32F, 1, 0, scale=0.125)
    slope_v = cv2.Sobel(slightly, cv2.CV_32F, 0, 1, scale=0.125)
    edges = np.asarray(cv2.magnitude(slope_u, slope_v), dtype=np.float32)
    return FormedDesign(_band(raster, width), _band(edges, width), (-margin_u, -margin_v))


def _band(values: FloatImage, width: int) -> FloatImage:
    blurred = cv2.GaussianBlur(values, (0, 0), BLUR_PX)
    # The slow part is found on a coarser grid: the same to a thousandth, at a fraction of the time.
    factor = 4
    coarse = cv2.resize(
        blurred, (-(-values.shape[1] // factor), -(-values.shape[0] // factor)), interpolation=cv2.INTER_AREA
    )
    slow = cv2.GaussianBlur(coarse, (0, 0), HIGH_PASS_SHARE * width / factor)
    size = (values.shape[1], values.shape[0])
    result: FloatImage = blurred - cv2.resize(slow, size, interpolation=cv2.INTER_LINEAR)
    return result


class Correlator:
    """Correlates windows of one size with one formed design; what depends on the design alone is computed once."""

    def __init__(self, design: FormedDesign, window_shape: tuple[int, int]) -> None:
        height, width = design.coverage.shape
        self._design = design
        self._window_shape = window_shape
        self._shifts = (height - window_shape[0] + 1, width - window_shape[1] + 1)
        self._padded = (fft.next_fast_len(height, real=True), fft.next_fast_len(width, real=True))
        self._spectra = [fft.rfft2(values, self._padded) for values in (design.coverage, design.edges)]
        count = window_shape[0] * window_shape[1]
        sum_c, sum_e = self._window_sums(design.coverage), self._window_sums(design.edges)
        self._gram_cc = self._window_sums(design.coverage**2) - sum_c**2 / count
        self._gram_ee = self._window_sums(design.edges**2) - sum_e**2 / count
        self._gram_ce = self._window_sums(design.coverage * design.edges) - sum_c * sum_e / count

    def correlate(self, window: FloatImage, window_origin_px: tuple[int, int]) -> CorrelationMap:
        """R of the window (cut from the level's image at `window_origin_px`) at every shift within the grid."""
        centred = window - window.mean()
        energy = float(np.sum(centred.astype(np.float64) ** 2))
        spectrum = np.conj(fft.rfft2(centred, self._padded))
        rows, columns = self._shifts
        with_c, with_e = (fft.irfft2(own * spectrum, self._padded)[:rows, :columns] for own in self._spectra)
        bright = self._score(with_c, with_e, energy)
        dark = self._score(-with_c, with_e, energy, flipped=True)
        origin_u, origin_v = self._design.origin_px
        return CorrelationMap(bright, dark, (window_origin_px[0] - origin_u, window_origin_px[1] - origin_v))

    def _score(self, with_c: FloatImage, with_e: FloatImage, energy: float, flipped: bool = False) -> FloatImage:
        gram_ce = -self._gram_ce if flipped else self._gram_ce
        floor = 1e-3 * max(float(self._gram_cc.max()), 1e-9), 1e-3 * max(float(self._gram_ee.max()), 1e-9)
        gram_cc, gram_ee = self._gram_cc + floor[0], self._gram_ee + floor[1]
        determinant = gram_cc * gram_ee - gram_ce**2
        b = (gram_ee * with_c - gram_ce * with_e) / determinant
        c = (gram_cc * with_e - gram_ce * with_c) / determinant
        both = np.where((b >= 0) & (c >= 0), b * with_c + c * with_e, 0)
        one = np.maximum(np.maximum(with_c, 0) ** 2 / gram_cc, np.maximum(with_e, 0) ** 2 / gram_ee)
        share = np.maximum(both, one) / max(energy, 1e-12)
        result: FloatImage = np.sqrt(np.clip(share, 0, 1)).astype(np.float32)
        return result

    def _window_sums(self, values: FloatImage) -> npt.NDArray[np.float64]:
        total = np.asarray(cv2.integral(values, sdepth=cv2.CV_64F), dtype=np.float64)
        height, width = self._window_shape
        result: npt.NDArray[np.float64] = (
            total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
        )
        return result


def peaks(score: FloatImage, apart_px: int, at_least: float, count: int) -> npt.NDArray[np.int64]:
    """(M, 2) (column, row) of local maxima >= at_least, highest first, no two within `apart_px` of each other."""
    size = 2 * apart_px + 1
    highest = cv2.dilate(score, np.ones((size, size), np.uint8))
    rows, columns = np.nonzero((score >= highest) & (score >= at_least))
    order = np.argsort(-score[rows, columns], kind="stable")[:count]
    return np.column_stack([columns[order], rows[order]]).astype(np.int64)
