"""Run the current checkpoint over a project, in the worker."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semiview.files.durable_file import writing_problem
from semiview.files.problem import FileProblem
from semiview.learning.messages import PredictionDone, PredictionFailed, PredictItem, PredictJob, WorkFailed
from semiview.learning.registry import CheckpointRef
from semiview.learning.worker_host import run_worker
from semiview.tasks.progress import CaseDone, CaseFailed, Progress, Task
from semiview.tasks.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PredictOptions:
    """Which cases are predicted; without `all_cases` only those that lack this checkpoint's prediction."""

    all_cases: bool = False


@dataclass(frozen=True, slots=True)
class PredictResult:
    """Where the predictions of which checkpoint are, and why some are not."""

    checkpoint_id: str
    paths: dict[str, Path]
    failed: dict[str, str]


def predict_project(
    workspace: Workspace, options: PredictOptions, case_ids: Sequence[str] | None = None
) -> Task[PredictResult]:
    """Predict every case whose list brings no prediction of its own."""
    project, checkpoint = workspace.project, workspace.registry.current()
    paths: dict[str, Path] = {}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="semiview-predict-") as scratch:
        items: list[PredictItem] = []
        for row in project.rows:
            if (case_ids is not None and row.case_id not in case_ids) or row.prediction:
                continue
            out = project.prediction_path(checkpoint.id, row.case_id)
            if out.exists() and not options.all_cases:
                continue
            try:
                items.append(predict_item(workspace, checkpoint, row.case_id, Path(scratch) / f"{len(items)}.npy"))
            except FileProblem as problem:
                failed[row.case_id] = str(problem)
                yield CaseFailed(row.case_id, str(problem))
        if items:
            for event in run_worker(PredictJob(str(checkpoint.path), tuple(items))):
                if isinstance(event, PredictionDone):
                    paths[event.case_id] = Path(event.path)
                    yield CaseDone(event.case_id, f"predicted by {checkpoint.id}")
                    yield Progress(len(paths), len(items), event.case_id)
                elif isinstance(event, PredictionFailed):
                    failed[event.case_id] = event.reason
                    yield CaseFailed(event.case_id, event.reason)
                elif isinstance(event, WorkFailed):
                    for item in items:
                        if item.case_id not in paths and item.case_id not in failed:
                            failed[item.case_id] = event.reason
                            yield CaseFailed(item.case_id, event.reason)
    return PredictResult(checkpoint.id, paths, failed)


def predict_item(workspace: Workspace, checkpoint: CheckpointRef, case_id: str, image_npy: Path) -> PredictItem:
    """Lay a case's pixels out for the worker that runs `checkpoint`.

    Raises
    ------
    FileProblem
        If the image cannot be read, or there is no room for the copy.
    """
    sem = workspace.project.load(case_id).sem
    try:
        np.save(image_npy, sem.pixels, allow_pickle=False)
    except OSError as error:
        raise writing_problem(image_npy, error) from error
    out = workspace.project.prediction_path(checkpoint.id, case_id)
    return PredictItem(case_id, str(image_npy), sem.pixel_size.x_nm, sem.pixel_size.y_nm, str(out))
