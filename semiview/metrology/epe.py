"""Edge placement error: signed distance from the design's edge to the printed one, along the design's normal.

EPE = n . (q - p) in design nm: p on the design's edge, n its outward normal, q the nearest crossing of a contour with
the line p + a n, |a| <= reach. Positive: the drawn polygon printed larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from semiview.core.design import Design, Tone
from semiview.core.document import MeasureSettings
from semiview.core.outline import Points, signed_area
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.metrology.contour import Contours, edge_segments, on_border
from semiview.metrology.crossing import Booleans, Crossings, Floats, Integers
from semiview.metrology.walk import Walk, clearances, corners, walk

Source = Literal["sem", "prediction", "approved"]
EpeState = Literal["valid", "missing", "bridge", "extra", "unobserved"]

MARGIN_PX = 2.0
COSINE_60 = 0.5
FREE_AXIS_COSINE = 0.1
BRIDGE_REACHES = 4.0  # how far a neighbour is looked for, in reaches: two would do for the reach alone
EXTRA_PX2 = 9.0  # a contour smaller than 3 x 3 px is no printed shape


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


@dataclass(frozen=True, slots=True, eq=False)
class EpeTable:
    """Columns of epe.csv without the case, all of one length, and a reason where `epe_nm` is NaN.

    A row of state `extra` is a contour that no design edge claims: its middle, without a normal, feature_id -1.
    `sigma_nm` holds the registration's part; `edge_sigma_nm` is that of the edge in the picture alone and
    `edge_bound_nm` its Cramer-Rao bound, NaN for sources that are no picture.
    """

    feature_id: Integers
    x_nm: Floats
    y_nm: Floats
    normal_x: Floats
    normal_y: Floats
    source: npt.NDArray[np.str_]
    epe_nm: Floats
    sigma_nm: Floats
    feature_class: npt.NDArray[np.str_]
    state: npt.NDArray[np.str_]
    epe_registration_nm: Floats
    epe_bias_nm: Floats
    epe_local_nm: Floats
    edge_sigma_nm: Floats
    edge_bound_nm: Floats
    reason: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.feature_id)

    @classmethod
    def concatenated(cls, tables: Sequence["EpeTable"]) -> "EpeTable":
        """All rows of several tables; an empty table for none."""
        if not tables:
            return cls(*(np.empty(0, dtype=_dtype(field.name)) for field in fields(cls)))
        return cls(*(np.concatenate([getattr(table, field.name) for table in tables]) for field in fields(cls)))

    def where(self, keep: Booleans) -> "EpeTable":
        """Only the rows at which `keep` is True."""
        return EpeTable(*(getattr(self, field.name)[keep] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class EpeSummary:
    """Statistics in nm over the valid points of the class `edge`; the counts are over all points.

    `missing_features` counts features whose every observed point is missing. NaN where n is 0.
    """

    n: int
    mean_nm: float
    mean_abs_nm: float
    rms_nm: float
    sigma3_nm: float
    max_nm: float
    p5_nm: float
    median_nm: float
    p95_nm: float
    violations: int
    valid: int
    missing: int
    bridge: int
    extra: int
    unobserved: int
    missing_features: int


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
    way, width, space, facing = _surroundings(design, step, corner, reach)
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
    design: Design, step_nm: float, corner_nm: float, reach_nm: float
) -> tuple[Walk, Floats, Floats, Integers]:
    """The walk along the target relative to the field's corner, with the local width, space and facing feature.

    It does not depend on the registration, which changes while a person drags the design.
    """
    origin = np.array(design.field_nm[:2])
    outlines = [outline - origin for outline in design.target]
    way = walk(outlines, step_nm, step_nm)
    # A side too short for two corners keeps its middle third.
    way = way.where(way.to_corner >= np.minimum(corner_nm, way.side_length / 3))
    way = way.followed_by(corners(outlines))
    return way, *clearances(way, outlines, BRIDGE_REACHES * reach_nm)


def measure_epe(
    points: EpePoints,
    contours: Contours,
    registration: Registration,
    shape: tuple[int, int],
    ignore: Booleans | None,
    source: Source,
    tone: Tone = "raised",
) -> EpeTable:
    """EPE of contours at design points.

    Parameters
    ----------
    ignore
        (H, W) True where nothing may be read.
    tone
        What the drawn polygon is: material or opening.

    Returns
    -------
    EpeTable
        One row per point, and one per contour that no point claims.
    """
    outlines_px, found = contours.outlines, contours.found
    grid = edge_segments(contours, shape)
    crossed = grid.crossings(points.points_px, points.directions_px, -points.reach_nm, points.reach_nm)
    crossed = crossed.where((crossed.cosine if tone == "raised" else -crossed.cosine) >= COSINE_60)
    hit = crossed.nearest()

    count = len(points)
    epe = np.full(count, np.nan)
    epe[hit.line] = hit.along
    state = np.full(count, "missing", dtype="<U10")
    reason = np.full(count, "no edge within reach", dtype="<U24")
    state[hit.line] = "valid"
    reason[hit.line] = ""

    leaves, ignored = _unseen(points, epe, shape, ignore)
    absent = state == "missing"
    if found is None and absent.any():
        bridged = _bridged(points, absent, outlines_px, shape, tone)
        state[bridged] = "bridge"
        reason[bridged] = "joined to its neighbour"
    for which, why in ((leaves, "outside the picture"), (ignored, "ignored"), (points.free, "free axis")):
        state[which] = "unobserved"
        reason[which] = why
    epe[state != "valid"] = np.nan

    edge_sigma, edge_bound = (np.full(count, np.nan) for _ in range(2))
    nm = 1 / np.hypot(*points.directions_px[hit.line].T)
    for column, known_px in ((edge_sigma, contours.sigma_px), (edge_bound, contours.bound_px)):
        if known_px is not None:
            column[hit.line] = nm * known_px[hit.segment]
        column[state != "valid"] = np.nan
    sigma = np.where(
        np.isnan(points.sigma_registration_nm),
        edge_sigma,
        np.hypot(points.sigma_registration_nm, np.nan_to_num(edge_sigma)),
    )
    sigma[state != "valid"] = np.nan
    of_registration, bias, local = _split(points, epe)
    table = EpeTable(
        feature_id=points.feature_id,
        x_nm=points.points_nm[:, 0],
        y_nm=points.points_nm[:, 1],
        normal_x=points.normals_nm[:, 0],
        normal_y=points.normals_nm[:, 1],
        source=np.full(count, source, dtype=_dtype("source")),
        epe_nm=epe,
        sigma_nm=sigma,
        feature_class=np.where(points.corner, "corner", "edge").astype(_dtype("feature_class")),
        state=state,
        epe_registration_nm=of_registration,
        epe_bias_nm=bias,
        epe_local_nm=local,
        edge_sigma_nm=edge_sigma,
        edge_bound_nm=edge_bound,
        reason=reason,
    )
    extra = _extra(hit, outlines_px, registration, shape, ignore, source) if count else None
    return table if extra is None else EpeTable.concatenated([table, extra])


def summarise(table: EpeTable, tolerance_nm: float) -> EpeSummary:
    """Statistics of one source's rows."""
    valid = table.state == "valid"
    values = table.epe_nm[valid & (table.feature_class == "edge")]
    observed = (table.state != "unobserved") & (table.state != "extra")
    absent = table.state == "missing"
    features = np.unique(table.feature_id[observed])
    seen = np.unique(table.feature_id[observed & ~absent])
    nan = float("nan")
    mean = mean_abs = rms = spread = largest = low = median = high = nan
    if len(values):
        mean, mean_abs = float(values.mean()), float(np.abs(values).mean())
        rms, spread, largest = float(np.sqrt(np.mean(values**2))), float(3 * values.std()), float(np.abs(values).max())
        low, median, high = (float(value) for value in np.percentile(values, (5, 50, 95)))
    return EpeSummary(
        n=len(values), mean_nm=mean, mean_abs_nm=mean_abs, rms_nm=rms, sigma3_nm=spread, max_nm=largest,
        p5_nm=low, median_nm=median, p95_nm=high, violations=int(np.sum(np.abs(values) > tolerance_nm)),
        valid=int(valid.sum()), missing=int(absent.sum()), bridge=int(np.sum(table.state == "bridge")),
        extra=int(np.sum(table.state == "extra")), unobserved=int(np.sum(table.state == "unobserved")),
        missing_features=len(features) - len(seen),
    )  # fmt: skip


def _unseen(
    points: EpePoints, epe_nm: Floats, shape: tuple[int, int], ignore: Booleans | None
) -> tuple[Booleans, Booleans]:
    """Where the point is out of the picture (or might be, no edge being found), and where it is ignored."""
    height, width = shape
    largest = np.array([width - 1, height - 1])

    def outside(places: Points, margin: float) -> Booleans:
        result: Booleans = np.any((places < margin) | (places > largest - margin), axis=1)
        return result

    reach = points.reach_nm[:, None] * points.directions_px
    lost = np.isnan(epe_nm)
    leaves = outside(points.points_px, MARGIN_PX)
    leaves |= lost & (outside(points.points_px - reach, MARGIN_PX) | outside(points.points_px + reach, MARGIN_PX))
    ignored = np.zeros(len(points), dtype=bool)
    if ignore is not None:
        for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
            # Where an edge was found only the point and that edge must be free; otherwise the whole line.
            along = np.where(lost[:, None], share * reach, max(share, 0.0) * np.nan_to_num(epe_nm)[:, None]
                             * points.directions_px)  # fmt: skip
            column, row = np.rint(np.clip(points.points_px + along, 0, largest)).astype(np.int64).T
            ignored |= ignore[row, column]
    return leaves, ignored


def _bridged(
    points: EpePoints, absent: Booleans, outlines_px: Sequence[Points], shape: tuple[int, int], tone: Tone
) -> Booleans:
    """Where the whole space between the point and another feature is filled."""
    result = np.zeros(len(points), dtype=bool)
    asked = np.flatnonzero(absent & (points.facing_id >= 0) & (points.facing_id != points.feature_id))
    if len(asked) == 0:
        return result
    printed = coverage(outlines_px, shape)
    filled = np.ones(len(asked), dtype=bool)
    height, width = shape
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        place = points.points_px[asked] + share * points.space_nm[asked, None] * points.directions_px[asked]
        column, row = np.rint(np.clip(place, 0, (width - 1, height - 1))).astype(np.int64).T
        filled &= (printed[row, column] > 0.5) == (tone == "raised")
    result[asked] = filled
    return result


def _split(points: EpePoints, epe_nm: Floats) -> tuple[Floats, Floats, Floats]:
    """EPE = n . t + bias + local by least squares over the valid edge points; NaN where EPE is."""
    valid = np.isfinite(epe_nm)
    fitted = valid & ~points.corner
    if np.count_nonzero(fitted) < 3:
        nothing = np.full(len(points), np.nan)
        return nothing, nothing.copy(), nothing.copy()
    design = np.column_stack([points.normals_nm, np.ones(len(points))])
    # A direction that no normal shows gets no share (rcond), instead of a wild one.
    shift_x, shift_y, bias = np.linalg.lstsq(design[fitted], epe_nm[fitted], rcond=1e-6)[0]
    of_registration = np.where(valid, points.normals_nm @ np.array([shift_x, shift_y]), np.nan)
    uniform = np.where(valid, bias, np.nan)
    return of_registration, uniform, epe_nm - of_registration - uniform


def _extra(
    hit: Crossings,
    outlines_px: Sequence[Points],
    registration: Registration,
    shape: tuple[int, int],
    ignore: Booleans | None,
    source: Source,
) -> EpeTable | None:
    """A row for each whole contour in the picture that no design edge claims."""
    claimed = np.zeros(len(outlines_px), dtype=bool)
    claimed[hit.owner] = True
    height, width = shape
    middles = []
    for index in np.flatnonzero(~claimed).tolist():
        outline = outlines_px[index]
        if abs(signed_area(outline)) < EXTRA_PX2 or on_border(outline, shape).any():
            continue
        column, row = np.rint(np.clip(outline, 0, (width - 1, height - 1))).astype(np.int64).T
        if ignore is None or not ignore[row, column].any():
            middles.append(outline.mean(axis=0))
    if not middles:
        return None
    places = registration.to_nm(np.array(middles))
    count = len(places)
    nan = np.full(count, np.nan)
    return EpeTable(
        np.full(count, -1), places[:, 0], places[:, 1], nan, nan, np.full(count, source, dtype=_dtype("source")),
        nan, nan, np.full(count, "edge", dtype=_dtype("feature_class")), np.full(count, "extra", dtype="<U10"),
        nan, nan, nan, nan, nan, np.full(count, "no design edge claims it", dtype="<U24"),
    )  # fmt: skip


def _dtype(column: str) -> str:
    widths = {"feature_id": "<i8", "source": "<U10", "feature_class": "<U6", "state": "<U10", "reason": "<U24"}
    return widths.get(column, "<f8")


def _empty_points() -> EpePoints:
    pairs, none, numbers = np.empty((0, 2)), np.empty(0), np.empty(0, dtype=np.int64)
    nothing = np.empty(0, dtype=bool)
    return EpePoints(pairs, pairs, pairs, pairs, numbers, nothing, none, none, numbers, nothing, none)
