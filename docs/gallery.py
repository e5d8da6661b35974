"""Every panel and compare mode in light and dark, at 100 and 150 %, for an eye to judge.

python docs/gallery.py OUT [--project FOLDER --case ID]     the example project, trained on; or a copy of another
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import screenshots
from PySide6.QtWidgets import QApplication, QTabWidget

from semiview.ui.compare_modes import CompareMode

LOOKS = [(theme, percent) for theme in ("light", "dark") for percent in (100, 150)]
SIZE = (1280, 720)


def tab_sets(widget: QTabWidget) -> Iterator[tuple[str, list[tuple[QTabWidget, int]]]]:
    """Every panel behind a tab, also within panels: its name, and which tabs show it."""
    for number in range(widget.count()):
        if not widget.isTabVisible(number):
            continue
        here, name = [(widget, number)], widget.tabText(number)
        inner = widget.widget(number).findChildren(QTabWidget)
        for deeper in inner[:1]:
            for below, path in tab_sets(deeper):
                yield f"{name}-{below}", here + path
        if not inner:
            yield name, here


def look(folder: Path, case_id: str, theme: str, out: Path) -> None:
    """All pictures of one theme at the scale that Qt was started with."""
    screenshots.IMAGES, screenshots.LEVELS, screenshots.SIZE = out, 255, SIZE
    scene = screenshots.Scene(folder)
    window, session = scene.window, scene.window.desk.session
    window.set_theme(theme)
    scene.open(case_id)
    window.docks["work"].hide()
    for mode in get_args(CompareMode):
        session.set_view(replace(session.view, compare_mode=mode))
        scene.save(f"mode-{mode}")
    session.set_view(replace(session.view, compare_mode="two"))
    window.docks["work"].show()
    teach(scene)
    for tabs in (window.readings, window.work):
        window.docks["work"].setVisible(tabs is window.work)
        for name, path in tab_sets(tabs):
            for widget, number in path:
                widget.setCurrentIndex(number)
            scene.save("panel-" + name.replace(" ", "_").replace("/", "_"))
    window.close()


def teach(scene: screenshots.Scene) -> None:
    """A short run and a look for drift, so that their panels show something."""
    window, desk = scene.window, scene.window.desk
    window.work.setCurrentWidget(window.training)
    window.training.epochs.setValue(3)
    window.training.steps.setValue(4)
    scene.until(window.training.start.isEnabled)
    window.training.start.click()
    scene.until(lambda: not desk.training.running)
    window.work.setCurrentWidget(window.drift)
    window.drift.look.click()
    scene.until(lambda: not desk.drifting.busy)


def main() -> None:
    """Make the folders OUT/THEME-PERCENT, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--case", default=screenshots.UNIQUE)
    parser.add_argument("--look", choices=["light", "dark"], help="only this theme, at the scale as it is")
    options = parser.parse_args()
    if options.look:
        application = QApplication(sys.argv[:1])
        look(options.project, options.case, options.look, options.out)
        application.quit()
        return
    with tempfile.TemporaryDirectory(prefix="semiview-gallery-") as scratch:
        folder = Path(scratch) / "project"
        if options.project:
            shutil.copytree(options.project, folder)
        else:
            application = QApplication(sys.argv[:1])
            screenshots.prepare(folder)
            screenshots.training(screenshots.Scene(folder))
            application.quit()
        for theme, percent in LOOKS:
            arguments = [options.out / f"{theme}-{percent}", "--project", folder, "--case", options.case]
            subprocess.run(
                [sys.executable, __file__, *map(str, arguments), "--look", theme],
                check=True,
                env=os.environ | {"QT_SCALE_FACTOR": str(percent / 100)},
            )


if __name__ == "__main__":
    main()
