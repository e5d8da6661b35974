import csv
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from semiview.core.registration import Trust, with_linear_nm
from semiview.files.registration_table import update_registrations
from semiview.tasks.calibrate import calibrate_project, in_words, keep
from semiview.tasks.measure import MeasureOptions, measure_project
from semiview.tasks.open import open_case
from semiview.tasks.progress import result_of
from semiview.tasks.workspace import Workspace, open_workspace

DAY = date(2026, 5, 1)


def registered(folder: Path) -> Workspace:
    """Sure affine registrations that found rows to be stated 0.4 % too small, one after the other a little more."""
    workspace, found = open_workspace(folder), {}
    for number, row in enumerate(workspace.project.rows):
        case = workspace.project.load(row.case_id)
        trust = Trust("unique", "subpixel", covariance=np.diag([0.01, 0.01, 1e-6, 1e-8, 1e-8, 1e-8]))
        right, up = 10.0, -6.0
        changed = with_linear_nm(case.nominal, np.diag([0.996 + 1e-4 * number, 1.0]), (right, up), "affine")
        found[row.case_id] = (replace(changed, method="auto", trust=trust), case)
    update_registrations(workspace.project.registrations_path, found)
    return workspace


def widths(folder: Path, name: str = "gauges.csv", column: str = "cd_nm") -> tuple[list[float], set[tuple[str, ...]]]:
    with (folder / name).open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["source"] == "sem" and row[column]]
    scales = {(row["nm_per_px_x"], row["nm_per_px_y"], row["scale_source"]) for row in rows}
    return [float(row[column]) for row in rows], scales


def test_that_aligned_cases_give_the_pixel_size_back_and_few_are_not_worth_keeping(
    make_project: Callable[..., Path],
) -> None:
    folder = make_project(tool="SEM 1")
    before = calibrate_project(open_workspace(folder))
    assert before.proposals == ()
    assert set(before.left_out.values()) == {"unregistered"}
    found = calibrate_project(registered(folder))
    (proposal,) = found.worth_keeping
    assert (proposal.tool, proposal.stated_nm, len(proposal.case_ids)) == ("SEM 1", 2.0, 3)
    assert proposal.x_nm == pytest.approx(2.0 / 0.9961, abs=1e-6)
    assert proposal.y_nm == pytest.approx(2.0, abs=1e-6)
    assert "SEM 1 at 2 nm per px" in in_words(proposal)
    few = calibrate_project(open_workspace(folder), proposal.case_ids[:1])
    assert few.held_back[0] == "it rests on 1 of at least 3 cases"
    assert few.worth_keeping == ()


def test_that_a_kept_calibration_scales_cd_and_leaves_registrations_and_epe_alone(
    make_project: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_project(tool="SEM 1")
    workspace = registered(folder)
    case_id = workspace.project.rows[0].case_id
    (proposal,) = calibrate_project(workspace).worth_keeping
    result_of(measure_project(workspace, tmp_path / "before", MeasureOptions(jobs=1), [case_id]))
    workspace, kept = keep(workspace, (proposal,), DAY)
    assert calibrate_project(workspace).held_back[0] == "it agrees with the calibration of 2026-05-01"
    assert tomllib.loads((folder / "project.toml").read_text())["calibration"][0]["date"] == DAY
    opened = open_case(workspace, case_id)
    assert opened.document.registration.trust.verdict == "unique"
    assert opened.case.sem.pixel_size.x_nm == opened.document.registration.frame.nm_per_px == 2.0
    result_of(measure_project(workspace, tmp_path / "after", MeasureOptions(jobs=1), [case_id]))
    before, stated = widths(tmp_path / "before")
    after, used = widths(tmp_path / "after")
    assert stated == {("2", "2", "case list")}
    ((x_nm, y_nm, source),) = used
    assert source == "calibration of 2026-05-01"
    assert (float(x_nm), float(y_nm)) == pytest.approx((proposal.x_nm, proposal.y_nm))
    ratio = np.array(after) / np.array(before)
    axes = np.array([proposal.x_nm, proposal.y_nm]) / 2
    assert np.abs(ratio[:, None] - axes).min(axis=1).max() < 1e-4  # every gauge lies along an axis, but for the tilt
    epe, _ = widths(tmp_path / "before", "epe.csv", "epe_nm")
    assert widths(tmp_path / "after", "epe.csv", "epe_nm")[0] == epe
    assert {source for *_, source in widths(tmp_path / "after", "epe.csv", "epe_nm")[1]} == {"registration"}
    assert workspace.project.remove_calibrations(kept).settings.calibrations == ()


def test_that_the_scale_of_one_image_is_used_only_if_asked(make_project: Callable[..., Path], tmp_path: Path) -> None:
    workspace = registered(make_project(tool="SEM 1"))
    case_id = workspace.project.rows[0].case_id
    registration = open_case(workspace, case_id).document.registration
    for scale, wanted in (("registration", registration.pixel_axes()[:2]), ("nominal", (2.0, 2.0))):
        result_of(measure_project(workspace, tmp_path / scale, MeasureOptions(jobs=1, scale=scale), [case_id]))
        ((x_nm, y_nm, _),) = widths(tmp_path / scale)[1]
        assert (float(x_nm), float(y_nm)) == pytest.approx(wanted)
