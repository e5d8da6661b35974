"""Closed outlines with sub-pixel points: from a probability or coverage map, and from the SEM itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import threshold_otsu

from semiview.core.document import MeasureSettings
from semiview.core.outline import Points, as_outline, signed_area
from semiview.metrology.crossing import Booleans, Floats
from semiview.metrology.edge_profile import LEVEL_PX, dark_material, find_edges, image_noise, sample_profiles
from semiview.metrology.walk import clearances, walk

SEED_STEP_PX = 2.0
CORNER_PX = 6.0  # over this length beside a corner the seeds' normals turn from one side to the next
JUMP_PX = 3.0
FOUND_SHARE = 0.5
_otsu: Callable[..., float] = threshold_otsu  # scikit-image carries no annotations
UPWARD = np.array([1.0, -1.0])
SMOOTHING_PX = 2.0
SPECK_PX2 = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class SemContours:
    """Contours and how far they are edges.

    Attributes
    ----------
    outlines
        Closed, of standing material, in image px, inside on the left as seen on the screen.
    found
        (M,) over the concatenated points: False where the segment that begins there only joins two edges, across a
        stretch on which the image shows none. None: every segment is an edge.
    sigma_px
        (M,) standard deviation of each point along its normal from the image's own noise. None: not known.
    """

    outlines: tuple[Points, ...]
    found: Booleans | None = None
    sigma_px: Floats | None = None


def half_contours(values: npt.ArrayLike, level: float = 0.5) -> tuple[Points, ...]:
    """Marching squares at `level`, closed along the picture's border.

    Parameters
    ----------
    values
        (H, W) map that is larger inside: probability or coverage.
    level
        Inside is above it.

    Returns
    -------
    Closed outlines in image px, inside on the left as seen on the screen. What touches the border is closed half a
    pixel outside the outermost pixel centres; `on_border` tells those stretches from edges.

    Raises
    ------
    ValueError
        If the map is not (H, W) or holds a value that is not finite.
    """
    field = np.asarray(values, dtype=np.float64)
    if field.ndim != 2 or field.size == 0:
        raise ValueError(f"contours are drawn in an (H, W) map, this one is {field.shape}")
    if not np.isfinite(field.sum()):
        raise ValueError("contours need finite values: replace NaN or infinity before")
    padded = np.pad(field, 1, mode="edge")
    # Mirrored about the level: the crossing between the border pixel and this frame falls on the pixel's outer edge.
    for frame in (padded[0], padded[-1], padded[:, 0], padded[:, -1]):
        frame[:] = level - np.abs(frame - level)
    generator = contourpy.contour_generator(
        z=padded, name="serial", line_type=contourpy.LineType.ChunkCombinedOffset, corner_mask=False
    )
    found: Any = generator.lines(level)
    points, offsets = found[0][0], found[1][0]
    if points is None or offsets is None:
        return ()
    # contourpy runs with the high side on its left where y points up, so on the screen's right.
    points = points[::-1] - 1.0
    points.setflags(write=False)
    ends = len(points) - offsets[::-1].astype(np.int64)
    # The last point repeats the first; a speck of one grid point of exactly the level has no area.
    return tuple(points[begin : end - 1] for begin, end in pairwise(ends) if end - begin > 3)


def on_border(points: Points, shape: tuple[int, int]) -> Booleans:
    """(N,) True for contour points that only close the outline along the picture's border."""
    height, width = shape
    u, v = points.T
    slack = 1e-9  # interpolated along the border row itself a coordinate may be rounded outward
    result: Booleans = (u < -slack) | (v < -slack) | (u > width - 1 + slack) | (v > height - 1 + slack)
    return result


def sem_contours(
    pixels: npt.NDArray[np.generic],
    seeds_px: Sequence[Points],
    settings: MeasureSettings,
    reach_px: float = 20.0,
    saturated_high: float = float("inf"),
) -> SemContours:
    """Seeds moved along their normals to the edge in the unfiltered image.

    Parameters
    ----------
    pixels
        (H, W) grey values.
    seeds_px
        Outlines of standing material near the true ones, in image px, inside on the left as seen on the screen: from
        the registered design or a prediction.
    reach_px
        Farthest move; also limited to half the local width or space.
    saturated_high
        Grey value at which the detector is full.

    Returns
    -------
    SemContours
        Where the contrast is weak against the image's noise or against the field's other edges there is no edge, and
        the outline goes straight on to the next one: across the mouth of a slot that fused. Outlines of which less
        than half is found within the picture are left out: a hole that never opened has no contour.
    """
    upward = [outline * UPWARD for outline in seeds_px]
    way = walk(upward, SEED_STEP_PX, CORNER_PX, round_corners=True)
    points, normals = way.points * UPWARD, way.normals * UPWARD
    visible = ~on_border(points, (pixels.shape[0], pixels.shape[1]))
    if not visible.any():
        return SemContours(())
    inside, outside, _ = clearances(way.where(visible), upward, 2 * reach_px)
    room = np.minimum(reach_px, np.minimum(inside, outside) / 2)
    rows = settings.rows_averaged
    profiles = sample_profiles(pixels, points[visible], normals[visible], reach_px + LEVEL_PX, rows)
    noise = image_noise(pixels) / np.sqrt(rows)
    signal = -profiles if dark_material(profiles, room) else profiles
    edges = find_edges(signal, settings, noise, room, saturated_high=saturated_high)
    offset, sigma = np.full(len(points), np.nan), np.full(len(points), np.nan)
    offset[visible], sigma[visible] = edges.offset_px, edges.sigma_px

    outlines, found_parts, sigma_parts = [], [], []
    starts = np.searchsorted(way.outline, np.unique(way.outline))
    for begin, end in pairwise([*starts.tolist(), len(points)]):
        part = slice(begin, end)
        moved = _without_jumps(offset[part])
        found = np.isfinite(moved)
        if np.count_nonzero(found) < max(3.0, FOUND_SHARE * np.count_nonzero(visible[part])):
            continue
        outlines.append(as_outline((points[part] + moved[:, None] * normals[part])[found]))
        found_parts.append(np.roll(found, -1)[found])
        sigma_parts.append(sigma[part][found])
    if not outlines:
        return SemContours(())
    return SemContours(tuple(outlines), np.concatenate(found_parts), np.concatenate(sigma_parts))


def _without_jumps(offset: Floats) -> Floats:
    """NaN where one point leaves both its neighbours on the ring, which agree with each other."""
    before, behind = np.roll(offset, 1), np.roll(offset, -1)
    with np.errstate(invalid="ignore"):
        alone = (np.abs(offset - (before + behind) / 2) > JUMP_PX) & (np.abs(before - behind) < JUMP_PX / 2)
    return np.where(alone, np.nan, offset)


def threshold_outlines(pixels: npt.NDArray[np.generic]) -> tuple[Points, ...]:
    """Outlines of what is brighter than Otsu's level in the smoothed image: seeds where nothing better serves."""
    smooth = ndimage.gaussian_filter(np.asarray(pixels, dtype=np.float32), SMOOTHING_PX)
    if smooth.min() == smooth.max():
        return ()
    outlines = half_contours(smooth, float(_otsu(smooth)))
    return tuple(outline for outline in outlines if abs(signed_area(outline)) >= SPECK_PX2)
