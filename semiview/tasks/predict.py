"""Run the current checkpoint over a project, in the worker."""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.files.csv_table import cell_text, read_table, table_bytes
from semiview.files.durable_file import exclusive_lock, make_folder, write_durably, writing_problem
from semiview.files.prediction_file import spread_path
from semiview.files.problem import FileProblem
from semiview.files.project import Project
from semiview.learning.messages import PredictionDone, PredictionFailed, PredictItem, PredictJob, WorkFailed
from semiview.learning.worker_host import run_worker
from semiview.tasks.decide import design_raster
from semiview.tasks.open import open_case
from semiview.tasks.progress import CaseDone, CaseFailed, Progress, Task
from semiview.tasks.workspace import Workspace

UNCERTAINTY_COLUMNS = ("case_id", "contour_sigma_px")


@dataclass(frozen=True, slots=True)
class PredictOptions:
    """Which cases are predicted, and how.

    Attributes
    ----------
    all_cases
        Also those that have this checkpoint's prediction already.
    average
        Predict every turn and mirror image of a picture; the mean is the prediction, the spread its uncertainty.
    predictor
        Something else than the current checkpoint: classical, onnx:FILE or the name of an installed package's own;
        its predictions lie in a folder of that name.
    """

    all_cases: bool = False
    average: bool = False
    predictor: str = ""


@dataclass(frozen=True, slots=True)
class PredictResult:
    """Where the predictions of which checkpoint are, and why some are not.

    `uncertainty_px` holds the 95th percentile of the contour's standard deviation of the cases that were averaged.
    """

    checkpoint_id: str
    paths: dict[str, Path]
    failed: dict[str, str]
    uncertainty_px: dict[str, float]


def predict_project(
    workspace: Workspace, options: PredictOptions, case_ids: Sequence[str] | None = None
) -> Task[PredictResult]:
    """Predict every case whose list brings no prediction of its own."""
    project = workspace.project
    checkpoint = None if options.predictor else workspace.registry.current()
    maker = options.predictor if checkpoint is None else checkpoint.id
    result = PredictResult(maker, {}, {}, {})
    with tempfile.TemporaryDirectory(prefix="semiview-predict-") as scratch:
        items: list[PredictItem] = []
        for row in project.rows:
            if (case_ids is not None and row.case_id not in case_ids) or row.prediction:
                continue
            out = project.prediction_path(maker, row.case_id)
            done = out.exists() and (spread_path(out).exists() or not options.average)
            if done and not options.all_cases:
                continue
            try:
                image = Path(scratch) / f"{len(items)}.npy"
                item = predict_item(workspace, maker, row.case_id, image)
                items.append(with_design(workspace, item, image) if checkpoint is None else item)
            except FileProblem as problem:
                result.failed[row.case_id] = str(problem)
                yield CaseFailed(row.case_id, str(problem))
        if items:
            path = "" if checkpoint is None else str(checkpoint.path)
            job = PredictJob(path, tuple(items), average=options.average, predictor=options.predictor)
            yield from carry_out(job, f"predicted by {maker}", result)
    if result.paths:
        unknown = dict.fromkeys(result.paths, float("nan"))
        remember_uncertainty(project, maker, unknown | result.uncertainty_px)
    return result


def carry_out(job: PredictJob, done: str, result: PredictResult) -> Task[None]:
    """Run a job in the worker, note in `result` what becomes of each item, and say `done` of each that is."""
    for event in run_worker(job):
        if isinstance(event, PredictionDone):
            result.paths[event.case_id] = Path(event.path)
            if math.isfinite(event.uncertainty_px):
                result.uncertainty_px[event.case_id] = event.uncertainty_px
            yield CaseDone(event.case_id, done)
            yield Progress(len(result.paths), len(job.items), event.case_id)
        elif isinstance(event, PredictionFailed):
            result.failed[event.case_id] = event.reason
            yield CaseFailed(event.case_id, event.reason)
        elif isinstance(event, WorkFailed):
            for item in job.items:
                if item.case_id not in result.paths and item.case_id not in result.failed:
                    result.failed[item.case_id] = event.reason
                    yield CaseFailed(item.case_id, event.reason)


def predict_item(workspace: Workspace, maker: str, case_id: str, image_npy: Path) -> PredictItem:
    """Lay a case's pixels out for the worker; `maker` is the checkpoint's id.

    Raises
    ------
    FileProblem
        If the image cannot be read, or there is no room for the copy.
    """
    sem = workspace.project.load(case_id).sem
    _keep(image_npy, sem.pixels)
    out = workspace.project.prediction_path(maker, case_id)
    return PredictItem(case_id, str(image_npy), sem.pixel_size.x_nm, sem.pixel_size.y_nm, str(out))


def with_design(workspace: Workspace, item: PredictItem, image_npy: Path) -> PredictItem:
    """The item with the registered design beside it, where both are known."""
    opened = open_case(workspace, item.case_id)
    raster = design_raster(opened.case, opened.document.registration)
    if raster is None:
        return item
    design_npy = image_npy.with_suffix(".design.npy")
    _keep(design_npy, (raster / np.float32(255)).astype(np.float32))
    return replace(item, design_npy=str(design_npy))


def uncertainties(project: Project, maker: str) -> dict[str, float]:
    """By case, the 95th percentile in px of the standard deviation of what that checkpoint drew; empty if unknown.

    Raises
    ------
    FileProblem
        If the table cannot be read.
    """
    rows = read_table(_uncertainty_path(project, maker), UNCERTAINTY_COLUMNS)
    found = {}
    for row in rows:
        try:
            found[row["case_id"]] = float(row["contour_sigma_px"])
        except ValueError:
            continue
    return found


def remember_uncertainty(project: Project, maker: str, found: Mapping[str, float]) -> None:
    """Write the uncertainties of some cases beside their predictions; NaN takes a case's away.

    Raises
    ------
    FileProblem
        If the table cannot be read or written.
    """
    path = _uncertainty_path(project, maker)
    make_folder(path.parent)
    with exclusive_lock(path):
        known = uncertainties(project, maker)
        both = {**known, **found}
        kept = {case_id: value for case_id, value in both.items() if math.isfinite(value)}
        if kept != known:
            rows = [[case_id, cell_text(value)] for case_id, value in kept.items()]
            write_durably(path, table_bytes(UNCERTAINTY_COLUMNS, rows))


def _uncertainty_path(project: Project, maker: str) -> Path:
    return project.prediction_path(maker, "any").with_name("uncertainty.csv")


def _keep(path: Path, array: npt.NDArray[Any]) -> None:
    try:
        np.save(path, array, allow_pickle=False)
    except OSError as error:
        raise writing_problem(path, error) from error
