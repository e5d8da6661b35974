"""What the picture's own noise allows on its edges, and how near to that the edges were read."""

from dataclasses import dataclass

import numpy as np

from semiview.core.sem_image import SemImage
from semiview.metrology.contour import Contours, picture_noise
from semiview.metrology.noise import NoiseModel


@dataclass(frozen=True, slots=True)
class EdgePrecision:
    """The picture's noise and what it means for one edge point, medians over the picture's edges.

    Attributes
    ----------
    noise
        Variance of a pixel by its grey level: the detector's part, and the electrons' shot noise.
    sigma_px, bound_px
        Standard deviation of an edge's place, and the least that it could be (Cramer-Rao).
    level, contrast
        Grey level at the edges, and grey levels by which the signal falls there.
    """

    noise: NoiseModel
    sigma_px: float
    bound_px: float
    level: float
    contrast: float

    @property
    def ratio(self) -> float:
        """How far above what the data hold; 1 is as good as can be."""
        return self.sigma_px / self.bound_px

    @property
    def shot_sigma(self) -> float:
        """Standard deviation in grey levels of a pixel at the edges from the electrons' number alone."""
        return float(np.sqrt(max(self.noise.per_level * self.level, 0.0)))

    @property
    def detector_sigma(self) -> float:
        """Standard deviation in grey levels of a pixel at the edges from all but the electrons' number."""
        variance = float(self.noise.variance(np.array(self.level)))
        return float(np.sqrt(max(variance - self.shot_sigma**2, 0.0)))

    @property
    def snr(self) -> float:
        """Contrast of the edges over the noise of one pixel at them."""
        return self.contrast / float(self.noise.sigma(np.array(self.level)))


def edge_precision(contours: Contours, sem: SemImage) -> EdgePrecision | None:
    """Of contours that were read off the picture; None where no edge was found."""
    if contours.sigma_px is None or contours.bound_px is None or contours.contrast is None:
        return None
    if not np.isfinite(contours.bound_px).any():
        return None
    points = np.concatenate(contours.outlines)
    column, row = np.rint(np.clip(points, 0, np.array(sem.shape[::-1]) - 1)).astype(np.int64).T
    return EdgePrecision(
        picture_noise(sem),
        float(np.nanmedian(contours.sigma_px)),
        float(np.nanmedian(contours.bound_px)),
        float(np.median(sem.pixels[row, column])),
        float(np.nanmedian(contours.contrast)),
    )
