"""The legend says what each colour means and turns overlays on and off."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from semiview.ui.actions.looking import OVERLAYS
from semiview.ui.canvas.legend import COLOURS, Legend


def test_that_every_overlay_has_a_colour_in_the_legend() -> None:
    assert set(COLOURS) == {name for name, _ in OVERLAYS}


def test_that_a_click_on_a_line_toggles_its_overlay(qtbot: QtBot) -> None:
    action = QAction("Design", checkable=True, checked=True)
    action.setShortcut("1")
    legend = Legend({"design": action})
    qtbot.addWidget(legend)
    (button,) = legend.findChildren(QToolButton)
    assert button.text().split() == ["Design", "1"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not action.isChecked()


def test_that_where_room_is_short_no_line_is_squeezed(qtbot: QtBot) -> None:
    legend = Legend({name: QAction(title, checkable=True) for name, title in OVERLAYS})
    qtbot.addWidget(legend)
    legend.show()
    for height in (600, 80):
        legend.resize(280, height)
        qtbot.waitUntil(lambda short=height == 80: legend.verticalScrollBar().isVisible() == short)
        assert all(button.height() >= button.sizeHint().height() for button in legend.findChildren(QToolButton))
