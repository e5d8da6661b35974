"""What a scan does to a picture beside its noise: drift, vibration and distortion of the field, and gain by line."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scan:
    """Imperfections of one scan; all 0: a perfect one.

    Attributes
    ----------
    drift_x_nm, drift_y_nm
        How far the pattern moves right and up in the picture from its first row to its last, about their middle.
    vibration_nm, vibration_rows
        Amplitude, to the right and back, and period of a vibration, in rows; at least 8.
    distortion
        Share by which the corners of the picture lie too far out (below 0: in), growing with the distance squared.
    line_gain
        Standard deviation of the relative gain of each scan line.
    charging
        Share of the signal that is lost behind material along the scan, decaying over a quarter of the picture.
    """

    drift_x_nm: float = 0.0
    drift_y_nm: float = 0.0
    vibration_nm: float = 0.0
    vibration_rows: float = 24.0
    distortion: float = 0.0
    line_gain: float = 0.0
    charging: float = 0.0

    def __post_init__(self) -> None:
        if not self.vibration_rows >= 8:
            raise ValueError(f"vibration_rows of a scan must be at least 8, not {self.vibration_rows}")
        if not (self.line_gain >= 0 and 0 <= self.charging < 1):
            raise ValueError("line_gain of a scan must not be negative, and charging lies between 0 and 1")
        if not abs(self.distortion) < 0.2:
            raise ValueError(f"distortion of a scan is a small share, not {self.distortion}")

    def seen_at(self, points_px: Points, shape: tuple[int, int], nm_per_px: float) -> Points:
        """Where points of a perfect picture (N, 2) lie in this one, px."""
        height, width = shape
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        centred = points_px - middle
        corner = float(np.hypot(*middle))
        radial = self.distortion * np.sum(centred**2, axis=1) / corner**2
        moved: Points = points_px + radial[:, None] * centred
        passed = (moved[:, 1] - middle[1]) / height  # the share of the frame's time, about its middle
        moved[:, 0] += self.drift_x_nm / nm_per_px * passed
        moved[:, 0] += self.vibration_nm / nm_per_px * np.sin(2 * np.pi * moved[:, 1] / self.vibration_rows)
        moved[:, 1] -= self.drift_y_nm / nm_per_px * passed
        return moved

    def signal(self, signal: Values, share: Values, rng: np.random.Generator) -> Values:
        """The mean signal (H, W) as this scan collects it; `share` (H, W) is standing material."""
        result = signal
        if self.charging > 0:
            keep = np.exp(-4.0 / signal.shape[1])
            behind = np.empty_like(signal)
            level = np.zeros(signal.shape[0])
            for column in range(signal.shape[1]):
                behind[:, column] = level
                level = keep * level + (1 - keep) * share[:, column]
            result = result * (1 - self.charging * behind)
        if self.line_gain > 0:
            result = result * np.maximum(1 + self.line_gain * rng.standard_normal((len(signal), 1)), 0)
        return result


PERFECT = Scan()
