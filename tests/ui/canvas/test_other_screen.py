"""Another screen, or one less: the pictures are drawn for the screen that the window is on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.canvas.overlays import LinesItem
from semiview.ui.canvas.pyramid_item import PyramidItem

ROOT = Path(__file__).parents[3]
SCREEN = {"y": 0, "width": 2000, "height": 1200, "logicalDpi": 96, "logicalBaseDpi": 96}
SMALL, FINE = {**SCREEN, "name": "small", "x": 0, "dpr": 1}, {**SCREEN, "name": "fine", "x": 2000, "dpr": 2}

LEAVES = """
import sys
from PySide6.QtCore import QSettings
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from semiview.ui.main_window import MainWindow

application = QApplication([])
screens = sorted(application.screens(), key=lambda screen: screen.geometry().x())
window = MainWindow(QSettings(sys.argv[1], QSettings.Format.IniFormat), "tester")
if len(screens) > 1:
    window.resize(900, 600)
    window.move(screens[-1].geometry().center())
window.show()
QTest.qWait(100)
there = screens[-1].geometry().intersected(window.frameGeometry())
assert there.width() > 200 and there.height() > 200, window.frameGeometry()
window.close()
"""


def run(tmp_path: Path, program: str, screens: list[dict[str, object]], *arguments: str) -> None:
    """A program on a platform with these screens."""
    configuration = tmp_path / f"screens{len(screens)}.json"
    configuration.write_text(json.dumps({"screens": screens}))
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={configuration}"}
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="screens are made by Qt's offscreen platform, told a file")
def test_that_a_window_left_on_a_screen_that_is_gone_comes_back_in_sight(tmp_path: Path) -> None:
    settings = str(tmp_path / "user.ini")
    run(tmp_path, LEAVES, [SMALL, FINE], settings)
    run(tmp_path, LEAVES, [SMALL], settings)


def test_that_on_another_screen_nothing_kept_for_the_old_one_is_used(
    shown: LinkedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = shown.views["sem"]
    view.viewport().grab()
    done: list[str] = []
    for item, name in ((LinesItem, "drawn_anew"), (PyramidItem, "_colours")):
        plain = getattr(item, name)

        def watched(*arguments: object, plain=plain, name=name) -> object:
            done.append(name)
            return plain(*arguments)

        monkeypatch.setattr(item, name, watched)
    view.viewport().grab()
    assert done == []  # all of it was kept
    QApplication.sendEvent(view, QEvent(QEvent.Type.DevicePixelRatioChange))
    view.viewport().grab()
    assert set(done) == {"drawn_anew", "_colours"}
