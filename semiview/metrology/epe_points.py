"""Where EPE is read: points along the design's edges, and how far an edge of theirs may lie."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semiview.core.design import Design
from semiview.core.document import MeasureSettings
from semiview.core.outline import Points
from semiview.core.registration import Registration
from semiview.metrology.crossing import Booleans, Floats, Integers
from semiview.metrology.walk import Walk, clearances, corners, walk

FREE_AXIS_COSINE = 0.1
BRIDGE_REACHES = 4.0  # how far a neighbour is looked for, in reaches: two would do for the reach alone


@dataclass(frozen=True, slots=True, eq=False)
class EpePoints:
    """N points on the design's edges, and how far an edge of theirs may lie.

    Attributes
    ----------
    points_nm, normals_nm
        (N, 2) design nm; normals outward from the drawn polygon.
    points_px, directions_px
        (N, 2) image px, and the px that 1 nm along the normal is.
    feature_id
        (N,) index of the outline in `Design.target`.
    corner
        (N,) True for a corner itself; its normal halves the corner's angle. Between `corner_nm` and the corner there
        are no points: what prints there is the corner's rounding.
    reach_nm
        (N,) |EPE| beyond which a contour belongs to something else.
    space_nm, facing_id
        (N,) distance outward to the next drawn edge and the feature it belongs to; inf and -1 if none is near.
    free
        (N,) True where the registration cannot be seen along the normal.
    sigma_registration_nm
        (N,) standard deviation of the registration along the normal; NaN if not known.
    """

    points_nm: Points
    normals_nm: Points
    points_px: Points
    directions_px: Points
    feature_id: Integers
    corner: Booleans
    reach_nm: Floats
    space_nm: Floats
    facing_id: Integers
    free: Booleans
    sigma_registration_nm: Floats

    def __len__(self) -> int:
        return len(self.feature_id)


def design_points(
    design: Design, registration: Registration, shape: tuple[int, int], settings: MeasureSettings
) -> EpePoints:
    """Points along the design's edges that lie in the picture or just outside it.

    Without a usable scale there are none.
    """
    nm_per_px = registration.frame.nm_per_px
    if not np.isfinite(nm_per_px) or not design.target:
        return _empty_points()
    step = settings.epe_step_nm if settings.epe_step_nm > 0 else max(5.0, nm_per_px)
    corner = settings.corner_nm if settings.corner_nm >= 0 else max(20.0, 3 * nm_per_px)
    reach = edge_reach_nm(settings, nm_per_px)
    origin = np.array(design.field_nm[:2])
    way, width, space, facing = _surroundings(design, step, corner, reach, np.nan_to_num(settings.short_edge_nm))
    points_px = registration.to_px(way.points + origin)
    around = reach / nm_per_px
    height, columns = shape
    near = (
        (points_px[:, 0] > -around)
        & (points_px[:, 0] < columns - 1 + around)
        & (points_px[:, 1] > -around)
        & (points_px[:, 1] < height - 1 + around)
    )
    way, points_px = way.where(near), points_px[near]
    width, space, facing = width[near], space[near], facing[near]
    axis = np.deg2rad(registration.trust.free_axis_deg)
    free = np.abs(way.normals @ np.array([np.cos(axis), np.sin(axis)])) > FREE_AXIS_COSINE
    sigma = np.array([registration.trust.sigma_x_nm, registration.trust.sigma_y_nm])
    return EpePoints(
        points_nm=way.points + origin,
        normals_nm=way.normals,
        points_px=points_px,
        directions_px=way.normals @ registration.linear_px().T,
        feature_id=way.outline,
        corner=way.side < 0,
        reach_nm=np.minimum(reach, np.minimum(width, space) / 2),
        space_nm=space,
        facing_id=facing,
        free=free if np.isfinite(axis) else np.zeros(len(free), dtype=bool),
        sigma_registration_nm=np.hypot(*(way.normals * sigma).T),
    )


def edge_reach_nm(settings: MeasureSettings, nm_per_px: float) -> float:
    """Farthest edge that may belong to a point, before the local width and space limit it."""
    return settings.epe_reach_nm if settings.epe_reach_nm > 0 else max(min(60.0, 30 * nm_per_px), 4 * nm_per_px)


@lru_cache(maxsize=8)
def _surroundings(
    design: Design, step_nm: float, corner_nm: float, reach_nm: float, short_edge_nm: float
) -> tuple[Walk, Floats, Floats, Integers]:
    """The walk along the target relative to the field's corner, with the local width, space and facing feature.

    It does not depend on the registration, which changes while a person drags the design.
    """
    origin = np.array(design.field_nm[:2])
    outlines = [outline - origin for outline in design.target]
    way = walk(outlines, step_nm, step_nm, single_below=short_edge_nm)
    # A side too short for two corners keeps its middle third.
    way = way.where(way.to_corner >= np.minimum(corner_nm, way.side_length / 3))
    way = way.followed_by(corners(outlines))
    return way, *clearances(way, outlines, BRIDGE_REACHES * reach_nm)


def _empty_points() -> EpePoints:
    pairs, none, numbers = np.empty((0, 2)), np.empty(0), np.empty(0, dtype=np.int64)
    nothing = np.empty(0, dtype=bool)
    return EpePoints(pairs, pairs, pairs, pairs, numbers, nothing, none, none, numbers, nothing, none)
