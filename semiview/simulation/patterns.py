"""Layouts of the kinds that SEM fields show, drawn in nm about the origin.

Every pattern takes (size_nm, cd_nm, seed): the field's width and height, the smallest drawn width and the seed of its
choices. Shapes reach past the field's border. For a whole cd_nm corners lie on whole nm. The outlines are merged: outer
boundaries counter-clockwise, holes clockwise (y up).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon
from shapely.geometry.polygon import orient

from semiview.core.outline import Points, as_outline

Size = tuple[float, float]
Pattern = Callable[[Size, float, int], tuple[Points, ...]]


def line_space(size_nm: Size, cd_nm: float, seed: int) -> tuple[Points, ...]:
    """Straight lines across the whole field, upright or level; the space is 0.8 to 1.6 of the line."""
    rng = np.random.default_rng(seed)
    space = round(cd_nm * rng.uniform(0.8, 1.6))
    upright = bool(rng.integers(2))
    across, along = (size_nm if upright else size_nm[::-1]) + np.array([0.0, 4 * cd_nm])
    pitch = cd_nm + space
    count = int(across / pitch) + 4
    left = (np.arange(count) - count // 2) * pitch + rng.integers(0, round(pitch))
    boxes = np.column_stack([left, np.full(count, -along / 2), left + cd_nm, np.full(count, along / 2)])
    return merged(boxes if upright else boxes[:, [1, 0, 3, 2]])


def contact(size_nm: Size, cd_nm: float, seed: int) -> tuple[Points, ...]:
    """Squares on a lattice, every other row moved by half a pitch for odd draws: fully periodic."""
    rng = np.random.default_rng(seed)
    return merged(_squares(*_lattice(size_nm, cd_nm, rng), cd_nm))


def random_contact(size_nm: Size, cd_nm: float, seed: int) -> tuple[Points, ...]:
    """Squares on a lattice of which a third is left out, single or in pairs: no period."""
    rng = np.random.default_rng(seed)
    x, y = _lattice(size_nm, cd_nm, rng)
    keep = rng.random(len(x)) > 0.35
    wide = rng.random(len(x)) < 0.15
    boxes = _squares(x, y, cd_nm)
    boxes[wide, 2] += round(0.6 * cd_nm)
    return merged(boxes[keep])


def logic(size_nm: Size, cd_nm: float, seed: int) -> tuple[Points, ...]:
    """Aperiodic Manhattan routing: cut tracks of one or two widths, joined by straps."""
    rng = np.random.default_rng(seed)
    unit = _unit(cd_nm)
    columns, tracks = int(size_nm[0] / unit) + 8, int(size_nm[1] / (2 * unit)) + 4
    filled = np.zeros((tracks, columns), bool)
    for track in filled:
        column = int(rng.integers(0, 6))
        while column < columns:
            length = int(rng.integers(4, 20))
            track[column : column + length] = rng.random() > 0.12
            column += length + int(rng.integers(2, 5))
    boxes = [_track_boxes(track, row, unit) for row, track in enumerate(filled)]
    for row in range(tracks - 1):
        both = np.flatnonzero(filled[row] & filled[row + 1])
        straps = both[rng.random(len(both)) < 0.05]
        boxes.append(
            np.column_stack([straps, 2 * row + 0 * straps, straps + 1, 2 * row + 3 + 0 * straps]) * float(unit)
        )
        # A wire of double height, where the track above is empty over its whole length and one unit around.
        for left, right in _runs(filled[row]):
            free = not filled[row + 1, max(left - 1, 0) : right + 1].any()
            if free and rng.random() < 0.3:
                boxes.append(np.array([(left, 2 * row, right, 2 * row + 2)], float) * unit)
    return merged(np.concatenate(boxes) - np.round([columns * unit / 2, tracks * unit] * 2))


def sram(size_nm: Size, cd_nm: float, seed: int) -> tuple[Points, ...]:
    """A small cell, mirrored in turn along rows and columns; periodic with two cells."""
    rng = np.random.default_rng(seed)
    unit = _unit(cd_nm)
    across, up = 9 * unit, 8 * unit
    cell = SRAM_CELL * unit
    boxes = []
    for i in range(-1, int(size_nm[0] / across) + 2):
        for j in range(-1, int(size_nm[1] / up) + 2):
            part = cell.copy()
            if i % 2:
                part[:, [0, 2]] = across - part[:, [2, 0]]
            if j % 2:
                part[:, [1, 3]] = up - part[:, [3, 1]]
            boxes.append(part + np.array([i * across, j * up] * 2))
    start = np.round(np.array(size_nm) / 2 + rng.integers(0, unit, 2))
    return merged(np.concatenate(boxes) - np.tile(start, 2))


def isolated(size_nm: Size, cd_nm: float, seed: int) -> tuple[Points, ...]:
    """One long wire with a jog, a pad on it, and a short bar beside it."""
    rng = np.random.default_rng(seed)
    height = size_nm[1]
    jog = round(rng.uniform(-0.15, 0.15) * height)
    shift = round(rng.choice([-1, 1]) * rng.uniform(2, 4) * cd_nm)
    pad = round(rng.uniform(2.5, 4) * cd_nm)
    place = round(rng.uniform(0.2, 0.35) * height)
    bar_x = round(-np.sign(shift) * rng.uniform(4, 7) * cd_nm)
    bar = round(rng.uniform(0.1, 0.2) * height)
    low, high = sorted((0, shift))
    boxes = np.array(
        [
            (0, -height, cd_nm, jog + cd_nm),
            (low, jog, high + cd_nm, jog + cd_nm),
            (shift, jog, shift + cd_nm, height),
            ((cd_nm - pad) / 2, -place - pad, (cd_nm + pad) / 2, -place),
            (bar_x, -bar, bar_x + 1.5 * cd_nm, bar),
        ]
    )
    return merged(np.round(boxes))


def bars(size_nm: Size, cd_nm: float, seed: int) -> tuple[Points, ...]:
    """Dense bars of many lengths, their tips facing each other across gaps of one to three widths."""
    rng = np.random.default_rng(seed)
    width, height = size_nm
    unit = _unit(cd_nm)
    boxes = []
    for left in range(-round(width / 2) - 2 * unit, round(width / 2) + 2 * unit, 2 * unit):
        bottom = -round(height / 2) - int(rng.integers(2, 20)) * unit
        while bottom < height / 2:
            length = int(rng.integers(6, 22)) * unit
            boxes.append((left, bottom, left + unit, bottom + length))
            bottom += length + int(rng.integers(1, 4)) * unit
    return merged(np.array(boxes, float))


PATTERNS: dict[str, Pattern] = {
    "line_space": line_space,
    "contact": contact,
    "random_contact": random_contact,
    "logic": logic,
    "sram": sram,
    "isolated": isolated,
    "bars": bars,
}

SRAM_CELL = np.array(
    [(0, 1, 5, 2), (1, 1, 2, 5), (3, 4, 4, 8), (3, 4, 7, 5), (6, 0, 7, 3), (6, 6, 8, 7), (8, 2, 9, 4)], float
)


def merged(boxes: npt.ArrayLike) -> tuple[Points, ...]:
    """Union of (N, 4) boxes (x_min, y_min, x_max, y_max) as merged outlines, in the order of their lowest corners."""
    rows = np.asarray(boxes, dtype=np.float64)
    return outlines_of(shapely.union_all(shapely.box(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3])))


def outlines_of(shape: shapely.Geometry) -> tuple[Points, ...]:
    """Outlines of a polygon or several, without points in the middle of a straight side."""
    tidy = [part.simplify(0).normalize() for part in shapely.get_parts(shape)]
    polygons = [orient(part) for part in tidy if isinstance(part, Polygon) and not part.is_empty]
    polygons.sort(key=lambda polygon: polygon.bounds)
    return tuple(as_outline(ring.coords) for polygon in polygons for ring in (polygon.exterior, *polygon.interiors))


def _unit(cd_nm: float) -> int:
    if not cd_nm >= 2:
        raise ValueError(f"a pattern on a grid of whole nm needs a smallest width of 2 nm or more, not {cd_nm}")
    return round(cd_nm)


def _lattice(
    size_nm: Size, cd_nm: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lower left corners of the squares."""
    pitch = round(cd_nm * rng.uniform(1.9, 2.6))
    staggered = bool(rng.integers(2))
    columns, rows = int(size_nm[0] / pitch) + 4, int(size_nm[1] / pitch) + 4
    j, i = np.mgrid[:rows, :columns].reshape(2, -1)
    x = (i - columns // 2) * float(pitch) + (j % 2) * (pitch // 2 if staggered else 0)
    return x, (j - rows // 2) * float(pitch)


def _squares(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], side: float) -> npt.NDArray[np.float64]:
    return np.column_stack([x, y, x + side, y + side])


def _runs(track: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """(N, 2) first and one past the last column of each filled stretch."""
    change = np.flatnonzero(np.diff(np.concatenate([[False], track, [False]])))
    return change.reshape(-1, 2)


def _track_boxes(track: npt.NDArray[np.bool_], row: int, unit: int) -> npt.NDArray[np.float64]:
    runs = _runs(track)
    level = np.full(len(runs), 2 * row)
    return np.column_stack([runs[:, 0], level, runs[:, 1], level + 1]).astype(np.float64) * unit
