"""Correlation in the picture's own pixels, to be held against what the edges say: a method with errors of its own.

It sees grey values of whole tiles and no edge places, no mean edge and no bias per class of edge.
"""

import cv2
import numpy as np
import numpy.typing as npt

from semiview.alignment.correlation import Correlator, form_design, level_image
from semiview.alignment.edge_search import Sight
from semiview.alignment.refine import EdgeFit
from semiview.core.outline import Points

TILE_PX = 192
REACH_PX = 6
TILES = 6
LEAST_POINTS = 12  # of the design's edge in a tile


def correlation_shift_px(
    sight: Sight, pixels: npt.NDArray[np.generic], fit: EdgeFit, placed: tuple[Points, ...]
) -> Points | None:
    """(2,) px right and down by which correlation would move the design from where the fit has it; None if blind.

    The explained shares of all tiles are added up at each shift, so that a tile with edges of one direction speaks for
    that direction only. A value at REACH_PX means that much or more.

    Parameters
    ----------
    placed
        The design's outlines in px where the fit has them.
    """
    height, width = sight.image.shape
    if min(height, width) < TILE_PX + 2:
        return None
    corners = _tiles(fit, (height, width), sight)
    total: npt.NDArray[np.float64] | None = None
    boxes = np.array([[*outline.min(axis=0), *outline.max(axis=0)] for outline in placed])
    for left, top in corners:
        low, high = np.array([left, top]) - REACH_PX - 2, np.array([left, top]) + TILE_PX + REACH_PX + 2
        near = np.flatnonzero((boxes[:, 2:] > low).all(axis=1) & (boxes[:, :2] < high).all(axis=1))
        shown = tuple(placed[index] - np.array([left, top]) for index in near)
        design = form_design(shown, (TILE_PX, TILE_PX), 1, (REACH_PX, REACH_PX))
        window = level_image(pixels[top : top + TILE_PX, left : left + TILE_PX], 1)
        scores = Correlator(design, (TILE_PX, TILE_PX)).correlate(window, (0, 0))
        # The window matches the design at zero + d: the design lies at -d in the picture.
        share = np.asarray(scores.best, dtype=np.float64)[::-1, ::-1] ** 2
        total = share if total is None else total + share
    if total is None:
        return None
    row, column = np.unravel_index(int(np.argmax(total)), total.shape)
    return np.array([_vertex(total[row], int(column)), _vertex(total[:, column], int(row))]) - REACH_PX


def _tiles(fit: EdgeFit, shape: tuple[int, int], sight: Sight) -> list[tuple[int, int]]:
    """(left, top) of the tiles with most of the design's edge, of a grid over the picture."""
    height, width = shape
    columns, rows = max(1, width // TILE_PX), max(1, height // TILE_PX)
    points = fit.registration.to_px(fit.edges.points_nm[fit.weights > 0])
    column = np.clip(points[:, 0] * columns / width, 0, columns - 1).astype(np.int64)
    row = np.clip(points[:, 1] * rows / height, 0, rows - 1).astype(np.int64)
    count = np.bincount(row * columns + column, minlength=rows * columns)
    chosen: list[tuple[int, int]] = []
    for number in np.argsort(-count, kind="stable"):
        if count[number] < LEAST_POINTS or len(chosen) == TILES:
            break
        left = round((number % columns + 0.5) * width / columns - TILE_PX / 2)
        top = round((number // columns + 0.5) * height / rows - TILE_PX / 2)
        left, top = int(np.clip(left, 0, width - TILE_PX)), int(np.clip(top, 0, height - TILE_PX))
        hidden = None if sight.ignored is None else sight.ignored[top : top + TILE_PX, left : left + TILE_PX]
        if hidden is None or not cv2.countNonZero(hidden.astype(np.uint8)):
            chosen.append((left, top))
    return chosen


def _vertex(values: npt.NDArray[np.float64], index: int) -> float:
    """Place of a peak between its neighbours."""
    if not 0 < index < len(values) - 1:
        return float(index)
    left, middle, right = values[index - 1 : index + 2]
    curvature = left - 2 * middle + right
    return index + (0.5 * float((left - right) / curvature) if curvature < 0 else 0.0)
