"""Journey 7: train beside the review, watch, stop or cancel, compare before and after, promote, roll back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from semiview.feedback.record import Record
from semiview.learning.registry import read_reference, starter_path

pytestmark = pytest.mark.slow
STARTER = read_reference(starter_path()).id
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def trained(user, make_small):
    """Six fields, five of them accepted by Return, the training panel in front."""
    user.open_project(make_small(count=6))
    for case_id in ("c0", "c1", "c2", "c3", "c4"):
        user.open_case(case_id)
        user.key(Qt.Key.Key_Return)
        user.until(lambda case_id=case_id: user.window.desk.cases.line(case_id).state == "accepted")
    window = user.window
    window.docks["work"].show()
    window.work.setCurrentWidget(window.training)
    user.until(lambda: window.training.start.isEnabled())
    return user


def begin(user, epochs: int, steps: int) -> None:
    panel = user.window.training
    for box, value in ((panel.epochs, epochs), (panel.steps, steps)):
        box.setFocus()
        box.selectAll()
        user.qtbot.keyClicks(box, str(value))
        user.qtbot.keyClick(box, Qt.Key.Key_Tab)
    user.click(panel.start)


def test_that_a_run_is_watched_stopped_early_compared_promoted_and_rolled_back(trained) -> None:
    user, window, training = trained, trained.window, trained.window.desk.training
    panel = window.training
    begin(user, 50, 2)
    assert not panel.start.isEnabled()
    user.until(lambda: len(training.epochs) >= 1)
    assert f"Epoch {len(training.epochs)} of 50" in panel.figures.text()
    assert "samples/s" in panel.figures.text()
    assert "MB" in panel.figures.text()
    assert panel.bar.isVisible()
    user.until(lambda: training.previewed >= 1)
    user.until(lambda: panel.strip.labels)  # what the network draws of the same few cases

    # Review goes on meanwhile: another case is opened, panned and decided, while the worker is at work.
    user.open_case("c5")
    assert user.session.case.case_id == "c5"
    user.key(Qt.Key.Key_Return)
    user.until(lambda: window.desk.cases.line("c5").state == "accepted")
    assert training.running

    user.click(panel.stop)
    user.until(lambda: not training.running)
    assert training.candidate
    assert training.candidate != STARTER
    assert training.report is not None
    assert panel.table.rowCount() >= 4
    names = [panel.table.text(row, 0) for row in range(panel.table.rowCount())]
    assert "IoU" in names
    assert "mean |EPE| nm" in names
    assert "too few to promote without being asked" in panel.verdict.text()
    assert panel.strip.labels, "the samples that changed most are shown before and after"
    assert "before" in panel.strip.title.text()
    assert panel.cases.rowCount() == training.report.samples
    assert training.runs[0].state == "stopped"
    assert panel.runs.text(0, 1) == "stopped"

    # The candidate is not in use until somebody says so; then it is, and one click takes it back.
    assert training.current_id == STARTER
    assert panel.checkpoints.table.text(0, 0) == training.candidate
    assert panel.checkpoints.table.text(0, 1) == STARTER
    user.click(panel.promote)
    assert training.current_id == training.candidate
    assert panel.checkpoints.table.text(0, 4) == "in use"
    assert training.candidate in panel.current.text()
    assert not panel.promote.isEnabled()

    # From a decision made with it to the samples that it was made from, and from a sample to what it taught.
    user.open_case("c5")
    window.actions_["app.predict"].trigger()
    user.until(lambda: user.session.case.prediction.checkpoint_id == training.candidate)
    user.key(Qt.Key.Key_Return)
    window.work.setCurrentWidget(window.history)
    user.until(lambda: window.history.table.rowCount() == 2)
    window.history.table.selectRow(0)
    assert "No checkpoint has been trained on it yet" in window.history.words.text()
    window.history.lineage.click()
    user.until(lambda: f"{training.candidate} was made from 5 samples: c0, c1, c2" in window.history.words.text())
    user.open_case("c0")
    user.until(lambda: window.history.table.rowCount() == 1)
    window.history.table.selectRow(0)
    assert f"It taught {training.candidate}" in window.history.words.text()
    window.work.setCurrentWidget(panel)

    user.click(panel.roll_back)
    assert training.current_id == STARTER
    assert not panel.roll_back.isEnabled()
    history = user.session.workspace.registry.history()
    assert [(entry["action"], entry["by"]) for entry in history] == [("promote", "tester"), ("rollback", "tester")]


def test_that_a_cancelled_run_leaves_no_candidate_and_the_checkpoint_as_it_was(trained) -> None:
    user, training, panel = trained, trained.window.desk.training, trained.window.training
    before = np.fromfile(user.session.workspace.registry.current().path, np.uint8).tobytes()
    begin(user, 50, 50)
    user.until(lambda: training.progress is not None)
    user.click(panel.cancel)
    user.until(lambda: not training.running)
    assert not training.candidate
    assert not panel.promote.isEnabled()
    assert panel.runs.text(0, 1) == "cancelled"
    folder = Path(user.session.workspace.project.checkpoints_folder)
    assert not list(folder.glob("*.safetensors"))
    assert np.fromfile(user.session.workspace.registry.current().path, np.uint8).tobytes() == before
    begin(user, 1, 1)  # another can begin at once
    user.until(lambda: training.candidate and not training.running)
    assert panel.runs.text(0, 1) == "done"


def test_that_the_way_back_is_trained_in_the_window_and_its_picture_made_at_once(trained) -> None:
    user, window, training = trained, trained.window, trained.window.desk.training
    panel, made = window.training, window.actions_["compare.predict_sem"]
    assert not made.isEnabled()
    assert "Design to SEM" in made.toolTip()
    for number in range(4):
        pair = Record.example(number, (64, 64))  # of a tool that finds its designs to a fraction of a pixel
        user.session.workspace.store.append(replace(pair, case_id=f"pair {number}", checkpoint_id="", tables={}))
    user.register("c5")
    user.key(Qt.Key.Key_Return)
    user.until(lambda: window.desk.cases.line("c5").state == "accepted")
    user.qtbot.keyClick(panel.learns, Qt.Key.Key_End)
    assert panel.learns.currentText() == "Design to SEM"
    begin(user, 1, 1)
    user.until(lambda: not training.running)
    assert "mean difference" in training.words
    assert not panel.promote.isEnabled()
    assert panel.left_out.rowCount() == 6, "gratings are no pairs: they fit at more than one place"
    assert training.current_id == STARTER
    user.open_case("c5")
    user.until(made.isEnabled)
    made.trigger()
    user.until(lambda: window.desk.comparing.expected_by)
