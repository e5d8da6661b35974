"""The connected part of a painted shape at a place: a hole to fill, an island to take away."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from semiview.core.coverage import HALF, Coverage
from semiview.metrology.crossing import Booleans

FIRST_PX = 128
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A connected part (through edges of pixels) of material or of what is not material.

    Attributes
    ----------
    top, left, mask
        (h, w) True inside, placed in the picture by its first pixel.
    material
        True: at least half of each pixel is inside the shape.
    touches_border
        True if it reaches the picture's border: a hole that does is not closed.
    """

    top: int
    left: int
    mask: Booleans
    material: bool
    touches_border: bool


def region_at(shape: Coverage, u: float, v: float) -> Region | None:
    """The region of the pixel at image px (u, v); None outside the picture.

    A window about the place grows until the region lies within it: a small hole of a large picture costs little.
    """
    height, width = shape.shape
    row, column = round(v), round(u)
    if not (0 <= row < height and 0 <= column < width):
        return None
    reach = FIRST_PX
    while True:
        box = (max(row - reach, 0), max(column - reach, 0), min(row + reach, height), min(column + reach, width))
        found = _within(shape.window(*box) >= HALF, box, row, column)
        open_sides = (
            (box[0] > 0 and found.mask[0].any())
            or (box[1] > 0 and found.mask[:, 0].any())
            or (box[2] < height and found.mask[-1].any())
            or (box[3] < width and found.mask[:, -1].any())
        )
        if not open_sides:
            return _trimmed(found, shape.shape)
        reach *= 2


def _within(inside: Booleans, box: Box, row: int, column: int) -> Region:
    material = bool(inside[row - box[0], column - box[1]])
    labels, _ = ndimage.label(inside == material)
    mask: Booleans = labels == labels[row - box[0], column - box[1]]
    return Region(box[0], box[1], mask, material, False)


def _trimmed(region: Region, shape: tuple[int, int]) -> Region:
    rows, columns = np.flatnonzero(region.mask.any(axis=1)), np.flatnonzero(region.mask.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    mask = region.mask[top:bottom, left:right]
    top, bottom, left, right = (int(side) for side in (top, bottom, left, right))
    row, column = region.top + top, region.left + left
    touches = row == 0 or column == 0 or region.top + bottom == shape[0] or region.left + right == shape[1]
    return Region(row, column, mask, region.material, bool(touches))
