"""A gauge from a click: the two edges that face each other around it; and a ruler between two points."""

from dataclasses import dataclass

import numpy as np

from semiview.core.document import MeasureSettings
from semiview.core.gauge import Gauge, GaugeMode
from semiview.core.outline import Points, bounds, signed_area
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.contour import Contours, edge_segments, picture_contours
from semiview.metrology.crossing import Floats, SegmentGrid
from semiview.metrology.gauge import OVERLAP_NM, is_compact

DIRECTION_STEP_DEG = 3.0
FACING_COSINE = 0.8  # an edge hit more obliquely does not face the click
REACH_SHARE = 0.3  # of the picture's longer side: what lies farther apart is no feature
STEADY_SHARE = 0.25  # of the width by which it may change from one row to the next and still be the same feature
FEWEST_ROWS = 5
USED_SHARE = 0.8  # of the stretch along which both edges run on


@dataclass(frozen=True, slots=True)
class Ruler:
    """A distance between two points, in nominal nm (the picture's pixel size); NaN where that is unknown.

    `angle_deg` is the direction from begin to end as seen on the screen, counter-clockwise from the right.
    """

    length_nm: float
    right_nm: float
    up_nm: float
    length_px: float
    angle_deg: float


def ruler(begin_px: tuple[float, float], end_px: tuple[float, float], pixel_size: PixelSize) -> Ruler:
    """The distance between two points of the picture.

    >>> ruler((0.0, 0.0), (30.0, 40.0), PixelSize(2.0, 2.0, "given")).length_nm
    100.0
    """
    right, down = end_px[0] - begin_px[0], end_px[1] - begin_px[1]
    right_nm, up_nm = right * pixel_size.x_nm, -down * pixel_size.y_nm
    angle = float(np.rad2deg(np.arctan2(-down, right)))
    return Ruler(float(np.hypot(right_nm, up_nm)), right_nm, up_nm, float(np.hypot(right, down)), angle)


def gauge_at(
    place_nm: tuple[float, float],
    contours: Contours,
    registration: Registration,
    shape: tuple[int, int],
    gauge_id: str = "",
) -> Gauge | None:
    """The gauge across the narrowest pair of facing edges around a place.

    Parameters
    ----------
    place_nm
        Where was clicked, in design nm; `registration.to_nm` brings image px there.
    contours
        Of standing material, in image px.
    shape
        (H, W) of the picture.

    Returns
    -------
    A `line` inside material, a `space` outside, a `hole` in a compact void; the box lies across the edges, with its
    middle between them and as long along them as they run on. None where no two edges face each other, or while the
    pixel size is unknown. Like every gauge by hand it has no drawn width.
    """
    if not np.isfinite(registration.frame.nm_per_px) or not np.isfinite(place_nm).all():
        return None
    place = registration.to_px(np.array([place_nm]))[0]
    if (place < 0).any() or place[0] > shape[1] - 1 or place[1] > shape[0] - 1:
        return None
    grid = edge_segments(contours, shape)
    found = _narrowest(grid, place, REACH_SHARE * max(shape))
    if found is None:
        return None
    if found.mode == "space" and found.owner >= 0:
        outline = contours.outlines[found.owner]
        if signed_area(outline) > 0 and is_compact(outline):
            return _hole(outline, registration, gauge_id)
    return _along_both_edges(grid, place, found, registration, gauge_id)


def gauge_in_picture(
    place_nm: tuple[float, float],
    sem: SemImage,
    registration: Registration,
    settings: MeasureSettings,
    gauge_id: str = "",
) -> Gauge | None:
    """As `gauge_at`, from edges found in the picture itself, without a design or a prediction."""
    if not np.isfinite(registration.frame.nm_per_px):
        return None
    return gauge_at(place_nm, picture_contours(sem, settings), registration, sem.shape, gauge_id)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two facing edges: unit direction across in px, places before and behind the click, and what lies between.

    `owner` is the outline both edges belong to, -1 if they belong to two.
    """

    across: Floats
    left: float
    right: float
    mode: GaugeMode
    owner: int


def _narrowest(grid: SegmentGrid, place: Floats, reach_px: float) -> _Pair | None:
    angles = np.deg2rad(np.arange(0.0, 180.0, DIRECTION_STEP_DEG))
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    ends = np.full(len(angles), reach_px)
    crossed = grid.crossings(np.tile(place, (len(angles), 1)), directions, -ends, ends)
    sides = [crossed.where(sign * crossed.along > 0).nearest() for sign in (-1.0, 1.0)]
    before, behind = ({int(line): row for row, line in enumerate(side.line)} for side in sides)
    best: _Pair | None = None
    for line in before.keys() & behind.keys():
        one, other = before[line], behind[line]
        cosines = float(sides[0].cosine[one]), float(sides[1].cosine[other])
        if cosines[0] * cosines[1] >= 0 or min(abs(cosines[0]), abs(cosines[1])) < FACING_COSINE:
            continue
        left, right = float(sides[0].along[one]), float(sides[1].along[other])
        if best is None or right - left < best.right - best.left:
            owners = int(sides[0].owner[one]), int(sides[1].owner[other])
            owner = owners[0] if owners[0] == owners[1] else -1
            best = _Pair(directions[line], left, right, "line" if cosines[1] > 0 else "space", owner)
    return best


def _along_both_edges(
    grid: SegmentGrid, place: Floats, pair: _Pair, registration: Registration, gauge_id: str
) -> Gauge | None:
    """The pair's gauge, turned and moved to lie square on the stretch along which both edges run on."""
    across = pair.across
    for _ in range(2):  # the first time finds the edges' direction, the second their stretch along it
        width = pair.right - pair.left
        along = np.array([-across[1], across[0]])
        number = np.arange(-int(width) - FEWEST_ROWS, int(width) + FEWEST_ROWS + 1)
        points = place + number[:, None] * along
        low, high = np.full(len(number), pair.left - width), np.full(len(number), pair.right + width)
        crossed = grid.crossings(points, np.tile(across, (len(number), 1)), low, high)
        outward = crossed.cosine if pair.mode == "line" else -crossed.cosine
        edges = np.full((2, len(number)), np.nan)
        for row, (wanted, expected) in enumerate(((outward < -0.5, pair.left), (outward > 0.5, pair.right))):
            nearest = crossed.where(wanted).nearest(expected)
            edges[row, nearest.line] = nearest.along
        steady = np.abs(edges - np.array([[pair.left], [pair.right]])) <= max(STEADY_SHARE * width, 2.0)
        run = _run_through_middle(steady.all(axis=0))
        if run is None:
            return None
        chosen = slice(*run)
        slopes, levels = np.polyfit(number[chosen], edges[:, chosen].T, 1) if run[1] - run[0] >= FEWEST_ROWS else (
            np.zeros(2), edges[:, chosen].mean(axis=1)
        )  # fmt: skip
        turn = float(np.arctan(np.mean(slopes)))
        across = np.cos(turn) * across - np.sin(turn) * along
        left, right = (levels * np.cos(turn)).tolist()
        pair = _Pair(across, left, right, pair.mode, pair.owner)
    first, last = float(number[chosen][0]), float(number[chosen][-1])
    along = np.array([-across[1], across[0]])
    cd = pair.right - pair.left
    middle = place + (pair.left + pair.right) / 2 * across + (first + last) / 2 * along
    used = max(min(USED_SHARE * (last - first + 1), 2 * cd), 1.0)
    to_nm = np.linalg.inv(registration.linear_px())
    x, y = registration.to_nm(middle[None])[0].tolist()
    direction = to_nm @ across
    cd_nm = cd * float(np.hypot(*direction))
    angle = float(np.rad2deg(np.arctan2(direction[1], direction[0])))
    angle = 90.0 - (90.0 - angle) % 180.0
    length = cd_nm + 2 * min(cd_nm / 2, OVERLAP_NM)
    return Gauge(gauge_id, pair.mode, x, y, angle, length, used * float(np.hypot(*(to_nm @ along))))


def _run_through_middle(good: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[int, int] | None:
    """(first, one past last) of the unbroken stretch that holds the middle; None if the middle is not good."""
    middle = len(good) // 2
    if not good[middle]:
        return None
    breaks = np.flatnonzero(~good)
    before, behind = breaks[breaks < middle], breaks[breaks > middle]
    return int(before[-1]) + 1 if len(before) else 0, int(behind[0]) if len(behind) else len(good)


def _hole(outline_px: Points, registration: Registration, gauge_id: str) -> Gauge:
    """A box that holds the void and half its width on each side, as for a drawn hole."""
    x_min, y_min, x_max, y_max = bounds([registration.to_nm(outline_px)])
    middle = (x_min + x_max) / 2, (y_min + y_max) / 2
    return Gauge(gauge_id, "hole", *middle, 0.0, x_max - x_min, y_max - y_min)
