"""The same gauges on the design, in the picture, the prediction and the approved shape, side by side."""

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSplitter, QTabWidget, QVBoxLayout, QWidget

from semiview.core.gauge import Gauge
from semiview.metrology.cd import CdRow
from semiview.metrology.epe import Source
from semiview.metrology.tool_matching import match_tools, variance_ratio
from semiview.metrology.width_along import width_along
from semiview.ui.gauging import Gauging
from semiview.ui.latest import Errands, Latest
from semiview.ui.measurement_models import gauge_columns, gauge_table
from semiview.ui.panels.measurements.reading import Reading
from semiview.ui.panels.measurements.result_table import ResultTable
from semiview.ui.plots.cd_plot import CdPlot
from semiview.ui.plots.matching_plot import MatchingPlot
from semiview.ui.plots.width_plot import WidthPlot

KINDS = (("", "all kinds"), ("line", "lines"), ("space", "spaces"), ("hole", "holes"), ("pitch", "pitches"),
         ("tip_to_tip", "tip to tip"), ("tip_to_line", "tip to line"))  # fmt: skip


class GaugeTab(QWidget):
    """Plots above, the table below; what is chosen in one is chosen in the other and in the picture."""

    def __init__(self, gauging: Gauging, errands: Errands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gauging = gauging
        self._reading: Reading | None = None
        self._rows: dict[str, CdRow] = {}  # of the chosen source
        self._names: list[str] = []
        self._widths = Latest(errands, self)
        self.cd_plot, self.width_plot, self.matching_plot = CdPlot(), WidthPlot(), MatchingPlot()
        self.plots = QTabWidget()
        self.plots.setDocumentMode(True)
        self.plots.addTab(self.cd_plot, "All gauges")
        self.plots.addTab(self.width_plot, "Along one")
        self.plots.addTab(self.matching_plot, "Other tool")
        self.filter = QLineEdit(placeholderText="Filter by name…", clearButtonEnabled=True)
        self.filter.setObjectName("gauge_filter")
        self.kind = QComboBox()
        self.kind.setObjectName("gauge_kind")
        self.kind.setToolTip("Which gauges are listed")
        for name, text in KINDS:
            self.kind.addItem(text, name)
        self.table = ResultTable("cd_table", gauge_columns((), False, set()))
        self.empty = QLabel("No gauges. With a design they come by themselves; M places one by hand.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("dim", True)
        filters = QHBoxLayout()
        filters.setSpacing(3)
        filters.addWidget(self.filter, 1)
        filters.addWidget(self.kind)
        lower = QWidget()
        under = QVBoxLayout(lower)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(3)
        under.addLayout(filters)
        under.addWidget(self.empty)
        under.addWidget(self.table, 1)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.plots)
        halves.addWidget(lower)
        halves.setSizes([150, 300])
        halves.setStretchFactor(0, 1)
        halves.setStretchFactor(1, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(halves)
        self.filter.textChanged.connect(self._filter)
        self.kind.currentIndexChanged.connect(self._filter)
        self.table.row_chosen.connect(lambda key: gauging.select(str(key)))
        self.cd_plot.gauge_clicked.connect(self._clicked)
        gauging.selected_changed.connect(self._selected)

    def show_reading(self, reading: Reading | None) -> None:
        """Show another measurement, or none."""
        self._reading = reading
        sources = () if reading is None else reading.sources
        cd = () if reading is None else reading.measurement.cd
        chosen: Source = "sem" if reading is None else reading.source
        gauges = () if reading is None else reading.document.gauges
        references = {each.gauge_id: each for each in gauges if math.isfinite(each.reference_nm)}
        told = {name: each.reference_nm for name, each in references.items()}
        found = gauge_table(cd, sources, chosen, told)
        self._rows = {row.gauge_id: row for row in cd if row.source == chosen}
        self._names = found.names
        self.table.show_rows(found.rows, self._wanted(), found.columns)
        self.empty.setVisible(reading is not None and not found.names)
        tolerance = float("nan") if reading is None else reading.document.settings.tolerance_nm
        self.cd_plot.show_gauges(found.names, found.cd_nm, found.drawn_nm, tolerance)
        self._show_matching([row for row in cd if row.source == "sem" and row.gauge_id in references], references)
        self._selected(self._gauging.selected)

    def _show_matching(self, rows: Sequence[CdRow], references: Mapping[str, Gauge]) -> None:
        """The SEM's own widths against another tool's, where a file of gauges brought some."""
        own, own_se = (np.array([getattr(row, name) for row in rows], np.float64) for name in ("cd_nm", "cd_se_nm"))
        other, other_sigma = (
            np.array([getattr(references[row.gauge_id], name) for row in rows], np.float64)
            for name in ("reference_nm", "reference_sigma_nm")
        )
        line = match_tools(other, own, variance_ratio(own_se, other_sigma))
        self.matching_plot.show_pairs(other, own, line)
        self.plots.setTabVisible(self.plots.indexOf(self.matching_plot), bool(references))

    def _filter(self, *_: object) -> None:
        self.table.show_only(self._wanted())

    def _wanted(self) -> npt.NDArray[np.bool_]:
        word, kind = self.filter.text().strip().casefold(), self.kind.currentData()
        return np.array(
            [word in name.casefold() and kind in ("", self._rows[name].mode) for name in self._names], dtype=bool
        )

    def _clicked(self, key: Hashable) -> None:
        self.table.choose(key)
        row = self.table.rows.row_of(key)
        self._gauging.select(str(key))
        if row is not None:
            self.table.place_wanted.emit(*self.table.rows.place_nm(row))

    def _selected(self, gauge_id: str) -> None:
        if self.table.current() != gauge_id:
            self.table.choose(gauge_id or None)
        self.cd_plot.mark(gauge_id or None)
        reading, row = self._reading, self._rows.get(gauge_id)
        self._widths.forget()
        if reading is None or row is None:
            self.width_plot.show_widths("", {}, float("nan"))
            return
        gauge = row.gauge
        shape, registration, scale = reading.case.sem.shape, reading.document.registration, reading.measurement.scale
        contours = {source: reading.measurement.contours[source] for source in reading.sources}
        self._widths.ask(
            lambda: {
                source: width_along(gauge, found, registration, scale, shape) for source, found in contours.items()
            },
            lambda widths: self.width_plot.show_widths(gauge_id, widths, row.cd_design_nm),
            self._widths_failed,
        )

    def _widths_failed(self, problem: Exception) -> None:
        self.width_plot.show_widths("", {}, float("nan"))
        raise problem
