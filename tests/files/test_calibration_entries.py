import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from semiview.alignment.calibration import Calibration, calibration_for
from semiview.files.calibration_entries import add_calibrations, entry_text, remove_calibrations
from semiview.files.problem import FileProblem
from semiview.files.project_settings import read_settings

ONE = Calibration('SEM "1"', 2.0, 2.0031, 1.9874, 1e-4, 4e-4, 5e-4, 1e-5, ("a/1", "b"), "2026-05-01")
OTHER = replace(ONE, tool="", stated_nm=0.8, x_nm=0.801, y_nm=0.802, date="2026-06-02")
OLD = '# mine\ntone = "raised"  # as drawn\n\n[measure]\n# of the tool\'s recipe\nrows_averaged = 2\n'


@pytest.mark.parametrize("old", [None, "", OLD])
def test_that_entries_come_back_and_leave_no_trace_when_taken_out(tmp_path: Path, old: str | None) -> None:
    path = tmp_path / "project.toml"
    if old is not None:
        path.write_text(old)
    add_calibrations(path, (ONE,))
    add_calibrations(path, (OTHER,))
    settings, problems = read_settings(path)
    assert problems == ()
    assert settings.calibrations == (ONE, OTHER)
    assert path.read_text().startswith(old or "")
    remove_calibrations(path, (ONE,))
    assert read_settings(path)[0].calibrations == (OTHER,)
    remove_calibrations(path, (OTHER,))
    assert path.read_text() == (old or "")


def test_that_what_a_person_wrote_around_an_entry_stays(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    path.write_text(
        f"{entry_text(ONE)}# the old objective\n\n{entry_text(OTHER)}\n[measure]  # below\nrows_averaged = 2\n"
    )
    remove_calibrations(path, (ONE,))
    assert path.read_text().startswith("# the old objective")
    remove_calibrations(path, (OTHER,))
    assert path.read_text() == "# the old objective\n\n[measure]  # below\nrows_averaged = 2\n"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("nm_per_px = 2.0\nnm_per_px_x = 2.0\ndate = 2026-05-01", "in entry 1 nm_per_px_y is missing"),
        ("nm_per_px = 2.0\nnm_per_px_x = -1\nnm_per_px_y = 2.0\ndate = 2026-05-01", "nm_per_px_x is a positive number"),
        ("nm_per_px = 2.0\nnm_per_px_x = 2.0\nnm_per_px_y = 2.0\ndate = 'May'", "Invalid isoformat"),
        ("nm_per_px = 2.0\nnm_per_px_x = 2.0\nnm_per_px_y = 2.0\ndate = 5", "date is a day such as"),
        ("nm_per_px = 2.0\nnm_per_px_x = 2.0\nnm_per_px_y = 2.0\ndate = 2026-05-01\nlens = 1", "lens is not known"),
    ],
)
def test_that_a_wrong_entry_is_named_and_none_is_used(tmp_path: Path, entry: str, reason: str) -> None:
    path = tmp_path / "project.toml"
    path.write_text(f'tone = "raised"\n[[calibration]]\n{entry}\n')
    settings, (problem,) = read_settings(path)
    assert reason in str(problem)
    assert (settings.calibrations, settings.tone) == ((), "raised")


def test_that_a_form_nobody_here_writes_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    text = "calibration = [{date = 2026-05-01, nm_per_px = 2.0, nm_per_px_x = 2.0, nm_per_px_y = 2.0}]\n"
    path.write_text(text)
    with pytest.raises(FileProblem, match="a form this program does not change"):
        add_calibrations(path, (ONE,))
    assert path.read_text() == text
    assert len(tomllib.loads(text)["calibration"]) == len(read_settings(path)[0].calibrations)


def test_that_an_entry_that_is_not_there_cannot_be_taken_out(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="is not there"):
        remove_calibrations(tmp_path / "project.toml", (ONE,))


def test_that_the_newest_of_a_tool_and_magnification_counts() -> None:
    kept = (replace(ONE, date="2026-05-03", x_nm=2.1), ONE, OTHER, replace(ONE, date="2026-05-03", x_nm=2.2))
    assert calibration_for(kept, ONE.tool, 2.001) is kept[3]
    assert calibration_for(kept, "", 0.8) is OTHER
    assert calibration_for(kept, ONE.tool, 2.1) is None
    assert calibration_for(kept, "SEM 2", 2.0) is None
