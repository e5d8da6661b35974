"""How far the image's edges lie from the design's under any registration, to be looked at."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semiview.alignment.design_edges import CLASSES, design_edges
from semiview.alignment.edge_search import (
    LIKENESS,
    TEMPLATE_PX,
    Profiles,
    Sight,
    estimate_mean_edge,
    find_edge,
    sample,
    within,
)
from semiview.core.case import Case
from semiview.core.outline import Points
from semiview.core.registration import Registration

STEP_PX = 4.0
REACH_PX = 8.0
CORNER_PX = 4.0
AT_MOST_POINTS = 4000
LEAST_POINTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class EdgeResiduals:
    """Image edge minus design edge at points of the design.

    Attributes
    ----------
    points_nm, normals_nm
        (N, 2) on the design's edges, in design nm, and the outward unit normals.
    offsets_nm
        (N,) along the outward normal, the usual offset of each class of edge taken off, so that what prints wider
        than drawn everywhere does not look like a shift; NaN where the image shows no such edge.
    """

    points_nm: Points
    normals_nm: Points
    offsets_nm: npt.NDArray[np.float64]


def edge_residuals(case: Case, registration: Registration) -> EdgeResiduals | None:
    """Look for the field's mean edge within REACH_PX of every design edge in the picture.

    None where there is nothing to compare: no design, no pixel size, or hardly an edge in the picture.
    """
    size = registration.frame.nm_per_px
    if case.design is None or not np.isfinite(size):
        return None
    height, width = case.sem.shape
    corners = registration.to_nm([[u, v] for u in (0, width - 1) for v in (0, height - 1)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    edges = design_edges(case.design.alignable, box, STEP_PX * size, CORNER_PX * size, REACH_PX * size)
    edges = edges.chosen(within(registration.to_px(edges.points_nm), case.sem.shape, TEMPLATE_PX + REACH_PX + 1))
    if len(edges) > AT_MOST_POINTS:
        edges = edges.chosen(np.linspace(0, len(edges) - 1, AT_MOST_POINTS).astype(np.int64))
    if len(edges) < LEAST_POINTS:
        return None
    points, normals = registration.to_px(edges.points_nm), registration.directions_to_px(edges.normals_nm)
    profiles = Profiles(sample(Sight.of(case.sem.pixels).image, points, normals, TEMPLATE_PX + REACH_PX))
    offsets, likeness = find_edge(profiles, estimate_mean_edge(profiles, None))
    offsets = np.where(likeness > LIKENESS, offsets, np.nan)
    for number in range(CLASSES):
        found = (edges.feature_class == number) & np.isfinite(offsets)
        if found.any():
            offsets[found] -= np.median(offsets[found])
    return EdgeResiduals(edges.points_nm, edges.normals_nm, offsets * size)
