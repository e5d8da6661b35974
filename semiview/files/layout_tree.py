"""Polygons of a cell that touch a box, found through references and arrays without flattening the chip.

Each cell is indexed once: the bounding boxes of its own polygons by layer, and its references with the boxes of what
they hold. A query walks down with the box carried into each cell's own frame; of an array only the instances whose box
is touched are visited. All lengths are nm.
"""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gdstk
import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

Floats = npt.NDArray[np.float64]
Layer = tuple[int, int]

NOTHING = np.array([np.inf, np.inf, -np.inf, -np.inf])
GRID_NM = 1e-3  # float noise of unit conversions and rotations is rounded away here


@dataclass(frozen=True, slots=True, eq=False)
class _Repetition:
    """Places (N, 2) of the copies, relative to the first: listed, or a lattice of counts (columns, rows)."""

    offsets: Floats | None
    columns: int = 1
    rows: int = 1
    vectors: Floats | None = None  # (2, 2): v1, v2

    def box(self) -> Floats:
        """(4,) bounds of the offsets."""
        if self.offsets is not None:
            return np.concatenate([self.offsets.min(axis=0), self.offsets.max(axis=0)])
        assert self.vectors is not None
        ends = np.array([[0, 0], [self.columns - 1, 0], [0, self.rows - 1], [self.columns - 1, self.rows - 1]])
        corners = ends @ self.vectors
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])

    def within(self, box: Floats) -> Floats:
        """(M, 2) offsets inside a box."""
        if self.offsets is not None:
            return self.offsets[_contains(box, self.offsets)]
        assert self.vectors is not None
        v1, v2 = self.vectors
        i = np.arange(self.columns, dtype=np.float64)
        first, last = np.zeros(self.columns), np.full(self.columns, self.rows - 1.0)
        for axis in range(2):
            low, high = box[axis] - i * v1[axis], box[axis + 2] - i * v1[axis]
            if v2[axis] == 0:
                last = np.where((low <= 0) & (high >= 0), last, -1.0)
            else:
                ends = np.sort([low / v2[axis], high / v2[axis]], axis=0)
                first, last = np.maximum(first, np.ceil(ends[0])), np.minimum(last, np.floor(ends[1]))
        counts = np.maximum(last - first + 1, 0).astype(np.int64)
        column = np.repeat(i, counts)
        row = np.arange(len(column)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
        places: Floats = column[:, None] * v1 + row[:, None] * v2
        return places


@dataclass(frozen=True, slots=True, eq=False)
class _Placement:
    """One reference: p -> linear @ p + origin + offset."""

    cell: gdstk.Cell
    linear: Floats
    origin: Floats
    repetition: _Repetition


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """A cell's own polygons on one layer with their boxes (N, 4), copies of a repetition included in the box."""

    polygons: tuple[gdstk.Polygon, ...]
    repetitions: tuple[_Repetition, ...]
    boxes: Floats
    whole_boxes: Floats


class LayoutTree:
    """Index over the cells of a library, built cell by cell as they are met; safe to query from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._shapes: dict[str, dict[Layer, _Shapes]] = {}
        self._placements: dict[str, tuple[_Placement, ...]] = {}
        self._reaches: dict[tuple[str, Layer], Floats] = {}
        self._boxes: dict[tuple[str, Layer], Floats] = {}
        self._layers: dict[str, frozenset[Layer]] = {}

    def layers(self, cell: gdstk.Cell) -> frozenset[Layer]:
        """(layer, datatype) of every polygon and path at and below the cell."""
        with self._lock:
            if cell.name not in self._layers:
                self._index(cell)
                own = set(self._shapes[cell.name])
                for placement in self._placements[cell.name]:
                    own |= self.layers(placement.cell)
                self._layers[cell.name] = frozenset(own)
            return self._layers[cell.name]

    def box(self, cell: gdstk.Cell, layer: Layer) -> Floats:
        """(x_min, y_min, x_max, y_max) of a layer at and below the cell; the minimum above the maximum if empty.

        Around a reference turned by other than right angles the box may be larger than need be.
        """
        with self._lock:
            key = (cell.name, layer)
            if key not in self._boxes:
                self._index(cell)
                shapes = self._shapes[cell.name].get(layer)
                own = [] if shapes is None else [shapes.whole_boxes]
                reaches = np.array([self._reach(each, layer) for each in self._placements[cell.name]]).reshape(-1, 4)
                self._reaches[key] = reaches
                self._boxes[key] = _union(np.concatenate([*own, reaches, NOTHING[None]]))
            return self._boxes[key]

    def polygons(self, cell: gdstk.Cell, layer: Layer, box: Floats) -> Iterator[Points]:
        """Whole polygons (N, 2) of a layer whose bounding box touches `box`, in the frame of `cell`."""
        yield from self._walk(cell, layer, box, np.eye(2), np.zeros((1, 2)))

    def _walk(self, cell: gdstk.Cell, layer: Layer, box: Floats, linear: Floats, origins: Floats) -> Iterator[Points]:
        """Walk down copies of a cell at p -> linear @ p + origins[k]."""
        if _is_empty(self.box(cell, layer)) or len(origins) == 0:
            return
        spread = np.concatenate([origins.min(axis=0), origins.max(axis=0)])
        shapes = self._shapes[cell.name].get(layer)
        if shapes is not None:
            for index in np.flatnonzero(_touch(_moved(shapes.whole_boxes, linear) + spread, box)):
                copies = _copies(shapes.repetitions[index], shapes.boxes[index], linear, origins, box)
                placed = shapes.polygons[index].points @ linear.T + copies[:, None]
                placed = np.round(placed / GRID_NM) * GRID_NM
                exact = np.concatenate([placed.min(axis=1), placed.max(axis=1)], axis=1)
                yield from placed[_touch(exact, box)]
        reaches = self._reaches[cell.name, layer]
        if len(reaches) == 0:
            return
        for index in np.flatnonzero(_touch(_moved(reaches, linear) + spread, box)):
            placement = self._placements[cell.name][index]
            held = _moved(self.box(placement.cell, layer), placement.linear, placement.origin)
            copies = _copies(placement.repetition, held, linear, origins, box) + linear @ placement.origin
            yield from self._walk(placement.cell, layer, box, linear @ placement.linear, copies)

    def _reach(self, placement: _Placement, layer: Layer) -> Floats:
        inner = self.box(placement.cell, layer)
        if _is_empty(inner):
            return NOTHING
        return _moved(inner, placement.linear, placement.origin) + placement.repetition.box()

    def _index(self, cell: gdstk.Cell) -> None:
        if cell.name in self._shapes:
            return
        polygons: dict[Layer, list[gdstk.Polygon]] = {}
        for polygon in cell.polygons:
            polygons.setdefault((polygon.layer, polygon.datatype), []).append(polygon)
        for path in cell.paths:
            for polygon in path.to_polygons():
                polygons.setdefault((polygon.layer, polygon.datatype), []).append(polygon)
        self._shapes[cell.name] = {layer: _indexed(found) for layer, found in polygons.items()}
        self._placements[cell.name] = tuple(
            _placement(reference)
            for reference in cell.references
            if isinstance(reference.cell, gdstk.Cell)  # type: ignore[redundant-expr]  # a missing cell is a str
        )


def _indexed(polygons: list[gdstk.Polygon]) -> _Shapes:
    boxes = np.array([np.ravel(polygon.bounding_box()) for polygon in polygons], dtype=np.float64)
    repetitions = tuple(_repetition(polygon.repetition) for polygon in polygons)
    return _Shapes(tuple(polygons), repetitions, boxes, boxes + np.array([each.box() for each in repetitions]))


def _placement(reference: gdstk.Reference) -> _Placement:
    turns = reference.rotation / (math.pi / 2)
    if abs(turns - round(turns)) < 1e-12:  # exact right angles keep abutting polygons abutting
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[round(turns) % 4]
    else:
        cosine, sine = math.cos(reference.rotation), math.sin(reference.rotation)
    linear = reference.magnification * np.array([[cosine, -sine], [sine, cosine]], dtype=np.float64)
    if reference.x_reflection:
        linear = linear @ np.diag([1.0, -1.0])
    return _Placement(reference.cell, linear, np.array(reference.origin), _repetition(reference.repetition))


ONCE = _Repetition(np.zeros((1, 2)))


def _repetition(repetition: Any) -> _Repetition:
    """Of gdstk's repetition; the attributes of the kinds it is not are None, and its size is 0 if it is none."""
    if repetition is None or repetition.size == 0:
        return ONCE
    if repetition.columns is not None:
        if repetition.spacing is not None:
            vectors = np.diag(np.array(repetition.spacing, dtype=np.float64))
        else:
            vectors = np.array([repetition.v1, repetition.v2], dtype=np.float64)
        return _Repetition(None, repetition.columns, repetition.rows, vectors)
    return _Repetition(np.array(repetition.get_offsets(), dtype=np.float64).reshape(-1, 2))


def _copies(repetition: _Repetition, held: Floats, linear: Floats, origins: Floats, box: Floats) -> Floats:
    """Origins (M, 2), in the frame of `box`, of the copies whose content `held` (4,) comes to touch `box`."""
    if repetition is ONCE:
        return origins[_contains(_offsets_that_touch(_moved(held, linear), box), origins)]
    inverse = np.linalg.inv(linear)
    found = [
        repetition.within(_offsets_that_touch(held, _moved(box - np.tile(origin, 2), inverse.astype(np.float64))))
        @ linear.T
        + origin
        for origin in origins
    ]
    return np.concatenate([np.empty((0, 2)), *found])


def _moved(boxes: Floats, linear: Floats, origin: Floats | float = 0.0) -> Floats:
    """Bounds of boxes (..., 4) after p -> linear @ p + origin; an empty box stays empty."""
    corners = boxes[..., [[0, 1], [2, 1], [2, 3], [0, 3]]]
    with np.errstate(invalid="ignore"):
        corners = corners @ linear.T + origin
        moved = np.concatenate([corners.min(axis=-2), corners.max(axis=-2)], axis=-1)
    result: Floats = np.where((boxes[..., :1] > boxes[..., 2:3]), NOTHING, moved)
    return result


def _offsets_that_touch(box: Floats, other: Floats) -> Floats:
    """Bounds of the offsets that bring `box` to touch `other`, with room for float noise."""
    return np.concatenate([other[:2] - box[2:] - GRID_NM, other[2:] - box[:2] + GRID_NM])


def _contains(box: Floats, points: Floats) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = np.logical_and.reduce((points >= box[:2]) & (points <= box[2:]), axis=1)
    return inside


def _union(boxes: Floats) -> Floats:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _touch(boxes: Floats, other: Floats) -> npt.NDArray[np.bool_]:
    """(N,) True where a box (N, 4) touches the other (4,)."""
    near: npt.NDArray[np.bool_] = np.logical_and.reduce(
        (boxes[:, :2] <= other[2:]) & (boxes[:, 2:] >= other[:2]), axis=1
    )
    return near


def _is_empty(box: Floats) -> bool:
    return bool(box[0] > box[2])
