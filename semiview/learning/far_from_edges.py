"""What a wide flat grey is, its edges tell: a prediction made consistent with the edges that it found itself.

Near an edge the rim tells a network which side is which. Far from all edges there is only a grey, the same for the
middle of a plate and for bare ground, and a network of finite reach guesses. Here the certainty near the edges is
carried inwards instead: by diffusion on a coarse grid that hardly passes an edge, a random walker (Grady, IEEE TPAMI
28, 1768, 2006) with the network's answers as soft seeds. Only edges that the picture shows count: where guesses meet,
a network draws others. Near edges, and so at every contour that lies on one, nothing changes.
"""

import cv2
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import spsolve

from semiview.core.outline import Points
from semiview.learning.samples import Plane
from semiview.learning.seen_edges import seen_edges

EDGE_SIDE_PX, EDGE_STEP = 5, 0.6  # an edge: the probability changes by so much within so many pixels
CELL_PX, MOST_CELLS = 4, 200_000
SEED_CELLS = 1.25  # from an edge: standard deviation of how much certainty counts
# From an edge: up to the first nothing changes, from the second on all. Where an edge was missed, what was joined to
# the wrong side ends between them: beyond where an edge is looked for, so that it counts as missing, not as far off.
NEAR_CELLS, FAR_CELLS = 2, 6
# So little next to the flow between open cells that all edges of a region have their say in all of it: where they
# contradict each other, the most of them are right.
SEED = 1e-3
PASSING = 1e-5  # of what flows in the open passes an edge
LEAST_SEED = 1e-7  # so that a region that no edge bounds keeps what the network said

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def settled(probability: Plane, picture: Plane) -> Plane:
    """A probability (H, W) of standing material in which regions far from edges take the side of their edges.

    `picture` (H, W) is what it was predicted from, on any linear scale of grey.
    """
    values = np.ascontiguousarray(probability, dtype=np.float32)
    near = np.ones((EDGE_SIDE_PX, EDGE_SIDE_PX), np.uint8)
    edges = cv2.dilate(values, near) - cv2.erode(values, near) > EDGE_STEP
    cell_px = max(CELL_PX, int(np.ceil(np.sqrt(values.size / MOST_CELLS))))
    if _distance(edges).max() <= NEAR_CELLS * cell_px:
        return values
    # Whatever lies nearer to a contour that the picture does not show is neither edge nor seed.
    points, seen = seen_edges(values, np.ascontiguousarray(picture, dtype=np.float32))
    by_seen = _distance(_drawn(points[seen], values.shape)) <= _distance(_drawn(points[~seen], values.shape))
    edges &= by_seen
    if not edges.any():
        return values
    distance = _distance(edges)
    by_edges = np.exp(-0.5 * np.square(distance / (SEED_CELLS * cell_px))) * (by_seen & ~edges)
    certainty = SEED * np.square(2 * values - 1) * by_edges + np.float32(LEAST_SEED)
    carried = _carried(_cells(values * certainty, cell_px), _cells(certainty, cell_px), _cells(edges, cell_px) > 0)
    size = (carried.shape[1] * cell_px, carried.shape[0] * cell_px)
    height, width = values.shape
    inwards = cv2.resize(carried.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    share = np.clip((distance / cell_px - NEAR_CELLS) / (FAR_CELLS - NEAR_CELLS), 0, 1)
    return np.clip(values + (inwards - values) * share, 0, 1).astype(np.float32)


def _distance(there: Flags) -> Plane:
    """(H, W) px to the nearest pixel that is True; far where there is none."""
    if not there.any():
        return np.full(there.shape, np.inf, np.float32)
    return cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).astype(np.float32)


def _drawn(points: Points, shape: tuple[int, ...]) -> Flags:
    """(H, W) True in the pixels that hold one of the points."""
    there = np.zeros(shape, dtype=bool)
    columns, rows = np.rint(points).astype(np.int64).T
    there[rows, columns] = True
    return there


def _carried(seeds: Values, certainty: Values, edges: Flags) -> Values:
    """On the grid of cells the u for which sum(certainty u^2 - 2 seeds u) + sum(flow (u_i - u_j)^2) is least.

    The second sum goes over neighbours; less flows where one of them holds an edge.
    """
    number = np.arange(edges.size).reshape(edges.shape)
    pairs = [
        (number[:, :-1], number[:, 1:], edges[:, :-1] | edges[:, 1:]),
        (number[:-1], number[1:], edges[:-1] | edges[1:]),
    ]
    one, other, crossing = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in range(3))
    flow = np.where(crossing, PASSING, 1.0)
    ends = (np.concatenate([one, other]), np.concatenate([other, one]))
    links = sparse.coo_matrix((np.concatenate([flow, flow]), ends), shape=(edges.size, edges.size))
    kept = sparse.diags(np.asarray(links.sum(axis=1)).ravel() + certainty.ravel())
    result: Values = spsolve((kept - links).tocsc(), seeds.ravel(), permc_spec="MMD_AT_PLUS_A").reshape(edges.shape)
    return result


def _cells(plane: npt.NDArray[np.float32] | npt.NDArray[np.bool_], side: int) -> Values:
    """Means over cells of `side` px; the last ones repeat the border."""
    height, width = plane.shape
    whole = np.pad(plane, ((0, -height % side), (0, -width % side)), mode="edge")
    result: Values = whole.reshape(whole.shape[0] // side, side, -1, side).mean(axis=(1, 3), dtype=np.float64)
    return result
