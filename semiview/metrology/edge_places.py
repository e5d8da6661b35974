"""The place of one falling edge on each profile, by the algorithms that look at each profile alone."""

import numpy as np
from scipy import ndimage

from semiview.metrology.crossing import Floats, Integers

LOOK_PX = 3.0  # length of the two means whose difference is an edge's contrast
LEVEL_PX = 7.0  # how far from the flank the local minimum and maximum are looked for
GRADIENT_SIGMA_PX = 1.0
RIM_SHARE = 0.1  # of the edge's fall that a rim must stand out by
SIGMOID_STEPS = 25


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


def sigmoid(profiles: Floats, start_px: Floats, step_px: float) -> Floats:
    """x0 of a + b / (1 + exp((x - x0) / w)) by damped least squares, over the flank from the rim outward.

    Inside the rim the signal falls again. Where its top lies before the flank is read from the mean of all profiles: a
    single one's noise would choose samples that are too bright, and move the edge with the dose.
    """
    window = round(LEVEL_PX / step_px)
    centre = np.rint(np.nan_to_num(start_px) / step_px).astype(np.int64) + profiles.shape[1] // 2
    near, index = _around(profiles, centre, window, window)
    known = np.isfinite(near)
    mean = np.sum(np.where(known, near, 0.0), axis=0) / np.maximum(known.sum(axis=0), 1)
    top = int(np.argmax(np.where(known.any(axis=0), mean, -np.inf)[: window + 1]))
    weight = (known & (np.arange(2 * window + 1) >= top)).astype(np.float64)
    x = (index - profiles.shape[1] // 2) * step_px
    signal = np.nan_to_num(near)
    low = np.min(np.where(weight > 0, signal, np.inf), axis=1)
    high = np.max(np.where(weight > 0, signal, -np.inf), axis=1)
    values = np.stack([low, high - low, start_px, np.ones(len(near))], axis=1)
    damping = np.full(len(near), 1e-2)

    def model(values: Floats) -> tuple[Floats, Floats]:
        low, height, place, width = (values[:, i : i + 1] for i in range(4))
        argument = np.clip((x - place) / width, -40, 40)
        share = 1 / (1 + np.exp(argument))
        bend = share * (1 - share) / width
        jacobian = np.stack([np.ones_like(share), share, height * bend, height * bend * argument], axis=2)
        return weight * (signal - low - height * share), jacobian * weight[:, :, None]

    residual, jacobian = model(values)
    cost = np.sum(residual**2, axis=1)
    for _ in range(SIGMOID_STEPS):
        normal = np.einsum("nki,nkj->nij", jacobian, jacobian)
        diagonal = np.einsum("nii->ni", normal)
        normal = normal + np.eye(4) * (damping[:, None] * diagonal + 1e-9)[:, None, :]
        step = np.linalg.solve(normal, np.einsum("nki,nk->ni", jacobian, residual)[:, :, None])[:, :, 0]
        trial = values + step
        trial[:, 3] = np.clip(trial[:, 3], 0.1, LEVEL_PX)
        new_residual, new_jacobian = model(trial)
        new_cost = np.sum(new_residual**2, axis=1)
        better = new_cost < cost
        values[better], cost[better] = trial[better], new_cost[better]
        residual[better], jacobian[better] = new_residual[better], new_jacobian[better]
        damping = np.where(better, damping / 5, damping * 5)
        if np.abs(step[:, 2]).max(initial=0) < 1e-4:
            break
    place: Floats = values[:, 2]
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
