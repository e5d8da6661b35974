"""Which grey values are drawn black and white. Only the drawing: the data are never touched."""

from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.core.sem_image import SemImage

BLACK, WHITE = 0.001, 0.999  # shares of the pixels
SAMPLES = 250_000
BINS = 256

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def automatic_levels(sem: SemImage) -> tuple[float, float]:
    """Nearly the darkest and the brightest grey value of the picture."""
    values = _sample(sem)
    if np.issubdtype(values.dtype, np.integer):
        least, counts = _counted(values)
        below = np.cumsum(counts)
        low, high = (least + int(np.searchsorted(below, share * below[-1])) for share in (BLACK, WHITE))
    else:
        low, high = np.nanquantile(values, (BLACK, WHITE))
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(low) + 0.5)


def grey_histogram(sem: SemImage) -> tuple[Floats, Counts]:
    """Edges (N + 1,) and counts (N,) of the picture's grey values; whole values fall into bars of whole width."""
    values = _sample(sem)
    if np.issubdtype(values.dtype, np.integer):
        least, counts = _counted(values)
        width = max(-(-len(counts) // BINS), 1)
        bars = np.add.reduceat(counts, np.arange(0, len(counts), width))
        return least - 0.5 + width * np.arange(len(bars) + 1, dtype=np.float64), bars
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    return edges, np.histogram(values, edges)[0].astype(np.int64)


def _counted(values: npt.NDArray[Any]) -> tuple[int, Counts]:
    """The least whole value, and how many pixels have it and each that follows up to the greatest."""
    least = int(values.min())
    return least, np.bincount(values.ravel() - least if least else values.ravel())


def _sample(sem: SemImage) -> npt.NDArray[Any]:
    """Every n-th pixel of every n-th row: enough to know the spread of a large picture."""
    step = max(int(np.sqrt(sem.pixels.size / SAMPLES)), 1)
    return sem.pixels[::step, ::step]
