"""Find the data bar that a microscope draws under or into the picture."""

from typing import Any

import numpy as np
import numpy.typing as npt

HIGHEST_BAR, LOWEST_BAR = 0.3, 0.015  # of the image's height
MOST_BELOW = 0.04  # rows of picture that may go on below the bar, of the image's height
COLUMNS = 512  # enough to tell a flat row from a picture's
CLOSE = 3  # grey levels of 256 that JPEG adds to a flat row
FLAT = 0.9  # share of pixels at one grey value in the row that begins a bar
MIXED = 0.7  # share that the rows of picture above it do not reach, unless their grey value is
STEP = 24  # levels of 256 away from it
PLAIN = 0.55  # median share in the bar, text included
QUIET = 0.4  # noise of the bar, at most, in terms of the picture's noise
TEXT = (0.003, 0.5)  # share of the bar that is not of its row's commonest grey value


def picture_height(pixels: npt.NDArray[Any]) -> int:
    """Number of rows from the top that are picture; all of them if there is no data bar.

    A data bar begins with a row of one grey value from side to side under rows of noisy picture, goes on with rows
    that are free of noise and hold text, and ends at the bottom or a little above it. Without noise in the picture
    (a drawing, a simulation) nothing can be told and nothing is cut.
    """
    height, width = int(pixels.shape[0]), int(pixels.shape[1])
    first = int(height * (1 - HIGHEST_BAR))
    if first < 8 or height - first < 8:
        return height
    picture_noise = float(np.median(_noise(pixels[:first:4])))
    if picture_noise < 0.1:
        return height
    noise = _noise(pixels[first:])
    share, commonest, text = _rows(pixels[first:, :: max(1, width // COLUMNS)])
    quiet = np.flatnonzero(noise <= QUIET * picture_noise)
    if len(quiet) == 0:
        return height
    end = int(quiet[-1]) + 1
    if len(noise) - end > MOST_BELOW * height:
        return height
    step = (share[3:-1] < MIXED) | (np.abs(np.diff(commonest)[3:]) > STEP)
    for row in np.flatnonzero(step & (share[4:] >= FLAT)) + 4:
        if (
            end - row >= LOWEST_BAR * height
            and np.median(noise[row:end]) <= QUIET * picture_noise
            and np.median(noise[row - 4 : row]) > QUIET * picture_noise
            and np.median(share[row:end]) >= PLAIN
            and TEXT[0] <= text[row:end].mean() <= TEXT[1]
        ):
            return first + int(row)
    return height


def _noise(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Per row: share of pixels that differ from their neighbour."""
    step = max(2, pixels.shape[1] // COLUMNS)
    right = pixels[:, 1::step]
    changes: npt.NDArray[np.float64] = np.mean(pixels[:, ::step][:, : right.shape[1]] != right, axis=1)
    return changes


def _rows(
    pixels: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Per row: share of pixels close to the commonest grey value, that value (of 256), share of pixels far from it."""
    low, high = float(pixels.min()), float(pixels.max())
    if high <= low:
        return np.ones(len(pixels)), np.zeros(len(pixels), np.int64), np.zeros(len(pixels))
    level = ((pixels.astype(np.float32) - low) * (255.0 / (high - low))).astype(np.int64)
    rows, columns = level.shape
    counts = np.bincount((np.arange(rows)[:, None] * 256 + level).ravel(), minlength=rows * 256).reshape(rows, 256)
    running = np.cumsum(np.pad(counts, ((0, 0), (CLOSE + 1, CLOSE))), axis=1)
    near = running[:, 2 * CLOSE + 1 :] - running[:, : -2 * CLOSE - 1]
    commonest = near.argmax(axis=1)
    far = np.abs(level - commonest[:, None]) > 64
    return near.max(axis=1) / columns, commonest, far.mean(axis=1)
