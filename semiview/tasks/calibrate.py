"""Pixel sizes for a project from the registrations that stand: proposed, kept in project.toml, taken back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from semiview.alignment.calibration import (
    Calibration,
    PixelReading,
    calibrate,
    calibration_for,
    read_pixel,
    unfit_because,
)
from semiview.files.problem import FileProblem
from semiview.files.registration_table import read_registrations, recorded_registration
from semiview.tasks.workspace import Workspace

LEAST_CASES = 3  # a smaller set says nothing of how much fields differ
LEAST_CHANGE = 2e-4  # of the size in use, and beyond LEAST_SIGMAS of the proposal's own error
LEAST_SIGMAS = 2.0


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """What the registrations of a project say of its microscopes.

    Attributes
    ----------
    proposals
        By tool and magnification.
    held_back
        Sentence for each proposal that should not be kept, by its place in `proposals`.
    readings
        What they rest on.
    left_out
        Why other cases say nothing.
    """

    proposals: tuple[Calibration, ...] = ()
    held_back: Mapping[int, str] = field(default_factory=dict)
    readings: tuple[PixelReading, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def worth_keeping(self) -> tuple[Calibration, ...]:
        """Proposals that rest on enough cases and differ from what is in use."""
        return tuple(each for number, each in enumerate(self.proposals) if number not in self.held_back)


def calibrate_project(workspace: Workspace, case_ids: Sequence[str] | None = None) -> CalibrationResult:
    """Read the pixel size of every case with a sure affine registration in registrations.csv; nothing is written.

    Each row says what pixel size it is relative to, so that no image is opened.

    Raises
    ------
    FileProblem
        If registrations.csv cannot be read.
    """
    project = workspace.project
    rows = read_registrations(project.registrations_path)
    readings: list[PixelReading] = []
    left_out: dict[str, str] = {}
    for case_id in [row.case_id for row in project.rows] if case_ids is None else case_ids:
        if case_id not in rows:
            left_out[case_id] = "unregistered"
            continue
        try:
            registration = recorded_registration(rows[case_id])
        except FileProblem as problem:
            left_out[case_id] = str(problem)
            continue
        reason = unfit_because(registration)
        if reason is not None:
            left_out[case_id] = reason
        else:
            readings.append(read_pixel(case_id, project.row(case_id).info.tool, registration))
    proposals = calibrate(readings)
    reasons = {number: _held_back_because(workspace, each) for number, each in enumerate(proposals)}
    held_back = {number: reason for number, reason in reasons.items() if reason}
    return CalibrationResult(proposals, held_back, tuple(readings), left_out)


def keep(
    workspace: Workspace, proposals: Sequence[Calibration], day: date
) -> tuple[Workspace, tuple[Calibration, ...]]:
    """The workspace with the proposals in its project.toml under a date, and the entries as they were written."""
    dated = tuple(replace(each, date=day.isoformat()) for each in proposals)
    return replace(workspace, project=workspace.project.add_calibrations(dated)), dated


def _held_back_because(workspace: Workspace, proposal: Calibration) -> str:
    """Why a proposal should not be kept; empty if it should."""
    if len(proposal.case_ids) < LEAST_CASES:
        return f"it rests on {len(proposal.case_ids)} of at least {LEAST_CASES} cases"
    kept = calibration_for(workspace.project.settings.calibrations, proposal.tool, proposal.stated_nm)
    used = (proposal.stated_nm, proposal.stated_nm) if kept is None else (kept.x_nm, kept.y_nm)
    sizes = ((proposal.x_nm, proposal.sigma_x_nm, used[0]), (proposal.y_nm, proposal.sigma_y_nm, used[1]))
    if all(abs(size - old) <= max(LEAST_SIGMAS * sigma, LEAST_CHANGE * old) for size, sigma, old in sizes):
        return "it agrees with " + ("the stated size" if kept is None else f"the calibration of {kept.date}")
    return ""


def in_words(calibration: Calibration) -> str:
    """One line for a person: whose, sizes with errors, difference to what is stated, from how many cases."""
    stated = calibration.stated_nm
    sizes = [
        f"{_with_error(size, sigma)} nm ({100 * (size / stated - 1):+.2f} %) {axis}"
        for size, sigma, axis in (
            (calibration.x_nm, calibration.sigma_x_nm, "along rows"),
            (calibration.y_nm, calibration.sigma_y_nm, "along columns"),
        )
    ]
    cases = f"{len(calibration.case_ids)} case" + ("s" if len(calibration.case_ids) != 1 else "")
    whose = f"{calibration.tool or 'No tool named'} at {stated:.5g} nm per px"
    return f"{whose}: {sizes[0]}, {sizes[1]}, from {cases}"


def _with_error(value: float, sigma: float) -> str:
    """Both with as many decimals as two digits of the error need."""
    decimals = max(0, 1 - math.floor(math.log10(sigma))) if 0 < sigma < math.inf else 4
    return f"{value:.{decimals}f} ± {sigma:.{decimals}f}"
