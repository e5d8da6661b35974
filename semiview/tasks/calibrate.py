"""Propose pixel sizes for a project from the registrations that stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from semiview.alignment.calibration import Calibration, PixelReading, calibrate, read_pixel, unfit_because
from semiview.files.problem import FileProblem
from semiview.tasks.open import standing_registration
from semiview.tasks.progress import CaseDone, CaseFailed, Progress, Task
from semiview.tasks.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """Proposals by tool and magnification, what they rest on, and why other cases say nothing."""

    proposals: tuple[Calibration, ...]
    readings: tuple[PixelReading, ...]
    left_out: dict[str, str]


def calibrate_project(workspace: Workspace, case_ids: Sequence[str] | None = None) -> Task[CalibrationResult]:
    """Read the pixel size of every case with a sure affine registration; nothing is written."""
    wanted = [row.case_id for row in workspace.project.rows] if case_ids is None else list(case_ids)
    readings: list[PixelReading] = []
    left_out: dict[str, str] = {}
    for number, case_id in enumerate(wanted):
        yield Progress(number, len(wanted), case_id)
        try:
            case = workspace.project.load(case_id)
        except FileProblem as problem:
            left_out[case_id] = str(problem)
            yield CaseFailed(case_id, str(problem))
            continue
        registration, _ = standing_registration(workspace, case)
        reason = unfit_because(registration)
        if reason is not None:
            left_out[case_id] = reason
            continue
        readings.append(read_pixel(case_id, case.info.tool, registration))
        yield CaseDone(case_id, f"{readings[-1].x_nm:.4f} x {readings[-1].y_nm:.4f} nm per px")
    yield Progress(len(wanted), len(wanted), "")
    return CalibrationResult(calibrate(readings), tuple(readings), left_out)
