"""A painted shape: how much of each pixel is inside, as immutable tiles that successive versions share."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

TILE_PX = 256
FULL = 255
HALF = 128

Tile = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """uint8 coverage (0 outside, 255 inside) of the picture's pixels in read-only 256 x 256 tiles.

    A new version keeps every tile it did not change, so that a long undo history stays small.
    """

    shape: tuple[int, int]
    tiles: tuple[tuple[Tile, ...], ...]

    @classmethod
    def from_array(cls, values: npt.NDArray[np.uint8]) -> "Coverage":
        """Cut (H, W) uint8 into tiles; equal empty or full tiles are one array."""
        if values.ndim != 2 or values.dtype != np.uint8:
            raise ValueError(f"coverage is (H, W) uint8, this is {values.shape} {values.dtype}")
        return cls._cut(values.shape, lambda top, left: values[top : top + TILE_PX, left : left + TILE_PX])

    @classmethod
    def from_probability(cls, probability: npt.NDArray[np.float32]) -> "Coverage":
        """A prediction as a starting shape: its half contour stays where it was within 1/255 of the slope."""

        # Tile by tile it stays in the processor's cache, and a picture of 8192 px takes no GB on the way.
        def tile(top: int, left: int) -> Tile:
            part = probability[top : top + TILE_PX, left : left + TILE_PX]
            return np.rint(np.clip(part, 0, 1) * FULL).astype(np.uint8)

        return cls._cut(probability.shape, tile)

    @classmethod
    def _cut(cls, shape: tuple[int, ...], tile_at: Callable[[int, int], Tile]) -> "Coverage":
        height, width = shape
        flat: dict[tuple[tuple[int, ...], int], Tile] = {}
        rows = []
        for top in range(0, height, TILE_PX):
            row = []
            for left in range(0, width, TILE_PX):
                tile = tile_at(top, left)
                first = int(tile[0, 0])
                if (tile == first).all():
                    tile = flat.setdefault((tile.shape, first), np.full(tile.shape, first, np.uint8))
                else:
                    tile = tile.copy()
                tile.setflags(write=False)
                row.append(tile)
            rows.append(tuple(row))
        return cls((height, width), tuple(rows))

    def to_array(self) -> npt.NDArray[np.uint8]:
        """(H, W) uint8, a new array."""
        return np.concatenate([np.concatenate(row, axis=1) for row in self.tiles], axis=0)

    def mask(self) -> npt.NDArray[np.bool_]:
        """(H, W) True where at least half of the pixel is inside."""
        result: npt.NDArray[np.bool_] = self.to_array() >= HALF
        return result

    def window(self, top: int, left: int, bottom: int, right: int) -> npt.NDArray[np.uint8]:
        """The part [top, bottom) x [left, right) as a new array; the box must lie within the picture."""
        result = np.empty((bottom - top, right - left), np.uint8)
        for i in range(top // TILE_PX, -(-bottom // TILE_PX)):
            for j in range(left // TILE_PX, -(-right // TILE_PX)):
                tile = self.tiles[i][j]
                t, le = i * TILE_PX, j * TILE_PX
                y0, y1 = max(top, t), min(bottom, t + tile.shape[0])
                x0, x1 = max(left, le), min(right, le + tile.shape[1])
                result[y0 - top : y1 - top, x0 - left : x1 - left] = tile[y0 - t : y1 - t, x0 - le : x1 - le]
        return result

    def replaced(self, top: int, left: int, patch: npt.NDArray[np.uint8]) -> "Coverage":
        """With `patch` laid in at (top, left), within the picture; itself if nothing differs."""
        bottom, right = top + patch.shape[0], left + patch.shape[1]
        if top < 0 or left < 0 or bottom > self.shape[0] or right > self.shape[1]:
            raise ValueError("the patch leaves the picture")
        tiles = [list(row) for row in self.tiles]
        changed = False
        for i in range(top // TILE_PX, -(-bottom // TILE_PX)):
            for j in range(left // TILE_PX, -(-right // TILE_PX)):
                old = self.tiles[i][j]
                t, le = i * TILE_PX, j * TILE_PX
                y0, y1 = max(top, t), min(bottom, t + old.shape[0])
                x0, x1 = max(left, le), min(right, le + old.shape[1])
                new = old.copy()
                new[y0 - t : y1 - t, x0 - le : x1 - le] = patch[y0 - top : y1 - top, x0 - left : x1 - left]
                if not np.array_equal(new, old):
                    new.setflags(write=False)
                    tiles[i][j] = new
                    changed = True
        return Coverage(self.shape, tuple(tuple(row) for row in tiles)) if changed else self

    def bytes_not_in(self, other: "Coverage | None") -> int:
        """Memory of the tiles that `other` does not share."""
        known = set() if other is None else {id(tile) for row in other.tiles for tile in row}
        own = {id(tile): tile.nbytes for row in self.tiles for tile in row}
        return sum(size for key, size in own.items() if key not in known)


def brush_stamp(
    path_px: Points, radius_px: float, shape: tuple[int, int]
) -> tuple[int, int, npt.NDArray[np.uint8]] | None:
    """What a round brush covers along a path.

    Parameters
    ----------
    path_px
        (N, 2) positions of the brush's middle in image px; one point makes a dot.
    radius_px
        Its rim is anti-aliased over one pixel.
    shape
        (H, W) of the picture.

    Returns
    -------
    (top, left, (h, w) uint8 coverage) of the smallest box within the picture; None if the brush is wholly outside.
    """
    if not radius_px > 0:
        raise ValueError(f"a brush needs a positive radius, not {radius_px} px")
    height, width = shape
    reach = radius_px + 1.0
    left, top = np.maximum(np.floor(path_px.min(axis=0) - reach).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(path_px.max(axis=0) + reach).astype(int) + 1, (width, height)).tolist()
    if left >= right or top >= bottom:
        return None
    return top, left, _stroke_coverage(path_px - (left, top), (bottom - top, right - left), radius_px)


def _stroke_coverage(path: Points, shape: tuple[int, int], radius: float) -> npt.NDArray[np.uint8]:
    """Distance to the path, turned into a rim one pixel wide; each segment touches only its own box."""
    result = np.zeros(shape, np.uint8)
    ends = path[1:] if len(path) > 1 else path
    starts = path[:-1] if len(path) > 1 else path
    for start, end in zip(starts, ends, strict=True):
        low = np.maximum(np.floor(np.minimum(start, end) - radius - 1).astype(int), 0)
        high = np.minimum(np.ceil(np.maximum(start, end) + radius + 1).astype(int) + 1, (shape[1], shape[0]))
        if (low >= high).any():
            continue
        v, u = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float64)
        along = end - start
        length2 = float(along @ along)
        share = np.clip(((u - start[0]) * along[0] + (v - start[1]) * along[1]) / length2, 0, 1) if length2 else 0.0
        distance = np.hypot(u - start[0] - share * along[0], v - start[1] - share * along[1])
        rim = np.rint(np.clip(radius + 0.5 - distance, 0, 1) * FULL).astype(np.uint8)
        part = result[low[1] : high[1], low[0] : high[0]]
        np.maximum(part, rim, out=part)
    return result
