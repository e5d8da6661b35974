"""Where many short lines cross many outlines, in time linear in both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """One row per crossing of a line with a segment, in no order.

    Attributes
    ----------
    line, segment
        (K,) indices of the line and of the segment among those given to `SegmentGrid.of`.
    owner
        (K,) index of the outline the segment belongs to.
    along
        (K,) signed place on the line, in lengths of its direction vector.
    cosine
        (K,) of the angle between the direction and the segment's outward normal: positive leaves the outline.
    """

    line: Integers
    segment: Integers
    owner: Integers
    along: Floats
    cosine: Floats

    def where(self, keep: Booleans) -> "Crossings":
        """Only the crossings at which `keep` (K,) is True."""
        return Crossings(self.line[keep], self.segment[keep], self.owner[keep], self.along[keep], self.cosine[keep])

    def nearest(self, expected: Floats | float = 0.0) -> "Crossings":
        """At most one crossing a line: the one closest to `expected` (one value, or one per crossing)."""
        order = np.lexsort((np.abs(self.along - expected), self.line))
        sorted_lines = self.line[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = sorted_lines[1:] != sorted_lines[:-1]
        picked = np.zeros(len(order), dtype=bool)
        picked[order[first]] = True
        return self.where(picked)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentGrid:
    """The segments of outlines, sorted into square cells by their middles, row after row.

    Segments longer than a cell are cut, so that a line need only look at the cells within half a cell of it. Flat lines
    look along rows of cells, steep ones along columns: `by_column` are the segments column after column.
    """

    starts: Points
    ends: Points
    segment: Integers
    owner: Integers
    outward: Points
    cell: float
    origin: tuple[float, float]
    cells: tuple[int, int]
    first: Integers
    by_column: Integers
    first_by_column: Integers

    @classmethod
    def of(
        cls,
        outlines: Sequence[Points],
        cell: float,
        rows_down: bool,
        keep: Booleans | None = None,
    ) -> "SegmentGrid":
        """Sort the outlines' segments.

        Parameters
        ----------
        outlines
            Closed, inside on the left as seen on the screen.
        cell
            Side of a cell in the unit of the points.
        rows_down
            True in image px, False in design nm: which way is outward.
        keep
            (M,) over the concatenated segments: False leaves one out.
        """
        if not outlines:
            starts = ends = np.empty((0, 2))
            owner = np.empty(0, dtype=np.int64)
        else:
            starts = np.concatenate(outlines)
            ends = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
            owner = np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])
        lengths = np.hypot(*(ends - starts).T)
        segment = np.flatnonzero((lengths > 0) if keep is None else keep & (lengths > 0))
        starts, ends, owner, lengths = starts[segment], ends[segment], owner[segment], lengths[segment]
        delta = (ends - starts) / lengths[:, None]
        outward = np.column_stack([-delta[:, 1], delta[:, 0]] if rows_down else [delta[:, 1], -delta[:, 0]])

        pieces = np.maximum(np.ceil(lengths / cell), 1).astype(np.int64)
        if (pieces > 1).any():
            parent = np.repeat(np.arange(len(pieces)), pieces)
            number = np.arange(len(parent)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
            whole = (ends - starts)[parent] / pieces[parent, None]
            first_end = starts[parent] + number[:, None] * whole
            last_end = starts[parent] + (number + 1)[:, None] * whole
            last = number + 1 == pieces[parent]
            last_end[last] = ends[parent[last]]
            starts, ends, segment, owner, outward = (
                first_end, last_end, segment[parent], owner[parent], outward[parent],
            )  # fmt: skip
        if len(starts) == 0:
            none, nothing = np.zeros(2, dtype=np.int64), np.empty(0, dtype=np.int64)
            return cls(starts, ends, segment, owner, outward, cell, (0.0, 0.0), (1, 1), none, nothing, none)
        middles = (starts + ends) / 2
        low = middles.min(axis=0)
        columns, rows = (np.floor((middles.max(axis=0) - low) / cell).astype(np.int64) + 1).tolist()
        place = np.floor((middles - low) / cell).astype(np.int64)
        order, first = _sorted_into(place[:, 1] * columns + place[:, 0], rows * columns)
        by_column, first_by_column = _sorted_into(place[order, 0] * rows + place[order, 1], rows * columns)
        return cls(
            starts[order], ends[order], segment[order], owner[order], outward[order],
            cell, (float(low[0]), float(low[1])), (rows, columns), first, by_column, first_by_column,
        )  # fmt: skip

    def crossings(self, points: Points, directions: Points, low: Floats, high: Floats) -> Crossings:
        """All crossings of the lines point + a direction, low <= a <= high, with the segments.

        Parameters
        ----------
        points, directions
            (N, 2); a direction need not have unit length.
        low, high
            (N,) ends of each line in lengths of its direction.
        """
        begin = points + low[:, None] * directions
        end = points + high[:, None] * directions
        line, candidate = self._candidates(begin, end)
        # Which side of the line an end lies on: equal for the end and the start that share a vertex.
        x, y = np.ascontiguousarray(directions.T)
        level = (x * points[:, 1] - y * points[:, 0])[line]
        x, y = x[line], y[line]
        side_start = x * self.starts[:, 1][candidate] - y * self.starts[:, 0][candidate] - level
        side_end = x * self.ends[:, 1][candidate] - y * self.ends[:, 0][candidate] - level
        # Half-open: a line through a vertex meets exactly one of its two segments.
        hit = (side_start <= 0) != (side_end <= 0)
        line, candidate = line[hit], candidate[hit]
        across, to_start = directions[line], self.starts[candidate] - points[line]
        share = side_start[hit] / (side_start[hit] - side_end[hit])
        place = to_start + share[:, None] * (self.ends[candidate] - self.starts[candidate])
        squared = np.einsum("ij,ij->i", across, across)
        along = np.einsum("ij,ij->i", place, across) / squared
        cosine = np.einsum("ij,ij->i", self.outward[candidate], across) / np.sqrt(squared)
        found = Crossings(line, self.segment[candidate], self.owner[candidate], along, cosine)
        return found.where((along >= low[line]) & (along <= high[line]))

    def _candidates(self, begin: Points, end: Points) -> tuple[Integers, Integers]:
        """(line, segment) pairs whose cells meet; a superset of those that cross."""
        begin, end = begin - self.origin, end - self.origin
        run, rise = np.abs(end - begin).T
        steep = rise > run
        flat_lines, steep_lines = np.flatnonzero(~steep), np.flatnonzero(steep)
        flat, in_rows = _in_bands(begin[flat_lines], end[flat_lines], self.cell, self.cells, self.first)
        lying = begin[steep_lines, ::-1], end[steep_lines, ::-1]
        upright, in_columns = _in_bands(*lying, self.cell, self.cells[::-1], self.first_by_column)
        line = np.concatenate([flat_lines[flat], steep_lines[upright]])
        return line, np.concatenate([in_rows, self.by_column[in_columns]])


def _sorted_into(cell: Integers, cells: int) -> tuple[Integers, Integers]:
    """The order that sorts things by their cell, and (cells + 1,) where each cell begins in it."""
    first = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=cells))])
    return np.argsort(cell, kind="stable"), first.astype(np.int64)


def _in_bands(
    begin: Points, end: Points, cell: float, cells: tuple[int, int], first: Integers
) -> tuple[Integers, Integers]:
    """(line, place in the sorted order) of what lies in the cells near each line, band after band of cells.

    Parameters
    ----------
    begin, end
        (N, 2) from the grid's corner; the first coordinate runs along a band.
    cells
        Number of bands, and of cells in each.
    first
        Where each cell begins in the sorted order.
    """
    bands, length = cells
    half = cell / 2
    swap = begin[:, 1] > end[:, 1]
    lower, upper = np.where(swap[:, None], end, begin), np.where(swap[:, None], begin, end)
    finite = np.isfinite(lower.sum(axis=1) + upper.sum(axis=1))
    lower, upper = np.where(finite[:, None], lower, 0.0), np.where(finite[:, None], upper, 0.0)
    lowest = np.clip(np.floor((lower[:, 1] - half) / cell), 0, bands).astype(np.int64)
    highest = np.clip(np.floor((upper[:, 1] + half) / cell), -1, bands - 1).astype(np.int64)
    line, number = repeated(np.where(finite, np.maximum(highest - lowest + 1, 0), 0))
    band = lowest[line] + number
    x, y = lower[line].T
    run, rise = (upper - lower)[line].T
    with np.errstate(divide="ignore", invalid="ignore"):
        enter = (band * cell - half - y) / rise
        leave = ((band + 1) * cell + half - y) / rise
    level = rise == 0
    enter = np.where(level, 0.0, np.clip(enter, 0, 1))
    leave = np.where(level, 1.0, np.clip(leave, 0, 1))
    one, other = x + enter * run, x + leave * run
    left = np.clip(np.floor((np.minimum(one, other) - half) / cell), 0, length).astype(np.int64)
    right = np.clip(np.floor((np.maximum(one, other) + half) / cell), -1, length - 1).astype(np.int64)
    start = first[np.minimum(band * length + left, len(first) - 1)]
    stop = first[band * length + right + 1]
    which, offset = repeated(np.maximum(stop - start, 0))
    return line[which], start[which] + offset


def repeated(counts: Integers) -> tuple[Integers, Integers]:
    """Each index as often as `counts` says, and the running number within it.

    >>> [part.tolist() for part in repeated(np.array([2, 0, 1]))]
    [[0, 0, 2], [0, 1, 0]]
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, number


def following_point(outlines: Sequence[Points]) -> Integers:
    """(M,) index of the next point on the same outline, over the concatenated outlines."""
    counts = np.array([len(outline) for outline in outlines], dtype=np.int64)
    following = np.arange(counts.sum()) + 1
    ends = np.cumsum(counts)
    following[ends - 1] = ends - counts
    return following
