"""Polygons united into outlines: overlaps, shared borders and the seams of keyholes are no edges any more."""

from collections.abc import Iterable

import numpy as np
import shapely

from semiview.core.outline import Points, as_outline, signed_area

SMALLEST_NM2 = 0.01  # what is left between borders that differ by float noise
STRAIGHT_NM = 1e-3  # a vertex this near to the line of its neighbours is no corner


def merged_outlines(polygons: Iterable[Points]) -> tuple[Points, ...]:
    """Outer boundaries counter-clockwise and holes clockwise (y up, nm) of the union of polygons (N, 2).

    A polygon may touch or cross itself. Vertices in the middle of a straight edge are left out.
    """
    rings = [shapely.polygons(points) for points in polygons if len(points) >= 3]
    if not rings:
        return ()
    united = shapely.union_all(shapely.make_valid(np.array(rings)))
    outlines: list[Points] = []
    for part in shapely.get_parts(united):
        if part.geom_type != "Polygon":
            continue  # a polygon without area leaves a line
        for ring, sign in ((part.exterior, 1.0), *((hole, -1.0) for hole in part.interiors)):
            points = without_straight_vertices(shapely.get_coordinates(ring)[:-1])
            if len(points) < 3:
                continue
            area = signed_area(points)
            if abs(area) >= SMALLEST_NM2:
                outlines.append(as_outline(points if area * sign > 0 else points[::-1]))
    return tuple(outlines)


def without_straight_vertices(points: Points) -> Points:
    """The closed outline (N, 2) without the vertices in the middle of its straight edges."""
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    base = np.hypot(*(before + after).T)
    height = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) / np.maximum(base, STRAIGHT_NM)
    forward = (before * after).sum(axis=1) > 0
    result: Points = points[~(forward & (height < STRAIGHT_NM))]
    return result
