"""Edge placement error: signed distance from the design's edge to the printed one, along the design's normal.

EPE = n . (q - p) in design nm: p on the design's edge, n its outward normal, q the nearest crossing of a contour with
the line p + a n, |a| <= reach. Positive: the drawn polygon printed larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

from semiview.core.design import Tone
from semiview.core.document import MeasureSettings
from semiview.core.outline import Points
from semiview.core.registration import Registration
from semiview.core.sem_image import SemImage
from semiview.metrology.contour import Contours, edge_segments
from semiview.metrology.crossing import Booleans, Floats, Integers
from semiview.metrology.epe_faults import (
    bridged_in_picture,
    bridged_in_shape,
    outlines_far_from_design,
    unclaimed_outlines,
)
from semiview.metrology.epe_points import EpePoints, edge_reach_nm

Source = Literal["sem", "prediction", "approved"]
EpeState = Literal["valid", "missing", "bridge", "extra", "unobserved"]

MARGIN_PX = 2.0
COSINE_60 = 0.5


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


def measure_epe(
    points: EpePoints,
    contours: Contours,
    registration: Registration,
    shape: tuple[int, int],
    ignore: Booleans | None,
    source: Source,
    tone: Tone = "raised",
    sem: SemImage | None = None,
    settings: MeasureSettings | None = None,
) -> EpeTable:
    """EPE of contours at design points.

    Parameters
    ----------
    ignore
        (H, W) True where nothing may be read.
    tone
        What the drawn polygon is: material or opening.
    sem, settings
        The picture that the contours were read from: it tells bridges and extra shapes, to which no contour that began
        at the design leads. None for a shape, whose own contours tell them.

    Returns
    -------
    EpeTable
        One row per point, and one per contour that no point claims.
    """
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
    if absent.any():
        if sem is None:
            bridged = bridged_in_shape(points, absent, contours.outlines, shape, tone)
        else:
            bridged = bridged_in_picture(points, absent, epe, sem)
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
    if count == 0:
        return table
    claimed = np.zeros(len(contours.outlines), dtype=bool)
    claimed[hit.owner] = True
    extra = unclaimed_outlines(contours, claimed, shape)
    if sem is not None and settings is not None:
        nm_per_px = registration.frame.nm_per_px
        extra += outlines_far_from_design(sem, points, settings, edge_reach_nm(settings, nm_per_px) / nm_per_px)
    extra = [outline for outline in extra if ignore is None or not _any_marked(outline, ignore)]
    return EpeTable.concatenated([table, _extra_rows(extra, registration, source)]) if extra else table


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


def _any_marked(outline: Points, ignore: Booleans) -> bool:
    column, row = np.rint(np.clip(outline, 0, (ignore.shape[1] - 1, ignore.shape[0] - 1))).astype(np.int64).T
    return bool(ignore[row, column].any())


def _extra_rows(outlines_px: Sequence[Points], registration: Registration, source: Source) -> EpeTable:
    """A row for each contour that no design edge claims."""
    places = registration.to_nm(np.array([outline.mean(axis=0) for outline in outlines_px]))
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
