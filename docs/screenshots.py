"""Make the pictures of the guide from the real window on the example project.

python docs/screenshots.py [NAME ...]     all pictures, or those named, into docs/images

Needs a display (xvfb-run will do); without one Qt draws off the screen.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from semiview.core.review import Approval, Decision
from semiview.files.case_list import read_case_list
from semiview.tasks.align import AlignOptions, align_project
from semiview.tasks.annotate import annotate
from semiview.tasks.decide import decide
from semiview.tasks.demo import approve_truth, unpack_example
from semiview.tasks.open import open_case
from semiview.tasks.predict import PredictOptions, predict_project
from semiview.tasks.progress import result_of
from semiview.tasks.workspace import open_workspace
from semiview.ui.case_line import CASE, WORTH
from semiview.ui.docks import arrange
from semiview.ui.importing import Paths
from semiview.ui.main_window import MainWindow

IMAGES = Path(__file__).parent / "images"
SIZE = (1280, 800)
LEVELS = 31
PATIENCE_S = 900.0
# A field with one answer, and one with several.
UNIQUE, PERIODIC = "logic-01", "line-space-01"


def wait(milliseconds: int) -> None:
    """Let the window live so long. QTest.qWait would keep Python's lock, and so every other thread, to itself."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Scene:
    """The window and the hands that work it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = QSettings(str(folder / "user.ini"), QSettings.Format.IniFormat)
        settings.setValue("theme", "light")
        self.window = MainWindow(settings, reviewer="you")
        self.window.desk.predicting.toggle()
        self.window.resize(*SIZE)
        self.window.show()
        arrange(self.window, self.window.docks)
        self.window.open_project(folder)
        self.until(lambda: self.window.desk.session.case is not None)

    def until(self, seen: Callable[[], object]) -> None:
        """Wait, with the window alive, until something can be seen."""
        end = time.monotonic() + PATIENCE_S
        while not seen():
            if time.monotonic() > end:
                raise TimeoutError("the window never came to show what was waited for")
            wait(20)

    def open(self, case_id: str) -> None:
        """Click a case in the list and wait for its numbers."""
        cases, table = self.window.desk.cases, self.window.case_list.table
        cell = cases.index(cases.row_of(case_id), CASE)
        table.scrollTo(cell)
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(cell).center())
        session = self.window.desk.session
        self.until(lambda: session.case is not None and session.case.case_id == case_id)
        self.until(lambda: session.measurement is not None)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in the window."""
        self.window.activateWindow()
        QTest.qWaitForWindowActive(self.window)
        QTest.keyClick(self.window.views.views["sem"], key, modifier)

    def drag(self, path_px: list[tuple[float, float]]) -> None:
        """Left-drag on the SEM view along image px."""
        view = self.window.views.views["sem"]
        places = [view.to_screen(u, v).toPoint() for u, v in path_px]
        QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=places[0])
        for place in places:
            QTest.mouseMove(view.viewport(), place)
        QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=places[-1])

    def quiet(self) -> None:
        """Nothing is asked above the views: the picture is of something else."""
        bar = self.window.questions_bar
        for name in bar.names():
            bar.close_question(name)

    def settle(self) -> None:
        """Let measurements, thumbnails and repaints come to rest."""
        session = self.window.desk.session
        self.until(lambda: session.measurement is not None and not self.window.desk.saving.pending)
        wait(400)

    def save(self, name: str, part: QWidget | None = None) -> None:
        """Write what the window shows, or a part of it."""
        self.settle()
        IMAGES.mkdir(parents=True, exist_ok=True)
        path = IMAGES / f"{name}.png"
        picture = (part or self.window).grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        values = np.frombuffer(picture.bits(), np.uint8)
        # 32 levels a channel look alike and make a file half as large.
        values[:] = np.rint(np.rint(values * (LEVELS / 255)) * (255 / LEVELS))
        if not picture.save(str(path), None, 0):
            raise OSError(f"{path} could not be written")
        print(f"{path} {path.stat().st_size / 1000:.0f} kB")


def window_light(scene: Scene) -> None:
    """The first look at a case."""
    scene.open(UNIQUE)
    scene.save("window-light")


def window_dark(scene: Scene) -> None:
    """The same in dark colours, with the numbers in front."""
    scene.window.set_theme("dark")
    scene.window.readings.setCurrentWidget(scene.window.measurements)
    scene.open("contact-01")
    scene.save("window-dark")
    scene.window.readings.setCurrentWidget(scene.window.registration)
    scene.window.set_theme("light")


def registration(scene: Scene) -> None:
    """A field of lines: an alternative is looked at, with the residuals of its edges."""
    scene.open(PERIODIC)
    window, session = scene.window, scene.window.desk.session
    view = session.view
    session.set_view(replace(view, epe_vectors=False, prediction_contour=False, residuals=True))
    scene.key(Qt.Key.Key_R)
    scene.key(Qt.Key.Key_J)
    scene.until(lambda: not window.desk.residuals.latest.busy)
    scene.save("registration")
    session.set_view(view)
    scene.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    scene.key(Qt.Key.Key_Escape)


def correcting(scene: Scene) -> None:
    """A brush stroke on the prediction; CD and EPE follow."""
    scene.open("logic-03")
    window, session = scene.window, scene.window.desk.session
    window.readings.setCurrentWidget(window.measurements)
    view = session.view
    session.set_view(replace(view, compare_mode="two", brush_radius_px=7.0))
    window.views.go_to(200.0, 205.0, 3.0)
    scene.key(Qt.Key.Key_B)
    scene.drag([(170.0 + 6 * step, 190.0 + 3 * step) for step in range(10)])
    QTest.mouseMove(window.views.views["sem"].viewport(), window.views.views["sem"].viewport().rect().center())
    scene.save("correcting")
    scene.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    scene.key(Qt.Key.Key_Escape)
    session.set_view(view)
    window.views.fit()
    window.readings.setCurrentWidget(window.registration)


def markers(scene: Scene) -> None:
    """The EPE list as a marker browser, some places marked."""
    window = scene.window
    window.readings.setCurrentWidget(window.measurements)
    scene.open("logic-03")
    panel = window.measurements
    panel.tabs.setCurrentWidget(panel.epe)
    for key in (Qt.Key.Key_K, Qt.Key.Key_Y, Qt.Key.Key_K, Qt.Key.Key_W, Qt.Key.Key_K):
        scene.key(key)
    scene.quiet()
    scene.save("markers")
    window.views.fit()
    window.readings.setCurrentWidget(window.registration)


def gauges(scene: Scene) -> None:
    """Gauges on design, SEM and prediction side by side; one in hand, a ruler beside it."""
    window, session = scene.window, scene.window.desk.session
    window.readings.setCurrentWidget(window.measurements)
    scene.open("logic-02")
    panel, view = window.measurements, session.view
    panel.tabs.setCurrentWidget(panel.gauges)
    session.set_view(replace(view, compare_mode="two", epe_vectors=False, gauges=True))
    scene.key(Qt.Key.Key_M)
    table = panel.gauges.table
    table.setFocus()
    table.selectRow(0)
    window.views.go_to(window.views.camera.u, window.views.camera.v, 2.0)
    u, v = window.views.camera.u, window.views.camera.v
    scene.drag([(u - 100 + 6 * step, v + 60 - 4 * step) for step in range(8)])
    scene.quiet()
    scene.save("gauges")
    scene.key(Qt.Key.Key_Delete)
    scene.key(Qt.Key.Key_Escape)
    session.set_view(view)
    panel.tabs.setCurrentWidget(panel.epe)
    window.views.fit()
    window.readings.setCurrentWidget(window.registration)


def queue(scene: Scene) -> None:
    """The list alone, by what a look is worth, with a column of the project's own."""
    cases = scene.window.case_list
    scene.open(UNIQUE)
    for title in ("Type", "Decision"):
        cases.show_column(title, False)
    cases.show_column("dose", True)
    scene.window.desk.cases.sort(WORTH)
    cases.search.setText("dose>=10")
    scene.save("queue", cases)
    cases.search.clear()
    scene.window.desk.cases.sort(-1)
    for title in ("Type", "Decision"):
        cases.show_column(title, True)
    cases.show_column("dose", False)


def deciding(scene: Scene) -> None:
    """A case about which two reviewers differ, and a note."""
    workspace = scene.window.desk.session.workspace
    if workspace is None:
        raise RuntimeError("no project is open")
    opened = open_case(workspace, PERIODIC)
    for name, kind, reason in (("anna", "accept", ""), ("ben", "reject", "wrong shape")):
        approval = Approval(kind == "accept", False, False)
        decide(workspace, opened.case, opened.document, None, Decision(kind, name, approval, reason))
    annotate(workspace, PERIODIC, "ben", "the second line from the left is fused")
    scene.window.desk.company.look()
    scene.until(lambda: scene.window.desk.cases.line(PERIODIC).state == "disputed")
    scene.open(PERIODIC)
    scene.until(lambda: scene.window.desk.annotating.said.sides)
    scene.save("deciding", scene.window.review)


def assistant(scene: Scene) -> None:
    """The mapping page on the example's own sites, as a stage would list them in um."""
    project = scene.folder
    sites, _ = read_case_list(project / "cases.csv")
    rows = [f"{row.case_id},{row.x_nm / 1000:.3f},{row.y_nm / 1000:.3f}" for row in sites]
    listed = project / "stage.csv"
    listed.write_text("\n".join(["Site,X [um],Y [um]", *rows]), encoding="utf-8")
    projects = scene.window.projects
    projects.new(Paths(project / "images", listed, project / "chip.gds"))
    dialog = projects.assistant
    if dialog is None:
        raise RuntimeError("there is no assistant")
    scene.until(dialog.sources.isComplete)
    dialog.next()
    scene.save("assistant", dialog)
    dialog.reject()


def training(scene: Scene) -> None:
    """A run on what was approved: its curves, and what the gate says of the candidate."""
    window, run = scene.window, scene.window.desk.training
    approve_all(scene.folder)
    window.open_project(scene.folder)
    scene.until(lambda: run.samples)
    scene.open(UNIQUE)
    window.docks["work"].show()
    window.work.setCurrentWidget(window.training)
    window.training.epochs.setValue(8)
    window.training.steps.setValue(6)
    scene.until(lambda: window.training.start.isEnabled())
    window.training.start.click()
    scene.until(lambda: not run.running)
    scene.save("training")


PICTURES: dict[str, Callable[[Scene], None]] = {
    "window-light": window_light,
    "window-dark": window_dark,
    "registration": registration,
    "correcting": correcting,
    "markers": markers,
    "gauges": gauges,
    "queue": queue,
    "deciding": deciding,
    "assistant": assistant,
    "training": training,
}


def prepare(folder: Path) -> None:
    """The example project, aligned and predicted."""
    workspace = open_workspace(unpack_example(folder))
    result_of(align_project(workspace, AlignOptions(jobs=1)))
    predicted = result_of(predict_project(workspace, PredictOptions()))
    if predicted.failed:
        raise RuntimeError(f"no predictions, no pictures: {predicted.failed}")


def approve_all(folder: Path) -> None:
    """What a perfect reviewer would have approved before the training."""
    workspace = open_workspace(folder)
    truth = json.loads((folder / "truth" / "truth.json").read_text("utf-8"))
    for row in workspace.project.rows:
        approve_truth(workspace, row.case_id, truth["cases"][row.case_id])


def main() -> None:
    """Make the pictures named on the command line, or all."""
    names = sys.argv[1:] or list(PICTURES)
    unknown = sorted(set(names) - set(PICTURES))
    if unknown:
        sys.exit(f"There is no picture {', '.join(unknown)}; there are {', '.join(PICTURES)}.")
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="semiview-pictures-") as scratch:
        folder = Path(scratch) / "example"
        prepare(folder)
        scene = Scene(folder)
        for name in names:
            PICTURES[name](scene)
        scene.window.close()
    application.quit()


if __name__ == "__main__":
    main()
