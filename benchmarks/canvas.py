"""How the canvas feels: three linked views beside stock pyqtgraph with the same pictures and lines, in one run.

    python -m benchmarks.canvas [--sizes 4096 8192 16384] [--frames 15]

Medians in milliseconds from the call until the window's buffer is painted, offscreen, 1920 x 1000 px: by the clock on
the wall, and of the processor's time, which other programs do not lengthen. Stock is three linked ViewBoxes with
ImageItem(autoDownsample=True) and PlotCurveItem(connect="finite"), its levels given; pictures over 8192 px, for which
its arrays would take several GB, are shown by SemiView alone.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QWidget

from semiview.core import edits
from semiview.core.case import Case, CaseInfo
from semiview.core.coverage import Coverage
from semiview.core.design import Design, DesignLayer
from semiview.core.document import Document
from semiview.core.outline import Points, rectangle, with_breaks
from semiview.core.prediction import Prediction
from semiview.core.raster import coverage
from semiview.core.registration import Registration, nominal_registration
from semiview.core.review import Review
from semiview.core.sem_image import SemImage
from semiview.metrology.contour import Contours
from semiview.metrology.epe import EpeTable
from semiview.metrology.measurement import Measurement
from semiview.tasks.open import OpenedCase
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.compare_modes import CompareMode
from semiview.ui.main_window import MainWindow
from semiview.ui.view_settings import ViewSettings

CENTRE_NM = (14e6, -13e6)
CONTOURS, CONTOUR_POINTS, VECTORS = 1500, 60, 2000
WIDTH, HEIGHT = 1920, 1000
EDGES = 50_000
STOCK_PX = 8192

Floats = npt.NDArray[np.float64]


class Ours:
    """The program's own views."""

    name = "SemiView"

    def __init__(self) -> None:
        self.widget = LinkedViews()
        self._settings = ViewSettings()

    def open(self, case: Case, document: Document) -> None:
        """Show a case."""
        self.widget.show_case(case, document)

    def measured(self, measurement: Measurement) -> None:
        """Show contours and EPE."""
        self.widget.show_measurement(measurement)

    def look(self, u: float, v: float, zoom: float) -> None:
        """Move all views."""
        self.widget.views["sem"].camera_wanted.emit(Camera(u, v, zoom))

    def document(self, old: Document, new: Document) -> None:
        """Show an edit."""
        self.widget.show_document(old, new)

    def levels(self, low: float, high: float) -> None:
        """Other grey levels."""
        self._settings = replace(self._settings, levels=(low, high))
        self.widget.set_view_settings(self._settings)

    def compare(self, mode: CompareMode) -> None:
        """Another compare mode."""
        self._settings = replace(self._settings, compare_mode=mode, pair="sem_design")
        self.widget.set_view_settings(self._settings)


class Stock:
    """What one writes with pyqtgraph as it comes."""

    name = "pyqtgraph"

    def __init__(self) -> None:
        self.widget = pg.GraphicsLayoutWidget()
        self._boxes: list[Any] = []
        self._pictures: list[Any] = []
        self._designs: list[Any] = []
        self._lines: list[Any] = []
        self._correction: list[Any] = []
        for column in range(3):
            box = self.widget.addViewBox(0, column, lockAspect=True, invertY=True, enableMenu=False)
            picture = pg.ImageItem(axisOrder="row-major", autoDownsample=True)
            correction = pg.ImageItem(axisOrder="row-major", autoDownsample=True)
            yellow = np.tile(np.array([240, 228, 66]), (256, 1))
            correction.setLookupTable(np.column_stack([yellow, np.arange(256) // 5]).astype(np.uint8))
            design = pg.PlotCurveItem(connect="finite", pen=(86, 180, 233))
            lines = [pg.PlotCurveItem(connect="finite", pen=pen) for pen in ((230, 159, 0), (213, 94, 0))]
            for item in (picture, correction, design, *lines):
                box.addItem(item)
            self._boxes.append(box)
            self._pictures.append(picture)
            self._correction.append(correction)
            self._designs.append(design)
            self._lines.append(lines)
        for box in self._boxes[1:]:
            box.setXLink(self._boxes[0])
            box.setYLink(self._boxes[0])
        self._nm: Points = np.empty((0, 2))
        self._epe: EpeTable | None = None

    def open(self, case: Case, document: Document) -> None:
        """Show a case."""
        if case.design is None or case.prediction is None:
            raise ValueError("the benchmark's case has both")
        self._nm = with_breaks(case.design.target)
        shape = case.sem.shape
        drawn = coverage([document.registration.outline_to_px(outline) for outline in case.design.target], shape)
        pictures = (case.sem.pixels, drawn, case.prediction.probability)
        for picture, values in zip(self._pictures, pictures, strict=True):
            picture.setImage(values, levels=(0, 255) if values.dtype == np.uint8 else (0, 1))
        self._place(document.registration)
        height, width = shape
        self._boxes[0].setRange(xRange=(0, width), yRange=(0, height), padding=0.02)

    def measured(self, measurement: Measurement) -> None:
        """Show contours and EPE."""
        points = with_breaks(measurement.outlines_px["prediction"])
        self._epe = measurement.epe
        for contour, _ in self._lines:
            contour.setData(points[:, 0], points[:, 1])

    def look(self, u: float, v: float, zoom: float) -> None:
        """Move all views."""
        box = self._boxes[0]
        half_width, half_height = box.width() / zoom / 2, box.height() / zoom / 2
        box.setRange(xRange=(u - half_width, u + half_width), yRange=(v - half_height, v + half_height), padding=0)

    def document(self, old: Document, new: Document) -> None:
        """Show an edit."""
        if new.registration is not old.registration:
            self._place(new.registration)
        if new.correction is not old.correction and new.correction is not None:
            values = new.correction.to_array()
            for item in self._correction:
                item.setImage(values, levels=(0, 255))

    def levels(self, low: float, high: float) -> None:
        """Other grey levels."""
        self._pictures[0].setLevels((low, high))

    def _place(self, registration: Registration) -> None:
        points = registration.to_px(self._nm)
        for item in self._designs:
            item.setData(points[:, 0], points[:, 1])
        if self._epe is not None:
            starts = np.column_stack([self._epe.x_nm, self._epe.y_nm])
            ends = starts + self._epe.epe_nm[:, None] * np.column_stack([self._epe.normal_x, self._epe.normal_y])
            gaps = np.full_like(starts, np.nan)
            vectors = registration.to_px(np.stack([starts, ends, gaps], axis=1).reshape(-1, 2))
            for _, epe in self._lines:
                epe.setData(vectors[:, 0], vectors[:, 1])


def field(size: int) -> tuple[Case, Document, Measurement]:
    """A picture with a fine grating, 1,500 drawn rectangles, as many contours of 60 points, 2,000 EPE vectors."""
    rng = np.random.default_rng(0)
    columns = np.where(np.arange(size) % 14 < 7, 190, 60).astype(np.uint8)
    pixels = np.broadcast_to(columns, (size, size)) + rng.integers(0, 40, (size, size), dtype=np.uint8)
    sem = SemImage.from_pixels(pixels, 1.0)
    registration = nominal_registration(sem.shape, sem.pixel_size, CENTRE_NM).by_hand()
    side = int(np.ceil(np.sqrt(CONTOURS)))
    pitch = size / side
    angle = np.linspace(0, 2 * np.pi, CONTOUR_POINTS, endpoint=False)
    ring = 0.35 * pitch * np.column_stack([np.cos(angle), np.sin(angle)])
    centres = [((i % side + 0.5) * pitch, (i // side + 0.5) * pitch) for i in range(CONTOURS)]
    found = tuple(ring + centre for centre in centres)
    half = 0.4 * pitch
    drawn = tuple(
        registration.outline_to_nm(rectangle(u - half, v - half, u + half, v + half)[::-1]) for u, v in centres
    )
    design = Design(drawn, (DesignLayer("1/0", "target", drawn),), "raised", (0.0, 0.0, 1.0, 1.0))
    probability = (pixels > 130).astype(np.float32)
    case = Case(CaseInfo("bench"), sem, registration, design, Prediction(probability, "bench"))
    places = registration.to_nm(rng.uniform(0, size, (VECTORS, 2)))
    directions = rng.uniform(0, 2 * np.pi, VECTORS)
    nought, text = np.zeros(VECTORS), np.full(VECTORS, "edge")
    epe = EpeTable(
        feature_id=np.zeros(VECTORS, np.int64),
        x_nm=places[:, 0],
        y_nm=places[:, 1],
        normal_x=np.cos(directions),
        normal_y=np.sin(directions),
        source=np.full(VECTORS, "prediction"),
        epe_nm=rng.normal(0, 8, VECTORS),
        sigma_nm=nought,
        feature_class=text,
        state=np.full(VECTORS, "valid"),
        epe_registration_nm=nought,
        epe_bias_nm=nought,
        epe_local_nm=nought,
        edge_sigma_nm=nought,
        edge_bound_nm=nought,
        reason=np.full(VECTORS, ""),
    )
    return case, Document(registration), Measurement({"prediction": Contours(found)}, epe, (), (), {}, (), 0.0)


@dataclass(frozen=True, slots=True)
class Cost:
    """Median milliseconds of a step until it is painted."""

    wall: float
    processor: float


def times(application: QApplication, step: Callable[[int], object], count: int) -> Cost:
    """Do a step so often."""
    walls, processors = [], []
    for number in range(count):
        begun = time.perf_counter(), time.process_time()
        step(number)
        application.processEvents()
        walls.append((time.perf_counter() - begun[0]) * 1e3)
        processors.append((time.process_time() - begun[1]) * 1e3)
    return Cost(median(walls), median(processors))


def staircases(edges: int, size: int) -> tuple[Points, ...]:
    """Outlines in image px with that many edges together: long steps, as of an OPC design."""
    count, steps = 50, edges // 100
    pitch = size / count
    across = np.repeat(np.linspace(-0.5, size - 0.5, steps // 2 + 1), 2)[1:-1]
    down = np.tile([0.0, 0.0, pitch / 8, pitch / 8], steps)[: len(across)]
    near, far = np.column_stack([across, down]), np.column_stack([across[::-1], down[::-1] + pitch / 2])
    return tuple(np.concatenate([near, far]) + np.array([0.0, number * pitch]) for number in range(count))


def measure(application: QApplication, side: Ours | Stock, size: int, frames: int) -> dict[str, Cost]:
    """Milliseconds of each thing a hand does."""
    case, document, measurement = field(size)
    widget: QWidget = side.widget
    widget.resize(WIDTH, HEIGHT)
    widget.show()
    application.processEvents()
    result = {"open to first paint": times(application, lambda _: side.open(case, document), 1)}
    side.measured(measurement)
    application.processEvents()
    middle, fit = size / 2, WIDTH / 3 / size
    side.look(middle, middle, fit)
    application.processEvents()
    result["pan, whole picture"] = times(application, lambda n: side.look(middle + 9 * (n + 1), middle, fit), frames)
    result["zoom step"] = times(application, lambda n: side.look(middle, middle, fit * 1.25 ** (1 + n % 9)), frames)
    side.look(middle, middle, 1.0)
    application.processEvents()
    result["pan, one to one"] = times(application, lambda n: side.look(middle + 9 * (n + 1), middle, 1.0), frames)
    side.look(middle, middle, fit)
    application.processEvents()
    result["grey levels"] = times(application, lambda n: side.levels(5.0 + n, 240.0), frames)

    current = document

    def show(new: Document) -> None:
        nonlocal current
        old, current = current, new
        side.document(old, new)

    result["nudge, whole picture"] = times(application, lambda _: show(edits.nudge(current, 1.0, 0.0)), frames)
    start = Coverage.from_array(np.zeros((size, size), np.uint8))
    show(edits.set_shape(current, "correction", start))
    application.processEvents()
    side.look(middle, middle, 1.0)
    application.processEvents()

    def stroke(number: int) -> None:
        path = np.array([[middle + 6.0 * number, middle], [middle + 6.0 * (number + 1), middle + 3.0]])
        show(edits.paint(current, "correction", start, path, 20.0, "add"))

    result["brush move, one to one"] = times(application, stroke, frames)
    if isinstance(side, Ours):
        modes: tuple[CompareMode, ...] = ("curtain", "checkerboard", "difference")
        for mode in modes:
            side.compare(mode)
            side.look(middle, middle, fit)
            application.processEvents()
            result[f"pan, {mode}"] = times(application, lambda n: side.look(middle + 9 * (n + 1), middle, fit), frames)
        side.compare("three")
    widget.close()
    return result


def many_edges(application: QApplication, side: Ours | Stock, frames: int) -> dict[str, Cost]:
    """A design of 50,000 edges over a picture of 4096 px: seen whole, and a part of it."""
    case, document, _ = field(4096)
    registration = document.registration
    drawn = tuple(registration.outline_to_nm(outline[::-1]) for outline in staircases(EDGES, 4096))
    design = Design(drawn, (DesignLayer("1/0", "target", drawn),), "raised", (0.0, 0.0, 1.0, 1.0))
    widget: QWidget = side.widget
    widget.resize(WIDTH, HEIGHT)
    widget.show()
    side.open(replace(case, design=design), document)
    result = {}
    for name, zoom in ((f"{EDGES:,} edges, pan whole", WIDTH / 3 / 4096), (f"{EDGES:,} edges, pan 4 x", 4.0)):
        side.look(2048, 2048, zoom)
        application.processEvents()
        result[name] = times(application, lambda n, zoom=zoom: side.look(2048 + 9 * (n + 1), 2048, zoom), frames)  # type: ignore[misc]
    widget.close()
    return result


def in_the_window(application: QApplication, size: int, frames: int) -> dict[str, Cost]:
    """What a hand waits for in the whole window: panels and actions follow each edit; measuring is left out."""
    case, document, _ = field(size)
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(QSettings(str(Path(folder) / "user.ini"), QSettings.Format.IniFormat), "benchmark")
        window.resize(WIDTH, HEIGHT)
        window.show()
        application.processEvents()
        window.desk.errands.close()
        session, painting = window.desk.session, window.desk.painting
        result = {"open": times(application, lambda _: session.show(OpenedCase(case, document, Review())), 1)}
        nudge = times(application, lambda _: session.apply("Nudge", lambda now: edits.nudge(now, 1.0, 0.0)), frames)
        result["nudge"] = nudge
        session.set_tool("brush")
        window.views.one_to_one()
        application.processEvents()
        painting.begin()
        painting.stroke(np.array([[size / 2, size / 2]]))  # the prediction is cut into tiles by the first
        application.processEvents()

        def stroke(number: int) -> None:
            painting.stroke(size / 2 + np.array([[6.0 * number, 0.0], [6.0 * (number + 1), 3.0]]))

        result["brush move, one to one"] = times(application, stroke, frames)
        painting.end()
        window.close()
    return {f"window, {name}": cost for name, cost in result.items()}


def show_table(ours: dict[str, Cost], stock: dict[str, Cost]) -> None:
    """Both side by side; the ratio is of the processor's time."""
    print(f"{'':28}{'SemiView':>20}{'pyqtgraph':>20}{'ratio':>8}")
    print(f"{'':28}{'wall':>10}{'CPU':>10}{'wall':>10}{'CPU':>10}{'CPU':>8}")
    for name, mine in ours.items():
        line = f"{name:28}{mine.wall:10.1f}{mine.processor:10.1f}"
        if name in stock:
            theirs = stock[name]
            line += f"{theirs.wall:10.1f}{theirs.processor:10.1f}{theirs.processor / max(mine.processor, 0.1):8.1f}"
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[4096, 8192, 16384])
    parser.add_argument("--frames", type=int, default=15)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    by_size = {}
    for size in options.sizes:
        ours = by_size[size] = measure(application, Ours(), size, options.frames)
        stock = measure(application, Stock(), size, options.frames) if size <= STOCK_PX else {}
        if size <= STOCK_PX:
            ours |= in_the_window(application, size, options.frames)
        print(f"\n{size} x {size} px, {CONTOURS} contours, {VECTORS} EPE vectors, three views; median ms")
        show_table(ours, stock)
    edges = [many_edges(application, side(), options.frames) for side in (Ours, Stock)]
    print()
    show_table(edges[0], edges[1])
    first = options.sizes[0]
    for size in options.sizes[1:]:
        for name in ("pan, whole picture", "pan, one to one"):
            here, there = by_size[size][name], by_size[first][name]
            print(f"{name}: {size} px is {here.processor / there.processor:.2f} times {first} px (CPU)")


if __name__ == "__main__":
    main()
