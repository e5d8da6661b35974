"""Closed outlines with sub-pixel points: from a probability or coverage map, and from the SEM itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import threshold_otsu

from semiview.core.coverage import FULL, Coverage
from semiview.core.design import Design
from semiview.core.document import MeasureSettings
from semiview.core.outline import Points, signed_area
from semiview.core.prediction import Prediction
from semiview.core.registration import Registration
from semiview.core.sem_image import SemImage
from semiview.metrology.crossing import Booleans, Floats, Integers, SegmentGrid, following_point
from semiview.metrology.edge_places import LEVEL_PX
from semiview.metrology.edge_profile import dark_material, find_edges, sample_profiles
from semiview.metrology.noise import NoiseModel, estimate_noise
from semiview.metrology.walk import Walk, clearances, walk

GRID_PX = 4.0
SEED_STEP_PX = 2.0
CORNER_PX = 6.0  # over this length beside a corner the seeds' normals turn from one side to the next
JUMP_PX = 3.0
FOUND_SHARE = 0.5
_otsu: Callable[..., float] = threshold_otsu  # scikit-image carries no annotations
UPWARD = np.array([1.0, -1.0])
SMOOTHING_PX = 2.0
SPECK_PX2 = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """Contours and how far they are edges; compared by identity, so that what is made from them is made once.

    Attributes
    ----------
    outlines
        Closed, of standing material, in image px, inside on the left as seen on the screen.
    found
        (M,) over the concatenated points: False where the segment that begins there only joins two edges, across a
        stretch on which the image shows none. None: every segment is an edge.
    sigma_px
        (M,) standard deviation of each point along its normal from the image's own noise. None: not known.
    bound_px
        (M,) the least that it could be under that noise (Cramer-Rao). None: not known.
    contrast
        (M,) grey levels that the signal falls by at the point. None: not from a picture.
    """

    outlines: tuple[Points, ...]
    found: Booleans | None = None
    sigma_px: Floats | None = None
    bound_px: Floats | None = None
    contrast: Floats | None = None


@lru_cache(maxsize=8)
def edge_segments(contours: Contours, shape: tuple[int, int]) -> SegmentGrid:
    """The segments that are edges: found, and not on the border of a picture of that shape."""
    return SegmentGrid.of(contours.outlines, GRID_PX, rows_down=True, keep=seen_segments(contours, shape))


def seen_segments(contours: Contours, shape: tuple[int, int]) -> Booleans:
    """(M,) over the concatenated points: True where the segment that begins there is an edge."""
    usable = inside_picture(contours, shape)
    return usable if contours.found is None else usable & contours.found


def inside_picture(contours: Contours, shape: tuple[int, int]) -> Booleans:
    """(M,) over the concatenated points: True where the segment that begins there lies within the picture."""
    outlines = contours.outlines
    usable = ~on_border(np.concatenate(outlines) if outlines else np.empty((0, 2)), shape)
    result: Booleans = usable & usable[following_point(outlines)]
    return result


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
    field = np.asarray(values)
    if field.ndim != 2 or field.size == 0:
        raise ValueError(f"contours are drawn in an (H, W) map, this one is {field.shape}")
    if not np.isfinite(np.sum(field, dtype=np.float64)):
        raise ValueError("contours need finite values: replace NaN or infinity before")
    padded = np.empty((field.shape[0] + 2, field.shape[1] + 2))
    padded[1:-1, 1:-1] = field
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    padded[0], padded[-1] = padded[1], padded[-2]
    # Mirrored about the level: the crossing between the border pixel and this frame falls on the pixel's outer edge.
    for frame in (padded[0], padded[-1], padded[:, 0], padded[:, -1]):
        frame[:] = level - np.abs(frame - level)
    generator = contourpy.contour_generator(
        *_grid(padded.shape), padded, name="serial", line_type=contourpy.LineType.ChunkCombinedOffset, corner_mask=False
    )
    found: Any = generator.lines(level)
    points, offsets = found[0][0], found[1][0]
    if points is None or offsets is None:
        return ()
    # contourpy runs with the high side on its left where y points up, so on the screen's right.
    points = points[::-1].copy()
    points.setflags(write=False)
    ends = len(points) - offsets[::-1].astype(np.int64)
    # The last point repeats the first; a speck of one grid point of exactly the level has no area.
    return tuple(points[begin : end - 1] for begin, end in pairwise(ends) if end - begin > 3)


@lru_cache(maxsize=2)
def _grid(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Columns and rows of each place of a framed map: kept, for making them takes longer than following contours."""
    rows, columns = shape
    u, v = np.meshgrid(np.arange(columns) - 1.0, np.arange(rows) - 1.0)
    return u, v


def on_border(points: Points, shape: tuple[int, int]) -> Booleans:
    """(N,) True for contour points that only close the outline along the picture's border."""
    height, width = shape
    u, v = points.T
    slack = 1e-9  # interpolated along the border row itself a coordinate may be rounded outward
    result: Booleans = (u < -slack) | (v < -slack) | (u > width - 1 + slack) | (v > height - 1 + slack)
    return result


@lru_cache(maxsize=4)
def shape_contours(shape_of: Prediction | Coverage) -> Contours:
    """The half contours of a prediction or a drawn shape."""
    if isinstance(shape_of, Prediction):
        return Contours(half_contours(shape_of.probability, 0.5))
    return Contours(half_contours(shape_of.to_array(), FULL / 2))


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """N points near the true edges, in the order of their outlines.

    Attributes
    ----------
    points_px, normals_px
        (N, 2) image px; the normals outward from standing material.
    outline
        (N,) index of the outline.
    facing_px
        (N, 2) distances to the edges that face the point inward (the local width) and outward (the space).
    """

    points_px: Points
    normals_px: Points
    outline: Integers
    facing_px: Floats


def outline_seeds(outlines_px: Sequence[Points], reach_px: float) -> Seeds:
    """Seeds along outlines of standing material in image px, inside on the left as seen on the screen."""
    upward = [outline * UPWARD for outline in outlines_px]
    way = walk(upward, SEED_STEP_PX, CORNER_PX, round_corners=True)
    if len(way.points) == 0:
        return Seeds(way.points, way.normals, way.outline, np.empty((0, 2)))
    inside, outside, _ = clearances(way, upward, 2 * reach_px)
    return Seeds(way.points * UPWARD, way.normals * UPWARD, way.outline, np.column_stack([inside, outside]))


def design_seeds(design: Design, registration: Registration, shape: tuple[int, int], reach_px: float) -> Seeds:
    """Seeds along the registered design, with the normals of the material its tone says, in or near the picture."""
    nm_per_px = registration.frame.nm_per_px
    way, facing = _drawn_seeds(design, nm_per_px, reach_px)
    points = registration.to_px(way.points + np.array(design.field_nm[:2]))
    normals = registration.directions_to_px(way.normals)
    if design.tone == "opening":
        normals, facing = -normals, facing[:, ::-1]
    seeds = Seeds(points, normals, way.outline, facing / nm_per_px)
    if (design.tone == "opening") != registration.frame.mirrored:  # inside stays on the left
        seeds = Seeds(points[::-1], normals[::-1], way.outline[::-1], seeds.facing_px[::-1])
    # Whole outlines, so that what leaves the picture is still closed around it.
    kept = np.zeros(int(way.outline.max(initial=-1)) + 1, dtype=bool)
    kept[seeds.outline[_inside(seeds.points_px, shape, -reach_px)]] = True
    return _where(seeds, kept[seeds.outline])


@lru_cache(maxsize=4)
def _drawn_seeds(design: Design, nm_per_px: float, reach_px: float) -> tuple[Walk, Floats]:
    """The walk along the target from the field's corner and what faces it, in nm: the same for every registration."""
    outlines = [outline - np.array(design.field_nm[:2]) for outline in design.target]
    way = walk(outlines, SEED_STEP_PX * nm_per_px, CORNER_PX * nm_per_px, round_corners=True)
    if len(way.points) == 0:
        return way, np.empty((0, 2))
    inside, outside, _ = clearances(way, outlines, 2 * reach_px * nm_per_px)
    return way, np.column_stack([inside, outside])


def _inside(points: Points, shape: tuple[int, int], margin: float) -> Booleans:
    largest = np.array([shape[1] - 1, shape[0] - 1])
    result: Booleans = np.all((points >= margin) & (points <= largest - margin), axis=1)
    return result


def _where(seeds: Seeds, keep: Booleans) -> Seeds:
    if keep.all():
        return seeds
    return Seeds(seeds.points_px[keep], seeds.normals_px[keep], seeds.outline[keep], seeds.facing_px[keep])


def sem_contours(
    sem: SemImage,
    seeds: Seeds,
    settings: MeasureSettings,
    reach_px: float = 20.0,
) -> Contours:
    """Seeds moved along their normals to the edge in the unfiltered image.

    Parameters
    ----------
    reach_px
        Farthest move; also limited to half the local width and space.

    Returns
    -------
    Contours
        Where the contrast is weak against the image's noise or against the field's other edges there is no edge, and
        the outline goes straight on to the next one: across the mouth of a slot that fused. Outlines of which less
        than half is found within the picture are left out: a hole that never opened has no contour.
    """
    points, normals = seeds.points_px, seeds.normals_px
    visible = _inside(points, sem.shape, 0.0)
    if not visible.any():
        return Contours(())
    facing = seeds.facing_px[visible]
    room = np.minimum(reach_px, facing.min(axis=1) / 2)
    rows = settings.rows_averaged
    profiles = sample_profiles(sem.pixels, points[visible], normals[visible], reach_px + LEVEL_PX, rows)
    noise = picture_noise(sem).averaged(rows)
    dark = dark_material(profiles, room)
    signal, noise = (-profiles, noise.negated()) if dark else (profiles, noise)
    edges = find_edges(signal, settings, noise, room, saturated_high=sem.saturated_high, facing_px=facing)
    offset = np.full(len(points), np.nan)
    about = np.full((3, len(points)), np.nan)
    offset[visible] = edges.offset_px
    about[:, visible] = edges.sigma_px, edges.bound_px, edges.contrast

    outlines, found_parts, about_parts = [], [], []
    starts = np.flatnonzero(np.append(True, seeds.outline[1:] != seeds.outline[:-1]))
    for begin, end in pairwise([*starts.tolist(), len(points)]):
        part = slice(begin, end)
        moved = _without_jumps(offset[part])
        found = np.isfinite(moved)
        if np.count_nonzero(found) < max(3.0, FOUND_SHARE * np.count_nonzero(visible[part])):
            continue
        outline = (points[part] + moved[:, None] * normals[part])[found]
        outline.setflags(write=False)
        outlines.append(outline)
        found_parts.append(np.roll(found, -1)[found])
        about_parts.append(about[:, part][:, found])
    if not outlines:
        return Contours(())
    return Contours(tuple(outlines), np.concatenate(found_parts), *np.concatenate(about_parts, axis=1))


@lru_cache(maxsize=4)
def picture_contours(sem: SemImage, settings: MeasureSettings, reach_px: float = 20.0) -> Contours:
    """Edges found in the picture alone: from a threshold's outlines to the edges along their normals."""
    return sem_contours(sem, outline_seeds(threshold_outlines(sem.pixels), reach_px), settings, reach_px)


@lru_cache(maxsize=4)
def picture_noise(sem: SemImage) -> NoiseModel:
    """The noise that a picture shows, estimated once."""
    return estimate_noise(sem.pixels)


def _without_jumps(offset: Floats) -> Floats:
    """NaN where one point leaves both its neighbours on the ring, which agree with each other."""
    before, behind = np.roll(offset, 1), np.roll(offset, -1)
    with np.errstate(invalid="ignore"):
        alone = (np.abs(offset - (before + behind) / 2) > JUMP_PX) & (np.abs(before - behind) < JUMP_PX / 2)
    return np.where(alone, np.nan, offset)


def without_gaps(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """(H, W) with the mean of all other pixels where a pixel is not finite, so that a filter does not spread it."""
    values = np.asarray(pixels, dtype=np.float32)
    known = np.isfinite(values)
    if known.all():
        return values
    return np.where(known, values, values[known].mean() if known.any() else np.float32(0))


def threshold_outlines(
    pixels: npt.NDArray[Any], smoothing_px: float = SMOOTHING_PX, speck_px2: float = SPECK_PX2
) -> tuple[Points, ...]:
    """Outlines of what is brighter than Otsu's level in the smoothed image: seeds where nothing better serves."""
    smooth = ndimage.gaussian_filter(without_gaps(pixels), smoothing_px)
    if smooth.min() == smooth.max():
        return ()
    outlines = half_contours(smooth, float(_otsu(smooth)))
    return tuple(outline for outline in outlines if abs(signed_area(outline)) >= speck_px2)
