"""Journey 2: the pictures are compared in every way with the keys, and the window looks as it was left."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication

from semiview.ui.command_palette import CommandPalette
from semiview.ui.compare_modes import COMPARE_MODES, shown
from semiview.ui.key_sheet import KeySheet
from semiview.ui.main_window import MainWindow
from semiview.ui.shortcut_editor import ShortcutEditor

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_that_c_goes_through_every_mode_and_says_which(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    seen = []
    for _ in COMPARE_MODES:
        user.key(Qt.Key.Key_C)
        mode = user.session.view.compare_mode
        seen.append(mode)
        assert user.window.compare.text() == COMPARE_MODES[mode].title
        assert user.window.actions_[f"mode.{mode}"].isChecked()
        visible = [kind for kind, view in user.window.views.views.items() if view.isVisible()]
        assert tuple(visible) == shown(mode, user.session.view.pair)
    assert set(seen) == set(COMPARE_MODES)
    user.key(Qt.Key.Key_C, SHIFT)
    assert user.session.view.compare_mode == seen[-2]


def test_that_the_button_and_the_menu_show_and_hide_the_panels(user, small: Path) -> None:
    user.open_project(small)
    window = user.window
    work = window.docks["work"]
    button = window.toolbar.widgetForAction(work.toggleViewAction())
    for wanted in (not work.isVisible(), work.isVisible()):
        user.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert work.isVisible() == wanted
    for dock in window.docks.values():
        there = dock.isVisible()
        dock.toggleViewAction().trigger()
        assert dock.isVisible() != there


def test_that_keys_still_reach_the_views_when_the_one_clicked_last_is_hidden(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    clicked = user.window.views.views["prediction"]
    user.qtbot.mouseClick(clicked.viewport(), Qt.MouseButton.LeftButton)
    assert clicked.hasFocus()
    user.window.actions_["mode.single"].trigger()
    assert not clicked.isVisible()
    assert QApplication.focusWidget() in user.window.views.views.values()


def test_that_f_held_turns_the_two_pictures_and_blinking_obeys_reduced_motion(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.window.actions_["view.still"].trigger()
    user.window.actions_["mode.blink"].trigger()
    assert not user.session.view.blink
    user.qtbot.keyPress(user.view, Qt.Key.Key_F)
    assert user.window.views.blinked
    user.qtbot.keyRelease(user.view, Qt.Key.Key_F)
    assert not user.window.views.blinked
    assert "motion" in user.window.actions_["compare.blink"].toolTip()
    user.window.actions_["view.still"].trigger()
    user.key(Qt.Key.Key_F, SHIFT)
    user.until(lambda: user.window.views.blinked)


def test_that_the_look_and_own_keys_are_there_in_the_next_window(user, small: Path, qtbot) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.window.actions_["mode.curtain"].trigger()
    user.session.set_view(replace(user.session.view, divider=0.3))
    user.window.actions_["app.shortcuts"].trigger()
    editor = user.window.findChild(ShortcutEditor)
    editor.choose("view.fit")
    editor.entry.setKeySequence(QKeySequence("Ctrl+F"))
    editor.set_key.click()
    editor.mouse.setCurrentIndex(1)
    editor.reject()
    settings = user.window._settings
    user.close()
    again = MainWindow(settings, reviewer="tester")
    qtbot.addWidget(again)
    view = again.desk.session.view
    assert (view.compare_mode, view.divider, view.mouse) == ("curtain", 0.3, "klayout")
    assert again.actions_["view.fit"].shortcut() == QKeySequence("Ctrl+F")
    again.close()


def test_that_the_palette_and_the_key_sheet_open_by_key_and_letters_in_them_do_nothing_else(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_P, CTRL | SHIFT)
    palette = user.window.findChild(CommandPalette)
    user.qtbot.keyClicks(palette.entry, "brush")
    assert user.session.tool == "pan"
    user.qtbot.keyClick(palette.entry, Qt.Key.Key_Return)
    assert user.session.tool == "brush"
    assert user.window.desk.cases.line("c0").shown_state == "undecided"
    user.key(Qt.Key.Key_F1)
    sheet = user.window.findChild(KeySheet)
    assert sheet.isVisible()
    user.qtbot.keyClick(sheet, Qt.Key.Key_Escape)


def test_that_zoom_pan_and_box_do_what_their_gestures_say(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    views, viewport = user.window.views, user.view.viewport()
    user.key(Qt.Key.Key_1, CTRL)
    assert views.camera.zoom == 1.0
    here = views.camera
    middle = viewport.rect().center()
    user.qtbot.mousePress(viewport, Qt.MouseButton.MiddleButton, pos=middle)
    user.qtbot.mouseMove(viewport, middle + QPoint(30, 10))
    user.qtbot.mouseRelease(viewport, Qt.MouseButton.MiddleButton, pos=middle + QPoint(30, 10))
    assert (views.camera.u, views.camera.v) == (here.u - 30, here.v - 10)
    for start, end, grows in ((QPoint(-40, -30), QPoint(40, 30), True), (QPoint(40, 30), QPoint(-40, -30), False)):
        before = views.camera.zoom
        user.qtbot.mousePress(viewport, Qt.MouseButton.RightButton, pos=middle + start)
        user.qtbot.mouseMove(viewport, middle + end)
        user.qtbot.mouseRelease(viewport, Qt.MouseButton.RightButton, pos=middle + end)
        assert (views.camera.zoom > before) == grows
    user.key(Qt.Key.Key_Home)
    assert (views.camera.u, views.camera.v) == (111.5, 79.5)
    QApplication.processEvents()


def test_that_levels_and_opacities_change_the_picture_and_not_the_data(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    pixels = user.session.case.sem.pixels.copy()
    display = user.window.display
    display.histogram.levels_wanted.emit(20.0, 100.0)
    assert user.session.view.levels == (20.0, 100.0)
    assert "20 black, 100 white" in display.levels.text()
    display.automatic.click()
    assert user.session.view.levels is None
    display.opacities["design"].setValue(40)
    assert user.session.view.opacity_of("design") == 0.4
    assert (user.session.case.sem.pixels == pixels).all()
    assert not user.session.dirty


def test_that_a_key_that_cannot_act_says_why_in_the_window(user, small: Path) -> None:
    said: list[str] = []
    user.session.said.connect(said.append)
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_O)  # nobody has registered the design
    assert said[-1].startswith("Take the design's outline here: not now, ")
    assert user.session.tool == "pan"
