"""Edges on profiles: the unfiltered signal along each edge's normal, and where on it the edge lies.

Profiles run outward, from the material into the void. The material is taken to be the brighter side, or to carry a
bright rim: the edge is the rim's outer flank. `dark_material` tells pictures that are the other way round.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.core.document import MeasureSettings
from semiview.core.outline import Points
from semiview.metrology.crossing import Floats, Integers

ALGORITHMS = ("threshold", "derivative", "sigmoid")
STEP_PX = 0.5
BLOCK = 512  # profiles sampled at a time
LOOK_PX = 3.0  # length of the two means whose difference is an edge's contrast
LEVEL_PX = 7.0  # how far from the flank the local minimum and maximum are looked for
NOISE_SIGMAS = 5.0
CONTRAST_SHARE = 0.25  # of the contrast that the field's strong edges have
STRONG_PERCENTILE = 80
SATURATED_SHARE = 0.5
ENOUGH_PROFILES = 500  # tell the tone of the material
GRADIENT_SIGMA_PX = 1.0
SIGMOID_STEPS = 25


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """One edge a profile, N profiles.

    Attributes
    ----------
    offset_px
        (N,) place of the edge along the outward normal; NaN where there is none.
    sigma_px
        (N,) its standard deviation from the image's own noise; NaN where there is none.
    contrast
        (N,) grey levels that the signal falls by at the edge.
    """

    offset_px: Floats
    sigma_px: Floats
    contrast: Floats


def sample_profiles(
    pixels: npt.NDArray[np.generic],
    points_px: Points,
    normals_px: Points,
    reach_px: float,
    rows_averaged: int,
    step_px: float = STEP_PX,
) -> Floats:
    """Profiles of the unfiltered image, bilinear between pixel centres, averaged over rows beside each point.

    Parameters
    ----------
    pixels
        (H, W) grey values.
    points_px, normals_px
        (N, 2) image px; the normals outward and of unit length.
    reach_px
        Profiles run from -reach to +reach.
    rows_averaged
        Rows, 1 px apart along the edge and centred on the point.

    Returns
    -------
    (N, M) grey levels at `offsets_px(reach_px, step_px)`; NaN outside the picture.
    """
    if rows_averaged < 1:
        raise ValueError(f"a profile averages at least one row, not {rows_averaged}")
    offsets = offsets_px(reach_px, step_px)
    image = np.asarray(pixels, dtype=np.float32)
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(points_px), BLOCK)]
    parts = [_block(image, points_px[block], normals_px[block], offsets, rows_averaged) for block in blocks]
    return np.concatenate(parts) if parts else np.empty((0, len(offsets)))


def _block(image: npt.NDArray[np.float32], points: Points, normals: Points, offsets: Floats, rows: int) -> Floats:
    """Profiles of a few points, so that what is in work stays in the processor's cache."""
    height, width = image.shape
    flat = image.ravel()
    u0, v0 = points[:, :1] + normals[:, :1] * offsets, points[:, 1:] + normals[:, 1:] * offsets
    total = np.zeros(u0.shape, dtype=np.float32)
    for row in range(rows):
        aside = row - (rows - 1) / 2
        u, v = u0 - aside * normals[:, 1:], v0 + aside * normals[:, :1]
        # A profile is straight: if both of its ends are in the picture, all of it is.
        ends = np.column_stack([u[:, 0], u[:, -1], v[:, 0], v[:, -1]])
        crosses = bool((ends.min() < 0) or (ends[:, :2].max() >= width - 1) or (ends[:, 2:].max() >= height - 1))
        if crosses:
            outside = (u < 0) | (v < 0) | (u > width - 1) | (v > height - 1)
            u, v = np.clip(u, 0, width - 1), np.clip(v, 0, height - 1)
        left, top = u.astype(np.int32), v.astype(np.int32)
        if crosses:
            np.minimum(left, width - 2, out=left)
            np.minimum(top, height - 2, out=top)
        u -= left
        v -= top
        right, down = u.astype(np.float32), v.astype(np.float32)
        top *= width
        top += left
        upper, lower = flat[top], flat[top + width]
        upper += (flat[top + 1] - upper) * right
        top += width + 1
        lower += (flat[top] - lower) * right
        lower -= upper
        lower *= down
        total += upper
        total += lower
        if crosses:
            total[outside] = np.nan
    result: Floats = total.astype(np.float64) / rows
    return result


def offsets_px(reach_px: float, step_px: float = STEP_PX) -> Floats:
    """(M,) places of a profile's samples along the normal, symmetric about 0."""
    count = int(np.ceil(reach_px / step_px))
    offsets: Floats = np.arange(-count, count + 1, dtype=np.float64) * step_px
    return offsets


def image_noise(pixels: npt.NDArray[np.generic]) -> float:
    """Standard deviation of one pixel's noise, at least the rounding of whole grey levels.

    From the mixed second difference, which planes and edges along the axes do not enter, by its MAD.
    """
    image = np.asarray(pixels, dtype=np.float32)
    rows, columns = (side - side % 2 for side in image.shape)
    image = image[:rows, :columns]
    mixed = image[::2, ::2] - image[::2, 1::2] - image[1::2, ::2] + image[1::2, 1::2]
    spread = float(np.median(np.abs(mixed))) * 1.4826 / 2
    return max(spread, float(np.sqrt(1 / 12))) if np.issubdtype(pixels.dtype, np.integer) else spread


def dark_material(profiles: Floats, room_px: Floats, step_px: float = STEP_PX) -> bool:
    """True if most profiles rise outward without a rim that would make the flank outside it the edge.

    Parameters
    ----------
    room_px
        (N,) distance on either side of the edge within which no other edge lies: dense lines look alike beyond it.
    """
    every = max(len(profiles) // ENOUGH_PROFILES, 1)
    profiles, room_px = profiles[::every], room_px[::every]
    offsets = (np.arange(profiles.shape[1]) - profiles.shape[1] // 2) * step_px
    away = np.abs(offsets)
    room = np.maximum(room_px[:, None], 2 * step_px)
    flat = (away >= room / 2) & (away <= room) & np.isfinite(profiles)
    inner, outer = flat & (offsets < 0), flat & (offsets > 0)
    usable = inner.any(axis=1) & outer.any(axis=1)
    near = away <= np.median(room)
    if not usable.any() or not np.isfinite(profiles[:, near]).all(axis=1).any():
        return False
    levels = [np.mean(profiles[usable], axis=1, where=side[usable]) for side in (inner, outer)]
    rise = float(np.median(levels[1] - levels[0]))
    typical = np.median(profiles[np.isfinite(profiles[:, near]).all(axis=1)][:, near], axis=0)
    return rise > 0.5 * float(typical.max() - typical.min())


def find_edges(
    profiles: Floats,
    settings: MeasureSettings,
    noise: float,
    reach_px: Floats,
    step_px: float = STEP_PX,
    saturated_high: float = float("inf"),
) -> Edges:
    """The falling edge of each profile.

    Parameters
    ----------
    profiles
        (N, M) outward grey levels at symmetric offsets, `step_px` apart.
    noise
        Standard deviation of one sample of a profile.
    reach_px
        (N,) farthest offset at which an edge still belongs to its profile.
    saturated_high
        Grey value at which the detector is full; profiles mostly at it have no edge.

    Raises
    ------
    ValueError
        If the algorithm is not built yet.
    """
    if settings.edge_algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise ValueError(f"edge algorithm {settings.edge_algorithm!r} is not built yet; there are {known}")
    count, samples = profiles.shape
    nothing = np.full(count, np.nan)
    look = max(round(LOOK_PX / step_px), 1)
    if count == 0 or samples < 2 * look + 1:
        return Edges(nothing, nothing.copy(), nothing.copy())
    offsets = (np.arange(samples) - samples // 2) * step_px
    drop = np.full(profiles.shape, -np.inf)
    inner = _running_means(profiles, look)
    # At sample k: the mean of the `look` samples before it minus that of the `look` samples behind it.
    drop[:, look : samples - look] = inner[:, : samples - 2 * look] - inner[:, look + 1 :]
    drop[~np.isfinite(drop)] = -np.inf
    drop[np.abs(offsets) > reach_px[:, None]] = -np.inf
    steepest = np.argmax(drop, axis=1)
    rows = np.arange(count)
    contrast = drop[rows, steepest]
    usable = np.isfinite(contrast)
    if not usable.any():
        return Edges(nothing, nothing.copy(), nothing.copy())
    strong = float(np.percentile(contrast[usable], STRONG_PERCENTILE))
    # Interpolation makes neighbouring samples depend on each other: a mean holds as many as it spans pixels.
    needed = max(NOISE_SIGMAS * noise * np.sqrt(2 / LOOK_PX), CONTRAST_SHARE * strong)
    usable &= contrast > needed
    if np.isfinite(saturated_high):
        usable &= np.mean(profiles >= saturated_high, axis=1) < SATURATED_SHARE

    offset, slope = nothing.copy(), nothing.copy()
    chosen = np.flatnonzero(usable)
    if len(chosen):
        place, steepness = _threshold(profiles[chosen], steepest[chosen], settings.threshold_percent / 100, step_px)
        if settings.edge_algorithm == "derivative":
            place = _derivative(profiles[chosen], steepest[chosen], step_px)
        elif settings.edge_algorithm == "sigmoid":
            place = _sigmoid(profiles[chosen], place, step_px)
        offset[chosen], slope[chosen] = place, steepness
    offset[np.abs(offset) > reach_px] = np.nan
    slope[np.isnan(offset)] = np.nan
    with np.errstate(divide="ignore"):
        return Edges(offset, noise / slope, np.where(usable, contrast, np.nan))


def _running_means(profiles: Floats, length: int) -> Floats:
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


def _threshold(profiles: Floats, steepest: Integers, share: float, step_px: float) -> tuple[Floats, Floats]:
    """Linearly interpolated crossing of the level between the local maximum inside and the local minimum outside.

    Of several crossings the one nearest to the steepest place. Also the signal's fall per px there.
    """
    window = round(LEVEL_PX / step_px)
    near, index = _around(profiles, steepest, window, window)
    # Means of three samples for the levels only: a single sample's noise would push both outward.
    smooth = np.full(near.shape, np.nan)
    smooth[:, 1:-1] = _running_means(near, 3)
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


def _derivative(profiles: Floats, steepest: Integers, step_px: float) -> Floats:
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


def _sigmoid(profiles: Floats, start_px: Floats, step_px: float) -> Floats:
    """x0 of a + b / (1 + exp((x - x0) / w)) by damped least squares, over the flank from the rim outward."""
    window = round(LEVEL_PX / step_px)
    centre = np.rint(np.nan_to_num(start_px) / step_px).astype(np.int64) + profiles.shape[1] // 2
    near, index = _around(profiles, centre, window, window)
    # Inside the rim the signal falls again; the sigmoid describes what lies outside its top.
    top = np.nanargmax(np.where(np.arange(2 * window + 1) <= window, np.nan_to_num(near, nan=-np.inf), -np.inf), axis=1)
    weight = (np.isfinite(near) & (np.arange(2 * window + 1) >= top[:, None])).astype(np.float64)
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
