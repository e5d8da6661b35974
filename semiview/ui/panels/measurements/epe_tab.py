"""EPE of one source: its spread, its split, and the places that want to be looked at."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from semiview.core.marker import MarkedPlace
from semiview.metrology.epe import EpeTable
from semiview.metrology.epe_markers import FAULTS, EpeMarkers, epe_markers, markers_at
from semiview.ui.marking import Marking
from semiview.ui.measurement_models import (
    EPE_COLUMNS,
    IMPORTANT,
    VISITED,
    WAIVED,
    marker_keys,
    marker_rows,
    point_rows,
)
from semiview.ui.panels.measurements.reading import Reading
from semiview.ui.panels.measurements.result_table import ResultTable
from semiview.ui.plots.epe_histogram import EpeHistogram
from semiview.ui.window_actions import Actions

POINTS = "points"
CLASSES = (("", "any class"), ("edge", "edges"), ("corner", "corners"))
FLAGS: tuple[tuple[str, str], ...] = (
    ("", "any mark"),
    ("unvisited", "not visited"),
    ("important", "important"),
    ("waived", "waived"),
    ("standing", "not waived"),
)
MARK_TIP = "Marks are kept in the feedback store, for everybody who opens the project"


class EpeTab(QWidget):
    """Histogram above, markers below. A marker is a run of neighbouring points with the same fault."""

    def __init__(self, marking: Marking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marking = marking
        self._reading: Reading | None = None
        self._table = EpeTable.concatenated([])
        self._markers: EpeMarkers | None = None
        self._flags = np.empty(0, np.int64)
        self._places: dict[int, MarkedPlace] = {}
        self._filling = False
        self.histogram = EpeHistogram()
        self.mean_removed = QCheckBox("− mean")
        self.mean_removed.setToolTip(
            "Registration absorbs a mean EPE. This shows how the EPE scatters about its own mean."
        )
        self.split = QLabel()
        self.split.setObjectName("epe_split")
        self.split.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.split.setProperty("dim", True)
        self.fault = _box("epe_fault", "Which places are listed")
        self.place_class = _box("epe_class", "On straight edges or at corners")
        self.flag = _box("epe_flag", "Which marks a place bears")
        for box, entries in ((self.place_class, CLASSES), (self.flag, FLAGS)):
            for name, text in entries:
                box.addItem(text, name)
        self.table = ResultTable("epe_table", EPE_COLUMNS)
        self.counts = QLabel()
        self.counts.setObjectName("marker_counts")
        self.counts.setProperty("dim", True)
        self.counts.setToolTip(MARK_TIP)
        self._build()
        self.mean_removed.toggled.connect(self._show_histogram)
        for box in (self.fault, self.place_class, self.flag):
            box.currentIndexChanged.connect(self._filter)
        marking.changed.connect(self._show_marks)
        self.table.row_chosen.connect(self._visit)

    def show_reading(self, reading: Reading | None) -> None:
        """Show another measurement, or none."""
        self._reading = reading
        if reading is None:
            self._table, self._markers = EpeTable.concatenated([]), None
        else:
            everything = reading.measurement.epe
            self._table = everything.where(np.asarray(everything.source) == reading.source)
            self._markers = epe_markers(self._table, reading.document.settings.tolerance_nm)
        self._show_split()
        self._show_histogram()
        self._count()
        self._show_marks()

    def set_actions(self, actions: Actions) -> None:
        """Buttons under the list."""
        for name in ("markers.previous", "markers.next", "markers.important", "markers.waive"):
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setAutoRaise(True)
            self._foot.addWidget(button)

    def why_no_marker(self) -> str | None:
        """Why there is no marker to go to."""
        return None if self.table.rows.rowCount() else "there is no place in the list"

    def why_not_mark(self) -> str | None:
        """Why nothing can be marked."""
        if self._listing_points:
            return "choose a list of faults: single points bear no marks"
        return self._marking.why_not() or (None if self.table.chosen() else "choose a place in the EPE list first (K)")

    def step(self, way: int) -> None:
        """To the next place of the list, or the one before."""
        self.table.step(way)

    def toggle(self, flag: int) -> None:
        """Give the chosen places a mark, or take it away where all of them bear it."""
        numbers = self._chosen()
        bears = all(self._flags[number] & flag for number in numbers)
        self._mark(numbers, flag, not bears)

    @property
    def _listing_points(self) -> bool:
        return bool(self.fault.currentData() == POINTS)

    def _build(self) -> None:
        upper, lower = QWidget(), QWidget()
        top = QVBoxLayout(upper)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(2)
        line = QHBoxLayout()
        line.addWidget(self.split, 1)
        line.addWidget(self.mean_removed)
        top.addLayout(line)
        top.addWidget(self.histogram, 1)
        under = QVBoxLayout(lower)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(3)
        filters = QHBoxLayout()
        filters.setSpacing(3)
        filters.addWidget(self.fault, 3)
        filters.addWidget(self.place_class, 2)
        filters.addWidget(self.flag, 2)
        under.addLayout(filters)
        under.addWidget(self.table, 1)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(2)
        self._foot.addWidget(self.counts, 1)
        under.addLayout(self._foot)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setChildrenCollapsible(False)
        halves.addWidget(upper)
        halves.addWidget(lower)
        halves.setSizes([130, 300])
        halves.setStretchFactor(0, 2)
        halves.setStretchFactor(1, 3)
        upper.setMinimumHeight(110)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(halves)

    def _show_histogram(self, *_: object) -> None:
        tolerance = float("nan") if self._reading is None else self._reading.document.settings.tolerance_nm
        self.histogram.show_values(self._table.epe_nm, tolerance, self.mean_removed.isChecked())

    def _show_split(self) -> None:
        self.split.setText(split_in_words(self._table))
        self.split.setToolTip(
            "Least squares over the straight edges: a shift that the registration could still take, a bias common to "
            "all edges (half the mean CD error), and what is left to be local."
        )

    def _count(self) -> None:
        """The list of faults with their numbers; the chosen one stays."""
        found: Counter[str] = Counter() if self._markers is None else Counter(self._markers.fault.tolist())
        wanted = self.fault.currentData()
        self._filling = True
        self.fault.clear()
        observed = sum(found[fault] for fault in FAULTS if fault != "unobserved")
        self.fault.addItem(f"all faults {observed:,}", "")
        for fault in FAULTS:
            self.fault.addItem(f"{fault} {found[fault]:,}", fault)
        self.fault.addItem(f"every point {len(self._table):,}", POINTS)
        self.fault.setCurrentIndex(max(self.fault.findData(wanted), 0))
        self._filling = False

    def _show_marks(self) -> None:
        markers, reading = self._markers, self._reading
        self._flags = np.zeros(0 if markers is None else len(markers), np.int64)
        self._places = {}
        if markers is not None and reading is not None:
            places = self._marking.places(reading.source)
            for place, number in zip(places, markers_at(self._table, markers, places), strict=True):
                if number >= 0:
                    self._flags[number] |= VISITED * place.visited | IMPORTANT * place.important | WAIVED * place.waived
                    self._places[number] = place
        self._show_rows()

    def _show_rows(self) -> None:
        markers, reading = self._markers, self._reading
        if self._listing_points:
            self.table.show_rows(point_rows(self._table), self._wanted())
        elif markers is not None and reading is not None:
            self.table.show_rows(marker_rows(reading.source, markers, self._flags), self._wanted())
        else:
            self.table.show_rows(point_rows(EpeTable.concatenated([])))
        seen = self._flags if markers is None else self._flags[markers.fault != "unobserved"]
        parts = [f"{int(((seen & VISITED) > 0).sum()):,} of {len(seen):,} visited"]
        parts += [
            f"{int(((self._flags & flag) > 0).sum()):,} {word}"
            for flag, word in ((IMPORTANT, "important"), (WAIVED, "waived"))
            if ((self._flags & flag) > 0).any()
        ]
        self.counts.setText(" · ".join(parts) if len(seen) else "No faults" if reading is not None else "")

    def _filter(self, *_: object) -> None:
        if not self._filling:
            self._show_rows()

    def _wanted(self) -> npt.NDArray[np.bool_]:
        """Which rows pass the filters."""
        of_class = self.place_class.currentData()
        if self._listing_points or self._markers is None:
            classes = self._table.feature_class
            return np.ones(len(classes), bool) if not of_class else classes == of_class
        markers, fault, flag = self._markers, self.fault.currentData(), self.flag.currentData()
        keep = markers.fault == fault if fault else markers.fault != "unobserved"
        if of_class:
            keep = keep & (markers.feature_class == of_class)
        tests: dict[str, Callable[[npt.NDArray[np.int64]], npt.NDArray[np.bool_]]] = {
            "unvisited": lambda flags: (flags & VISITED) == 0,
            "important": lambda flags: (flags & IMPORTANT) > 0,
            "waived": lambda flags: (flags & WAIVED) > 0,
            "standing": lambda flags: (flags & WAIVED) == 0,
        }
        kept: npt.NDArray[np.bool_] = keep & tests[flag](self._flags) if flag else keep
        if flag:
            # The place in hand stays in the list although its mark has just changed: it would be gone unseen.
            held = set(self.table.chosen())
            keys = marker_keys(self._reading.source, markers) if held and self._reading is not None else []
            kept |= np.array([key in held for key in keys], bool) if keys else False
        return kept

    def _chosen(self) -> list[int]:
        return [self.table.rows.number(index.row()) for index in self.table.selectionModel().selectedRows()]

    def _visit(self, _: object) -> None:
        index = self.table.currentIndex()
        if not self._listing_points and index.isValid() and self.isVisible():
            self._mark([self.table.rows.number(index.row())], VISITED, True)

    def _mark(self, numbers: list[int], flag: int, on: bool) -> None:
        if self._markers is None or self._reading is None:
            return
        marked = []
        for number in numbers:
            place = self._places.get(number) or MarkedPlace(
                self._reading.source,
                int(self._markers.feature_id[number]),
                float(self._markers.x_nm[number]),
                float(self._markers.y_nm[number]),
            )
            marked.append(
                replace(
                    place,
                    visited=on if flag == VISITED else place.visited,
                    important=on if flag == IMPORTANT else place.important,
                    waived=on if flag == WAIVED else place.waived,
                )
            )
        self._marking.mark(marked)


def split_in_words(table: EpeTable) -> str:
    """Registration, bias and local part of the EPE; empty where there is none."""
    edges = (table.state == "valid") & (table.feature_class == "edge")
    local = table.epe_local_nm[edges]
    local = local[np.isfinite(local)]
    if not len(local):
        return ""
    registration = table.epe_registration_nm[edges]
    largest = float(np.nanmax(np.abs(registration)))
    bias = float(np.nanmean(table.epe_bias_nm[edges]))
    return f"shift {largest:.1f} · bias {bias:+.1f} · local 3σ {3 * local.std():.1f} nm"


def _box(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tip)
    box.setMinimumContentsLength(5)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
