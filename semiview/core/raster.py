"""Exact-area raster of polygons: the share of each pixel that lies inside.

Each edge is cut at the pixel borders; a piece within one pixel adds its height to the pixel's `cover` and the area
right of it inside that pixel to `area`. Summed along the row this is the exact coverage (the scan conversion that
anti-aliasing font rasterisers use, in floating point and without a sampling grid).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

STRIP_ROWS = 32


def coverage(outlines: Sequence[Points], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Share of each pixel inside the outlines.

    Parameters
    ----------
    outlines
        Closed polygons in image px (integers are pixel centres), merged: they do not overlap, and a hole runs the
        other way round than its outer boundary.
    shape
        (H, W) of the raster in px.

    Returns
    -------
    (H, W) float32 in [0, 1].

    Examples
    --------
    >>> coverage([np.array([[-0.5, -0.5], [1.0, -0.5], [1.0, 0.5], [-0.5, 0.5]])], (1, 2)).tolist()
    [[1.0, 0.5]]
    """
    height, width = shape
    if height <= 0 or width <= 0:
        raise ValueError(f"a raster needs a positive shape, not {shape}")
    starts, ends = _edges(outlines)
    starts, ends = _split(*_clip_rows(starts, ends, height), axis=1)
    # What lies left of the picture still counts for the rows it crosses; what lies right counts for nothing.
    starts, ends = _split(*_clamp_columns(starts, ends, width), axis=0)

    middle = (starts + ends) / 2
    dy = ends[:, 1] - starts[:, 1]
    row = np.clip(np.floor(middle[:, 1]).astype(np.int64), 0, height - 1)
    column = np.clip(np.floor(middle[:, 0]).astype(np.int64), 0, width)
    cell = row * (width + 1) + column
    height_in_cell, area_in_cell = dy, dy * (middle[:, 0] - column)
    order = np.argsort(row, kind="stable")
    row, cell, height_in_cell, area_in_cell = row[order], cell[order], height_in_cell[order], area_in_cell[order]
    share = np.empty((height, width), dtype=np.float32)
    # A few rows at a time, so that what is in work stays in the processor's cache.
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        cells = (bottom - top) * (width + 1)
        part = slice(*np.searchsorted(row, [top, bottom]).tolist())
        if part.start == part.stop:
            share[top:bottom] = 0.0
            continue
        own = cell[part] - top * (width + 1)
        inside = np.bincount(own, height_in_cell[part], cells).reshape(-1, width + 1)
        np.cumsum(inside, axis=1, out=inside)
        inside -= np.bincount(own, area_in_cell[part], cells).reshape(-1, width + 1)
        np.abs(inside, out=inside)
        share[top:bottom] = np.minimum(inside[:, :width], 1.0)
    return share


def _edges(outlines: Sequence[Points]) -> tuple[Points, Points]:
    """Start and end of every edge, in px counted from the corner of pixel (0, 0)."""
    if not outlines:
        return np.empty((0, 2)), np.empty((0, 2))
    starts = np.concatenate(outlines) + 0.5
    ends = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines]) + 0.5
    if not np.isfinite(starts).all():
        raise ValueError("an outline has a coordinate that is not finite")
    return starts, ends


def _clip_rows(starts: Points, ends: Points, height: int) -> tuple[Points, Points]:
    dy = ends[:, 1] - starts[:, 1]
    low, high = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    touched = (dy != 0) & (high > 0) & (low < height)
    starts, ends, dy = starts[touched], ends[touched], dy[touched]
    clipped = []
    for point in (starts, ends):
        row = np.clip(point[:, 1], 0, height)
        along = (row - starts[:, 1]) / dy
        clipped.append(np.column_stack([starts[:, 0] + along * (ends[:, 0] - starts[:, 0]), row]))
    return clipped[0], clipped[1]


def _clamp_columns(starts: Points, ends: Points, width: int) -> tuple[Points, Points]:
    """Cut at the left and right border, then lay what is outside onto the border."""
    for border in (0.0, float(width)):
        dx = ends[:, 0] - starts[:, 0]
        crosses = (starts[:, 0] - border) * (ends[:, 0] - border) < 0
        along = (border - starts[crosses, 0]) / dx[crosses]
        cut = starts[crosses] + along[:, None] * (ends[crosses] - starts[crosses])
        cut[:, 0] = border
        second = ends[crosses]
        ends = ends.copy()
        ends[crosses] = cut
        starts, ends = np.concatenate([starts, cut]), np.concatenate([ends, second])
    starts, ends = starts.copy(), ends.copy()
    starts[:, 0] = np.clip(starts[:, 0], 0, width)
    ends[:, 0] = np.clip(ends[:, 0], 0, width)
    return starts, ends


def _split(starts: Points, ends: Points, axis: int) -> tuple[Points, Points]:
    """Cut every edge at each integer that its coordinate `axis` crosses."""
    low = np.minimum(starts[:, axis], ends[:, axis])
    high = np.maximum(starts[:, axis], ends[:, axis])
    first = np.floor(low).astype(np.int64) + 1
    cuts = np.maximum(np.ceil(high).astype(np.int64) - first, 0)
    if not cuts.any():
        return starts, ends
    pieces = cuts + 1
    owner = np.repeat(np.arange(len(starts)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    delta = ends[:, axis] - starts[:, axis]
    rising = delta[owner] >= 0

    def cut_at(index: npt.NDArray[np.int64]) -> Points:
        """Points after the index-th piece of each owner (0: its start, `pieces`: its end)."""
        step = np.where(rising, index - 1, cuts[owner] - index)
        level = (first[owner] + step).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            along = (level - starts[owner, axis]) / delta[owner]
            point: Points = starts[owner] + along[:, None] * (ends[owner] - starts[owner])
        point[:, axis] = level
        at_start, at_end = index == 0, index == pieces[owner]
        point[at_start] = starts[owner[at_start]]
        point[at_end] = ends[owner[at_end]]
        return point

    return cut_at(number), cut_at(number + 1)
