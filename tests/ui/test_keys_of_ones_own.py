"""Own keys, palette, editor: no key means two things whatever a person sets, and nothing is lost."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from semiview.ui.actions.table import TABLE, clashes
from semiview.ui.command_palette import CommandPalette, match_score
from semiview.ui.key_map import SETTING, KeyMap
from semiview.ui.shortcut_editor import ShortcutEditor
from semiview.ui.window_actions import Actions, Binding


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "user.ini"), QSettings.Format.IniFormat)


def test_that_own_keys_come_back_and_the_tables_own_are_not_stored(settings: QSettings) -> None:
    keys = KeyMap().with_keys("view.fit", ("Ctrl+F",)).with_keys("tools.brush", ("B",))
    assert keys.changed == {"view.fit": ("Ctrl+F",)}
    keys.write(settings)
    assert KeyMap.read(settings) == keys
    assert KeyMap.read(settings).with_keys("view.fit", ("F2", "Home")) == KeyMap()


@pytest.mark.parametrize("stored", ["", "[]", "{", '{"no.such": ["A"], "view.fit": 3, "tools.brush": ["", "Q"]}'])
def test_that_a_spoilt_setting_leaves_the_tables_keys(settings: QSettings, stored: str) -> None:
    settings.setValue(SETTING, stored)
    keys = KeyMap.read(settings)
    assert set(keys.changed) <= {"tools.brush"}
    assert keys.keys("view.fit") == ("F2", "Home")


def test_that_an_own_key_wins_over_one_that_a_command_came_with() -> None:
    """As after an update that gives a new command a key which is taken."""
    keys = KeyMap({"view.fit": ("B", "Return")})
    assert keys.keys("tools.brush") == ()
    assert keys.keys("review.accept") == ("Enter",)
    assert clashes(keys.table()) == []


def test_that_a_taken_key_is_named_and_goes_over_to_the_new_command(qtbot: QtBot) -> None:
    editor = ShortcutEditor(KeyMap(), "semiview")
    qtbot.addWidget(editor)
    got: list[KeyMap] = []
    editor.changed.connect(got.append)
    editor.choose("view.fit")
    editor.entry.setKeySequence(QKeySequence("B"))
    assert "Brush" in editor.warning.text()
    editor.add_key.click()
    assert got[-1].keys("view.fit") == ("F2", "Home", "B")
    assert got[-1].keys("tools.brush") == ()
    assert clashes(got[-1].table()) == []
    editor.choose("tools.brush")
    editor.reset.click()
    assert got[-1].keys("tools.brush") == ("B",)
    assert got[-1].keys("view.fit") == ("F2", "Home")
    editor.reset_all.click()
    assert got[-1] == KeyMap()


def test_that_a_key_of_another_tool_is_no_clash(qtbot: QtBot) -> None:
    editor = ShortcutEditor(KeyMap(), "klayout")
    qtbot.addWidget(editor)
    editor.choose("polygon.finish")
    editor.entry.setKeySequence(QKeySequence("Return"))
    assert editor.warning.text().strip() == ""
    assert editor.mouse.currentData() == "klayout"


def window_with(qtbot: QtBot, done: list[str], why: dict[str, str]) -> tuple[QMainWindow, Actions]:
    window = QMainWindow()
    qtbot.addWidget(window)
    bindings = {
        spec.id: Binding(lambda name=spec.id: done.append(name), lambda name=spec.id: why.get(name))
        for spec in TABLE
        if not spec.held
    }
    return window, Actions(window, bindings)


def test_that_the_palette_finds_says_why_and_starts(qtbot: QtBot) -> None:
    done: list[str] = []
    window, actions = window_with(qtbot, done, {"view.fit": "no case is open"})
    palette = CommandPalette(actions, window)
    palette.show()
    qtbot.keyClicks(palette.entry, "fit")
    first = palette.list.topLevelItem(0)
    assert first.text(0) == "View: Fit"
    assert "F2" in first.text(1)
    assert first.text(2) == "Not now: no case is open"
    qtbot.keyClick(palette.entry, Qt.Key.Key_Return)
    assert done == []
    assert palette.isVisible()
    palette.entry.clear()
    qtbot.keyClicks(palette.entry, "nxt cas")
    assert palette.list.topLevelItem(0).text(0) == "Review: Next case"
    qtbot.keyClick(palette.entry, Qt.Key.Key_Return)
    assert done == ["review.next"]


@pytest.mark.parametrize(("better", "worse", "typed"), [
    ("Fit", "Filter by tool", "fit"), ("Next case", "Next alternative", "nextc"),
])  # fmt: skip
def test_that_the_closer_name_comes_first(better: str, worse: str, typed: str) -> None:
    first, second = match_score(typed, better), match_score(typed, worse)
    assert first is not None
    assert second is None or first > second


def test_that_an_action_acts_on_its_new_key_alone(qtbot: QtBot) -> None:
    done: list[str] = []
    window, actions = window_with(qtbot, done, {})
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.setFocus()
    actions.set_keys(KeyMap().with_keys("view.fit", ("Ctrl+F",)))
    qtbot.keyClick(window, Qt.Key.Key_F2)
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert done == ["view.fit"]
    assert "Ctrl+F" in actions["view.fit"].toolTip()
