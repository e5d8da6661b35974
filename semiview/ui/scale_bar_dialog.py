"""The pixel size from the bar that a microscope burns into its image: two clicks and the length written beside it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import numpy.typing as npt
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QDoubleValidator, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from semiview.alignment.calibration import Calibration
from semiview.core.case import Case
from semiview.files.project import CASE_LIST
from semiview.files.sem_image_file import read_file_pixels
from semiview.files.size_groups import SizeGroup
from semiview.metrology.scale_bar import ScaleBar, proposed_bar, refined_bar
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.pictures import drawable
from semiview.ui.canvas.pyramid_item import PyramidItem
from semiview.ui.canvas.ruler_marks import MeasureMarks, RulerMark, RulersItem
from semiview.ui.canvas.view import ImageView
from semiview.ui.desk import Desk
from semiview.ui.latest import Latest
from semiview.ui.scale_words import pixel_size_in_words

UNITS = {"nm": 1.0, "µm": 1000.0}
ASK = "Click on one end of the bar, then on the other. The ends are found between pixels."
ENDS = {"ticks": "middles of its ticks", "dots": "middles of its outermost dots", "edges": "its outer edges"}
LARGEST = 1e7
Scope = Literal["case", "kind", "calibration", "project"]
TIPS: dict[Scope, str] = {
    "case": "cases.csv: `nm_per_px` of this case, which wins over what its file says",
    "kind": "project.toml: for images of this size and magnification that say nothing of their pixels",
    "calibration": "project.toml: CD and roughness of this tool at this magnification use it from now on",
    "project": "project.toml: for all images of the project that say nothing of their pixels",
}


class ScaleBarDialog(QDialog):
    """Shows the whole file's image, the data bar included; offers the result, and changes nothing by itself."""

    def __init__(self, desk: Desk, case: Case, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Scale bar of {case.case_id}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._desk, self._case = desk, case
        self._latest = Latest(desk.errands, self)
        self._pixels: npt.NDArray[Any] | None = None
        self._first: tuple[float, float] | None = None
        self.bar: ScaleBar | None = None
        self.words = QLabel("Reading the file…")
        self.words.setWordWrap(True)
        self.view = ImageView("Image with its data bar")
        self.view.set_tool("measure")
        self._picture, self._marks = PyramidItem(self.view.world), RulersItem(self.view.world)
        self.entry = QLineEdit(placeholderText="written length")
        self.entry.setObjectName("bar_length")
        self.entry.setAccessibleName("Length that is written beside the bar")
        numbers = QDoubleValidator(1e-3, LARGEST, 6, self.entry)
        numbers.setLocale(QLocale.c())
        numbers.setNotation(QDoubleValidator.Notation.StandardNotation)
        self.entry.setValidator(numbers)
        self.entry.setMaximumWidth(130)
        self.unit = QComboBox()
        self.unit.addItems(list(UNITS))
        self.answer = QLabel()
        self.answer.setObjectName("bar_result")
        self.answer.setWordWrap(True)
        self.search = QPushButton("Look for it")
        self.search.setToolTip("Mark the bar that is most likely meant; look whether it is the right one")
        self.scope = QComboBox()
        self.scope.setObjectName("bar_scope")
        self.scope.setToolTip("Which images the result is for")
        for scope, text in scopes(case):
            self.scope.addItem(text, scope)
        self.take = QPushButton("Use it")
        for button in (self.search, self.take):
            button.setAutoDefault(False)
        close = QPushButton("Close")
        close.setAutoDefault(False)
        row = QHBoxLayout()
        for widget in (QLabel("Beside it stands"), self.entry, self.unit):
            row.addWidget(widget)
        row.addWidget(self.answer, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.search)
        foot.addStretch(1)
        for part in (QLabel("For"), self.scope, self.take, close):
            foot.addWidget(part)
        column = QVBoxLayout(self)
        column.addWidget(self.words)
        column.addWidget(self.view, 1)
        column.addLayout(row)
        column.addLayout(foot)
        self.resize(900, 640)
        self.view.camera_wanted.connect(self.view.set_camera)
        self.view.clicked.connect(self._click)
        self.entry.textChanged.connect(self._show_result)
        self.unit.currentIndexChanged.connect(self._show_result)
        self.search.clicked.connect(self._propose)
        self.scope.currentIndexChanged.connect(self._show_result)
        self.take.clicked.connect(self._take)
        close.clicked.connect(self.close)
        self._show_result()
        self._load()

    @property
    def size_nm(self) -> tuple[float, float] | None:
        """Nm per px and its standard deviation; None: not known yet."""
        if self.bar is None or not self.entry.hasAcceptableInput() or float(self.entry.text()) <= 0:
            return None
        return self.bar.pixel_size(float(self.entry.text()) * UNITS[self.unit.currentText()])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _load(self) -> None:
        workspace = self._desk.session.workspace
        if workspace is None:
            return
        row = workspace.project.row(self._case.case_id)
        self.search.setEnabled(False)
        self._latest.ask(
            lambda: read_file_pixels(row.image, row.page),
            self._loaded,
            lambda problem: self.words.setText(str(problem)),
        )

    def _loaded(self, pixels: npt.NDArray[Any]) -> None:
        self._pixels = pixels
        self._picture.set_image(drawable(pixels))
        self._picture.set_levels(float(pixels.min()), float(max(pixels.max(), pixels.min() + 1)))
        self.search.setEnabled(True)
        self.words.setText(ASK)
        self._fit()

    def _fit(self) -> None:
        if self._pixels is not None:
            room = self.view.viewport()
            shape = int(self._pixels.shape[0]), int(self._pixels.shape[1])
            self.view.set_camera(Camera.fitting(shape, room.width(), room.height()))

    def _click(self, u: float, v: float) -> None:
        if self._pixels is None:
            return
        if self._first is None:
            self._first = (u, v)
            self.bar = None
            self._marks.set_marks(MeasureMarks((RulerMark((u, v), (u, v), "one end"),)))
            self.words.setText("Now click on its other end.")
            self._show_result()
            return
        pixels, first, second = self._pixels, self._first, (u, v)
        self._first = None
        self._find(lambda: refined_bar(pixels, first, second), "")

    def _propose(self) -> None:
        if self._pixels is not None:
            pixels, area = self._pixels, self._case.sem.area
            self._first = None
            # Below the picture, where data bars stand, else anywhere.
            height = area.bottom if area.bottom < pixels.shape[0] else None
            self._find(lambda: proposed_bar(pixels, height), "No bar was found by itself: click on its two ends.")

    def _find(self, work: Callable[[], ScaleBar | None], none: str) -> None:
        def done(bar: ScaleBar | None) -> None:
            self.bar = bar
            if bar is None:
                self.words.setText(none)
                self._marks.set_marks(MeasureMarks())
            else:
                text = f"{bar.length_px:.2f} ± {bar.sigma_px:.2f} px"
                self._marks.set_marks(MeasureMarks((RulerMark(bar.first_px, bar.second_px, text),)))
                self.words.setText(
                    f"{text}, between the {ENDS[bar.ends]}. Is this the bar? Other clicks choose another."
                )
                self.entry.setFocus()
            self._show_result()

        def failed(problem: Exception) -> None:
            if not isinstance(problem, ValueError):
                raise problem
            self.bar = None
            self._marks.set_marks(MeasureMarks())
            self.words.setText(str(problem))
            self._show_result()

        self._latest.ask(work, done, failed)

    def _show_result(self, *_: object) -> None:
        found, size = self.size_nm, self._case.sem.pixel_size
        why = "mark the bar first" if self.bar is None else "type the length that stands beside the bar"
        if found is None:
            self.answer.setText(f"The case says: {pixel_size_in_words(size)}")
        else:
            value, error = found
            apart = (
                f"; the case says {pixel_size_in_words(size)}, {100 * (value / size.x_nm - 1):+.2f} %"
                if size.known
                else ""
            )
            self.answer.setText(f"<b>{value:.5g} ± {error:.2g} nm/px</b> by the scale bar{apart}")
        scope: Scope = self.scope.currentData()
        not_now = self._why_not(scope) or (why if found is None else "")
        self.take.setEnabled(not not_now)
        self.take.setToolTip(f"{TIPS[scope]}\nNot now: {not_now}" if not_now else TIPS[scope])

    def _why_not(self, scope: Scope) -> str:
        workspace = self._desk.session.workspace
        if scope == "case" and (workspace is None or not (workspace.project.folder / CASE_LIST).exists()):
            return "the project has no cases.csv that could hold it: its files pair by name"
        return ""

    def _take(self) -> None:
        if self.size_nm is None or self.bar is None:
            return
        value, error = self.size_nm
        scope: Scope = self.scope.currentData()
        if scope == "case":
            self._desk.set_case_size(self._case.case_id, value)
        elif scope == "kind":
            self._desk.set_group_size(SizeGroup.of(self._case.sem, self._case.info), value)
        elif scope == "calibration":
            self._desk.add_calibration(calibration_by_bar(self._case, self.bar, value, error))
        else:
            self._desk.set_pixel_size(value)
        self._desk.session.said.emit(
            f"{value:.5g} ± {error:.2g} nm/px by the scale bar, for {self.scope.currentText()}."
        )
        self.close()


def scopes(case: Case) -> list[tuple[Scope, str]]:
    """Which images a result can be for, the likeliest first: a known size is corrected, an unknown one is told."""
    this: tuple[Scope, str] = ("case", "this image alone")
    if case.sem.pixel_size.known:
        tool = case.info.tool or "cases without a tool"
        return [("calibration", f"all of {tool} at this magnification"), this]
    group = SizeGroup.of(case.sem, case.info)
    return [("kind", f"all of {group.in_words} that bring no size"), this, ("project", "all that bring no size")]


def calibration_by_bar(case: Case, bar: ScaleBar, nm_per_px: float, sigma_nm: float) -> Calibration:
    """A calibration of the case's tool and magnification; the other axis keeps its share of the stated size."""
    stated = case.sem.pixel_size
    along_x = abs(bar.second_px[0] - bar.first_px[0]) >= abs(bar.second_px[1] - bar.first_px[1])
    factor = nm_per_px / (stated.x_nm if along_x else stated.y_nm)
    sigmas = (sigma_nm, math.nan) if along_x else (math.nan, sigma_nm)
    return Calibration(
        case.info.tool, stated.x_nm, factor * stated.x_nm, factor * stated.y_nm, 0.0, *sigmas, math.nan,
        (case.case_id,), datetime.now(UTC).astimezone().date().isoformat(),
    )  # fmt: skip
