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
        Left out beside every corner, but never more than 0.4 of a side; sides of two steps and less have no points.
    stretch_nm
        Length after which points on one side count as independent.
    """
    parts = [_sides(outline, field_nm, step_nm, corner_nm) for outline in outlines_nm if len(outline) > 2]
    parts = [part for part in parts if len(part[0])]
    if not parts:
        empty = np.empty((0, 2))
        return DesignEdges(empty, empty, np.empty(0, np.int64), np.empty(0, np.int64))
    points, normals, classes, sides, along = (np.concatenate([part[column] for part in parts]) for column in range(5))
    outline_number = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    keys = np.column_stack([outline_number, sides, np.floor(along / stretch_nm)]).astype(np.int64)
    stretch = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    return DesignEdges(points, normals, classes.astype(np.int64), stretch.astype(np.int64))


def _sides(
    outline: Points, field_nm: tuple[float, float, float, float], step_nm: float, corner_nm: float
) -> tuple[Points, Points, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Points, outward normals, class, side number and place along the side, of one outline."""
    vectors = np.roll(outline, -1, axis=0) - outline
    lengths = np.hypot(*vectors.T)
    real = lengths > 0
    starts, vectors, lengths = outline[real], vectors[real], lengths[real]
    directions = vectors / lengths[:, None]
    before = np.roll(directions, 1, axis=0)
    turn = np.arctan2(
        before[:, 0] * directions[:, 1] - before[:, 1] * directions[:, 0], np.sum(before * directions, axis=1)
    )
    corners = np.flatnonzero(np.abs(turn) > np.deg2rad(CORNER_DEG))
    if len(corners):
        # Begin at a corner, so that no side wraps around the end of the list.
        shift = -int(corners[0])
        starts, directions, lengths, turn = (
            np.roll(values, shift, axis=0) for values in (starts, directions, lengths, turn)
        )
        corners = corners - corners[0]
    side_of = (
        np.searchsorted(corners, np.arange(len(starts)), side="right") - 1
        if len(corners)
        else np.zeros(len(starts), np.int64)
    )
    count = int(side_of[-1]) + 1
    side_length = np.bincount(side_of, lengths, count)
    side_start = np.concatenate([[0.0], np.cumsum(side_length)[:-1]])
    edge_start = np.cumsum(lengths) - lengths - side_start[side_of]
    # A short side keeps its middle: there a jog is unbiased, and a line end or a contact has a bias of its own class.
    left_out = np.full(count, corner_nm if len(corners) else 0.0)
    left_out = np.where(side_length > 2 * step_nm, np.minimum(left_out, 0.4 * side_length), left_out)
    classes = np.full(count, SIDE)
    if len(corners) > 2:
        convex = turn[corners] > 0
        alike = convex == np.roll(convex, -1)
        classes[alike & (side_length < 2.5 * corner_nm)] = SHORT
        shorter = (side_length < 0.5 * np.roll(side_length, 1)) & (side_length < 0.5 * np.roll(side_length, -1))
        classes[convex & alike & shorter] = LINE_END

    # Points lie in the middle of equal steps between the ends left out.
    room = side_length - 2 * left_out
    number = np.where(room > 0, np.maximum(1, np.round(room / step_nm)), 0).astype(np.int64)
    spacing = np.where(number > 0, room, 1.0) / np.maximum(number, 1)
    # Only edges near the field are walked: some outlines are much longer than the picture.
    ends = starts + directions * lengths[:, None]
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    near = (high >= field_nm[:2]).all(axis=1) & (low <= field_nm[2:]).all(axis=1)
    left_out_here = left_out[side_of]
    first = np.ceil((edge_start - left_out_here) / spacing[side_of] - 0.5)
    last = np.ceil((edge_start + lengths - left_out_here) / spacing[side_of] - 0.5)
    first = np.clip(first, 0, number[side_of])
    last = np.clip(last, 0, number[side_of])
    pieces = np.where(near & (number[side_of] > 0), np.maximum(last - first, 0), 0).astype(np.int64)
    owner = np.repeat(np.arange(len(starts)), pieces)
    index = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[owner]
    along = left_out_here[owner] + (index + 0.5) * spacing[side_of[owner]]
    points = starts[owner] + directions[owner] * (along - edge_start[owner])[:, None]
    normals = np.column_stack([directions[owner, 1], -directions[owner, 0]])
    return points, normals, classes[side_of[owner]], side_of[owner], along
