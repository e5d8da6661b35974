"""The place of one falling edge on each profile, by the algorithms that look at each profile alone."""

import numpy as np
import scipy  # loads its parts when they are asked for: the window starts sooner
from scipy import ndimage

from semiview.metrology.crossing import Booleans, Floats, Integers

LOOK_PX = 3.0  # length of the two means whose difference is an edge's contrast
LEVEL_PX = 7.0  # how far from the flank the local minimum and maximum are looked for
GRADIENT_SIGMA_PX = 1.0
RIM_SHARE = 0.1  # of the edge's fall that a rim must stand out by
SIGMOID_ROUNDS, SIGMOID_STEPS = 3, 20
CELLS_PER_PX = 4


def running_means(profiles: Floats, length: int) -> Floats:
    """(N, M - length + 1) means of `length` samples in a row; NaN spoils only the means it is in."""
    count = profiles.shape[1] - length + 1
    total = profiles[:, :count].copy()
    for shift in range(1, length):
        total += profiles[:, shift : shift + count]
    return total / length


def _around(profiles: Floats, centre: Integers, before: int, behind: int) -> tuple[Floats, Integers]:
    """Samples centre - before ... centre + behind of each profile, NaN beyond its ends, and their indices."""
    index = centre[:, None] + np.arange(-before, behind + 1)
    inside = (index >= 0) & (index < profiles.shape[1])
    values = np.take_along_axis(profiles, np.clip(index, 0, profiles.shape[1] - 1), axis=1)
    return np.where(inside, values, np.nan), index


def threshold(profiles: Floats, steepest: Integers, share: float, step_px: float) -> tuple[Floats, Floats]:
    """Linearly interpolated crossing of the level between the local maximum inside and the local minimum outside.

    Of several crossings the one nearest to the steepest place. Also the signal's fall per px there.
    """
    window = round(LEVEL_PX / step_px)
    near, index = _around(profiles, steepest, window, window)
    # Means of three samples for the levels only: a single sample's noise would push both outward.
    smooth = np.full(near.shape, np.nan)
    smooth[:, 1:-1] = running_means(near, 3)
    high = np.max(smooth[:, : window + 1], axis=1, where=np.isfinite(smooth[:, : window + 1]), initial=-np.inf)
    low = np.min(smooth[:, window:], axis=1, where=np.isfinite(smooth[:, window:]), initial=np.inf)
    level = low + share * (high - low)
    above = near >= level[:, None]
    falls = above[:, :-1] & ~above[:, 1:] & np.isfinite(near[:, 1:])
    distance = np.where(falls, np.abs(np.arange(falls.shape[1]) + 0.5 - window), np.inf)
    first = np.argmin(distance, axis=1)
    rows = np.arange(len(near))
    before, behind = near[rows, first], near[rows, first + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        sample = index[rows, first] + (before - level) / (before - behind)
    place = (sample - profiles.shape[1] // 2) * step_px
    place[~np.isfinite(distance[rows, first])] = np.nan
    wide = max(round(1 / step_px), 1)
    around, _ = _around(profiles, index[rows, first], wide, wide + 1)
    slope = (around[:, 0] - around[:, -1]) / ((2 * wide + 1) * step_px)
    return place, np.where(slope > 0, slope, np.nan)


def derivative(profiles: Floats, steepest: Integers, step_px: float) -> Floats:
    """Vertex of the parabola through the greatest fall of the signal smoothed over a pixel."""
    known = np.where(np.isfinite(profiles), profiles, 0.0)
    fall = -ndimage.gaussian_filter1d(known, GRADIENT_SIGMA_PX / step_px, axis=1, order=1, mode="nearest")
    window = round(LOOK_PX / step_px)
    near, index = _around(fall, steepest, window, window)
    rows = np.arange(len(near))
    top = np.clip(np.nanargmax(near, axis=1), 1, near.shape[1] - 2)
    left, middle, right = near[rows, top - 1], near[rows, top], near[rows, top + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = 0.5 * (left - right) / (left - 2 * middle + right)
    place: Floats = (index[rows, top] + np.clip(shift, -1, 1) - profiles.shape[1] // 2) * step_px
    return place


def sigmoid(profiles: Floats, start_px: Floats, step_px: float) -> tuple[Floats, float]:
    """x0 of a + b / (1 + exp((x - x0) / w)) by least squares, over the flank from the rim outward; and w in px.

    Inside the rim the signal falls again. Where its top lies before the flank is read from the mean of all profiles: a
    single one's noise would choose samples that are too bright, and move the edge with the dose. So would a width of
    its own (by half a pixel at dose 5 from 4 rows): w is that of all profiles laid on each other; a, b and x0 are free.
    """
    window = round(LEVEL_PX / step_px)
    place, width = start_px, 1.0
    for _ in range(SIGMOID_ROUNDS):
        # About the newest places: a window about rough ones would lean the way the noise does.
        centre = np.rint(np.nan_to_num(place) / step_px).astype(np.int64) + profiles.shape[1] // 2
        near, index = _around(profiles, centre, window, window)
        known = np.isfinite(near)
        mean = np.sum(np.where(known, near, 0.0), axis=0) / np.maximum(known.sum(axis=0), 1)
        top = int(np.argmax(np.where(known.any(axis=0), mean, -np.inf)[: window + 1]))
        counted = known & (np.arange(2 * window + 1) >= top)
        x = (index - profiles.shape[1] // 2) * step_px
        width = _common_width(x - place[:, None], near, counted, width)
        place = _sigmoid_places(x, np.nan_to_num(near), counted.astype(np.float64), place, width)
    return place, width


def _common_width(t: Floats, values: Floats, counted: Booleans, width: float) -> float:
    """Width of the sigmoid through the mean of profiles laid on each other, t px outside their edges."""
    cell = np.rint(t[counted] * CELLS_PER_PX).astype(np.int64)
    if len(cell) == 0:
        return width
    number = np.bincount(cell - cell.min())
    filled = np.flatnonzero(number)
    mean = np.bincount(cell - cell.min(), values[counted])[filled] / number[filled]
    place, weight = (filled + cell.min()) / CELLS_PER_PX, np.sqrt(number[filled])

    def residual(parameters: Floats) -> Floats:
        low, height, middle, wide = parameters
        share = 1 / (1 + np.exp(np.clip((place - middle) / wide, -40, 40)))
        result: Floats = weight * (mean - low - height * share)
        return result

    ends = ([-np.inf, -np.inf, -2.0, 0.1], [np.inf, np.inf, 2.0, LEVEL_PX])
    fit = scipy.optimize.least_squares(residual, [mean.min(), np.ptp(mean), 0.0, width], bounds=ends)
    return float(fit.x[3])


def _sigmoid_places(x: Floats, values: Floats, weight: Floats, start: Floats, width: float) -> Floats:
    """(N,) places by Gauss-Newton steps, the two levels eliminated from each; at most LOOK_PX from where they begin."""
    place = start
    for _ in range(SIGMOID_STEPS):
        share = 1 / (1 + np.exp(np.clip((x - place[:, None]) / width, -40, 40)))
        count, sums = weight.sum(axis=1), (weight * share).sum(axis=1)
        squares, level = (weight * share**2).sum(axis=1), (weight * values).sum(axis=1)
        both = (weight * values * share).sum(axis=1)
        determinant = np.where(count * squares > sums**2, count * squares - sums**2, 1.0)
        height = (count * both - sums * level) / determinant
        low = (level - height * sums) / np.maximum(count, 1)
        residual = values - low[:, None] - height[:, None] * share
        bend = height[:, None] * share * (1 - share) / width
        one, two = (weight * bend).sum(axis=1), (weight * bend * share).sum(axis=1)
        slope = (count * two - sums * one) / determinant
        bend = bend - ((one - slope * sums) / np.maximum(count, 1))[:, None] - slope[:, None] * share
        step = (weight * residual * bend).sum(axis=1) / np.maximum((weight * bend**2).sum(axis=1), 1e-9)
        moved = np.clip(place + np.clip(step, -0.5, 0.5), start - LOOK_PX, start + LOOK_PX)
        done = float(np.max(np.abs(moved - place), initial=0.0, where=np.isfinite(moved - place))) < 1e-4
        place = moved
        if done:
            break
    return place


def linear(profiles: Floats, steepest: Integers, step_px: float) -> Floats:
    """Where the tangent at the steepest place meets the base line, the mean level outside (linear approximation)."""
    known = np.where(np.isfinite(profiles), profiles, 0.0)
    fall = -ndimage.gaussian_filter1d(known, GRADIENT_SIGMA_PX / step_px, axis=1, order=1, mode="nearest") / step_px
    smooth = ndimage.gaussian_filter1d(known, GRADIENT_SIGMA_PX / step_px, axis=1, mode="nearest")
    window, rows = round(LOOK_PX / step_px), np.arange(len(profiles))
    near, index = _around(fall, steepest, window, window)
    top = index[rows, np.nanargmax(near, axis=1)]
    outside, _ = _around(profiles, top + round(LEVEL_PX / step_px), window, window)
    counted = np.isfinite(outside)
    base = np.sum(np.where(counted, outside, 0.0), axis=1) / np.maximum(counted.sum(axis=1), 1)
    slope = fall[rows, top]
    with np.errstate(divide="ignore", invalid="ignore"):
        place: Floats = (top - profiles.shape[1] // 2) * step_px + (smooth[rows, top] - base) / slope
    place[(slope <= 0) | ~counted.any(axis=1)] = np.nan
    return place


def peak(profiles: Floats, steepest: Integers, step_px: float) -> Floats:
    """Vertex of the parabola through the top of the bright rim inside the edge; NaN where no rim stands out."""
    known = np.where(np.isfinite(profiles), profiles, 0.0)
    smooth = ndimage.gaussian_filter1d(known, GRADIENT_SIGMA_PX / step_px, axis=1, mode="nearest")
    smooth = np.where(np.isfinite(profiles), smooth, np.nan)
    window, rows = round(LEVEL_PX / step_px), np.arange(len(profiles))
    near, index = _around(smooth, steepest, window, window)
    # From the flank inward, uphill: the first top is the rim's.
    inward = np.nan_to_num(near[:, window::-1], nan=-np.inf)
    downhill = inward[:, 1:] < inward[:, :-1]
    top = np.argmax(downhill, axis=1)
    found = downhill.any(axis=1) & (top > 0)
    centre = index[rows, window - top]
    left, middle, right = (smooth[rows, np.clip(centre + shift, 0, smooth.shape[1] - 1)] for shift in (-1, 0, 1))
    behind = np.min(np.where(np.arange(window + 1) > top[:, None], inward, np.inf), axis=1)
    floor = np.nanmin(near, axis=1)
    found &= (middle - behind > RIM_SHARE * (middle - floor)) & np.isfinite(left + right)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = 0.5 * (left - right) / (left - 2 * middle + right)
    place: Floats = (centre + np.clip(np.nan_to_num(shift), -1, 1) - profiles.shape[1] // 2) * step_px
    place[~found] = np.nan
    return place
