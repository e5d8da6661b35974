"""Painted rims moved onto the edges of the SEM image nearby."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from semiview.core.coverage import FULL
from semiview.core.document import MeasureSettings
from semiview.core.outline import Points
from semiview.core.sem_image import SemImage
from semiview.metrology.contour import half_contours, on_border, picture_noise
from semiview.metrology.crossing import Booleans, Floats
from semiview.metrology.edge_places import LEVEL_PX
from semiview.metrology.edge_profile import dark_material, find_edges, sample_profiles

CHORD = 4  # contour points to either side that a normal is taken over
JUMP_PX = 1.5  # a move that leaves the median of its neighbours by more is none
NEIGHBOURS = 4
GAP = 8  # contour points without an edge that are moved with their neighbours
ENOUGH = 40  # points of the old rim tell the tone of the material
FEWEST = 3

Bytes = npt.NDArray[np.uint8]
Change = tuple[Points, Points]


def snap_changes(
    sem: SemImage,
    before: Bytes,
    after: Bytes,
    corner: tuple[int, int],
    settings: MeasureSettings,
    reach_px: float,
) -> tuple[Change, ...]:
    """What an edit made of a shape's rim, moved along its normals to the edges of the image.

    Parameters
    ----------
    before, after
        (h, w) uint8 coverage around the edit; with a margin of at least one pixel that it did not change.
    corner
        Image px (column, row) of the window's first pixel.
    reach_px
        Farthest move.

    Returns
    -------
    Pairs (outline as it is, outline as it should be) in image px, with equally many points; without those that did not
    move. A point of the rim moves only where the edit changed a pixel beside it and the image shows an edge.
    """
    loops = half_contours(after / np.float32(FULL))
    if not loops:
        return ()
    changed = _grown(before != after)
    rims = [_beside(loop, changed) & ~on_border(loop, after.shape) for loop in loops]
    if sum(map(np.count_nonzero, rims)) < FEWEST:
        return ()
    dark = _dark(sem, before, loops, rims, corner, reach_px)
    found = []
    for loop, rim in zip(loops, rims, strict=True):
        if np.count_nonzero(rim) < FEWEST:
            continue
        normals = outward_normals(loop)
        offset = np.full(len(loop), np.nan)
        offset[rim] = _offsets(sem, loop[rim] + corner, normals[rim], settings, reach_px, dark)
        move = _steady(offset, rim)
        if move.any():
            old = loop + corner
            found.append((old, old + move[:, None] * normals))
    return tuple(found)


def outward_normals(loop: Points) -> Points:
    """(N, 2) unit normals of a dense closed outline in image px, inside on the left as seen on the screen."""
    reach = min(CHORD, max(len(loop) // 8, 1))
    tangent = np.roll(loop, -reach, axis=0) - np.roll(loop, reach, axis=0)
    size = np.hypot(*tangent.T)
    size[size == 0] = 1.0
    result: Points = np.column_stack([-tangent[:, 1], tangent[:, 0]]) / size[:, None]
    return result


def _grown(mask: Booleans) -> Booleans:
    """With the eight neighbours of each pixel."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    result = mask.copy()
    for down in range(3):
        for right in range(3):
            result |= padded[down : down + height, right : right + width]
    return result


def _beside(points: Points, mask: Booleans) -> Booleans:
    height, width = mask.shape
    columns = np.clip(np.rint(points[:, 0]).astype(np.int64), 0, width - 1)
    rows = np.clip(np.rint(points[:, 1]).astype(np.int64), 0, height - 1)
    result: Booleans = mask[rows, columns]
    return result


def _dark(
    sem: SemImage,
    before: Bytes,
    loops: Sequence[Points],
    rims: Sequence[Booleans],
    corner: tuple[int, int],
    reach_px: float,
) -> bool:
    """Whether the material is the dark side, from the old rim, which lies nearer to edges than a brushed one."""
    old = [loop[~on_border(loop, before.shape)] for loop in half_contours(before / np.float32(FULL))]
    normals = [outward_normals(loop) for loop in old if len(loop) > 2]
    points = [loop for loop in old if len(loop) > 2]
    if sum(map(len, points)) < ENOUGH:
        points = [loop[rim] for loop, rim in zip(loops, rims, strict=True)]
        normals = [outward_normals(loop)[rim] for loop, rim in zip(loops, rims, strict=True)]
    places = np.concatenate(points) + corner
    profiles = sample_profiles(sem.pixels, places, np.concatenate(normals), reach_px, 1)
    return dark_material(profiles, np.full(len(places), reach_px))


def _offsets(
    sem: SemImage, points: Points, normals: Points, settings: MeasureSettings, reach_px: float, dark: bool
) -> Floats:
    rows = settings.rows_averaged
    profiles = sample_profiles(sem.pixels, points, normals, reach_px + LEVEL_PX, rows)
    noise = picture_noise(sem).averaged(rows)
    signal, noise = (-profiles, noise.negated()) if dark else (profiles, noise)
    reach = np.full(len(points), reach_px)
    return find_edges(signal, settings, noise, reach, saturated_high=sem.saturated_high).offset_px


def _steady(offset: Floats, rim: Booleans) -> Floats:
    """(N,) moves without outliers; short gaps on the rim move with their neighbours, the rest stays."""
    around = np.stack([np.roll(offset, shift) for shift in range(-NEIGHBOURS, NEIGHBOURS + 1)])
    known = np.isfinite(around)
    enough = known.sum(axis=0) > NEIGHBOURS
    middle = np.full(len(offset), np.nan)
    if enough.any():
        middle[enough] = np.nanmedian(around[:, enough], axis=0)
    with np.errstate(invalid="ignore"):
        offset = np.where(np.abs(offset - middle) <= JUMP_PX, offset, np.nan)
    found = np.flatnonzero(np.isfinite(offset))
    move = np.zeros(len(offset))
    if len(found) == 0:
        return move
    places = np.arange(len(offset))
    bridged = np.interp(places, found, offset[found], period=len(offset))
    beside = np.searchsorted(found, places)[:, None] + [-1, 0]
    distance = np.abs(places[:, None] - found[beside % len(found)])
    near = np.minimum(distance, len(offset) - distance).min(axis=1) <= GAP
    move[rim & near] = bridged[rim & near]
    return move
