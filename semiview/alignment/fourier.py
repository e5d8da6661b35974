"""Turn, size and shift between two pictures from their Fourier transforms."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import fft

from semiview.alignment.correlation import FloatImage, peaks
from semiview.core.outline import Points

FloatArray = npt.NDArray[np.float64]

ANGLES = 720  # of half a turn
LOWEST_SHARE, HIGHEST_SHARE = 0.02, 0.9  # of the highest frequency, between which spectra are compared
WHITENING = 0.7  # 1: pure phase correlation, which noise rules; 0: plain correlation, which shading rules
APART = 4


@dataclass(frozen=True, slots=True)
class TurnAndSize:
    """How the second picture shows the first: turned counter-clockwise as seen on the screen, and enlarged."""

    turn_deg: float
    size: float
    likeness: float


def turn_and_size(
    first: npt.NDArray[Any], second: npt.NDArray[Any], most_turn_deg: float, most_size: float, count: int
) -> list[TurnAndSize]:
    """Log-polar correlation of the amplitude spectra (Fourier-Mellin), the best peaks first.

    Parameters
    ----------
    first, second
        Pictures of any size, (H, W); they are padded to a common square.
    most_turn_deg
        At most 90: half a turn cannot be told from none by amplitudes.
    most_size
        Largest enlargement; 1 / most_size is the smallest.
    """
    side = fft.next_fast_len(max(*first.shape, *second.shape), real=True)
    radii = side
    spectra = [_log_polar(picture, side, radii) for picture in (first, second)]
    ratio = np.log(HIGHEST_SHARE / LOWEST_SHARE) / (radii - 1)  # of neighbouring radii
    columns = fft.next_fast_len(2 * radii, real=True)
    first_f, second_f = (fft.rfft2(spectrum, (ANGLES, columns)) for spectrum in spectra)
    strength = max(float(np.linalg.norm(spectra[0]) * np.linalg.norm(spectra[1])), 1e-12)
    likeness = fft.irfft2(np.conj(first_f) * second_f, (ANGLES, columns)) / strength
    most_rows = min(ANGLES // 2, int(most_turn_deg / 180 * ANGLES) + 2)
    most_columns = min(radii // 2, int(np.log(most_size) / ratio) + 2)
    window = np.roll(likeness, (most_rows, most_columns), (0, 1))[: 2 * most_rows + 1, : 2 * most_columns + 1]
    found = []
    for column, row in peaks(window.astype(np.float32), APART, 0.0, count):
        down, right = _vertex(window, int(row), int(column))
        # A pattern turned by an angle turns its spectrum by the same; one that grows shrinks it.
        turn = -(down - most_rows) * 180 / ANGLES
        size = float(np.exp(-(right - most_columns) * ratio))
        if abs(turn) <= most_turn_deg + 180 / ANGLES and 1 / most_size <= size * 1.02 and size <= most_size * 1.02:
            found.append(TurnAndSize(turn, size, float(window[row, column])))
    return found


def _log_polar(picture: npt.NDArray[Any], side: int, radii: int) -> FloatArray:
    """(ANGLES, radii) log amplitude over half a turn, each radius free of its mean."""
    values = np.asarray(picture, dtype=np.float64)
    height, width = values.shape
    windowed = (values - values.mean()) * np.outer(np.hanning(height), np.hanning(width))
    amplitude = fft.fftshift(np.abs(fft.fft2(windowed, (side, side))))
    logarithm = np.log(amplitude + 1e-3 * amplitude.mean() + 1e-30).astype(np.float32)
    angle = np.arange(ANGLES)[:, None] * np.pi / ANGLES
    share = LOWEST_SHARE * (HIGHEST_SHARE / LOWEST_SHARE) ** (np.arange(radii) / (radii - 1))
    radius = share * (side / 2)
    u = (side // 2 + radius * np.cos(angle)).astype(np.float32)
    v = (side // 2 + radius * np.sin(angle)).astype(np.float32)
    polar = cv2.remap(logarithm, u, v, cv2.INTER_LINEAR).astype(np.float64)
    polar -= polar.mean(axis=0)
    # What the eye calls texture lies at middle frequencies; the lowest hold few samples, the highest noise.
    return np.asarray(polar * np.hanning(radii), dtype=np.float64)


def _vertex(values: npt.NDArray[np.floating[Any]], row: int, column: int) -> tuple[float, float]:
    """Sub-pixel place of a peak by parabolas."""
    place = []
    for at, line in ((row, values[:, column]), (column, values[row])):
        if not 0 < at < len(line) - 1:
            place.append(float(at))
            continue
        before, here, after = (float(value) for value in line[at - 1 : at + 2])
        bend = before - 2 * here + after
        place.append(at + (float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0))
    return place[0], place[1]


def phase_shifts(
    first: FloatImage, second: FloatImage, reach_px: tuple[int, int], count: int, either_sign: bool
) -> list[tuple[Points, float]]:
    """Shifts (u, v) at which the second picture shows the first, with peak heights in sigmas of the map, best first.

    Phase correlation: the cross spectrum over its amplitude to the power WHITENING.

    Parameters
    ----------
    first, second
        Of one shape.
    reach_px
        Farthest shift along u and v.
    either_sign
        Also where the second shows the first inverted.
    """
    height, width = first.shape
    shape = fft.next_fast_len(height + reach_px[1], real=True), fft.next_fast_len(width + reach_px[0], real=True)
    cross = np.conj(fft.rfft2(first, shape)) * fft.rfft2(second, shape)
    amplitude = np.abs(cross)
    cross /= (amplitude + 1e-3 * amplitude.mean() + 1e-30) ** WHITENING
    rolled = np.roll(fft.irfft2(cross, shape), (reach_px[1], reach_px[0]), (0, 1))
    likeness = rolled[: 2 * reach_px[1] + 1, : 2 * reach_px[0] + 1]
    sigmas = likeness / max(1.4826 * float(np.median(np.abs(likeness))), 1e-30)
    if either_sign:
        sigmas = np.abs(sigmas)
    found = []
    for column, row in peaks(sigmas.astype(np.float32), APART, 0.0, count):
        down, right = _vertex(sigmas, int(row), int(column))
        found.append((np.array([right - reach_px[0], down - reach_px[1]]), float(sigmas[row, column])))
    return found
