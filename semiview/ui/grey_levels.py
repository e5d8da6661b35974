"""Which grey values are drawn black and white. Only the drawing: the data are never touched."""

from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.core.sem_image import SemImage

BLACK_PERCENTILE, WHITE_PERCENTILE = 0.1, 99.9
SAMPLES = 1_000_000
BINS = 256

Floats = npt.NDArray[np.float64]


def automatic_levels(sem: SemImage) -> tuple[float, float]:
    """Nearly the darkest and the brightest grey value of the picture."""
    low, high = np.nanpercentile(_sample(sem), [BLACK_PERCENTILE, WHITE_PERCENTILE])
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(low) + 0.5)


def grey_histogram(sem: SemImage) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Edges (N + 1,) and counts (N,) of the picture's grey values; whole values fall into bars of whole width."""
    values = _sample(sem)
    values = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if np.issubdtype(values.dtype, np.integer):
        width = max(int(np.ceil((high - low + 1) / BINS)), 1)
        edges = np.arange(low - 0.5, high + width + 0.5, width, dtype=np.float64)
    else:
        edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    counts, _ = np.histogram(values, edges)
    return edges, counts.astype(np.int64)


def _sample(sem: SemImage) -> npt.NDArray[Any]:
    """Every n-th pixel of every n-th row: enough to know the spread of a large picture."""
    step = max(int(np.sqrt(sem.pixels.size / SAMPLES)), 1)
    return sem.pixels[::step, ::step]
