"""Hands on the keyboard: what keys do, and what they must not do."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication


@pytest.mark.parametrize(
    ("key", "modifier"),
    [
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Enter, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier),
    ],
)
def test_that_return_and_both_enters_accept_and_go_on(user, small: Path, key, modifier) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.key(key, modifier)
    user.until(lambda: user.window.desk.cases.line("c0").state == "accepted")
    user.until(lambda: user.session.case is not None and user.session.case.case_id == "c1")


NONE, PAD = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
# Signs without Shift as each keyboard sends them; what Shift types is the key map's business, which is not here.
LARGER = {"US and French": ("=", NONE), "German": ("+", NONE), "keypad": ("+", PAD)}
SMALLER = {"US and German": ("-", NONE), "keypad": ("-", PAD)}
FIRST = {"US and German": ("1", NONE), "keypad": ("1", PAD)}


def test_that_digits_plus_and_minus_act_on_us_german_and_french_keyboards_and_the_keypad(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    for keyboard, (sign, modifier) in LARGER.items():
        before = user.session.view.brush_radius_px
        user.qtbot.keyClick(user.view, sign, modifier)
        assert user.session.view.brush_radius_px > before, keyboard
    for keyboard, (sign, modifier) in SMALLER.items():
        before = user.session.view.brush_radius_px
        user.qtbot.keyClick(user.view, sign, modifier)
        assert user.session.view.brush_radius_px < before, keyboard
    for keyboard, (sign, modifier) in FIRST.items():
        before_shown = user.session.view.design
        user.qtbot.keyClick(user.view, sign, modifier)
        assert user.session.view.design != before_shown, keyboard


def test_that_return_does_not_accept_with_a_tool_in_hand(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_B)
    user.key(Qt.Key.Key_Return)
    assert user.window.desk.cases.line("c0").shown_state == "undecided"
    assert "Esc" in user.window.actions_["review.accept"].toolTip()


def test_that_a_held_return_decides_one_case_and_a_held_d_goes_on_and_on(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    hold(user, Qt.Key.Key_Return, "\r")
    user.until(lambda: user.window.desk.cases.line("c0").state == "accepted")
    user.until(lambda: not user.window.desk.saving.pending)
    assert [line.state for line in user.window.desk.cases.lines] == ["accepted", *["undecided"] * 3]
    # Sent the same way a key that may repeat does: the law above is not one of lost events.
    assert user.window.desk.opening.current == "c1"
    hold(user, Qt.Key.Key_D, "d")
    assert user.window.desk.opening.current == "c3"


def hold(user, key: Qt.Key, text: str) -> None:
    """Press a key and keep it down while the keyboard repeats it, each time after the window has come to rest."""
    for repeated in (False, True, True, True):
        for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text, repeated)
            QApplication.sendEvent(user.view.window().windowHandle(), event)
        user.qtbot.wait(100)
        user.until(lambda: not user.window.desk.opening.latest.busy)


@pytest.mark.parametrize("letters", ["xbead", "u1r"])
def test_that_letters_typed_into_a_field_do_nothing_else(user, small: Path, letters: str) -> None:
    user.open_project(small)
    user.open_case("c0")
    entry = user.window.review.note
    entry.setFocus()
    user.qtbot.keyClicks(entry, letters)
    assert entry.text() == letters
    assert user.session.tool == "pan"
    assert user.window.desk.opening.current == "c0"
    assert not user.window.review.reasons.isVisible()
    user.qtbot.keyClick(entry, Qt.Key.Key_Return)
    user.until(lambda: user.view.hasFocus())
    assert user.window.desk.cases.line("c0").shown_state == "undecided"


def test_that_keys_typed_into_a_number_do_nothing_else(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_R)
    box = user.window.registration.boxes["shift_x_nm"]
    box.setFocus()
    box.selectAll()
    user.qtbot.keyClicks(box, "12.5")
    user.qtbot.keyClick(box, Qt.Key.Key_Left)
    user.qtbot.keyClick(box, Qt.Key.Key_Return)
    assert user.session.document.registration.shift_x_nm == 12.5
    assert user.session.history.undo_label == "Type shift x"
    user.session.undo()
    assert user.session.history.undo_label is None


def test_that_a_drag_is_one_undo_step_and_arrows_nudge_by_one_ten_and_a_tenth(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    first = user.session.document
    user.key(Qt.Key.Key_R)
    user.drag((60, 60), (90, 80), steps=12)
    moved = user.session.document.registration
    zoom = user.view.camera.zoom
    assert moved.shift_x_nm == pytest.approx(60.0, abs=2 * 2.0 / zoom)
    assert moved.shift_y_nm == pytest.approx(-40.0, abs=2 * 2.0 / zoom)
    user.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert user.session.document is first
    for modifier, step in (
        (Qt.KeyboardModifier.NoModifier, 1.0),
        (Qt.KeyboardModifier.ShiftModifier, 10.0),
        (Qt.KeyboardModifier.AltModifier, 0.1),
    ):
        before = user.session.document.registration
        user.key(Qt.Key.Key_Up, modifier)
        assert user.session.document.registration.shift_y_nm - before.shift_y_nm == pytest.approx(step * 2.0)
    assert user.session.document.registration.trust.verdict == "manual"


def test_that_arrows_change_neither_case_nor_registration_outside_register(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c1")
    document = user.session.document
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        user.key(key)
    assert user.window.desk.opening.current == "c1"
    assert user.session.document is document


@pytest.mark.qt_log_ignore("raise", "grabbing the keyboard", extend=True)  # a platform without a screen
def test_that_x_opens_the_reasons_and_a_digit_rejects(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_X)
    reasons = user.window.review.reasons
    user.until(reasons.isVisible)
    user.qtbot.keyClick(reasons, Qt.Key.Key_2)
    user.until(lambda: user.window.desk.cases.line("c0").state == "rejected")
    assert user.window.desk.cases.line("c0").reason.startswith("bad image")


def test_that_s_skips_and_u_takes_back_what_was_decided_last(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_S)
    user.until(lambda: user.window.desk.cases.line("c0").state == "skipped")
    user.until(lambda: user.session.case is not None and user.session.case.case_id == "c1")
    user.key(Qt.Key.Key_U)
    user.until(lambda: user.window.desk.cases.line("c0").state == "undecided")
    user.until(lambda: user.session.case is not None and user.session.case.case_id == "c0")


def test_that_digits_toggle_overlays_and_f_hides_them_while_held(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    assert user.session.view.design
    user.key(Qt.Key.Key_1)
    assert not user.session.view.design
    assert not user.window.actions_["overlays.design"].isChecked()
    user.qtbot.keyPress(user.view, Qt.Key.Key_F)
    assert not user.window.views.overlays_shown
    user.qtbot.keyRelease(user.view, Qt.Key.Key_F)
    assert user.window.views.overlays_shown


def test_that_every_disabled_action_says_why(user, small: Path) -> None:
    for action in user.window.actions():
        if not action.isEnabled():
            assert "Not now: " in action.toolTip(), action.objectName()
    user.open_project(small)
    for action in user.window.actions():
        if not action.isEnabled():
            assert "Not now: " in action.toolTip(), action.objectName()
