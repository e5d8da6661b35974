"""A worker that is killed in the middle costs nothing but its run."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
def test_that_a_killed_worker_is_a_sentence_and_the_current_checkpoint_is_untouched(user, small: Path) -> None:
    window, training = user.window, user.window.desk.training
    user.open_project(small)
    for case_id in ("c0", "c1", "c2"):
        user.open_case(case_id)
        user.key(Qt.Key.Key_Return)
        user.until(lambda case_id=case_id: window.desk.cases.line(case_id).state == "accepted")
    before = (training.current_id, np.fromfile(user.session.workspace.registry.current().path, np.uint8).tobytes())
    window.docks["work"].show()
    window.training.epochs.setValue(50)
    window.training.steps.setValue(200)
    user.until(lambda: window.training.start.isEnabled())
    user.click(window.training.start)
    user.until(lambda: training.progress is not None)  # it is in the middle of its work
    user.expects_trouble = True
    os.kill(training.pid, signal.SIGKILL)
    user.until(lambda: not training.running)
    assert "out of memory" in window.training.words.text()
    assert "training" in window.questions_bar.names()
    assert not window.training.promote.isEnabled()
    after = (training.current_id, np.fromfile(user.session.workspace.registry.current().path, np.uint8).tobytes())
    assert after == before
    # Review goes on, and another run can begin and be cancelled.
    user.open_case("c3")
    assert user.session.case.case_id == "c3"
    user.click(window.training.start)
    user.until(lambda: training.progress is not None)
    user.click(window.training.cancel)
    user.until(lambda: not training.running)
    assert not training.candidate
    assert "ancel" in training.words


@pytest.mark.slow
def test_that_closing_the_window_ends_a_run(user, small: Path) -> None:
    window, training = user.window, user.window.desk.training
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_Return)
    user.until(lambda: window.desk.cases.line("c0").state == "accepted")
    window.docks["work"].show()
    user.until(lambda: window.training.start.isEnabled())
    user.click(window.training.start)
    user.until(lambda: training.progress is not None)
    user.close()
    assert not window.isVisible()
