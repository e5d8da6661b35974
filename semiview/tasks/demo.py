"""The whole loop on the example project, whose truth is known: align, predict, measure, approve, fine-tune, compare."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from semiview.core.case import Case
from semiview.core.coverage import Coverage
from semiview.core.registration import PARAMETERS, Registration
from semiview.core.review import Approval, Decision
from semiview.files.grey_image import grey_image, read_bytes
from semiview.files.problem import FileProblem
from semiview.learning.messages import TrainingOptions
from semiview.metrology.measurement import Measurement, measure
from semiview.tasks.align import AlignOptions, align_project
from semiview.tasks.decide import decide
from semiview.tasks.measure import MeasureOptions, measure_project
from semiview.tasks.open import open_case
from semiview.tasks.predict import PredictOptions, predict_project
from semiview.tasks.progress import CaseDone, Progress, Task
from semiview.tasks.train import TrainResult, train_project
from semiview.tasks.workspace import Workspace, open_workspace

REVIEWER = "demo"


@dataclass(frozen=True, slots=True)
class CaseErrors:
    """How far one case's numbers are from its truth.

    Attributes
    ----------
    registration_px, registration_worst_px
        Median and largest distance of the design's points in the picture from where they truly lie.
    epe_mean_nm, epe_sigma_nm
        Mean and standard deviation of (EPE read off the SEM - EPE of the true shape) over the same points.
    cd_mean_nm, cd_sigma_nm
        The same for CD, over the same gauges.
    """

    case_id: str
    pattern_type: str
    verdict: str
    registration_px: float
    registration_worst_px: float
    epe_mean_nm: float
    epe_sigma_nm: float
    epe_points: int
    cd_mean_nm: float
    cd_sigma_nm: float
    gauges: int


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the loop came to."""

    folder: Path
    errors: tuple[CaseErrors, ...]
    summary: Mapping[str, Any]
    records: int
    training: TrainResult
    failed: Mapping[str, str]
    seconds: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """What `demo --json` prints."""
        return {
            "folder": str(self.folder),
            "cases": [{name: getattr(error, name) for name in CaseErrors.__slots__} for error in self.errors],
            "errors": self.overall(),
            "measured": self.summary,
            "records_written": self.records,
            "training": self.training.as_json(),
            "failed": dict(self.failed),
            "seconds": dict(self.seconds),
        }

    def overall(self) -> dict[str, float | int]:
        """The errors over the cases whose registration may be used: median, largest, and means over cases.

        A periodic field has no unique place; it is counted by its verdict and not averaged in.
        """
        located = [error for error in self.errors if error.verdict == "unique"]
        columns = {name: np.array([getattr(error, name) for error in located]) for name in CaseErrors.__slots__[3:]}
        return {
            "located_cases": len(located),
            "registration_median_px": _over(np.median, columns["registration_px"]),
            "registration_worst_px": _over(np.max, columns["registration_worst_px"]),
            "epe_mean_nm": _over(np.mean, columns["epe_mean_nm"]),
            "epe_sigma_nm": _over(np.mean, columns["epe_sigma_nm"]),
            "cd_mean_nm": _over(np.mean, columns["cd_mean_nm"]),
            "cd_sigma_nm": _over(np.mean, columns["cd_sigma_nm"]),
        }


def unpack_example(folder: Path | None = None, headless: bool = False) -> Path:
    """Copy the example project where it can be worked on.

    Parameters
    ----------
    folder
        Where to; left out: the user's own data folder. A folder that was named is never overwritten.
    headless
        For the loop that runs by itself: where no folder is named it begins anew, in a copy of its own, so that what
        was decided in the window on the example stays.

    Raises
    ------
    FileProblem
        If the named folder exists and is no example project, or the copy cannot be written.
    """
    own = "example-headless" if headless else "example"
    target = folder or Path(platformdirs.user_data_dir("semiview")) / own
    if headless and folder is None:
        shutil.rmtree(target, ignore_errors=True)
    if (target / "cases.csv").exists():
        return target
    if target.exists() and any(target.iterdir()):
        raise FileProblem(target, "exists and is not an example project.", "Name an empty or a new folder.")
    try:
        with resources.as_file(resources.files("semiview.resources") / "example") as example:
            shutil.copytree(example, target, dirs_exist_ok=True)
    except OSError as error:
        raise FileProblem(target, f"The example could not be copied here: {error.strerror}.") from error
    return target


def run_demo(folder: Path, options: TrainingOptions | None = None) -> Task[DemoResult]:
    """Run the loop on an unpacked example project."""
    clock = _Clock()
    workspace = open_workspace(folder)
    aligned = yield from align_project(workspace, AlignOptions(all_cases=True))
    clock.lap("align")
    predicted = yield from predict_project(workspace, PredictOptions())
    clock.lap("predict")
    summary = yield from measure_project(workspace, folder / "tables", MeasureOptions())
    clock.lap("measure")
    truth = json.loads((folder / "truth" / "truth.json").read_text("utf-8"))
    errors: list[CaseErrors] = []
    before = len(workspace.store.snapshot())
    for row in workspace.project.rows:
        errors.append(approve_truth(workspace, row.case_id, truth["cases"][row.case_id]))
        yield CaseDone(row.case_id, "corrected to the true shape and written")
        yield Progress(len(errors), len(workspace.project.rows), row.case_id)
    workspace.store.rebuild_view()
    clock.lap("review")
    training = yield from train_project(workspace, options or TrainingOptions(), promote=True)
    clock.lap("train")
    failed = {**predicted.failed, **{key: why for key, why in aligned.failed.items() if key not in aligned.found}}
    if training.failed:
        failed["training"] = training.failed
    records = len(workspace.store.snapshot()) - before
    return DemoResult(folder, tuple(errors), summary, records, training, failed, clock.laps)


def approve_truth(workspace: Workspace, case_id: str, truth: Mapping[str, Any]) -> CaseErrors:
    """Correct a case to its true shape, as a perfect reviewer would, and compare what was read with the truth."""
    opened = open_case(workspace, case_id)
    shape = Coverage.from_array(true_shape(workspace, case_id))
    document = replace(opened.document, correction=shape)
    measurement = measure(opened.case, document)
    usable = document.registration.unusable_because is None
    decision = Decision("correct", REVIEWER, Approval(True, usable, usable), note="the simulation's own truth")
    decide(workspace, opened.case, document, measurement, decision)
    return errors_of(opened.case, document.registration, measurement, truth)


def true_shape(workspace: Workspace, case_id: str) -> npt.NDArray[np.uint8]:
    """Coverage (H, W) of standing material, 0 to 255, from the example's truth."""
    path = workspace.project.folder / "truth" / f"{case_id}.png"
    pixels: npt.NDArray[np.uint8] = grey_image(path, read_bytes(path)).pixels
    return pixels


def errors_of(case: Case, registration: Registration, measurement: Measurement, truth: Mapping[str, Any]) -> CaseErrors:
    """What was read of a case against its truth."""
    values: dict[str, Any] = {name: float(truth["registration"][name]) for name in PARAMETERS}
    true_registration = replace(case.nominal, **values)
    distance = _distance_px(case, registration, true_registration)
    epe = _differences(measurement)
    cd = _cd_differences(measurement)
    return CaseErrors(
        case.case_id,
        case.info.pattern_type,
        registration.trust.verdict or "",
        float(np.median(distance)) if len(distance) else float("nan"),
        float(distance.max()) if len(distance) else float("nan"),
        *_mean_and_sigma(epe),
        len(epe),
        *_mean_and_sigma(cd),
        len(cd),
    )


def _distance_px(case: Case, found: Registration, true: Registration) -> npt.NDArray[np.float64]:
    """How far the design's points in the picture lie from where they truly are."""
    if case.design is None or not case.design.target:
        return np.empty(0)
    points = np.concatenate(case.design.target)
    there = true.to_px(points)
    height, width = case.sem.shape
    inside = (there >= 0).all(axis=1) & (there[:, 0] < width) & (there[:, 1] < height)
    distance: npt.NDArray[np.float64] = np.hypot(*(found.to_px(points[inside]) - there[inside]).T)
    return distance


def _differences(measurement: Measurement) -> npt.NDArray[np.float64]:
    """EPE of the SEM contour minus EPE of the true shape, in nm, where both exist at the same point."""
    table = measurement.epe
    read, true = table.where(table.source == "sem"), table.where(table.source == "approved")
    known = {(x, y): value for x, y, value in zip(true.x_nm, true.y_nm, true.epe_nm, strict=True)}
    pairs = [
        value - known.get((x, y), float("nan")) for x, y, value in zip(read.x_nm, read.y_nm, read.epe_nm, strict=True)
    ]
    result = np.array(pairs, dtype=np.float64)
    return result[np.isfinite(result)]


def _cd_differences(measurement: Measurement) -> npt.NDArray[np.float64]:
    true = {row.gauge_id: row.cd_nm for row in measurement.cd if row.source == "approved"}
    pairs = [row.cd_nm - true.get(row.gauge_id, float("nan")) for row in measurement.cd if row.source == "sem"]
    result = np.array(pairs, dtype=np.float64)
    return result[np.isfinite(result)]


def _mean_and_sigma(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    return (float(values.mean()), float(values.std())) if len(values) else (float("nan"), float("nan"))


def _over(reduce: Callable[[npt.NDArray[np.float64]], Any], values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(reduce(known)) if len(known) else float("nan")


class _Clock:
    """Seconds of each part of the loop."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now
