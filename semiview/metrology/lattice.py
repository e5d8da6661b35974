"""The period of a picture that repeats along one direction or two, from its spectrum alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.crossing import Floats

FEWEST_PERIODS = 4.0  # along the picture
SHORTEST_PX = 4.0
STRONG_SHARE = 0.25  # of the strongest peak's amplitude: another direction of the same lattice
AROUND = 25  # bins
ABOVE_FLOOR = 8.0  # times the mean amplitude of the bins around
VARIANCE_SHARE = 0.02  # of the picture's variance in one wave
APART_SINE = 0.3  # directions closer than this are one
HALVES = 2
MOST_TRIED = 8  # waves alone
KEPT_SHARE = 0.5  # of how alike one period apart is, two periods apart must be
NEWTON_STEPS = 8


@dataclass(frozen=True, slots=True)
class Period:
    """One shortest vector of the lattice.

    Attributes
    ----------
    length_nm, angle_deg
        Length, and direction in the picture, counter-clockwise from the right as seen on the screen, in (-90, 90]:
        of lines it is the direction across, so that upright lines leaning by 1 degree have 1 or -1.
    se_nm, angle_se_deg
        Standard errors of length and direction from how they differ between the quarters of the picture.
    step_px
        (u, v) the vector in px, rows down.
    """

    length_nm: float
    angle_deg: float
    se_nm: float
    step_px: tuple[float, float]
    angle_se_deg: float = float("nan")


@dataclass(frozen=True, slots=True)
class Lattice:
    """One period (lines) or two, the shorter first."""

    periods: tuple[Period, ...]

    @property
    def tilt_deg(self) -> float:
        """By how much the first period leans from the nearer axis of the picture, in [-45, 45]."""
        return (self.periods[0].angle_deg + 45.0) % 90.0 - 45.0


@lru_cache(maxsize=4)
def picture_lattice(sem: SemImage, pixel_size: PixelSize) -> Lattice | None:
    """As `find_lattice`, found once for each picture."""
    return find_lattice(sem, pixel_size)


def find_lattice(sem: SemImage, pixel_size: PixelSize) -> Lattice | None:
    """The lattice of a picture that repeats at least four times; None if it does not, or without a pixel size."""
    if not pixel_size.known or min(sem.shape) < 2 * FEWEST_PERIODS * SHORTEST_PX:
        return None
    image = np.asarray(sem.pixels, dtype=np.float64)
    image = image - image.mean()
    if not np.isfinite(image).all() or not image.any():
        return None
    refined = _repeating(image, _waves(image))
    if not refined:
        return None
    scale = np.array([pixel_size.x_nm, -pixel_size.y_nm])
    whole = _periods_px(refined)
    parts = [
        _periods_px([_refined(quarter * _window(quarter.shape), wave) for wave in refined])
        for quarter in _quarters(image)
    ]
    periods = []
    for number, step in enumerate(whole):
        vector = step * scale
        length = float(np.hypot(*vector))
        others = np.array([part[number] for part in parts]) * scale
        lengths = np.hypot(*others.T)
        turns = np.rad2deg((vector[0] * others[:, 1] - vector[1] * others[:, 0]) / length / lengths)
        angle = float(np.rad2deg(np.arctan2(vector[1], vector[0])))
        se, angle_se = (float(np.std(each, ddof=1) / np.sqrt(len(others))) for each in (lengths, turns))
        periods.append(Period(length, 90.0 - (90.0 - angle) % 180.0, se, (float(step[0]), float(step[1])), angle_se))
    return Lattice(tuple(periods))


def _waves(image: Floats) -> Floats:
    """(N, 2) (u, v) frequencies in 1/px of the strong waves, the longest first, to the grid of the transform."""
    window = _window(image.shape)
    spectrum = np.abs(fft.rfft2(image * window))
    v, u = fft.fftfreq(image.shape[0])[:, None], fft.rfftfreq(image.shape[1])
    size = np.hypot(u, v)
    fewest = FEWEST_PERIODS / np.array(image.shape[::-1])
    counted = (np.hypot(u / fewest[0], v / fewest[1]) >= 1) & (size <= 1 / SHORTEST_PX)
    amplitude = np.where(counted, spectrum, 0.0)
    # A strip of random features has strong neighbours all around it; a wave stands alone.
    floor = ndimage.uniform_filter(spectrum, AROUND, mode=("wrap", "nearest"))
    peaks = (amplitude == ndimage.maximum_filter(amplitude, 5, mode=("wrap", "nearest"))) & (
        amplitude > ABOVE_FLOOR * floor
    )
    row, column = np.nonzero(peaks)
    if len(row) == 0:
        return np.empty((0, 2))
    strength = amplitude[row, column]
    # A wave of amplitude A has A sum(w) / 2 there, and the variance A^2 / 2.
    variance = 2 * (strength.max() / window.sum()) ** 2
    if variance < VARIANCE_SHARE * float(np.average(image**2, weights=window)):
        return np.empty((0, 2))
    strong = strength >= STRONG_SHARE * strength.max()
    found: Floats = np.column_stack([u[column[strong]], v[row[strong], 0]])
    return found[np.argsort(np.hypot(*found.T))]


def _shortest_pair(frequencies: Floats) -> list[Floats]:
    """The shortest frequency and the shortest that points elsewhere, from the shortest first."""
    first = frequencies[0]
    for other in frequencies[1:]:
        sine = abs(first[0] * other[1] - first[1] * other[0]) / (np.hypot(*first) * np.hypot(*other))
        if sine > APART_SINE:
            return [first, other]
    return [first]


def _refined(weighted: Floats, wave: Floats) -> Floats:
    """The frequency near `wave` at which the windowed picture's Fourier coefficient is largest, by Newton's method."""
    bins = 1 / np.array(weighted.shape[::-1])
    best = wave
    for _ in range(NEWTON_STEPS):
        gradient, curvature = _log_power(weighted, best)
        if not (np.linalg.eigvalsh(curvature) < 0).all():
            break
        step = -np.linalg.solve(curvature, gradient)
        best = best + np.clip(step, -0.5 * bins, 0.5 * bins)
        if (np.abs(step) < 1e-5 * bins).all():
            break
    return wave + np.clip(best - wave, -2.0 * bins, 2.0 * bins)


def _repeating(image: Floats, waves: Floats) -> list[Floats]:
    """The refined waves of the picture's lattice, two or one; empty if nothing repeats.

    A strong wave alone does not tell: a row of bars beside a line has one across, and no second line.
    """
    if len(waves) == 0:
        return []
    weighted = image * _window(image.shape)
    for tried in (_shortest_pair(waves), *([wave] for wave in waves[:MOST_TRIED])):
        refined = [_refined(weighted, wave) for wave in tried]
        if all(_repeats(image, step) for step in _periods_px(refined)):
            return refined
    return []


def _repeats(image: Floats, step: Floats) -> bool:
    """Whether one and two steps on the picture looks like itself again, and between them less so."""
    half, once, between, twice = (_likeness(image, times * step) for times in (0.5, 1.0, 1.5, 2.0))
    return min(once, twice) > max(half, between, KEPT_SHARE * max(once, twice))


def _likeness(image: Floats, step: Floats) -> float:
    """Correlation between a picture and itself moved by a step, to the nearest pixel, where both are; 0 outside."""
    (down, height), (right, width) = zip(np.rint(step[::-1]).astype(int).tolist(), image.shape, strict=True)
    if abs(down) >= height or abs(right) >= width:
        return 0.0
    here = image[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
    there = image[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    power = np.sqrt(np.vdot(here, here) * np.vdot(there, there))
    return float(np.vdot(here, there) / power) if power > 0 else 0.0


def _log_power(weighted: Floats, wave: Floats) -> tuple[Floats, Floats]:
    """(2,) gradient and (2, 2) curvature of ln |c|^2 by the frequency, c the Fourier coefficient there."""
    moments = _moments(weighted, wave, 2)
    value = moments[0, 0]
    first = np.array([moments[1, 0], moments[0, 1]])
    second = np.array([[moments[2, 0], moments[1, 1]], [moments[1, 1], moments[0, 2]]])
    power = abs(value) ** 2
    gradient = 2 * np.real(np.conj(value) * first) / power
    curvature = 2 * np.real(np.outer(np.conj(first), first) + np.conj(value) * second) / power
    return gradient, curvature - np.outer(gradient, gradient)


def _moments(weighted: Floats, wave: Floats, order: int) -> npt.NDArray[np.complex128]:
    """[i, j]: sum of picture (-2 pi i u)^i (-2 pi i v)^j exp(-2 pi i f (u, v)), u and v from the middle."""
    parts = []
    for size, frequency in zip(weighted.shape, wave[::-1], strict=True):
        turns = -2j * np.pi * (np.arange(size) - (size - 1) / 2)
        parts.append(np.exp(turns * frequency) * turns ** np.arange(order + 1)[:, None])
    rows, columns = parts
    halfway = weighted @ columns.real.T + 1j * (weighted @ columns.imag.T)
    result: npt.NDArray[np.complex128] = (rows @ halfway).T
    return result


def _window(shape: tuple[int, ...]) -> Floats:
    rows, columns = (np.hanning(size + 2)[1:-1] for size in shape)
    result: Floats = np.outer(rows, columns)
    return result


def _quarters(image: Floats) -> list[Floats]:
    height, width = (size // HALVES for size in image.shape)
    return [image[i * height : (i + 1) * height, j * width : (j + 1) * width] for i in (0, 1) for j in (0, 1)]


def _periods_px(waves: Sequence[Floats]) -> list[npt.NDArray[np.float64]]:
    """The shortest vectors in px of the lattice whose reciprocal basis the waves are, the shorter first."""
    if len(waves) == 1:
        return [waves[0] / (waves[0] @ waves[0])]
    one, other = np.linalg.inv(np.array(waves)).T
    # Lagrange's reduction.
    if one @ one > other @ other:
        one, other = other, one
    while True:
        other = other - np.rint(one @ other / (one @ one)) * one
        if other @ other >= one @ one:
            return [one, other]
        one, other = other, one
