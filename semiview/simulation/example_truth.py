"""What a simulated field of axis-parallel shapes really measures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

from semiview.core.gauge import GaugeMode
from semiview.core.outline import Points, bounds, signed_area
from semiview.core.registration import Registration
from semiview.simulation.printed import PrintedEdges

REACH_NM = 300.0  # facing edges farther apart are no gauge
END_NM = 20.0  # left out at both ends of a gauge
LEAST_NM = 40.0  # shorter gauges are left out
HOLE_NM = 150.0  # closed shapes up to this size are holes


@dataclass(frozen=True, slots=True)
class TrueGauge:
    """A drawn width and what was printed there, averaged over `width_nm` along the feature.

    `line` is inside the drawn polygon, `space` between polygons, `hole` a small closed polygon (area-equivalent
    diameters). `angle_deg`: direction across, counter-clockwise from +x in the design.
    """

    mode: GaugeMode
    x_nm: float
    y_nm: float
    angle_deg: float
    width_nm: float
    cd_design_nm: float
    cd_nm: float


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Straight parts, within the picture, of drawn edges along one axis: place, reach along it and sense."""

    place: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    outward: npt.NDArray[np.float64]
    number: npt.NDArray[np.int64]


def in_picture(printed: PrintedEdges, registration: Registration, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(N,) True where a printed point lies in the picture, two pixels from its border."""
    u, v = registration.to_px(printed.points_nm).T
    result: npt.NDArray[np.bool_] = (u > 1.5) & (v > 1.5) & (u < shape[1] - 2.5) & (v < shape[0] - 2.5)
    return result


def on_design(printed: PrintedEdges, outlines_nm: Sequence[Points]) -> npt.NDArray[np.bool_]:
    """(N,) True on the straight part of an edge that is drawn, not on a defect."""
    drawn = shapely.union_all([shapely.LinearRing(outline) for outline in outlines_nm])
    shapely.prepare(drawn)
    result: npt.NDArray[np.bool_] = shapely.dwithin(drawn, shapely.points(printed.design_nm), 0.5) & printed.on_side
    return result


def true_gauges(printed: PrintedEdges, usable: npt.NDArray[np.bool_]) -> tuple[TrueGauge, ...]:
    """Lines and spaces between drawn edges that face each other and are each other's nearest."""
    found: list[TrueGauge] = []
    for axis in (0, 1):
        edges = _edges(printed, usable, axis)
        for mode in ("line", "space"):
            found.extend(_facing(printed, usable, edges, axis, mode))
    return tuple(found)


def true_holes(
    printed: PrintedEdges, outlines_nm: Sequence[Points], inside: npt.NDArray[np.bool_]
) -> tuple[TrueGauge, ...]:
    """Small closed polygons that lie within the picture; `outlines_nm` are the drawn ones in the same order."""
    holes = []
    for number, (drawn, outline) in enumerate(zip(outlines_nm, printed.outlines_nm, strict=True)):
        whole = inside[printed.first[number] : printed.first[number + 1]].all()
        if whole and np.ptp(drawn, axis=0).max() <= HOLE_NM and signed_area(drawn) > 0:
            x_min, y_min, x_max, y_max = bounds([drawn])
            diameters = [2 * float(np.sqrt(signed_area(shape) / np.pi)) for shape in (drawn, outline)]
            holes.append(TrueGauge("hole", (x_min + x_max) / 2, (y_min + y_max) / 2, 0.0, y_max - y_min, *diameters))
    return tuple(holes)


def _edges(printed: PrintedEdges, usable: npt.NDArray[np.bool_], axis: int) -> _Edges:
    """Edges whose normal lies along the axis (0: x, so upright edges)."""
    chosen = usable & (np.abs(printed.normals[:, axis]) > 0.999)
    number, index, owner = np.unique(printed.edge[chosen], return_index=True, return_inverse=True)
    points, normals = printed.design_nm[chosen], printed.normals[chosen]
    low, high = np.full(len(number), np.inf), np.full(len(number), -np.inf)
    np.minimum.at(low, owner, points[:, 1 - axis])
    np.maximum.at(high, owner, points[:, 1 - axis])
    return _Edges(points[index, axis], low, high, np.sign(normals[index, axis]), number)


def _facing(
    printed: PrintedEdges,
    usable: npt.NDArray[np.bool_],
    edges: _Edges,
    axis: int,
    mode: Literal["line", "space"],
) -> list[TrueGauge]:
    sense = -1 if mode == "line" else 1
    first, second = np.flatnonzero(edges.outward == sense), np.flatnonzero(edges.outward == -sense)
    if not (len(first) and len(second)):
        return []
    gap = edges.place[second] - edges.place[first, None]
    low = np.maximum(edges.low[second], edges.low[first, None])
    high = np.minimum(edges.high[second], edges.high[first, None])
    gap = np.where((gap > 0) & (gap <= REACH_NM) & (high > low), gap, np.inf)
    gauges = []
    for i, j in enumerate(gap.argmin(axis=1)):
        length = high[i, j] - low[i, j] - 2 * END_NM
        if not np.isfinite(gap[i, j]) or gap[:, j].argmin() != i or length < LEAST_NM:
            continue
        start, end = low[i, j] + END_NM, high[i, j] - END_NM
        errors = []
        for number in (edges.number[first[i]], edges.number[second[j]]):
            along = printed.design_nm[:, 1 - axis]
            epe = printed.epe_nm[usable & (printed.edge == number) & (along >= start) & (along <= end)]
            errors.append(float(epe.mean()))
        across = float(edges.place[first[i]] + edges.place[second[j]]) / 2
        x, y = (across, (start + end) / 2) if axis == 0 else ((start + end) / 2, across)
        cd = float(gap[i, j]) - sense * sum(errors)
        gauges.append(TrueGauge(mode, x, y, 90.0 * axis, float(length), float(gap[i, j]), cd))
    return gauges
