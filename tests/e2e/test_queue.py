"""The queue: where to look next and why, notes, second looks, and other people on the same project."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QSettings, Qt
from PySide6.QtWidgets import QApplication, QToolButton

from semiview.feedback.store import FeedbackStore
from semiview.files.presence import PresenceFile
from semiview.files.registration_table import read_registrations
from semiview.ui.main_window import MainWindow
from tests.e2e.conftest import User

# The offscreen plugin says so of a menu.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def other(qtbot, qapp: QApplication, tmp_path: Path) -> Iterator[User]:
    """A second window on the same project, of somebody else."""
    window = MainWindow(QSettings(str(tmp_path / "other.ini"), QSettings.Format.IniFormat), reviewer="ben")
    window.desk.predicting.toggle()
    window.show()
    yield User(qtbot, window)
    window.close()
    window.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def to_front(user: User) -> None:
    user.window.activateWindow()
    user.qtbot.waitUntil(user.window.isActiveWindow)


def decide(user: User, case_id: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
    to_front(user)
    if user.window.desk.opening.current != case_id:
        user.open_case(case_id)
    user.until(lambda: user.session.measurement is not None)
    user.key(key)
    if key == Qt.Key.Key_X:
        user.until(lambda: user.window.review.reasons.isVisible())
        user.qtbot.keyClick(user.window.review.reasons, Qt.Key.Key_2)
    user.until(lambda: not user.window.desk.saving.pending and not user.window.desk.cases.line(case_id).saving)


def test_that_n_opens_the_most_valuable_case_and_says_why(user, make_small) -> None:
    folder = make_small(count=3)
    user.open_project(folder)
    cases = user.window.desk.cases
    cases.update("c2", registration="failed")
    cases.update("c1", registration="subpixel")
    assert cases.most_valuable("c0") == "c1"  # the order is frozen
    user.click(user.window.case_list.refresh)
    user.key(Qt.Key.Key_N)
    user.until(lambda: user.session.case is not None and user.session.case.case_id == "c2")
    assert "registration failed" in user.window.review.why.text()
    assert "registration failed" in user.window.status_line.currentMessage()


def test_that_tab_reaches_the_list_where_arrows_move_and_return_opens_and_accepts_nothing(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    table = user.window.case_list.table
    user.window.case_list.refresh.setFocus()
    user.qtbot.keyClick(user.window.case_list.refresh, Qt.Key.Key_Tab)
    assert table.hasFocus()
    user.qtbot.keyClick(table, Qt.Key.Key_Down)
    user.qtbot.keyClick(table, Qt.Key.Key_Down)
    assert user.session.case.case_id == "c0"
    user.qtbot.keyClick(table, Qt.Key.Key_Return)
    user.until(lambda: user.session.case.case_id == "c2")
    assert user.view.hasFocus()
    assert {line.state for line in user.window.desk.cases.lines} == {"undecided"}
    table.setFocus(Qt.FocusReason.TabFocusReason)
    user.qtbot.keyClick(table, Qt.Key.Key_Up)
    user.qtbot.keyClick(table, Qt.Key.Key_B)  # a letter is a command here too
    assert user.session.tool == "brush"
    user.view.setFocus()
    assert table.currentIndex().row() == 2  # the open case is marked again


def test_that_next_and_previous_undecided_pass_over_what_is_decided(user, small: Path) -> None:
    user.open_project(small)
    decide(user, "c1")
    user.open_case("c0")
    user.key(Qt.Key.Key_D, CTRL_SHIFT)
    user.until(lambda: user.session.case.case_id == "c2")
    user.key(Qt.Key.Key_A, CTRL_SHIFT)
    user.until(lambda: user.session.case.case_id == "c0")
    user.until(lambda: "1 of 4 decided, 1 by you today" in user.window.case_list.count.text())


def test_that_a_note_and_the_wish_for_a_second_look_are_kept_without_a_decision(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c1")
    user.qtbot.keyClicks(user.window.review.note, "charging on the left")
    user.click(user.window.review.keep)
    user.until(lambda: "charging on the left" in user.window.review.remarks.text())
    user.key(Qt.Key.Key_Q)
    user.until(lambda: user.window.desk.cases.line("c1").second_look == "tester")
    history = FeedbackStore.open(small / "feedback", read_only=True).history("c1")
    assert [(record.kind, record.reason, record.note) for record in history] == [
        ("note", "", "charging on the left"), ("note", "second look", ""),
    ]  # fmt: skip
    assert user.window.desk.cases.line("c1").state == "undecided"
    user.window.case_list.state.setCurrentText("second look")
    assert user.window.desk.cases.case_ids == ("c1",)


def test_that_two_who_differ_are_both_shown_and_a_third_decision_settles_it(user, other, small: Path) -> None:
    user.open_project(small)
    other.open_project(small)
    other.open_case("c2")
    other.until(lambda: not other.window.desk.errands.pending)
    other.window.desk.company.close()  # between two looks
    decide(user, "c2")  # while the other looks at it
    decide(other, "c2", Qt.Key.Key_X)
    assert "Meanwhile tester had it accepted: the case is disputed now" in other.window.status_line.currentMessage()
    user.window.desk.company.look()
    user.until(lambda: user.window.desk.cases.line("c2").state == "disputed")
    to_front(user)
    user.open_case("c2")
    sides = user.window.review.sides
    user.until(lambda: sides.findChild(QToolButton, "side_tester") is not None)
    assert sides.isVisible()
    assert not sides.findChild(QToolButton, "side_ben").isEnabled()
    user.click(sides.findChild(QToolButton, "side_tester"))
    user.until(lambda: user.session.document.correction is not None)
    decide(user, "c2")
    assert user.window.desk.cases.line("c2").state == "corrected"


def test_that_the_same_person_in_two_windows_is_told_what_is_replaced(user, other, small: Path) -> None:
    other.window.desk.reviewing.reviewer = "tester"
    user.open_project(small)
    other.open_project(small)
    other.open_case("c0")
    other.window.desk.company.close()  # between two looks
    decide(user, "c0")
    decide(other, "c0", Qt.Key.Key_X)
    assert "replaces what you decided in another window (accepted)" in other.window.status_line.currentMessage()
    assert FeedbackStore.open(small / "feedback", read_only=True).review("c0").state == "rejected"


def test_that_a_case_open_in_another_window_is_said_and_n_leaves_it_to_them(user, other, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    other.open_project(small)
    other.open_case("c1")
    user.until(lambda: not other.window.desk.errands.pending)
    user.window.desk.company.look()
    user.until(lambda: "ben" in user.window.desk.cases.line("c1").open_by)
    assert user.window.desk.cases.most_valuable("c0") != "c1"
    user.window.activateWindow()
    user.open_case("c1")
    user.until(lambda: "company" in user.window.questions_bar.names())
    other.window.desk.company.close()
    user.window.desk.company.look()
    user.until(lambda: not user.window.desk.cases.line("c1").open_by)


def test_that_registrations_of_two_windows_do_not_overwrite_each_other(user, other, small: Path) -> None:
    user.open_project(small)
    other.open_project(small)
    for each, case_id in ((user, "c0"), (other, "c1")):
        to_front(each)
        each.open_case(case_id)
        each.key(Qt.Key.Key_R)
        each.key(Qt.Key.Key_Right)
        each.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        each.until(lambda each=each: not each.window.desk.saving.pending)
    rows = read_registrations(small / "registrations.csv")
    assert {case_id: row["verdict"] for case_id, row in rows.items()} == {"c0": "manual", "c1": "manual"}


def test_that_a_window_that_died_is_forgotten_at_once(tmp_path: Path) -> None:
    mortal, alive = PresenceFile(tmp_path, "a"), PresenceFile(tmp_path, "b")
    mortal.say("anna", "c1")
    assert [(one.reviewer, one.case_id) for one in alive.others()] == [("anna", "c1")]
    os.close(mortal._lock)  # what the system does when a process ends, however it ends
    assert alive.others() == ()
    assert list((tmp_path / "presence").iterdir()) == []
