"""Area means of a large picture at half, a quarter, ... of its size, and the part of it that a screen shows."""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

CRISP_ZOOM = 2.0
SCREEN_BLUR_PX = 0.5

Values = npt.NDArray[Any]


class Pyramid:
    """Level k holds the mean of every 2**k x 2**k block of pixels; made when first asked for.

    Parameters
    ----------
    pixels
        (H, W) uint8, uint16 or float32. It is not copied: who calls `replace` hands in an array of their own.
    """

    def __init__(self, pixels: Values) -> None:
        if pixels.ndim != 2 or pixels.size == 0 or pixels.dtype not in (np.uint8, np.uint16, np.float32):
            raise ValueError(
                f"a picture to draw is (H, W) uint8, uint16 or float32, this is {pixels.shape} {pixels.dtype}"
            )
        self._levels = [pixels]

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the picture in px."""
        height, width = self._levels[0].shape
        return height, width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number type of every level."""
        return self._levels[0].dtype

    def level(self, number: int) -> Values:
        """Means of 2**number x 2**number blocks; those at the far borders hold fewer pixels."""
        while len(self._levels) <= number:
            self._levels.append(_halved(self._levels[-1]))
        return self._levels[number]

    def replace(self, top: int, left: int, patch: Values) -> None:
        """Lay `patch` in at (top, left) and follow it up through the levels that exist."""
        bottom, right = top + patch.shape[0], left + patch.shape[1]
        self._levels[0][top:bottom, left:right] = patch
        for finer, coarser in zip(self._levels, self._levels[1:], strict=False):
            top, left, bottom, right = top // 2, left // 2, (bottom + 1) // 2, (right + 1) // 2
            coarser[top:bottom, left:right] = _halved(finer[2 * top : 2 * bottom, 2 * left : 2 * right])

    def sample(
        self, x: int, y: int, width: int, height: int, zoom: float, origin: tuple[float, float], crisp: bool = True
    ) -> Values:
        """What a screen shows: one value per screen px.

        Parameters
        ----------
        x, y, width, height
            Box of screen px.
        zoom
            Screen px per image px.
        origin
            Screen place of the middle of image pixel (0, 0).
        crisp
            At one to one and from twofold magnification on show the image pixels as squares.

        Returns
        -------
        (height, width) of the picture's number type: linear between pixel centres where it is enlarged, a mean over
        the screen px and its nearest surroundings where the picture is reduced. Outside the picture its border goes on.
        """
        u0, v0 = (x + 0.5 - origin[0]) / zoom, (y + 0.5 - origin[1]) / zoom
        on_grid = zoom == 1 and u0 == round(u0) and v0 == round(v0)
        if on_grid or (crisp and (zoom >= CRISP_ZOOM or zoom == 1)):
            return _nearest(self._levels[0], u0, v0, width, height, 1 / zoom)
        number = max(int(np.floor(np.log2(1 / zoom) + 1e-9)), 0)
        number = min(number, int(np.log2(max(self.shape))))
        block = 2**number
        level = self.level(number)
        # From image px to the level's own px, whose first pixel's corner is the picture's corner.
        s0, t0, step = (u0 + 0.5) / block - 0.5, (v0 + 0.5) / block - 0.5, 1 / (zoom * block)
        left, right = _reach(s0, step, width, level.shape[1])
        top, bottom = _reach(t0, step, height, level.shape[0])
        tile = level[top:bottom, left:right]
        if step > 1 or number > 0:
            # Means over a block alone let a pitch below two screen px through at half its contrast, as false lines.
            tile = cv2.GaussianBlur(tile, (5, 5), SCREEN_BLUR_PX * step, borderType=cv2.BORDER_REPLICATE)
        to_tile = np.array([[step, 0.0, s0 - left], [0.0, step, t0 - top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        result: Values = cv2.warpAffine(tile, to_tile, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return result


def _halved(values: Values) -> Values:
    height, width = values.shape
    rows, columns = height // 2, width // 2
    result = np.empty(((height + 1) // 2, (width + 1) // 2), values.dtype)
    if rows and columns:
        result[:rows, :columns] = _resized(values[: 2 * rows, : 2 * columns], columns, rows)
    if columns < result.shape[1] and rows:
        result[:rows, columns:] = _resized(values[: 2 * rows, 2 * columns :], 1, rows)
    if rows < result.shape[0] and columns:
        result[rows:, :columns] = _resized(values[2 * rows :, : 2 * columns], columns, 1)
    if columns < result.shape[1] and rows < result.shape[0]:
        result[rows:, columns:] = values[-1, -1]
    return result


def _resized(values: Values, width: int, height: int) -> Values:
    result: Values = cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)
    return result


def _nearest(pixels: Values, u0: float, v0: float, width: int, height: int, step: float) -> Values:
    if step == 1:
        return _part(pixels, math.floor(u0 + 0.5), math.floor(v0 + 0.5), width, height)
    columns = np.clip(np.floor(u0 + 0.5 + step * np.arange(width)).astype(np.int64), 0, pixels.shape[1] - 1)
    rows = np.clip(np.floor(v0 + 0.5 + step * np.arange(height)).astype(np.int64), 0, pixels.shape[0] - 1)
    strip = pixels[rows[0] : rows[-1] + 1].take(columns, axis=1)
    result: Values = strip.take(rows - rows[0], axis=0)
    return result


def _part(pixels: Values, left: int, top: int, width: int, height: int) -> Values:
    """(height, width) from pixel (left, top) on; outside the picture its border goes on."""
    rows, columns = pixels.shape
    first_row, last_row = min(max(top, 0), rows - 1), min(max(top + height, 1), rows)
    first_column, last_column = min(max(left, 0), columns - 1), min(max(left + width, 1), columns)
    part = pixels[first_row:last_row, first_column:last_column]
    if part.shape == (height, width):
        return part
    above, before = min(max(-top, 0), height), min(max(-left, 0), width)
    result: Values = cv2.copyMakeBorder(
        part,
        above - max(above + part.shape[0] - height, 0),
        max(height - above - part.shape[0], 0),
        before - max(before + part.shape[1] - width, 0),
        max(width - before - part.shape[1], 0),
        cv2.BORDER_REPLICATE,
    )
    return result


def _reach(first: float, step: float, count: int, length: int) -> tuple[int, int]:
    """Indices [low, high) of a level that `count` samples from `first` on need, with a margin."""
    low = int(np.clip(np.floor(first - step) - 2, 0, length - 1))
    high = int(np.clip(np.ceil(first + step * count) + 3, low + 1, length))
    return low, high
