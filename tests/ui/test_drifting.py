"""The drift panel and the training panel on a project folder, by the buttons a person uses."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from semiview.learning.messages import FineTuneJob, encode
from semiview.tasks.workspace import open_workspace
from semiview.ui.desk import Desk, picture_reader
from semiview.ui.panels.drift import DriftPanel
from semiview.ui.panels.training import TrainingPanel
from semiview.ui.run_pictures import RunPictures
from tests.tasks.test_drift import project


@pytest.fixture
def desk(qapp: object) -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close()
    made.deleteLater()


def test_that_one_click_shows_which_stratum_drifts_with_pictures_and_asks_for_a_review(
    qtbot: QtBot, desk: Desk, tmp_path: Path
) -> None:
    panel = DriftPanel(desk.drifting, desk.thumbnails)
    qtbot.addWidget(panel)
    assert not panel.look.isEnabled()
    assert "no project" in panel.look.toolTip()
    workspace = open_workspace(project(tmp_path / "p", 30, 20, 0.7))
    desk.session.set_workspace(workspace)
    desk.thumbnails.set_source(picture_reader(workspace.project))
    qtbot.mouseClick(panel.look, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.table.rowCount() == 1 and not desk.drifting.busy, timeout=60_000)
    assert panel.table.item(0, 1).text() == "drift"
    assert "since c030" in panel.says.text()
    assert panel.now.count() == panel.before.count() == 3
    qtbot.waitUntil(lambda: "Review" in panel.words.text(), timeout=60_000)
    wanted = []
    panel.case_wanted.connect(wanted.append)
    panel.now.itemDoubleClicked.emit(panel.now.item(0))
    assert wanted == [panel.now.item(0).text()]


def test_that_a_run_that_was_broken_off_can_be_resumed_and_one_that_ended_cannot(
    qtbot: QtBot, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = TrainingPanel(desk.session, desk.training, desk.reviewing, desk.drifting)
    qtbot.addWidget(panel)
    workspace = open_workspace(project(tmp_path / "p", 2, 1, 1.0))
    run = workspace.project.runs_folder / "20260101-000000-000000"
    run.mkdir(parents=True)
    job = FineTuneJob(str(run), "f", (), "c", "d")
    (run / "job.json").write_text(encode(job))
    desk.session.set_workspace(workspace)
    assert not panel.resume.isEnabled()
    assert "after its first epoch" in panel.resume.toolTip()
    (run / "state.safetensors").write_bytes(b"kept")
    desk.training.look()
    assert panel.resume.isEnabled()
    assert panel.runs.item(0, 1).text() == "broken off"
    begun = []
    monkeypatch.setattr(desk.training, "_begin", begun.append)
    qtbot.mouseClick(panel.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: begun == [job], timeout=10_000)
    desk.training._preparing = False
    (run / "outcome.json").write_text(json.dumps({"state": "done", "text": "good", "checkpoint_id": "x"}))
    desk.training.look()
    assert not panel.resume.isEnabled()


def test_that_the_training_panel_says_when_it_is_time(qtbot: QtBot, desk: Desk, tmp_path: Path) -> None:
    panel = TrainingPanel(desk.session, desk.training, desk.reviewing, desk.drifting)
    qtbot.addWidget(panel)
    folder = project(tmp_path / "p", 2, 1, 1.0)
    desk.session.set_workspace(open_workspace(folder))
    qtbot.waitUntil(lambda: "Under 100 pairs" in panel.advice.text(), timeout=10_000)
    assert "Time to retrain" not in panel.advice.text()


def test_that_a_runs_pictures_are_drawn_and_a_damaged_file_shows_none(qtbot: QtBot, tmp_path: Path) -> None:
    strip = RunPictures()
    qtbot.addWidget(strip)
    plane = np.zeros((40, 60), np.uint8)
    plane[10:30, 20:40] = 255
    path = tmp_path / "changed.npz"
    np.savez(
        path, case_ids=["a", "b"], **{f"{what}_{i}": plane for what in ("sem", "approved", "after") for i in (0, 1)}
    )
    strip.show_file(path, "After epoch 3")
    assert [label.accessibleName() for label in strip.labels] == ["a", "b"]
    assert re.sub("<[^>]*>", "", strip.title.text()) == "After epoch 3 · approved · now"
    path.write_bytes(path.read_bytes()[:100])
    strip.show_file(path, "After epoch 4")
    assert strip.labels == []
    assert "After epoch" not in strip.title.text()


def test_that_a_picture_that_was_made_is_not_called_approved(qtbot: QtBot, tmp_path: Path) -> None:
    strip = RunPictures()
    qtbot.addWidget(strip)
    plane = np.zeros((40, 80), np.uint8)
    path = tmp_path / "preview.npz"
    np.savez(path, case_ids=["a"], sem_0=plane, design_0=plane)
    strip.show_file(path, "After epoch 1")
    words = re.sub("<[^>]*>", "", strip.title.text())
    assert words == "After epoch 1 · design (left the real picture, right the one made)"
