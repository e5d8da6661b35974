"""Gauges that the design itself asks for: one per facing pair of edges, one per hole."""

from functools import lru_cache

import numpy as np
from scipy.spatial import KDTree

from semiview.core.design import Design
from semiview.core.gauge import Gauge
from semiview.core.outline import Points, bounds, perimeter, signed_area
from semiview.core.registration import Registration
from semiview.metrology.crossing import Crossings, Integers, SegmentGrid
from semiview.metrology.walk import Walk, walk

STEPS_PER_FIELD = 300  # rays that look for a facing edge, along the longer side of the field
LONGEST_SHARE = 0.15  # of the field: wider than this is no feature to gauge
PARALLEL_COSINE = 0.985
COMPACT = 0.58  # 4 pi area / perimeter^2 of a 3:1 rectangle: rounder than this is a hole, not a trench
MARGIN_PX = 2.0
OVERLAP_NM = 100.0


def design_gauges(design: Design, registration: Registration, shape: tuple[int, int]) -> tuple[Gauge, ...]:
    """Gauges whose whole box lies in the picture: a feature cut by the border has no CD.

    Lines and spaces are named for the wafer: with tone `opening` the inside of a drawn polygon is a space. None
    while the tone or the pixel size is unknown.
    """
    if design.tone is None or not np.isfinite(registration.frame.nm_per_px):
        return ()
    gauges = facing_gauges(design)
    if not gauges:
        return ()
    corners = registration.to_px(np.concatenate([box_of(gauge) for gauge in gauges])).reshape(-1, 4, 2)
    largest = np.array([shape[1] - 1, shape[0] - 1])
    inside = np.all((corners >= MARGIN_PX) & (corners <= largest - MARGIN_PX), axis=(1, 2))
    return tuple(gauge for gauge, kept in zip(gauges, inside, strict=True) if kept)


def box_of(gauge: Gauge) -> Points:
    """(4, 2) corners of the gauge's box in design nm."""
    angle = np.deg2rad(gauge.angle_deg)
    across = np.array([np.cos(angle), np.sin(angle)]) * gauge.length_nm / 2
    along = np.array([-np.sin(angle), np.cos(angle)]) * gauge.width_nm / 2
    middle = np.array([gauge.x_nm, gauge.y_nm])
    corners: Points = middle + np.array([-across - along, across - along, across + along, along - across])
    return corners


@lru_cache(maxsize=4)
def facing_gauges(design: Design) -> tuple[Gauge, ...]:
    """All gauges of the design's field, in design nm, wherever the picture lies; none without a tone."""
    if design.tone is None or not design.target:
        return ()
    origin = np.array(design.field_nm[:2])
    outlines = [outline - origin for outline in design.target]
    low, high = np.array(bounds(outlines)).reshape(2, 2)
    extent = float(np.max(np.array(design.field_nm[2:]) - origin))
    way = walk(outlines, extent / STEPS_PER_FIELD, extent / STEPS_PER_FIELD)
    inside_field = ((way.points >= 0) & (way.points <= np.array(design.field_nm[2:]) - origin)).all(axis=1)
    way = way.where(inside_field)
    holes = _holes(design, outlines, origin, LONGEST_SHARE * extent)
    grid = SegmentGrid.of(outlines, max(extent, float(np.max(high - low))) / 256, rows_down=False)
    raised = design.tone == "raised"
    gauges = list(holes.values())
    for outward in (False, True):
        pairs = _facing_pairs(way, grid, LONGEST_SHARE * extent, outward)
        mode = "space" if raised == outward else "line"
        for number, (ray, along, overlap) in enumerate(pairs, start=1):
            feature = int(way.outline[ray])
            if feature in holes and mode == "space":
                continue
            cd = abs(along)
            middle = way.points[ray] + way.normals[ray] * along / 2 + origin
            angle = float(np.rad2deg(np.arctan2(way.normals[ray, 1], way.normals[ray, 0])))
            gauges.append(
                Gauge(
                    gauge_id=f"{mode}-{number}",
                    mode="space" if mode == "space" else "line",
                    x_nm=float(middle[0]),
                    y_nm=float(middle[1]),
                    angle_deg=(angle + 90.0) % 180.0 - 90.0,  # across has no sign: (-90, 90]
                    length_nm=cd + 2 * min(cd / 2, OVERLAP_NM),
                    width_nm=overlap,
                    feature_id=feature,
                    cd_design_nm=cd,
                )
            )
    return tuple(gauges)


def _holes(design: Design, outlines: list[Points], origin: Points, longest: float) -> dict[int, Gauge]:
    """A gauge for every compact void: a ring of a drawn hole, or a drawn polygon of tone `opening`."""
    holes: dict[int, Gauge] = {}
    for index, outline in enumerate(outlines):
        area = signed_area(outline)
        void = area < 0 if design.tone == "raised" else area > 0
        diameter = 2 * float(np.sqrt(abs(area) / np.pi))
        if not void or diameter > longest or 4 * np.pi * abs(area) < COMPACT * perimeter(outline) ** 2:
            continue
        x_min, y_min, x_max, y_max = bounds([outline])
        middle = np.array([x_min + x_max, y_min + y_max]) / 2 + origin
        holes[index] = Gauge(
            f"hole-{len(holes) + 1}", "hole", float(middle[0]), float(middle[1]), 0.0,
            x_max - x_min + diameter, y_max - y_min, index, diameter,
        )  # fmt: skip
    return holes


def _facing_pairs(way: Walk, grid: SegmentGrid, longest: float, outward: bool) -> list[tuple[int, float, float]]:
    """(middle ray, signed distance along its normal, overlap in nm) of each pair of sides that face each other."""
    count = len(way.points)
    near, far = np.full(count, 1e-6 * longest), np.full(count, longest)
    found = grid.crossings(way.points, way.normals, near, far) if outward else grid.crossings(
        way.points, way.normals, -far, -near)  # fmt: skip
    first: Crossings = found.nearest()
    # A grazing crossing is no facing edge, and neither is what lies behind it.
    first = first.where(first.cosine < -PARALLEL_COSINE)
    if len(first.line) == 0:
        return []
    own = way.side[first.line]
    # The other side's name: the side of the walk's point next to where the ray landed.
    other = _side_at(way, first)
    key = np.minimum(own, other) * (int(way.side.max()) + 1) + np.maximum(own, other)
    order = np.lexsort((way.place[first.line], own, key))
    line, key, own, along = first.line[order], key[order], own[order], first.along[order]
    spacing = way.side_length[line] / np.maximum(np.bincount(way.side)[own], 1)
    gap = np.diff(way.place[line]) > 1.5 * spacing[1:]
    starts = np.flatnonzero(np.append(True, gap | (np.diff(key) != 0) | (np.diff(own) != 0)))
    stops = np.append(starts[1:], len(line))
    best: dict[int, tuple[int, int]] = {}
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        kept = best.get(int(key[start]))
        if kept is None or stop - start > kept[1] - kept[0]:
            best[int(key[start])] = (start, stop)
    pairs = []
    for start, stop in best.values():
        middle = (start + stop - 1) // 2
        overlap = (stop - start) * float(spacing[middle])
        cd = abs(float(along[middle]))
        # Half the overlap keeps out of rounded ends; longer than twice the width adds no independent edge.
        pairs.append((int(line[middle]), float(along[middle]), min(overlap / 2, 2 * cd)))
    return pairs


def _side_at(way: Walk, hit: Crossings) -> Integers:
    """The side of the walk nearest to each crossing, among those of the crossed outline."""
    places = way.points[hit.line] + hit.along[:, None] * way.normals[hit.line]
    # Walk points come in the order of their outlines; a tree per outline would cost more than one in three dimensions.
    apart = 4 * float(np.abs(way.points).max() + 1)
    tree = KDTree(np.column_stack([way.points, way.outline * apart]))
    _, index = tree.query(np.column_stack([places, hit.owner * apart]))
    side: Integers = way.side[index]
    return side
