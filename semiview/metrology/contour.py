"""Closed outlines with sub-pixel points: from a probability or coverage map, and from the SEM itself."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points
from semiview.metrology.crossing import Booleans, Floats


@dataclass(frozen=True, slots=True, eq=False)
class SemContours:
    """Contours and how far they are edges.

    Attributes
    ----------
    outlines
        Closed, of standing material, in image px, inside on the left as seen on the screen.
    found
        (M,) over the concatenated points: False where the image shows no edge and the outline merely runs on from
        its neighbours. None: every point is an edge.
    sigma_px
        (M,) standard deviation of each point along its normal from the image's own noise; NaN where not found. None:
        not known.
    """

    outlines: tuple[Points, ...]
    found: Booleans | None = None
    sigma_px: Floats | None = None


def half_contours(values: npt.ArrayLike, level: float = 0.5) -> tuple[Points, ...]:
    """Marching squares at `level`, closed along the picture's border.

    Parameters
    ----------
    values
        (H, W) map that is larger inside: probability or coverage.
    level
        Inside is above it.

    Returns
    -------
    Closed outlines in image px, inside on the left as seen on the screen. What touches the border is closed half a
    pixel outside the outermost pixel centres; `on_border` tells those stretches from edges.

    Raises
    ------
    ValueError
        If the map is not (H, W) or holds a value that is not finite.
    """
    field = np.asarray(values, dtype=np.float64)
    if field.ndim != 2 or field.size == 0:
        raise ValueError(f"contours are drawn in an (H, W) map, this one is {field.shape}")
    if not np.isfinite(field.sum()):
        raise ValueError("contours need finite values: replace NaN or infinity before")
    padded = np.pad(field, 1, mode="edge")
    # Mirrored about the level: the crossing between the border pixel and this frame falls on the pixel's outer edge.
    for frame in (padded[0], padded[-1], padded[:, 0], padded[:, -1]):
        frame[:] = level - np.abs(frame - level)
    generator = contourpy.contour_generator(
        z=padded, name="serial", line_type=contourpy.LineType.ChunkCombinedOffset, corner_mask=False
    )
    found: Any = generator.lines(level)
    points, offsets = found[0][0], found[1][0]
    if points is None or offsets is None:
        return ()
    # contourpy runs with the high side on its left where y points up, so on the screen's right.
    points = points[::-1] - 1.0
    points.setflags(write=False)
    ends = len(points) - offsets[::-1].astype(np.int64)
    # The last point repeats the first; a speck of one grid point of exactly the level has no area.
    return tuple(points[begin : end - 1] for begin, end in pairwise(ends) if end - begin > 3)


def on_border(points: Points, shape: tuple[int, int]) -> Booleans:
    """(N,) True for contour points that only close the outline along the picture's border."""
    height, width = shape
    u, v = points.T
    result: Booleans = (u < 0) | (v < 0) | (u > width - 1) | (v > height - 1)
    return result
