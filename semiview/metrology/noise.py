"""The noise of a picture as the picture itself shows it: variance against grey level."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.metrology.crossing import Floats

FLAT_PERCENTILE = 50  # blocks that vary less than this share of them are flat
LEVELS = 12
FEWEST_BLOCKS = 50
MAD = 1.4826
WHOLE_GREY = 1 / 12  # variance of rounding to whole grey levels


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Variance of a pixel, `floor + per_level * level`, in squares of grey levels.

    The detector and the rounding make the floor (less what a black level above 0 takes off it), the electrons' shot
    noise the slope. `least` is what no pixel goes below.
    """

    floor: float
    per_level: float
    least: float = 0.0

    def variance(self, level: Floats) -> Floats:
        """Variance at grey levels of any shape."""
        result: Floats = np.maximum(self.floor + self.per_level * level, self.least)
        return result

    def sigma(self, level: Floats) -> Floats:
        """Standard deviation at grey levels of any shape."""
        result: Floats = np.sqrt(self.variance(level))
        return result

    def averaged(self, rows: int) -> "NoiseModel":
        """That of the mean of `rows` pixels."""
        return NoiseModel(self.floor / rows, self.per_level / rows, self.least / rows)

    def negated(self) -> "NoiseModel":
        """That of the same picture with its grey levels' sign turned."""
        return NoiseModel(self.floor, -self.per_level, self.least)


def estimate_noise(pixels: npt.NDArray[Any]) -> NoiseModel:
    """Noise of a picture from its flat places.

    In blocks of 4 x 4 px: the level is the block's mean; the variance comes from mixed second differences of 2 x 2 px,
    which planes and edges along the axes do not enter, by their MAD over all blocks of about one level. Blocks whose
    quarters differ most hold edges and are left out. A line is fitted over the levels, weighted by their blocks.
    """
    whole = bool(np.issubdtype(pixels.dtype, np.integer))
    least = WHOLE_GREY if whole else 0.0
    rows, columns = (side - side % 4 for side in pixels.shape)
    if rows == 0 or columns == 0:
        return NoiseModel(least, 0.0, least)
    image = pixels[:rows, :columns].astype(np.float32)
    corners = (image[::2, ::2], image[::2, 1::2], image[1::2, ::2], image[1::2, 1::2])
    mixed = _of_blocks(corners[0] - corners[1] - corners[2] + corners[3])
    quarters = _of_blocks((corners[0] + corners[1] + corners[2] + corners[3]) / 4)
    level = quarters.mean(axis=0)
    known = np.isfinite(level) & np.isfinite(mixed.sum(axis=0))
    if not known.any():
        return NoiseModel(least, 0.0, least)
    mixed, quarters, level = mixed[:, known], quarters[:, known], level[known]
    spread = quarters.max(axis=0) - quarters.min(axis=0)
    order = np.argsort(level)
    # Bright places vary more by noise alone: the flat ones are told among those of their own level.
    parts = [part for part in np.array_split(order, LEVELS) if len(part)]
    levels, variances, counts = [], [], []
    for part in parts:
        flat = part[spread[part] <= np.percentile(spread[part], FLAT_PERCENTILE)]
        levels.append(float(level[flat].mean()))
        variances.append((MAD * float(np.median(np.abs(mixed[:, flat])))) ** 2 / 4)
        counts.append(len(flat))
    x, y, weight = np.array(levels), np.maximum(variances, least), np.array(counts, dtype=np.float64)
    overall = float(np.average(y, weights=weight))
    deviation = x - np.average(x, weights=weight)
    squares = float(np.sum(weight * deviation**2))
    few = len(level) < FEWEST_BLOCKS * LEVELS
    slope = 0.0 if few or squares == 0 else max(float(np.sum(weight * deviation * y)) / squares, 0.0)
    return NoiseModel(overall - slope * float(np.average(x, weights=weight)), slope, max(least, 0.25 * float(y.min())))


def _of_blocks(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(4, N): the four values of each block of 2 x 2."""
    return np.stack([values[i::2, j::2].ravel() for i in (0, 1) for j in (0, 1)])
