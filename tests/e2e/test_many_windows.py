"""A window that was closed leaves nothing: no threads, processes, open files, timers or widgets, however often."""

import gc
import threading
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QSettings, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from semiview.ui.garbage import Garbage
from semiview.ui.main_window import MainWindow
from tests.e2e.conftest import children

WARM, TIMES = 3, 20


def sit_down_and_leave(qtbot: QtBot, application: QApplication, project: Path, settings: Path) -> None:
    """Open a project, wait for its first numbers, move the design, close."""
    window = MainWindow(QSettings(str(settings), QSettings.Format.IniFormat), "tester")
    window.desk.predicting.automatic = False
    window.show()
    qtbot.waitExposed(window)
    window.open_project(project)
    qtbot.waitUntil(lambda: window.desk.session.measurement is not None, timeout=60_000)
    window.actions_["tools.register"].trigger()
    window.actions_["register.right"].trigger()
    window.actions_["app.palette"].trigger()
    window.actions_["app.keys"].trigger()
    window.close()
    window.deleteLater()
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    application.processEvents()


def what_is_left() -> dict[str, int]:
    gc.collect()
    # By its type: to ask some libraries' objects for their class makes them warn.
    objects = [each for each in gc.get_objects() if issubclass(type(each), MainWindow | QTimer)]
    alive = [each for each in objects if shiboken6.isValid(each)]
    return {
        "windows": sum(isinstance(each, MainWindow) for each in alive),
        "timers": sum(isinstance(each, QTimer) and each.isActive() for each in alive),
        "widgets": len(QApplication.allWidgets()),
        "threads": threading.active_count(),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "processes": len(children()),
    }


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_that_twenty_windows_leave_no_more_than_three(qtbot: QtBot, qapp: QApplication, make_small, tmp_path) -> None:
    project = make_small(count=2)
    garbage = Garbage()
    for _ in range(WARM):
        sit_down_and_leave(qtbot, qapp, project, tmp_path / "user.ini")
    first = what_is_left()
    for _ in range(TIMES - WARM):
        sit_down_and_leave(qtbot, qapp, project, tmp_path / "user.ini")
    last = what_is_left()
    garbage.stop()
    assert first["windows"] == first["processes"] == 0
    assert {name: count for name, count in last.items() if count > first[name]} == {}
