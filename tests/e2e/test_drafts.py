"""Unfinished work survives a kill, a case change and another window; it is offered and never forced."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import Qt, QTimer

from semiview.feedback.drafts import list_drafts, load_draft
from semiview.files import presence
from semiview.files.durable_file import writing_problem
from semiview.ui.start import watch_exceptions
from tests.e2e.small_project import SHAPE
from tests.e2e.test_queue import other, to_front

__all__ = ["other"]

# A person paints and the program is killed: the real window in a process of its own.
PAINTER = """
import sys, time
from pathlib import Path
import numpy as np
from PySide6.QtCore import QSettings
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from semiview.ui.main_window import MainWindow

application = QApplication([])
folder = Path(sys.argv[1])
window = MainWindow(QSettings(str(folder / "u.ini"), QSettings.Format.IniFormat), "tester")
window.desk.predicting.toggle()
window.show()
window.open_project(folder)
session = window.desk.session
while session.case is None:
    QTest.qWait(10)
painting = window.desk.painting
session.set_tool("brush")
painting.begin(False)
painting.stroke(np.array([[20.0, 40.0], [200.0, 40.0]]))
painting.end()
print("painted", flush=True)
application.exec()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
def test_that_a_correction_survives_kill_nine_and_is_offered(user, small: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", PAINTER, str(small)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "painted"
        end = time.monotonic() + 60
        while list_drafts(small / "feedback") != ("c0",) and time.monotonic() < end:
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    painted = load_draft(small / "feedback", "c0").document.correction.mask()
    assert painted[40, 20:200].all()
    user.open_project(small)
    user.open_case("c0")
    assert user.session.document.correction is None  # never forced
    user.answer("draft", "Take it up")
    assert (user.session.document.correction.mask() == painted).all()
    user.until(lambda: not user.window.desk.saving.pending)
    assert len(list((small / "feedback" / "drafts").glob("c0*.h5"))) == 1  # ours now, theirs no more


def test_that_a_polygon_that_was_not_finished_survives_the_end_of_its_window(user, other, small: Path) -> None:
    other.open_project(small)
    to_front(other)
    other.open_case("c1")
    other.key(Qt.Key.Key_P)
    for corner in ((40, 60), (80, 60), (80, 100)):
        other.qtbot.mouseClick(other.view.viewport(), Qt.MouseButton.LeftButton, pos=other.place(*corner))
    corners = other.window.desk.drafting.polygon
    other.until(lambda: list_drafts(small / "feedback") == ("c1",) and not other.window.desk.saving.pending)
    other.window.desk.company.close()  # as if it had died
    user.open_project(small)
    user.open_case("c1")
    assert user.session.tool == "pan"  # never forced
    user.answer("draft", "Take it up")
    assert user.session.tool == "polygon"
    assert user.window.desk.drafting.polygon == corners
    to_front(user)
    user.key(Qt.Key.Key_Return)
    assert user.session.document.correction.mask()[64, 76]


def test_that_a_draft_on_offer_is_not_overwritten_by_new_work(user, other, small: Path) -> None:
    other.open_project(small)
    to_front(other)
    other.open_case("c1")
    paint(other, 30)
    other.window.desk.company.close()  # as if it had died
    user.open_project(small)
    user.open_case("c1")
    assert "draft" in user.window.questions_bar.names()
    to_front(user)
    paint(user, 100)
    offered = load_draft(small / "feedback", "c1", (user.window.desk.keeping.owner,))
    assert offered.document.correction.mask()[30, 40:180].all()
    assert len(list((small / "feedback" / "drafts").glob("c1*.h5"))) == 2


def test_that_unfinished_work_of_a_living_window_is_not_offered_to_another(user, other, small: Path) -> None:
    other.open_project(small)
    to_front(other)
    other.open_case("c1")
    other.until(lambda: presence.living(small / "feedback"))
    paint(other, 30)
    user.open_project(small)
    user.open_case("c1")
    assert user.session.draft is None
    assert "draft" not in user.window.questions_bar.names()


def test_that_a_case_change_in_the_middle_keeps_the_correction_and_its_undo(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    paint(user, 40)
    document = user.session.document
    user.open_case("c1")
    user.open_case("c0")
    assert user.session.document is document
    user.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert user.session.document.correction is None


def test_that_an_image_replaced_on_the_disk_is_said_and_the_work_is_kept(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c2")
    user.until(lambda: user.window.desk.company._image is not None)
    paint(user, 40)
    before = user.session.case.sem
    tifffile.imwrite(small / "c2.tif", np.full(SHAPE, 90, np.uint8))
    user.window.desk.company.look()
    user.until(lambda: "replaced" in user.window.questions_bar.names())
    assert user.session.case.sem is before  # nothing changes under the hand
    user.answer("replaced", "Open it anew")
    user.until(lambda: user.session.case is not None and user.session.case.sem.sha256 != before.sha256)
    user.until(lambda: "draft" in user.window.questions_bar.names())
    words = user.window.questions_bar.findChild(object, "question_draft").children()[1].text()
    assert "The image was replaced since" in words


def test_that_a_read_only_project_opens_to_look_at_and_says_why_nothing_is_decided(
    user, small: Path, monkeypatch
) -> None:
    def refuse(folder: Path, *_: object) -> None:
        error = PermissionError(30, "Read-only file system")
        raise writing_problem(folder, error) from error

    monkeypatch.setattr("semiview.feedback.store_file.make_folder", refuse)
    user.open_project(small)
    assert "read_only" in user.window.questions_bar.names()
    assert "read-only" in user.window.actions_["review.accept"].toolTip()
    assert "read-only" in user.window.actions_["review.second_look"].toolTip()
    user.until(lambda: user.session.measurement is not None)
    user.until(lambda: not user.window.desk.errands.pending)
    for name in ("markers.important", "measure.all"):
        assert "read-only" in user.window.actions_[name].toolTip(), name
    user.key(Qt.Key.Key_K)  # a place that is visited is marked so, where that can be written
    user.key(Qt.Key.Key_Y)
    user.open_case("c1")
    user.until(lambda: not user.window.desk.saving.pending)
    assert "not_saved" not in user.window.questions_bar.names()
    assert not (small / "feedback" / "records").exists()


@pytest.mark.qt_no_exception_capture
def test_that_an_exception_in_a_slot_is_a_sentence_and_the_work_is_kept(user, small: Path, monkeypatch) -> None:
    user.expects_trouble = True
    user.open_project(small)
    user.open_case("c0")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    watch_exceptions(user.window)

    def broken() -> None:
        raise ZeroDivisionError("by nothing")

    QTimer.singleShot(0, broken)
    user.until(lambda: "told" in user.window.questions_bar.names())
    paint(user, 40)
    assert list_drafts(small / "feedback") == ("c0",)


def paint(user, row: float) -> None:
    user.key(Qt.Key.Key_B)
    user.drag((40, row), (180, row))
    user.key(Qt.Key.Key_Escape)
    user.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.until(lambda: not user.window.desk.saving.pending)
