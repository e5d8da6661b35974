"""The real window on a copy of real data, worked by its widgets; nothing may be left when it closes."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from semiview.ui.case_line import CASE
from semiview.ui.garbage import Garbage
from semiview.ui.main_window import MainWindow
from tests.e2e.small_project import write_small_project

OPENEBL = Path(__file__).parents[3] / "shared" / "data" / "openebl"
LONG_MS = 120_000


class User:
    """A person at a window: clicks, keys, waiting until something can be seen."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window
        self.session = window.desk.session
        self.expects_trouble = False

    @property
    def view(self):
        """The SEM view's canvas."""
        return self.window.views.views["sem"]

    def until(self, seen: Callable[[], object], timeout_ms: int = LONG_MS) -> None:
        def now() -> bool:
            told = {"prediction_failed", "training", "not_saved", "told"} & set(self.window.questions_bar.names())
            if told and not self.expects_trouble:
                pytest.fail(f"{told}: {self.window.log.text.toPlainText()}")
            return bool(seen())

        self.qtbot.waitUntil(now, timeout=timeout_ms)

    def open_project(self, folder: Path) -> None:
        self.window.open_project(folder)
        self.until(lambda: self.window.desk.cases.lines)
        self.until(lambda: not self.window.desk.opening.latest.busy)

    def open_case(self, case_id: str) -> None:
        """Click the case in the list."""
        table = self.window.case_list.table
        cell = self.window.desk.cases.index(self.window.desk.cases.row_of(case_id), CASE)
        table.scrollTo(cell)
        place = table.visualRect(cell).center()
        self.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        self.until(lambda: self.window.desk.opening.current == case_id and not self.window.desk.opening.latest.busy)

    def register(self, case_id: str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Open a case, move its design to the right by key and wait for the figures."""
        self.open_case(case_id)
        self.key(Qt.Key.Key_R)
        self.key(Qt.Key.Key_Right, modifier)
        self.key(Qt.Key.Key_Escape)
        self.until(lambda: self.session.measurement is not None)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.keyClick(self.view, key, modifier)

    def click(self, button: QPushButton) -> None:
        assert button.isEnabled(), button.toolTip()
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def answer(self, question: str, text: str) -> None:
        """Press the button with that text on a bar above the views."""
        bar = self.window.questions_bar.findChild(object, f"question_{question}")
        assert bar is not None, f"nobody asks about {question}: {self.window.questions_bar.names()}"
        self.click(next(button for button in bar.findChildren(QPushButton) if button.text().startswith(text)))

    def place(self, u: float, v: float) -> QPoint:
        """Where image px (u, v) is on the SEM view."""
        point: QPointF = self.view.to_screen(u, v)
        return point.toPoint()

    def drag(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        steps: int = 8,
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Left-drag on the SEM view, from and to image px."""
        viewport = self.view.viewport()
        first, last = self.place(*start), self.place(*end)
        self.qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, modifier, pos=first)
        for step in range(1, steps + 1):
            self.qtbot.mouseMove(viewport, first + (last - first) * step / steps)
        self.qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=last)

    def close(self) -> None:
        self.window.close()


@pytest.fixture
def openebl(tmp_path: Path) -> Path:
    """A writable copy of the openEBL folder."""
    if not OPENEBL.is_dir():
        pytest.skip("the openEBL data are not beside the project")
    folder = tmp_path / "openebl"
    shutil.copytree(OPENEBL, folder, copy_function=shutil.copyfile)
    return folder


@pytest.fixture
def user(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[User]:
    """A new window of a new user; afterwards it, its threads and its children must be gone."""
    garbage = Garbage()
    settings = QSettings(str(tmp_path / "user.ini"), QSettings.Format.IniFormat)
    window = MainWindow(settings, reviewer="tester")
    window.desk.predicting.toggle()  # only when a test asks for it
    window.resize(1280, 720)
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    yield User(qtbot, window)
    if window.isVisible():
        window.desk.saving.forget_failures()
        window.close()
    window.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    garbage.stop()
    assert not shiboken6.isValid(window), "the window outlives its closing, and its timers with it"
    assert [widget for widget in qapp.topLevelWidgets() if widget.isVisible()] == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("errand")] == []
    assert children() == []


def children() -> list[str]:
    """Command lines of the child processes of this one."""
    found = []
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in path.read_text().split():
            try:
                found.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


@pytest.fixture
def make_small(tmp_path: Path) -> Callable[..., Path]:
    """Small projects with known truth; keywords as in `write_small_project`."""
    return lambda **options: write_small_project(tmp_path / "small", **options)


@pytest.fixture
def small(make_small: Callable[..., Path]) -> Path:
    """Four small fields with predictions that came with the list."""
    return make_small()
