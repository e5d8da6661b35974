"""Points on the design's edges where an image edge can be expected: on straight or curved sides, off the corners."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

CORNER_DEG = 30.0  # a sharper turn is a corner and rounds in print

SIDE = 0
LINE_END = 1
SHORT = 2
CLASSES = 3


@dataclass(frozen=True, slots=True, eq=False)
class DesignEdges:
    """Points along merged design edges, in design nm.

    Attributes
    ----------
    points_nm
        (N, 2).
    normals_nm
        (N, 2) unit, out of the drawn polygon.
    feature_class
        (N,) LINE_END: a side between two convex corners, shorter than half of both its neighbours; SHORT: another
        side between two corners that turn alike, so short that their rounding meets; else SIDE.
    stretch
        (N,) number of the stretch of edge a point belongs to; points of one stretch err together.
    """

    points_nm: Points
    normals_nm: Points
    feature_class: npt.NDArray[np.int64]
    stretch: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.points_nm)

    def chosen(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "DesignEdges":
        """The points of a mask or of an index."""
        return DesignEdges(
            self.points_nm[which], self.normals_nm[which], self.feature_class[which], self.stretch[which]
        )


def design_edges(
    outlines_nm: tuple[Points, ...],
    field_nm: tuple[float, float, float, float],
    step_nm: float,
    corner_nm: float,
    stretch_nm: float,
) -> DesignEdges:
    """Sample the sides of all outlines within a box.

    Parameters
    ----------
    outlines_nm
        Merged outlines: inside on the left.
    field_nm
        (x_min, y_min, x_max, y_max); edges that do not touch it are left out before anything is sampled.
    step_nm
        Distance of the points along a side.
    corner_nm
        Left out beside every corner, but never more than 0.3 of a side; sides of two steps and less have no points.
    stretch_nm
        Length after which points on one side count as independent.
    """
    kept = [outline for outline in outlines_nm if len(outline) > 2 and _meets(outline, field_nm)]
    if not kept:
        empty = np.empty((0, 2))
        return DesignEdges(empty, empty, np.empty(0, np.int64), np.empty(0, np.int64))
    edges = _chained(kept)
    corner = np.abs(edges.turn) > np.deg2rad(CORNER_DEG)
    first = np.concatenate([[True], edges.outline[1:] != edges.outline[:-1]])
    # A side runs from corner to corner; an outline without corners is one side.
    side_of = np.cumsum(corner | first) - 1
    count = int(side_of[-1]) + 1
    length = np.bincount(side_of, edges.lengths, count)
    begins = np.flatnonzero(corner | first)
    starts_at_corner = corner[begins]
    side_start = np.concatenate([[0.0], np.cumsum(length)[:-1]])
    edge_start = np.cumsum(edges.lengths) - edges.lengths - side_start[side_of]

    before, after, sides = _neighbours(edges.outline[begins])
    convex = edges.turn[begins] > 0
    alike = starts_at_corner & (convex == convex[after])
    classes = np.full(count, SIDE)
    shorter = (length < 0.5 * length[before]) & (length < 0.5 * length[after])
    classes[alike & (sides > 2) & (length < 2.5 * corner_nm)] = SHORT
    classes[convex & alike & (sides > 2) & shorter] = LINE_END
    # A short side keeps its middle: there a jog is unbiased, and a line end or a contact has a bias of its own class.
    left_out = np.where(starts_at_corner, corner_nm, 0.0)
    left_out = np.where(length > 2 * step_nm, np.minimum(left_out, 0.3 * length), left_out)

    # Points lie in the middle of equal steps between the ends left out.
    room = length - 2 * left_out
    number = np.where(room > 0, np.maximum(1, np.round(room / step_nm)), 0).astype(np.int64)
    spacing = np.where(number > 0, room, 1.0) / np.maximum(number, 1)
    # Only edges near the field are walked: some outlines are much longer than the picture.
    ends = edges.starts + edges.directions * edges.lengths[:, None]
    low, high = np.minimum(edges.starts, ends), np.maximum(edges.starts, ends)
    near = (high >= field_nm[:2]).all(axis=1) & (low <= field_nm[2:]).all(axis=1)
    left_out_here = left_out[side_of]
    begin = np.ceil((edge_start - left_out_here) / spacing[side_of] - 0.5)
    end = np.ceil((edge_start + edges.lengths - left_out_here) / spacing[side_of] - 0.5)
    begin, end = np.clip(begin, 0, number[side_of]), np.clip(end, 0, number[side_of])
    pieces = np.where(near, np.maximum(end - begin, 0), 0).astype(np.int64)
    owner = np.repeat(np.arange(len(edges.starts)), pieces)
    index = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + begin[owner]
    side = side_of[owner]
    along = left_out_here[owner] + (index + 0.5) * spacing[side]
    direction = edges.directions[owner]
    points = edges.starts[owner] + direction * (along - edge_start[owner])[:, None]
    normals = np.column_stack([direction[:, 1], -direction[:, 0]])
    # Points come in the order of their sides, so that a new stretch begins where side or part of it changes.
    part = np.floor(along / stretch_nm).astype(np.int64)
    changes = np.concatenate([[False], (side[1:] != side[:-1]) | (part[1:] != part[:-1])])[: len(owner)]
    return DesignEdges(points, normals, classes[side], np.cumsum(changes))


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Edges of all outlines in one row, each outline begun at a corner if it has one; `turn` is at an edge's start."""

    starts: Points
    directions: Points
    lengths: npt.NDArray[np.float64]
    turn: npt.NDArray[np.float64]
    outline: npt.NDArray[np.int64]


def _meets(outline: Points, field_nm: tuple[float, float, float, float]) -> bool:
    low, high = outline.min(axis=0), outline.max(axis=0)
    return bool((high >= field_nm[:2]).all() and (low <= field_nm[2:]).all())


def _chained(outlines: list[Points]) -> _Edges:
    starts = np.concatenate(outlines)
    number = np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])
    vectors = starts[_neighbours(number)[1]] - starts
    lengths = np.hypot(*vectors.T)
    real = lengths > 0
    starts, vectors, lengths, number = starts[real], vectors[real], lengths[real], number[real]
    directions = vectors / lengths[:, None]
    previous = directions[_neighbours(number)[0]]
    turn = np.arctan2(
        previous[:, 0] * directions[:, 1] - previous[:, 1] * directions[:, 0], np.sum(previous * directions, axis=1)
    )
    # Begin at a corner, so that no side wraps around the end of an outline.
    corners = np.flatnonzero(np.abs(turn) > np.deg2rad(CORNER_DEG))
    firsts = np.searchsorted(number, np.unique(number))
    sizes = np.diff(np.append(firsts, len(number)))
    first_corner = np.searchsorted(corners, firsts)
    has_corner = first_corner < len(corners)
    begin = np.where(has_corner, corners[np.minimum(first_corner, max(len(corners) - 1, 0))] if len(corners) else 0, 0)
    shift = np.where(has_corner & (begin < firsts + sizes), begin - firsts, 0)
    place = np.arange(len(number)) - np.repeat(firsts, sizes)
    order = np.repeat(firsts, sizes) + (place + np.repeat(shift, sizes)) % np.repeat(sizes, sizes)
    return _Edges(starts[order], directions[order], lengths[order], turn[order], number)


def _neighbours(
    owner: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Index before and after each entry within its owner's cyclic run, and the run's size."""
    begins = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    sizes = np.diff(np.append(begins, len(owner)))
    first, size = np.repeat(begins, sizes), np.repeat(sizes, sizes)
    place = np.arange(len(owner)) - first
    return first + (place - 1) % size, first + (place + 1) % size, size
