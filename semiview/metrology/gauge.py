"""Gauges that the design itself asks for: one per facing pair of edges or tips, per pitch, per hole."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts when they are asked for: the window starts sooner

from semiview.core.design import Design
from semiview.core.gauge import Gauge, GaugeMode
from semiview.core.outline import Points, bounds, signed_area
from semiview.core.registration import Registration
from semiview.metrology.crossing import Booleans, Crossings, Floats, Integers, SegmentGrid
from semiview.metrology.walk import Walk, walk

STEPS_PER_FIELD = 300  # rays that look for a facing edge, along the longer side of the field
LONGEST_SHARE = 0.15  # of the field: wider than this is no feature to gauge
PARALLEL_COSINE = 0.985
COMPACT = 0.58  # 4 pi area / perimeter^2 of a 3:1 rectangle: rounder than this is a hole, not a trench
HULL_STEP_DEG = 6.0
MARGIN_PX = 2.0
OVERLAP_NM = 100.0
ALIKE_NM, ALIKE_SHARE = 1.0, 0.02  # two features whose widths differ by less repeat with a pitch


def design_gauges(design: Design, registration: Registration, shape: tuple[int, int]) -> tuple[Gauge, ...]:
    """Gauges whose whole box lies in the picture: a feature cut by the border has no CD.

    Lines and spaces are named for the wafer: with tone `opening` the inside of a drawn polygon is a space. None
    while the tone or the pixel size is unknown. A pair keeps its gauge_id wherever the picture lies.
    """
    if design.tone is None or not design.target or not np.isfinite(registration.frame.nm_per_px):
        return ()
    origin = np.array(design.field_nm[:2])
    largest = np.array([shape[1] - 1, shape[0] - 1])

    def in_picture(points_nm: Points) -> Booleans:
        points_px = registration.to_px(points_nm + origin)
        inside: Booleans = np.all((points_px >= MARGIN_PX) & (points_px <= largest - MARGIN_PX), axis=1)
        return inside

    gauges: list[Gauge] = list(_holes(design).values())
    for rays in _facing_rays(design):
        seen = in_picture(rays.points) & in_picture(rays.points + rays.along[:, None] * rays.normals)
        gauges += _one_per_pair(rays, np.flatnonzero(seen), origin)
    if not gauges:
        return ()
    corners = np.concatenate([box_of(gauge) for gauge in gauges]) - origin
    inside: Booleans = np.all(in_picture(corners).reshape(-1, 4), axis=1)
    return tuple(gauge for gauge, kept in zip(gauges, inside.tolist(), strict=True) if kept)


def is_compact(outline: Points) -> bool:
    """True for a hole or an island, False for a trench or a line, whatever the direction of the outline.

    Measured by the perimeter of its hull (pi times its mean width, Cauchy): noise makes an outline itself longer.
    """
    angles = np.deg2rad(np.arange(0.0, 180.0, HULL_STEP_DEG))
    around = np.pi * float(np.mean(np.ptp(outline @ np.stack([np.cos(angles), np.sin(angles)]), axis=0)))
    return 4 * np.pi * abs(signed_area(outline)) >= COMPACT * around**2


def box_of(gauge: Gauge) -> Points:
    """(4, 2) corners of the gauge's box in design nm."""
    angle = np.deg2rad(gauge.angle_deg)
    across = np.array([np.cos(angle), np.sin(angle)]) * gauge.length_nm / 2
    along = np.array([-np.sin(angle), np.cos(angle)]) * gauge.width_nm / 2
    middle = np.array([gauge.x_nm, gauge.y_nm])
    corners: Points = middle + np.array([-across - along, across - along, across + along, along - across])
    return corners


@dataclass(frozen=True, slots=True, eq=False)
class _Rays:
    """K rays from one edge to the edge that faces it, sorted by pair, by the side they start on, and along it.

    Points are in design nm from the field's corner; `along` is signed along the outward normals. Outside the drawn
    polygons `widths` (K, 2) are those of the features on both sides; NaN inside them, and where a tip faces the ray.
    """

    mode: npt.NDArray[np.str_]
    points: Points
    normals: Points
    along: Floats
    feature: Integers
    pair: Integers
    side: Integers
    place: Floats
    spacing: Floats
    widths: Floats


@lru_cache(maxsize=4)
def _facing_rays(design: Design) -> tuple[_Rays, ...]:
    """Rays inside and outside the drawn polygons, over the whole field: they do not depend on the registration."""
    origin = np.array(design.field_nm[:2])
    outlines = [outline - origin for outline in design.target]
    low, high = np.array(bounds(outlines)).reshape(2, 2)
    extent = float(np.max(np.array(design.field_nm[2:]) - origin))
    way = walk(outlines, extent / STEPS_PER_FIELD, extent / STEPS_PER_FIELD)
    per_side = np.bincount(way.side)
    way = way.where(((way.points >= 0) & (way.points <= np.array(design.field_nm[2:]) - origin)).all(axis=1))
    grid = SegmentGrid.of(outlines, max(extent, float(np.max(high - low))) / 256, rows_down=False)
    longest = LONGEST_SHARE * extent
    near, far = np.full(len(way.points), 1e-6 * longest), np.full(len(way.points), longest)
    holes = np.array(sorted(_holes(design)), dtype=np.int64)
    found = []
    inward = np.full(len(way.points), np.nan)
    for outward in (False, True):
        first = grid.crossings(way.points, way.normals, *((near, far) if outward else (-far, -near))).nearest()
        # A grazing crossing is no facing edge, and neither is what lies behind it.
        first = first.where(first.cosine < -PARALLEL_COSINE)
        mode: GaugeMode = "space" if (design.tone == "raised") == outward else "line"
        if mode == "space":
            first = first.where(~np.isin(way.outline[first.line], holes))
        if len(first.line) == 0:
            continue
        opposite = _nearest_at(way, first)
        own, other = way.side[first.line], way.side[opposite]
        _, pair = np.unique(np.minimum(own, other) * len(per_side) + np.maximum(own, other), return_inverse=True)
        order = np.lexsort((way.place[first.line], own, pair))
        line, opposite = first.line[order], opposite[order]
        modes = np.full(len(line), mode, dtype="<U11")
        widths = np.full((len(line), 2), np.nan)
        if outward:
            tips = way.tip[line].astype(int) + way.tip[opposite]
            modes[tips == 1], modes[tips == 2] = "tip_to_line", "tip_to_tip"
            widths[tips == 0] = np.column_stack([inward[line], inward[opposite]])[tips == 0]
        else:
            inward[first.line] = -first.along
        found.append(
            _Rays(
                modes,
                way.points[line],
                way.normals[line],
                first.along[order],
                way.outline[line],
                pair[order],
                own[order],
                way.place[line],
                way.side_length[line] / per_side[own[order]],
                widths,
            )
        )
    return tuple(found)


def _one_per_pair(rays: _Rays, seen: Integers, origin: Points) -> list[Gauge]:
    """A gauge in the middle of the longest unbroken stretch of rays of each pair, among those seen."""
    if len(seen) == 0:
        return []
    pair, side, place, spacing = rays.pair[seen], rays.side[seen], rays.place[seen], rays.spacing[seen]
    broken = (np.diff(place) > 1.5 * spacing[1:]) | (np.diff(pair) != 0) | (np.diff(side) != 0)
    starts = np.flatnonzero(np.append(True, broken))
    counts = np.diff(np.append(starts, len(seen)))
    order = np.lexsort((-counts, pair[starts]))
    _, first = np.unique(pair[starts][order], return_index=True)
    best = order[first]
    middle = starts[best] + (counts[best] - 1) // 2
    overlap = counts[best] * spacing[middle]
    chosen = seen[middle]
    along, normals = rays.along[chosen], rays.normals[chosen]
    cd = np.abs(along)
    middles = rays.points[chosen] + normals * along[:, None] / 2 + origin
    angle = np.rad2deg(np.arctan2(normals[:, 1], normals[:, 0]))
    angle = 90.0 - (90.0 - angle) % 180.0  # across has no sign: (-90, 90]
    # Half the overlap keeps out of rounded ends; longer than twice the width adds little.
    width = np.minimum(overlap / 2, 2 * cd)
    length = cd + 2 * np.minimum(cd / 2, OVERLAP_NM)
    mode = rays.mode[chosen]
    columns = zip(
        mode.tolist(), rays.pair[chosen].tolist(), middles.tolist(), angle.tolist(), length.tolist(), width.tolist(),
        rays.feature[chosen].tolist(), cd.tolist(), strict=True,
    )  # fmt: skip
    gauges = [
        Gauge(f"{name}-{number + 1}", name, x, y, turned, across, wide, feature, drawn)
        for name, number, (x, y), turned, across, wide, feature, drawn in columns
    ]
    # Between two features of one width: from middle to middle.
    own, other = rays.widths[chosen].T
    with np.errstate(invalid="ignore"):
        alike = np.flatnonzero(np.abs(own - other) <= np.maximum(ALIKE_NM, ALIKE_SHARE * own))
    pitch = cd + (own + other) / 2
    middles = rays.points[chosen] + normals * ((along + (other - own) / 2) / 2)[:, None] + origin
    return gauges + [
        Gauge(
            f"pitch-{rays.pair[chosen[i]] + 1}", "pitch", float(middles[i, 0]), float(middles[i, 1]), float(angle[i]),
            float(pitch[i] + max(own[i], other[i]) + 0.8 * cd[i]), float(min(overlap[i] / 2, 2 * own[i])),
            int(rays.feature[chosen[i]]), float(pitch[i]),
        )
        for i in alike
    ]  # fmt: skip


@lru_cache(maxsize=4)
def _holes(design: Design) -> dict[int, Gauge]:
    """A gauge for every compact void: a ring of a drawn hole, or a drawn polygon of tone `opening`."""
    longest = LONGEST_SHARE * max(design.field_nm[2] - design.field_nm[0], design.field_nm[3] - design.field_nm[1])
    holes: dict[int, Gauge] = {}
    for index, outline in enumerate(design.target):
        area = signed_area(outline)
        void = area < 0 if design.tone == "raised" else area > 0
        diameter = 2 * float(np.sqrt(abs(area) / np.pi))
        if not void or diameter > longest or not is_compact(outline):
            continue
        x_min, y_min, x_max, y_max = bounds([outline])
        holes[index] = Gauge(
            f"hole-{len(holes) + 1}", "hole", (x_min + x_max) / 2, (y_min + y_max) / 2, 0.0,
            x_max - x_min + diameter, y_max - y_min, index, diameter,
        )  # fmt: skip
    return holes


def _nearest_at(way: Walk, hit: Crossings) -> Integers:
    """The point of the walk nearest to each crossing, among those of the crossed outline."""
    places = way.points[hit.line] + hit.along[:, None] * way.normals[hit.line]
    # Walk points come in the order of their outlines; a tree per outline would cost more than one in three dimensions.
    apart = 4 * float(np.abs(way.points).max() + 1)
    tree = scipy.spatial.KDTree(np.column_stack([way.points, way.outline * apart]))
    _, index = tree.query(np.column_stack([places, hit.owner * apart]))
    nearest: Integers = np.asarray(index, dtype=np.int64)
    return nearest
