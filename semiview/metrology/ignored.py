"""Where nothing may be read: what a reviewer drew, the design's ignore layers, and where the detector was full."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from semiview.core.coverage import Coverage
from semiview.core.design import Design
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.core.sem_image import SemImage
from semiview.metrology.crossing import Booleans

WINDOW_PX = 9
FULL_SHARE = 0.5  # of a window: a bright rim is narrower, and its flank can still be read


@dataclass(frozen=True, slots=True)
class IgnoredBy:
    """What makes places of one case ignored; equal where every part is the same object.

    `layers` is the design and its place in the picture, None where the design has no ignore layers.
    """

    sem: SemImage
    drawn: Coverage | None
    layers: tuple[Design, Registration] | None

    @classmethod
    def of(
        cls, sem: SemImage, drawn: Coverage | None, design: Design | None, registration: Registration
    ) -> "IgnoredBy":
        """Of a case under a document; the registration counts only where it places something."""
        placed = None if design is None or not design.ignore else (design, registration)
        return cls(sem, drawn, placed)


@lru_cache(maxsize=4)
def ignored_region(by: IgnoredBy) -> Booleans | None:
    """(H, W) True where nothing may be read; None if everything may."""
    parts = [saturated_region(by.sem), None if by.drawn is None else by.drawn.mask()]
    if by.layers is not None:
        design, registration = by.layers
        parts.append(coverage([registration.outline_to_px(outline) for outline in design.ignore], by.sem.shape) > 0)
    marked = [part for part in parts if part is not None]
    return np.logical_or.reduce(marked) if marked else None


@lru_cache(maxsize=4)
def saturated_region(sem: SemImage) -> Booleans | None:
    """(H, W) True around windows in which the detector was full in half of the pixels; None if there are none.

    Of pictures of float values: where a value is not finite, and a window about it.
    """
    if not np.issubdtype(sem.pixels.dtype, np.integer):
        gaps = ~np.isfinite(sem.pixels)
        return ndimage.maximum_filter(gaps, WINDOW_PX) if gaps.any() else None
    full = sem.pixels >= sem.saturated_high
    if np.count_nonzero(full) < FULL_SHARE * WINDOW_PX**2:
        return None
    share = ndimage.uniform_filter(full.astype(np.float32), WINDOW_PX, mode="nearest")
    region: Booleans = ndimage.maximum_filter(share >= FULL_SHARE, WINDOW_PX)
    return region if region.any() else None
