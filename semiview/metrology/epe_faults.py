"""What prints without an edge of its own: neighbours that joined, and shapes that nobody drew."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts when they are asked for: the window starts sooner
from scipy import ndimage

from semiview.core.design import Tone
from semiview.core.document import MeasureSettings
from semiview.core.outline import Points, signed_area
from semiview.core.raster import coverage
from semiview.core.sem_image import SemImage
from semiview.metrology.contour import (
    Contours,
    on_border,
    outline_seeds,
    picture_noise,
    sem_contours,
    threshold_outlines,
    without_gaps,
)
from semiview.metrology.crossing import Booleans, Floats
from semiview.metrology.epe_points import EpePoints

EXTRA_PX2 = 9.0  # a contour smaller than 3 x 3 px is no printed shape
SEEN_EXTRA_PX2 = 64.0  # nor is a smaller one in a picture: debris and noise
SPACE_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
LEVEL_WINDOW_PX = 5
LEVEL_SIGMAS = 4.0
NEAREST_PX = 8.0
HALVED_SMOOTHING_PX = 1.0
MARGIN_PX = 2.0
FEWEST_VALID = 20


def bridged_in_shape(
    points: EpePoints, absent: Booleans, outlines_px: Sequence[Points], shape: tuple[int, int], tone: Tone
) -> Booleans:
    """(N,) where the whole space between an absent point and another feature is filled by a shape."""
    asked, places = _spaces(points, absent, shape)
    result = np.zeros(len(points), dtype=bool)
    if len(asked):
        printed = coverage(outlines_px, shape)[places]
        result[asked] = ((printed > 0.5) == (tone == "raised")).all(axis=1)
    return result


def bridged_in_picture(points: EpePoints, absent: Booleans, epe_nm: Floats, sem: SemImage) -> Booleans:
    """(N,) where the whole space between an absent point and another feature is as grey as the drawn features.

    What features and spaces look like is read beside the edges that were found. Where the two differ by less than
    four sigma of the noise nothing is called a bridge.
    """
    result = np.zeros(len(points), dtype=bool)
    asked, places = _spaces(points, absent, sem.shape)
    found = np.flatnonzero(np.isfinite(epe_nm) & ~points.corner)
    if len(asked) == 0 or len(found) < FEWEST_VALID:
        return result
    smooth = _smooth(sem)
    away = 0.8 * points.reach_nm[found, None] * points.directions_px[found]
    edge = points.points_px[found] + epe_nm[found, None] * points.directions_px[found]
    drawn, space = (float(np.median(smooth[_pixels(edge + sign * away, sem.shape)])) for sign in (-1.0, 1.0))
    noise = float(picture_noise(sem).sigma(np.array((drawn + space) / 2))) / LEVEL_WINDOW_PX
    if abs(drawn - space) < LEVEL_SIGMAS * noise:
        return result
    share = (smooth[places] - space) / (drawn - space)
    result[asked] = (share > 0.5).all(axis=1)
    return result


def unclaimed_outlines(contours: Contours, claimed: Booleans, shape: tuple[int, int]) -> list[Points]:
    """Whole contours in the picture that no design edge claims."""
    return [
        outline
        for outline, owned in zip(contours.outlines, claimed.tolist(), strict=True)
        if not owned and abs(signed_area(outline)) >= EXTRA_PX2 and not on_border(outline, shape).any()
    ]


def outlines_far_from_design(
    sem: SemImage, points: EpePoints, settings: MeasureSettings, reach_px: float
) -> list[Points]:
    """Whole outlines in the picture, with an edge all round, that no design edge is near to.

    They come from a threshold, since the design does not lead to them, and count only where the edges they lead to
    are found as those of the design are.
    """
    largest = np.array([sem.shape[1] - 1, sem.shape[0] - 1])
    outlines = [outline for outline in _thresholded(sem) if abs(signed_area(outline)) >= SEEN_EXTRA_PX2]
    if not outlines:
        return []
    nearest = max(reach_px, NEAREST_PX)
    tree = scipy.spatial.KDTree(points.points_px)
    # One point of each first: nearly all lie on an edge that is drawn.
    apart, _ = tree.query(np.array([outline[0] for outline in outlines]), distance_upper_bound=nearest)
    far = [
        outline
        for outline, distance in zip(outlines, np.atleast_1d(apart).tolist(), strict=True)
        if np.isinf(distance)
        and ((outline > MARGIN_PX) & (outline < largest - MARGIN_PX)).all()
        and np.isinf(tree.query(outline[::4], distance_upper_bound=nearest)[0]).all()
    ]
    if not far:
        return []
    found = sem_contours(sem, outline_seeds(far, reach_px), settings, reach_px)
    return [outline for outline in found.outlines if abs(signed_area(outline)) >= SEEN_EXTRA_PX2]


def _spaces(
    points: EpePoints, absent: Booleans, shape: tuple[int, int]
) -> tuple[npt.NDArray[np.int64], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """(K,) absent points that face another feature, and (K, 5) rows and columns of the space between."""
    asked = np.flatnonzero(absent & (points.facing_id >= 0) & (points.facing_id != points.feature_id))
    across = points.space_nm[asked, None] * points.directions_px[asked]
    places = points.points_px[asked, None] + np.array(SPACE_SHARES)[:, None] * across[:, None]
    return asked, _pixels(places, shape)


def _pixels(places: Floats, shape: tuple[int, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns of the pixels nearest to places (..., 2) in px."""
    whole = np.rint(np.clip(places, 0, (shape[1] - 1, shape[0] - 1))).astype(np.int64)
    return whole[..., 1], whole[..., 0]


@lru_cache(maxsize=4)
def _smooth(sem: SemImage) -> npt.NDArray[np.float32]:
    result: npt.NDArray[np.float32] = ndimage.uniform_filter(without_gaps(sem.pixels), LEVEL_WINDOW_PX)
    return result


@lru_cache(maxsize=4)
def _thresholded(sem: SemImage) -> tuple[Points, ...]:
    """Outlines of the picture at half its resolution, which is enough to find what nobody drew."""
    rows, columns = (side - side % 2 for side in sem.shape)
    if min(rows, columns) < 4:
        return ()
    values = without_gaps(sem.pixels)[:rows, :columns]
    halved = (values[::2, ::2] + values[::2, 1::2] + values[1::2, ::2] + values[1::2, 1::2]) / 4
    outlines = threshold_outlines(halved, HALVED_SMOOTHING_PX, SEEN_EXTRA_PX2 / 4)
    return tuple(2 * outline + 0.5 for outline in outlines)
