"""Write what a reviewer decided into the feedback store."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.core.case import Case
from semiview.core.coverage import Coverage
from semiview.core.document import Document
from semiview.core.outline import Points
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.core.review import Decision
from semiview.feedback.record import IGNORED, Record
from semiview.files.problem import FileProblem
from semiview.learning.registry import CheckpointRef
from semiview.metrology.contour import half_contours
from semiview.metrology.measurement import Measurement
from semiview.tasks.workspace import Workspace

FIELD_COLUMNS = ("field_x_min_nm", "field_y_min_nm", "field_x_max_nm", "field_y_max_nm")
IGNORE_LAYERS = "ignore_layers"
SNAP_PX = 1.0  # an outline farther than this from the predicted contour was drawn by hand


def decide(
    workspace: Workspace,
    case: Case,
    document: Document,
    measurement: Measurement | None,
    decision: Decision,
) -> str:
    """Write a decision; durable when this returns.

    It replaces what the same reviewer decided of the case before, and nobody else's decision unless it names it in
    `supersedes`: two reviewers who differ make the case disputed.

    Returns
    -------
    The record's id.

    Raises
    ------
    FileProblem
        If the record could not be made durable; nothing is lost then, and the same call may be repeated.
    ValueError
        If a shape is approved where there is none.
    """
    if not decision.supersedes:
        standing = (workspace.store.header(record_id) for record_id in workspace.store.heads(case.case_id))
        own = tuple(header.record_id for header in standing if header.reviewer == decision.reviewer)
        decision = replace(decision, supersedes=own)
    return workspace.store.append(record_of(case, document, measurement, decision, _checkpoint(workspace, case)))


def retract(workspace: Workspace, record_id: str, reviewer: str) -> str:
    """Take a decision back by a new record; the old one stays in the history."""
    old = workspace.store.header(record_id)
    return workspace.store.append(
        Record(kind="retract", case_id=old.case_id, reviewer=reviewer, time_utc=_now(), supersedes=(record_id,),
               pattern_type=old.pattern_type, group=old.group, program_version=version("semiview"))
    )  # fmt: skip


def record_of(
    case: Case,
    document: Document,
    measurement: Measurement | None,
    decision: Decision,
    checkpoint: CheckpointRef | None = None,
) -> Record:
    """The record of a decision: everything that was on the screen when it was made."""
    info, size = case.info, case.sem.pixel_size
    said: dict[str, Any] = {
        "kind": decision.kind,
        "case_id": case.case_id,
        "reviewer": decision.reviewer,
        "time_utc": _now(),
        "supersedes": decision.supersedes,
        "reason": decision.reason,
        "note": decision.note,
        "seconds_spent": decision.seconds_spent,
        "pattern_type": info.pattern_type,
        "group": info.group,
        "tool": info.tool,
        "program_version": version("semiview"),
        "metadata": _metadata(case),
    }
    if decision.kind in ("skip", "retract", "note"):
        return Record(**said)
    prediction = case.prediction
    seen: dict[str, Any] = {
        "sem": case.sem.pixels,
        "nm_per_px_x": size.x_nm,
        "nm_per_px_y": size.y_nm,
        "nm_per_px_source": size.source,
        "image_sha256": case.sem.sha256,
        "prediction": None if prediction is None else prediction.probability.astype(np.float16),
        "checkpoint_id": "" if prediction is None else prediction.checkpoint_id,
        "checkpoint_sha256": "" if checkpoint is None else checkpoint.sha256,
        "registration": document.registration,
        "ignore": None if document.ignore is None else document.ignore.mask().astype(np.uint8),
        "gauges": document.gauges,
        "edge_algorithm": document.settings.edge_algorithm,
        "tables": {} if measurement is None else measurement_tables(measurement, case, document),
    }
    if case.design is not None:
        seen |= {
            "design_outlines_nm": case.design.target,
            "design_tone": case.design.tone or "",
            "design_raster": design_raster(case, document.registration),
        }
    if decision.kind == "reject":
        return Record(**said, **seen)
    approvals: dict[str, Any] = {
        "approves_shape": decision.approval.shape,
        "approves_registration": decision.approval.registration,
        "approves_measurements": decision.approval.measurements,
    }
    shape = _shape(case, document)
    if shape is None:
        if decision.approval.shape:
            raise ValueError("There is no shape to approve: predict or draw one first.")
        return Record(**said, **seen, **approvals)
    outlines = half_contours(shape.to_array(), 127.5)
    approved = shape.mask().astype(np.uint8)
    if document.ignore is not None:
        approved[document.ignore.mask()] = IGNORED
    return Record(
        **said,
        **seen,
        **approvals,
        approved=approved,
        approved_outlines_px=outlines,
        free_share=free_share(outlines, measurement, case.sem.shape),
    )


def free_share(outlines: tuple[Points, ...], measurement: Measurement | None, shape: tuple[int, int]) -> float:
    """Share of the approved outline that follows neither the SEM's own edge nor the prediction's contour."""
    if not outlines:
        return 0.0
    known = np.zeros(shape, bool)
    for source in ("sem", "prediction"):
        for outline in () if measurement is None else measurement.outlines_px.get(source, ()):
            known[_pixels_of(outline, shape)] = True
    points = np.concatenate(outlines)
    if not known.any():
        return 1.0
    distance = ndimage.distance_transform_edt(~known)
    row, column = _pixels_of(points, shape)
    return float(np.mean(distance[row, column] > SNAP_PX + 1.0))


def measurement_tables(
    measurement: Measurement, case: Case, document: Document
) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """The measurement as columns, as a record keeps it, and the conditions it was made under.

    A correction is kept as coverage too: its outlines alone bring the numbers back to a tenth of a pixel only.
    """
    correction = document.correction
    drawn = {} if correction is None else {"correction": {"coverage": correction.to_array()}}
    return {
        "epe": epe_columns(measurement),
        "cd": row_columns(measurement.cd),
        "scores": row_columns(measurement.scores),
        "roughness": row_columns(measurement.roughness),
        "conditions": conditions(measurement, case, document),
        **drawn,
        **ignore_layers(case),
    }


def epe_columns(measurement: Measurement) -> dict[str, npt.NDArray[Any]]:
    """EPE by column."""
    return {field.name: np.asarray(getattr(measurement.epe, field.name)) for field in fields(measurement.epe)}


def conditions(measurement: Measurement, case: Case, document: Document) -> dict[str, npt.NDArray[Any]]:
    """Settings, scale, and the design's field (which tells where gauges and points are placed): one row."""
    scale, design = measurement.scale, case.design
    field_nm = (np.nan,) * 4 if design is None else design.field_nm
    values = {
        **asdict(document.settings),
        "scale_x_nm": scale.x_nm,
        "scale_y_nm": scale.y_nm,
        "scale_source": scale.source,
        **dict(zip(FIELD_COLUMNS, field_nm, strict=True)),
        "ignore_outlines": 0 if design is None else len(design.ignore),
    }
    return {name: np.array([value]) for name, value in values.items()}


def ignore_layers(case: Case) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """The outlines of the design's ignore layers point by point, where there are any: which outline, x and y in nm."""
    outlines = () if case.design is None else case.design.ignore
    if not outlines:
        return {}
    number = np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])
    x_nm, y_nm = np.concatenate(outlines).T
    return {IGNORE_LAYERS: {"outline": number, "x_nm": x_nm.copy(), "y_nm": y_nm.copy()}}


def row_columns(rows: tuple[Any, ...]) -> dict[str, npt.NDArray[Any]]:
    """Rows of one kind by column."""
    as_dicts = [asdict(row) for row in rows]
    return {name: np.array([row[name] for row in as_dicts]) for name in (as_dicts[0] if as_dicts else {})}


def _shape(case: Case, document: Document) -> Coverage | None:
    """The correction, else the prediction, else nothing."""
    if document.correction is not None:
        return document.correction
    return None if case.prediction is None else Coverage.from_probability(case.prediction.probability)


def design_raster(case: Case, registration: Registration) -> npt.NDArray[np.uint8] | None:
    """Standing material of the design on the picture's grid, 0 to 255; None while it cannot be said."""
    if case.design is None or case.design.tone is None or not case.sem.pixel_size.known:
        return None
    outlines = tuple(registration.outline_to_px(outline) for outline in case.design.target)
    drawn = np.rint(coverage(outlines, case.sem.shape) * 255).astype(np.uint8)
    return drawn if case.design.tone == "raised" else 255 - drawn


def _pixels_of(points: Points, shape: tuple[int, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    column = np.clip(np.rint(points[:, 0]).astype(np.int64), 0, shape[1] - 1)
    row = np.clip(np.rint(points[:, 1]).astype(np.int64), 0, shape[0] - 1)
    return row, column


def _checkpoint(workspace: Workspace, case: Case) -> CheckpointRef | None:
    if case.prediction is None:
        return None
    try:
        return workspace.registry.get(case.prediction.checkpoint_id)
    except FileProblem:  # it came with the case list, or its file is gone: the decision is worth keeping all the same
        return None


def _metadata(case: Case) -> Mapping[str, str]:
    info = case.info
    own = {name: getattr(info, name) for name in ("recipe", "layer_name", "lot", "wafer", "field", "acquired_at")}
    return {name: value for name, value in {**own, **info.metadata, "image_path": case.sem.path}.items() if value}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
