"""Inverse line scan: one parametric signal across an edge, and the places at which it fits profiles best.

At distance t outside the edge the signal is that of two materials with a bright rim inside and a shadow outside, seen
with a Gaussian beam:

    B + (A - B) F(-t / s) + P R(t; l, s) - Q R(-t; m, s),   R(t; l, s) = [exp(t / l) for t < 0] * N(0, s)

with F the normal distribution. Where other edges are near, their rim and shadow reach over: that of the edge at w px
on the far side of the same material adds P exp(-w / l) exp(-t / l), that of the one at g px across the space takes
Q exp(-g / m) exp(t / m), each seen with the beam.

The rim is bright and the shadow dark (P, Q >= 0). The shape is shared by all edges of a call and fitted to all of them
together with each edge's own place, by least squares weighted with the picture's own noise; then each place is the one
of greatest likelihood under that shape.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy  # loads its parts when they are asked for: the window starts sooner
from scipy import ndimage
from scipy.special import erfc, erfcx

from semiview.metrology.crossing import Booleans, Floats, Integers
from semiview.metrology.noise import NoiseModel

WINDOW_PX = 8.0
NEAR_PX = 40.0  # edges farther apart than that do not see each other
GRID_PX, GRID_STEP_PX = 40.0, 0.01
NEAREST_PX = 3.5  # samples this near the edge count even where another edge is closer
SEARCH_PX = 3.0
SEARCH_STEP_PX = 0.25
SHAPE_PROFILES = 4000  # tell the shape, whose common place errs by 0.05 px with 500 edges of dose 10
SHAPE_ROUNDS, SHAPE_STEPS = 2, 30
PLACE_STEPS = 8
GAIN_PROFILES = (3, 5, 9, 17, 33, 65)  # so many neighbours share a gain: as many as foretell each other's best
# Beam and rim in px to begin with. The shadow's length, which so short a window hardly shows, stays as it is.
STARTS = [(0.7, 1.0), (1.2, 2.5), (2.0, 5.0)]
SHADOW_PX = 8.0
LOWEST, HIGHEST = np.array([0.3, 0.3]), np.array([5.0, 12.0])


@dataclass(frozen=True, slots=True)
class LineScan:
    """The shape: beam, rim and shadow lengths in px, and the four levels A, B, P, Q in grey levels."""

    lengths: tuple[float, float, float]
    levels: tuple[float, float, float, float]

    def signal(self, t: Floats, facing: Floats | None = None) -> Floats:
        """Grey level at distances t px outside the edge.

        Parameters
        ----------
        facing
            (N, 2) distances in px to the edges inward and outward, for t of (N, K). None: nothing is near.
        """
        alone = _gridded(lambda grid: _exact_basis(grid, self.lengths) @ np.array(self.levels), t)
        return _with_reach(
            alone, t, facing, self.lengths, lambda grid: _exact_reach(grid, self.lengths) * self.levels[2:]
        )

    def fall(self, t: Floats, facing: Floats | None = None) -> Floats:
        """How much the signal falls per px there: the negative derivative."""
        return _with_reach(_gridded(self._exact_fall, t), t, facing, self.lengths, self._exact_reach_fall)

    def _exact_reach_fall(self, t: Floats) -> Floats:
        """(..., 2) of what reaches over from inside and from outside, before its own decay."""
        beam, rim, shadow = self.lengths
        density = np.exp(-0.5 * (t / beam) ** 2) / (beam * np.sqrt(2 * np.pi))
        from_inside, from_outside = np.moveaxis(_exact_reach(t, self.lengths), -1, 0)
        falls = np.stack([density + from_inside / rim, density - from_outside / shadow], axis=-1)
        result: Floats = falls * self.levels[2:]
        return result

    def _exact_fall(self, t: Floats) -> Floats:
        beam, rim, shadow = self.lengths
        a, b, p, q = self.levels
        density = np.exp(-0.5 * (t / beam) ** 2) / (beam * np.sqrt(2 * np.pi))
        rim_slope = _decay(t, rim, beam) / rim - density
        shadow_slope = density - _decay(-t, shadow, beam) / shadow
        result: Floats = (a - b) * density - p * rim_slope + q * shadow_slope
        return result

    def bound_px(self, noise: NoiseModel) -> float:
        """Cramer-Rao bound of an edge's place from pixels 1 px apart with that noise."""
        t = np.arange(-WINDOW_PX, WINDOW_PX + 0.05, 0.1)
        information = float(np.sum(self.fall(t) ** 2 / noise.variance(self.signal(t)))) * 0.1
        return float(1 / np.sqrt(information)) if information > 0 else float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """(N, K) places in px, grey levels, and whether each counts, around N edges; and (N, 2) how near others are."""

    x: Floats
    values: Floats
    counts: Booleans
    facing: Floats | None

    def where(self, keep: Integers) -> "_Samples":
        facing = None if self.facing is None else self.facing[keep]
        return _Samples(self.x[keep], self.values[keep], self.counts[keep], facing)


def fit_line_scans(
    profiles: Floats,
    steepest: Integers,
    start_px: Floats,
    room_px: Floats,
    noise: NoiseModel,
    step_px: float,
    facing_px: Floats | None = None,
) -> tuple[Floats, Floats, Floats, LineScan]:
    """The shape of the edges of N profiles, and where each lies.

    Parameters
    ----------
    profiles
        (N, M) outward grey levels at symmetric offsets.
    steepest
        (N,) sample at which each profile falls most.
    start_px
        (N,) rough places of the edges; NaN: at the steepest sample.
    room_px
        (N,) distance to the nearest other edge's middle ground: samples beyond it belong to that one.
    noise
        Of one sample.
    facing_px
        (N, 2) distances from the profile's middle to the edges that face it inward and outward; inf: none is near.

    Returns
    -------
    (N,) places in px, (N,) Cramer-Rao bounds, (N,) how many standard deviations of the noise the edge stands out by,
    and the shape.
    """
    count, length = profiles.shape
    window = round((WINDOW_PX + SEARCH_PX) / step_px)
    index = steepest[:, None] + np.arange(-window, window + 1)
    inside = (index >= 0) & (index < length)
    values = np.take_along_axis(profiles, np.clip(index, 0, length - 1), axis=1)
    x = (index - length // 2) * step_px
    middle = (steepest - length // 2) * step_px
    start = np.where(np.isfinite(start_px), start_px, middle)
    near = np.clip(room_px, NEAREST_PX, WINDOW_PX)
    counts = inside & np.isfinite(values)
    samples = _Samples(x, np.nan_to_num(values), counts, None if facing_px is None else _apart(facing_px, start))

    every = max(count // SHAPE_PROFILES, 1)
    chosen = np.arange(0, count, every)
    shape = _first_shape(samples.where(chosen), start[chosen], near[chosen])
    some, nearby, level = samples.where(chosen), near[chosen], np.ones(len(chosen))
    for _ in range(SHAPE_ROUNDS):
        place = _search(some, middle[chosen], nearby, shape, noise)
        # Where shading is left in, a brighter profile would be one whose edge lies farther out.
        for _ in range(2):
            place = _places(some, place, nearby, level, shape, noise)
            level = _gains(some, place, nearby, shape, noise)
            level /= level.mean()
        if facing_px is not None:
            some = replace(some, facing=_apart(facing_px[chosen], place))
        even = replace(some, values=some.values / level[:, None])
        shape = _shared_shape(even, place, nearby, shape, noise)
    if facing_px is not None:
        samples = replace(samples, facing=_apart(facing_px, start))
    place = _search(samples, middle, near, shape, noise)
    gain = np.ones(count)
    for _ in range(2):
        place = _places(samples, place, near, gain, shape, noise)
        if facing_px is not None:
            samples = replace(samples, facing=_apart(facing_px, place))
        gain = _gains(samples, place, near, shape, noise)
    place = _places(samples, place, near, gain, shape, noise)
    return place, shape.bound_px(noise) / gain, _strength(samples, place, near, shape, noise, step_px), shape


def _apart(facing_px: Floats, start: Floats) -> Floats | None:
    """(N, 2) from each edge to those that face it, which moved as far as the edges do on average; None: all are far."""
    moved = (start + np.median(start))[:, None] * [1.0, -1.0]
    apart = np.maximum(facing_px + moved, NEAREST_PX)
    return apart if (apart < NEAR_PX).any() else None


def _decay(t: Floats, length: float, beam: float) -> Floats:
    """exp(t / length) for t < 0, 0 beyond, seen with the beam."""
    t = np.clip(t, -20 * beam, 20 * beam) if beam < 0.5 else t
    argument = np.maximum((t + beam**2 / length) / (np.sqrt(2) * beam), -26.0)
    far = np.exp(np.minimum(t / length + 0.5 * (beam / length) ** 2, 50.0))
    result: Floats = np.where(
        argument <= -25.0, far, 0.5 * np.exp(-0.5 * (t / beam) ** 2) * erfcx(np.maximum(argument, -25.0))
    )
    return result


def _gridded(function: Callable[[Floats], Floats], t: Floats) -> Floats:
    """function(t), for many values by linear interpolation on a grid so fine that the error is below 1e-5 of it."""
    if t.size < GRID_PX / GRID_STEP_PX:
        return function(t)
    grid = np.arange(-GRID_PX, GRID_PX + GRID_STEP_PX / 2, GRID_STEP_PX)
    table = function(grid)
    place = (np.clip(t, -GRID_PX, GRID_PX - GRID_STEP_PX) + GRID_PX) * (1 / GRID_STEP_PX)
    index = place.astype(np.int32)
    place -= index
    result: Floats = table[index]
    place = place if table.ndim == 1 else place[..., None]
    result += place * np.diff(table, axis=0)[index]
    return result


def _basis(t: Floats, lengths: tuple[float, float, float]) -> Floats:
    """(..., 4) what A, B, P and Q are multiplied with."""
    return _gridded(lambda grid: _exact_basis(grid, lengths), t)


def _exact_basis(t: Floats, lengths: tuple[float, float, float]) -> Floats:
    beam, rim, shadow = lengths
    inner = 0.5 * erfc(t / (np.sqrt(2) * beam))
    return np.stack([inner, 1 - inner, _decay(t, rim, beam), -_decay(-t, shadow, beam)], axis=-1)


def _exact_reach(t: Floats, lengths: tuple[float, float, float]) -> Floats:
    """(..., 2) rim of the edge behind this one and shadow of the one before it, each 1 at this one without the beam."""
    beam, rim, shadow = lengths
    return np.stack([_decay(t, -rim, beam), -_decay(-t, -shadow, beam)], axis=-1)


def _with_reach(
    alone: Floats,
    t: Floats,
    facing: Floats | None,
    lengths: tuple[float, float, float],
    reach: Callable[[Floats], Floats],
) -> Floats:
    """(N, K) the signal of an edge alone, and what reaches over from the edges that face it."""
    if facing is None:
        return alone
    share = np.exp(-facing / lengths[1:])
    result: Floats = alone + np.einsum("nkj,nj->nk", _gridded(reach, t), share)
    return result


def _weights(samples: _Samples, t: Floats, near: Floats, level: Floats, noise: NoiseModel) -> Floats:
    result: Floats = (samples.counts & (np.abs(t) <= near[:, None])) / noise.variance(level)
    return result


def _first_shape(samples: _Samples, start: Floats, near: Floats) -> LineScan:
    """From the mean of the profiles laid on each other at rough places: the best of a few fits."""
    t = samples.x - start[:, None]
    counted = samples.counts & (np.abs(t) <= near[:, None])
    cell = np.rint(t[counted] * 4).astype(np.int64)
    low = cell.min()
    number = np.bincount(cell - low)
    filled = number > 0
    mean = np.bincount(cell - low, samples.values[counted])[filled] / number[filled]
    place, weight = (np.flatnonzero(filled) + low) / 4, np.sqrt(number[filled])

    def levels_at(values: Floats) -> tuple[Floats, Floats]:
        basis = _basis(place - values[2], (values[0], values[1], SHADOW_PX)) * weight[:, None]
        # A little ridge: levels that nothing tells apart stay small.
        ridge = 1e-3 * np.sqrt(weight @ weight) * np.eye(4)
        levels = np.linalg.lstsq(np.vstack([basis, ridge]), np.append(mean * weight, np.zeros(4)), rcond=None)[0]
        return levels, basis @ levels - mean * weight

    def residual(values: Floats) -> Floats:
        return levels_at(values)[1]

    ends = np.append(LOWEST, -2.0), np.append(HIGHEST, 2.0)
    fits = [scipy.optimize.least_squares(residual, [*lengths, -0.3], bounds=ends, max_nfev=40) for lengths in STARTS]
    best = min(fits, key=lambda fit: float(fit.cost))
    return _of_values(np.concatenate([np.log(best.x[:2]), levels_at(best.x)[0]]))


def _search(samples: _Samples, middle: Floats, near: Floats, shape: LineScan, noise: NoiseModel) -> Floats:
    """(N,) the likeliest of places SEARCH_STEP_PX apart around each profile's steepest sample."""
    shifts = np.arange(-SEARCH_PX, SEARCH_PX + SEARCH_STEP_PX / 2, SEARCH_STEP_PX)
    t = samples.x[0] - middle[0]  # the same for every profile
    templates = shape.signal(t[None, :] - shifts[:, None])
    variance = noise.variance(templates)
    # The same samples for every shift, or a shift that leaves the window would look likely.
    counted = (samples.counts & (np.abs(t) <= near[:, None] + 1)).astype(np.float64)
    values = samples.values
    unlikely = (
        (counted * values**2) @ (1 / variance).T
        - 2 * (counted * values) @ (templates / variance).T
        + counted @ (templates**2 / variance + np.log(variance)).T
    )
    result: Floats = middle + shifts[np.argmin(unlikely, axis=1)]
    return result


def _places(samples: _Samples, place: Floats, near: Floats, gain: Floats, shape: LineScan, noise: NoiseModel) -> Floats:
    """(N,) places of greatest likelihood by scoring, at most a search step from where they begin."""
    start = place
    for _ in range(PLACE_STEPS):
        t = samples.x - place[:, None]
        level = gain[:, None] * shape.signal(t, samples.facing)
        fall = gain[:, None] * shape.fall(t, samples.facing)
        weight = _weights(samples, t, near, level, noise)
        information = np.sum(weight * fall**2, axis=1)
        step = np.sum(weight * fall * (samples.values - level), axis=1) / np.where(information > 0, information, 1)
        moved = np.clip(place + np.clip(step, -0.5, 0.5), start - 1.0, start + 1.0)
        done = float(np.max(np.abs(moved - place), initial=0.0)) < 1e-4
        place = moved
        if done:
            break
    return place


def _gains(samples: _Samples, place: Floats, near: Floats, shape: LineScan, noise: NoiseModel) -> Floats:
    """(N,) how much brighter each edge's surroundings are than the shape, from it and its neighbours along the way.

    How many neighbours is chosen by cross-validation: shading wants few of them, noise many.
    """
    t = samples.x - place[:, None]
    level = shape.signal(t, samples.facing)
    weight = _weights(samples, t, near, level, noise)
    own_above, own_below = np.sum(weight * samples.values * level, axis=1), np.sum(weight * level**2, axis=1)
    best, least = np.ones(len(place)), np.inf
    for size in GAIN_PROFILES:
        if size > len(place):
            break
        above, below = (size * ndimage.uniform_filter1d(own, size, mode="nearest") for own in (own_above, own_below))
        # How far each gain is from what its neighbours alone would say of it.
        others = (above - own_above) / np.where(below - own_below > 0, below - own_below, 1)
        missed = float(np.sum(own_below * others**2 - 2 * own_above * others))
        if missed < least:
            best, least = above / np.where(below > 0, below, 1), missed
    result: Floats = np.clip(best, 0.5, 2.0)
    return result


def _strength(
    samples: _Samples, place: Floats, near: Floats, shape: LineScan, noise: NoiseModel, step_px: float
) -> Floats:
    """(N,) what the shape, without its mean, weighs in the profile, over that weight's own noise."""
    t = samples.x - place[:, None]
    level = shape.signal(t, samples.facing)
    weight = _weights(samples, t, near, level, noise)
    total = np.maximum(np.sum(weight, axis=1), 1e-12)
    change = level - (np.sum(weight * level, axis=1) / total)[:, None]
    # Samples closer than a pixel are not independent.
    squares = np.maximum(np.sum(weight * change**2, axis=1) * step_px, 1e-12)
    result: Floats = np.sum(weight * change * samples.values, axis=1) * step_px / np.sqrt(squares)
    return result


def _shared_shape(samples: _Samples, place: Floats, near: Floats, shape: LineScan, noise: NoiseModel) -> LineScan:
    """The shape of least squares with every place free: the places are eliminated from each step (Schur complement)."""
    values = np.array([*np.log(shape.lengths[:2]), *shape.levels])
    values[4:] = np.maximum(values[4:], 0.0)
    damping, cost = 1e-3, np.inf
    current = _of_values(values)
    t = samples.x - place[:, None]
    fixed = _weights(samples, t, near, shape.signal(t, samples.facing), noise)
    for _ in range(SHAPE_STEPS):
        t = samples.x - place[:, None]
        residual = samples.values - current.signal(t, samples.facing)
        cost = float(np.sum(fixed * residual**2))
        own = current.fall(t, samples.facing)
        shared = _shape_jacobian(current, t, samples.facing)
        own_squared = np.maximum(np.sum(fixed * own**2, axis=1), 1e-12)
        across = np.einsum("nk,nk,nkj->nj", fixed, own, shared)
        own_right = np.sum(fixed * own * residual, axis=1)
        normal = np.einsum("nk,nki,nkj->ij", fixed, shared, shared) - (across / own_squared[:, None]).T @ across
        right = np.einsum("nk,nkj,nk->j", fixed, shared, residual) - across.T @ (own_right / own_squared)
        for _ in range(8):
            damped = normal + np.diag(damping * np.diag(normal) + 1e-9)
            step = np.linalg.solve(damped, right)
            trial = values + step
            trial[:2] = np.clip(trial[:2], np.log(LOWEST), np.log(HIGHEST))
            trial[4:] = np.maximum(trial[4:], 0.0)  # dark rims and bright shadows would stand in for a wide beam
            moved = place + np.clip((own_right - across @ step) / own_squared, -0.5, 0.5)
            candidate = _of_values(trial)
            level = candidate.signal(samples.x - moved[:, None], samples.facing)
            new = float(np.sum(fixed * (samples.values - level) ** 2))
            if new < cost:
                break
            damping *= 8
        else:
            return current
        values, place, current, damping = trial, moved, candidate, damping / 5
        if cost - new < 1e-6 * cost:
            break
    return current


def _of_values(values: Floats) -> LineScan:
    beam, rim = np.exp(values[:2]).tolist()
    a, b, p, q = values[2:].tolist()
    return LineScan((beam, rim, SHADOW_PX), (a, b, p, q))


def _shape_jacobian(shape: LineScan, t: Floats, facing: Floats | None) -> Floats:
    """(N, K, 6) derivatives by the logarithms of beam and rim, and by the levels."""
    columns = []
    for number in range(2):
        lengths = list(shape.lengths)
        lengths[number] *= 1 + 1e-4
        longer = replace(shape, lengths=(lengths[0], lengths[1], lengths[2]))
        columns.append((longer.signal(t, facing) - shape.signal(t, facing)) / np.log(1 + 1e-4))
    basis = _basis(t, shape.lengths)
    if facing is not None:
        share = np.exp(-facing / shape.lengths[1:])
        basis[..., 2:] += _gridded(lambda grid: _exact_reach(grid, shape.lengths), t) * share[:, None]
    return np.concatenate([np.stack(columns, axis=-1), basis], axis=-1)
