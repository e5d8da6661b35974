"""The rules asked of a real project folder."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from semiview.cli import app
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.learning.registry import read_reference, starter_path
from semiview.tasks.drift import DriftReport
from semiview.tasks.trigger import last_run, trigger_report
from semiview.tasks.workspace import Workspace, open_workspace
from tests.tasks.test_drift import project

QUIET = DriftReport(0, "", (), {}, {})
STARTER_ID = read_reference(starter_path()).id
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def corrected(folder: Path, count: int, checkpoint_id: str = STARTER_ID) -> Workspace:
    store = FeedbackStore.open(folder / "feedback")
    for number in range(count):
        record = Record.example(100 + number, (64, 64))
        store.append(replace(record, kind="correct", case_id=f"c{number:03d}", tables={}, checkpoint_id=checkpoint_id))
    return open_workspace(folder)


def test_that_corrections_are_counted_per_stratum_and_only_once_learned_from(tmp_path: Path):
    workspace = corrected(project(tmp_path / "p", 0, 3, 1.0), 3)
    report = trigger_report(workspace, QUIET, NOW)
    (stratum,) = report.strata
    assert (stratum.stratum.tool, stratum.new_corrections, stratum.corrected) == ("CD1", 3, 3)
    assert not report.advice.train
    (tmp_path / "p" / "project.toml").write_text("[retrain]\ncorrections = 3\n")
    eager = trigger_report(open_workspace(tmp_path / "p"), QUIET, NOW)
    assert eager.advice.train
    assert "3 new corrections" in eager.advice.reasons[0]


def test_that_the_cool_down_counts_from_the_newest_run(tmp_path: Path):
    workspace = corrected(project(tmp_path / "p", 0, 1, 1.0), 1)
    assert last_run(workspace) is None
    for name in ("20260228-230000-000000", "20260201-000000-000000", "not a run"):
        (workspace.project.runs_folder / name).mkdir(parents=True)
    assert last_run(workspace) == datetime(2026, 2, 28, 23, tzinfo=UTC)
    (tmp_path / "p" / "project.toml").write_text("[retrain]\ncorrections = 1\n")
    assert "11.0 h to go" in trigger_report(open_workspace(tmp_path / "p"), QUIET, NOW).advice.waits


def test_that_the_command_begins_no_run_while_nothing_says_that_it_is_time(tmp_path: Path):
    folder = project(tmp_path / "p", 2, 1, 1.0)
    told = CliRunner().invoke(app, ["train", str(folder), "--if-triggered", "--json"])
    assert told.exit_code == 0
    said = json.loads(told.stdout)
    assert said["run"] is None
    assert said["trigger"]["train"] is False
    assert said["trigger"]["table_row"].startswith(
        "under 100 pairs · 100 % sub-pixel · 1 imaging condition · judged by IoU"
    )
    assert said["trigger"]["corrected"]["at_random"]["decided"] == 0
    assert not (folder / "runs").exists()


def test_that_a_wrong_rule_in_the_settings_is_named_and_the_others_hold(tmp_path: Path):
    folder = project(tmp_path / "p", 0, 1, 1.0)
    (folder / "project.toml").write_text('[retrain]\ncorrections = "many"\n[gate]\nworst_epe_nm = 12.0\n')
    opened = open_workspace(folder).project
    assert [problem.reason for problem in opened.problems] == ["retrain: corrections is a whole number, not 'many'."]
    assert opened.settings.worst_epe_nm == 12.0
