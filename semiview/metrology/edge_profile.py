"""Edges on profiles: the unfiltered signal along each edge's normal, and where on it the edge lies.

Profiles run outward, from the material into the void. The material is taken to be the brighter side, or to carry a
bright rim: the edge is the rim's outer flank. `dark_material` tells pictures that are the other way round.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.core.document import EdgeAlgorithm, MeasureSettings
from semiview.core.outline import Points
from semiview.metrology.crossing import Floats
from semiview.metrology.edge_places import (
    LEVEL_PX,
    LOOK_PX,
    derivative,
    linear,
    peak,
    running_means,
    sigmoid,
    threshold,
)
from semiview.metrology.line_scan import LineScan, fit_line_scans
from semiview.metrology.noise import NoiseModel

ALGORITHMS: tuple[EdgeAlgorithm, ...] = ("threshold", "derivative", "linear", "sigmoid", "peak", "model")
STEP_PX = 0.5
BLOCK = 512  # profiles sampled at a time
NOISE_SIGMAS = 5.0
# Where the contrast is poor an edge is still there if most of its neighbours along the outline show one. The steepest
# place of noise alone stands out by 1.8 +- 0.5 sigma, the median of nine by 1.7 +- 0.2.
ALONE_SIGMAS, TOGETHER_SIGMAS, TOGETHER = 2.0, 3.0, 9
FIRST_SIGMAS = 1.0  # where the line scan's own strength decides
CONTRAST_SHARE = 0.25  # of the contrast that the field's strong edges have
STRONG_PERCENTILE = 80
SATURATED_SHARE = 0.5
ENOUGH_PROFILES = 500  # tell the tone of the material


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """One edge a profile, N profiles.

    Attributes
    ----------
    offset_px
        (N,) place of the edge along the outward normal; NaN where there is none.
    sigma_px
        (N,) its standard deviation from the image's own noise; NaN where there is none. That of `model` is its bound.
    contrast
        (N,) grey levels that the signal falls by at the edge.
    bound_px
        (N,) Cramer-Rao bound: what no unbiased algorithm that knows the shape of the edges can stay below, from as
        many independent rows as were averaged.
    shape
        The line scan that all edges share, for `model`.
    width_px
        The width w that all edges share, for `sigmoid`: it grows as the beam loses its focus.
    """

    offset_px: Floats
    sigma_px: Floats
    contrast: Floats
    bound_px: Floats
    shape: LineScan | None = None
    width_px: float = float("nan")


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
    image = np.ascontiguousarray(pixels)
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(points_px), BLOCK)]
    parts = [_block(image, points_px[block], normals_px[block], offsets, rows_averaged) for block in blocks]
    return np.concatenate(parts) if parts else np.empty((0, len(offsets)))


def _block(image: npt.NDArray[Any], points: Points, normals: Points, offsets: Floats, rows: int) -> Floats:
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
        upper, lower = flat[top].astype(np.float32), flat[top + width].astype(np.float32)
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
    noise: NoiseModel,
    reach_px: Floats,
    step_px: float = STEP_PX,
    saturated_high: float = float("inf"),
    facing_px: Floats | None = None,
) -> Edges:
    """The falling edge of each profile.

    Parameters
    ----------
    profiles
        (N, M) outward grey levels at symmetric offsets, `step_px` apart, in their order along the outlines.
    noise
        Of one sample of a profile.
    reach_px
        (N,) farthest offset at which an edge still belongs to its profile.
    saturated_high
        Grey value at which the detector is full; profiles mostly at it have no edge.
    facing_px
        (N, 2) distances to the edges that face each profile's middle inward and outward, for `model`, whose signal they
        take part in; inf: none is near. None: they are not known.

    Raises
    ------
    ValueError
        If there is no such algorithm.
    """
    if settings.edge_algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise ValueError(f"there is no edge algorithm {settings.edge_algorithm!r}; there are {known}")
    count, samples = profiles.shape
    nothing = np.full(count, np.nan)
    none = Edges(nothing, nothing.copy(), nothing.copy(), nothing.copy())
    look = max(round(LOOK_PX / step_px), 1)
    if count == 0 or samples < 2 * look + 1:
        return none
    offsets = (np.arange(samples) - samples // 2) * step_px
    drop = np.full(profiles.shape, -np.inf)
    inner = running_means(profiles, look)
    # At sample k: the mean of the `look` samples before it minus that of the `look` samples behind it.
    drop[:, look : samples - look] = inner[:, : samples - 2 * look] - inner[:, look + 1 :]
    drop[~np.isfinite(drop)] = -np.inf
    drop[np.abs(offsets) > reach_px[:, None]] = -np.inf
    steepest = np.argmax(drop, axis=1)
    rows = np.arange(count)
    contrast = drop[rows, steepest]
    usable = np.isfinite(contrast)
    if not usable.any():
        return none
    strong = float(np.percentile(contrast[usable], STRONG_PERCENTILE))
    # Interpolation makes neighbouring samples depend on each other: a mean holds as many as it spans pixels.
    sigma = noise.sigma(np.nan_to_num(profiles[rows, steepest]))
    needed = FIRST_SIGMAS if settings.edge_algorithm == "model" else NOISE_SIGMAS
    significance = np.where(usable, contrast, 0.0) / (sigma * np.sqrt(2 / LOOK_PX))
    together = ndimage.median_filter(significance, min(TOGETHER, count), mode="nearest")
    usable &= (significance > needed) | ((significance > ALONE_SIGMAS) & (together > TOGETHER_SIGMAS))
    usable &= contrast > CONTRAST_SHARE * strong
    if np.isfinite(saturated_high):
        usable &= np.mean(profiles >= saturated_high, axis=1) < SATURATED_SHARE
    chosen = np.flatnonzero(usable)
    if len(chosen) == 0:
        return none

    own, at = profiles[chosen], steepest[chosen]
    place, slope = threshold(own, at, settings.threshold_percent / 100, step_px)
    own_sigma = noise.sigma(np.nan_to_num(own[np.arange(len(chosen)), at])) / slope
    shape, width = None, float("nan")
    match settings.edge_algorithm:
        case "model":
            facing = None if facing_px is None else facing_px[chosen]
            place, bound, strength, shape = fit_line_scans(own, at, place, reach_px[chosen], noise, step_px, facing)
            place[strength < NOISE_SIGMAS] = np.nan
            own_sigma = bound
        case "derivative":
            place = derivative(own, at, step_px)
        case "linear":
            place = linear(own, at, step_px)
        case "sigmoid":
            place, width = sigmoid(own, derivative(own, at, step_px), step_px)
        case "peak":
            place = peak(own, at, step_px)
    if shape is None:
        bound = _bounds(own, place, contrast[chosen], noise, step_px)
    lost = ~(np.abs(place) <= reach_px[chosen])
    offset, spread, least = nothing.copy(), nothing.copy(), nothing.copy()
    for column, values in ((offset, place), (spread, own_sigma), (least, bound)):
        column[chosen] = np.where(lost, np.nan, values)
    return Edges(offset, spread, np.where(usable, contrast, np.nan), least, shape, width)


def _bounds(profiles: Floats, place: Floats, contrast: Floats, noise: NoiseModel, step_px: float) -> Floats:
    """(N,) Cramer-Rao bounds if all edges had the mean shape of profiles laid on each other, times their contrast."""
    found = np.flatnonzero(np.isfinite(place))
    result = np.full(len(place), np.nan)
    if len(found) == 0:
        return result
    some = found[:: max(len(found) // ENOUGH_PROFILES, 1)]
    centre = np.rint(place[some] / step_px).astype(np.int64) + profiles.shape[1] // 2
    window = round(LEVEL_PX / step_px)
    index = np.clip(centre[:, None] + np.arange(-window, window + 1), 0, profiles.shape[1] - 1)
    near = np.take_along_axis(profiles[some], index, axis=1)
    whole = np.isfinite(near).all(axis=1)
    if not whole.any():
        return result
    mean = near[whole].mean(axis=0)
    information = float(np.sum(np.gradient(mean, step_px) ** 2 / noise.variance(mean))) * step_px
    if information > 0:
        result[found] = float(contrast[some][whole].mean()) / contrast[found] / np.sqrt(information)
    return result
