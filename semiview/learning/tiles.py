"""A picture seen in tiles that do not show: on a grid, each with a halo of what it has to know around it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from semiview.learning.samples import Plane


@dataclass(frozen=True, slots=True)
class Tiling:
    """What a network asks of its tiles.

    Attributes
    ----------
    multiple_px
        Sides are multiples of it, at least two of them; a picture is grown by reflection.
    grid_px
        Tiles begin on multiples of it.
    halo_px
        How far a tile sees beyond itself: a multiple of the grid, at least the receptive field.
    tile_px
        Side of the tiles of a large picture.
    """

    multiple_px: int
    grid_px: int
    halo_px: int
    tile_px: int

    @property
    def whole_px2(self) -> int:
        """A picture no larger than a tile with its halo is seen at once."""
        return (self.tile_px + 2 * self.halo_px) ** 2

    def enlarging(self, factor: int) -> "Tiling":
        """The tiling of a picture whose tiles are enlarged before they are looked at."""
        return Tiling(*(px // factor for px in (self.multiple_px, self.grid_px, self.halo_px, self.tile_px)))

    def see(self, values: Plane, look: Callable[[Plane], Plane], tile_px: int = 0) -> Plane:
        """What `look`, (h, w) to (h, w), says of a picture (H, W), in tiles of about `tile_px`; 0: as it likes best."""
        padded = self._padded(values)
        result = np.empty(padded.shape, np.float32)
        for rows, columns, seen_rows, seen_columns in self.tiles(padded.shape, tile_px):
            seen = look(np.ascontiguousarray(padded[seen_rows, seen_columns]))
            top, left = rows.start - seen_rows.start, columns.start - seen_columns.start
            result[rows, columns] = seen[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]
        height, width = values.shape
        return result[:height, :width]

    def tiles(self, shape: tuple[int, ...], tile_px: int = 0) -> Iterator[tuple[slice, slice, slice, slice]]:
        """Rows and columns of each tile, and those of what it sees."""
        if tile_px == 0:
            tile_px = max(shape) + self.grid_px if shape[0] * shape[1] <= self.whole_px2 else self.tile_px
        step = max(tile_px // self.grid_px, 1) * self.grid_px

        def parts(side: int) -> list[tuple[slice, slice]]:
            return [
                (
                    slice(low, min(low + step, side)),
                    slice(max(low - self.halo_px, 0), min(low + step + self.halo_px, side)),
                )
                for low in range(0, side, step)
            ]

        for rows, seen_rows in parts(shape[0]):
            for columns, seen_columns in parts(shape[1]):
                yield rows, columns, seen_rows, seen_columns

    def _padded(self, values: Plane) -> Plane:
        wanted = (max(-(-side // self.multiple_px), 2) * self.multiple_px for side in values.shape)
        return np.pad(values, [(0, to - side) for to, side in zip(wanted, values.shape, strict=True)], mode="symmetric")
