"""Where the panels stand: cases on the left, readings and review on the right, training and log below."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QSplitter, QTabWidget, QVBoxLayout, QWidget

LEFT_PX, RIGHT_PX, BOTTOM_PX = (316, 400), (380, 420), 230
SIDE_SHARE = 0.24  # of the window, each: tables want room, the views more


def tabs(**panels: QWidget) -> QTabWidget:
    """Panels one behind the other, by their titles (an underscore is a space)."""
    widget = QTabWidget()
    widget.setDocumentMode(True)
    for title, panel in panels.items():
        widget.addTab(panel, title.replace("_", " "))
    return widget


def above(*panels: QWidget) -> QWidget:
    """Panels one below the other; the first takes the room."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for number, panel in enumerate(panels):
        column.addWidget(panel, 0 if number else 1)
    return widget


def split(upper: QWidget, lower: QWidget) -> QSplitter:
    """Two panels one below the other with a handle between; the upper one takes the room."""
    splitter = QSplitter(Qt.Orientation.Vertical)
    splitter.setChildrenCollapsible(False)
    splitter.addWidget(upper)
    splitter.addWidget(lower)
    splitter.setStretchFactor(0, 1)
    splitter.setStretchFactor(1, 0)
    return splitter


def add_docks(window: QMainWindow, cases: QWidget, readings: QWidget, work: QWidget) -> dict[str, QDockWidget]:
    """Put the panels around the views."""
    left, right, bottom = (
        Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea,
        Qt.DockWidgetArea.BottomDockWidgetArea,
    )  # fmt: skip
    window.setCorner(Qt.Corner.BottomLeftCorner, bottom)
    window.setCorner(Qt.Corner.BottomRightCorner, bottom)
    return {
        "cases": _dock(window, "cases", "Cases", cases, left),
        "readings": _dock(window, "readings", "Readings and review", readings, right),
        "work": _dock(window, "work", "Training and log", work, bottom),
    }


def arrange(window: QMainWindow, docks: dict[str, QDockWidget]) -> None:
    """How the panels stand at first: the views keep the room."""
    widths = [int(min(max(SIDE_SHARE * window.width(), least), most)) for least, most in (LEFT_PX, RIGHT_PX)]
    window.resizeDocks([docks["cases"], docks["readings"]], widths, Qt.Orientation.Horizontal)
    window.resizeDocks([docks["work"]], [BOTTOM_PX], Qt.Orientation.Vertical)


def _dock(window: QMainWindow, name: str, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
    dock = QDockWidget(title)
    dock.setObjectName(f"dock_{name}")
    dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)  # else its action is disabled
    dock.setTitleBarWidget(QWidget())  # what is in it says what it is
    dock.setWidget(panel)
    window.addDockWidget(area, dock)
    return dock
