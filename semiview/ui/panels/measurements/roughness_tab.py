"""LER and LWR of the drawn lines, with the spectrum they were read from."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from semiview.ui.gauging import Gauging
from semiview.ui.measurement_models import ROUGHNESS_COLUMNS, roughness_rows
from semiview.ui.panels.measurements.reading import Reading
from semiview.ui.panels.measurements.result_table import ResultTable
from semiview.ui.plots.psd_plot import PsdPlot

NO_LINES = (
    "No roughness: it needs straight lines that are at least 64 profiles long, of a design with its tone and a "
    "registration that can be trusted, or in a picture that repeats."
)


class RoughnessTab(QWidget):
    """Spectrum above, table below; the chosen row is the one drawn."""

    def __init__(self, gauging: Gauging, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gauging = gauging
        self._reading: Reading | None = None
        self.plot = PsdPlot()
        self.plot.setMinimumHeight(130)
        self.table = ResultTable("roughness_table", ROUGHNESS_COLUMNS)
        self.empty = QLabel()
        self.empty.setWordWrap(True)
        self.empty.setProperty("dim", True)
        self.warning = QLabel()
        self.warning.setObjectName("roughness_warning")
        self.warning.setWordWrap(True)
        lower = QWidget()
        under = QVBoxLayout(lower)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(3)
        under.addWidget(self.empty, 0, Qt.AlignmentFlag.AlignTop)
        under.addWidget(self.warning)
        under.addWidget(self.table, 1)
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.setChildrenCollapsible(False)
        self.halves.addWidget(self.plot)
        self.halves.addWidget(lower)
        self.halves.setSizes([260, 200])
        self.halves.setStretchFactor(0, 3)
        self.halves.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.halves)
        self.table.row_chosen.connect(lambda _: self._show_chosen())
        gauging.selected_changed.connect(self._choose_of)

    def show_reading(self, reading: Reading | None) -> None:
        """Show another measurement, or none."""
        self._reading = reading
        rows = () if reading is None else reading.measurement.roughness
        self.table.show_rows(roughness_rows(rows))
        self.table.setVisible(bool(rows))
        self.plot.setVisible(bool(rows))
        self.empty.setText("" if rows or reading is None else NO_LINES)
        self.empty.setVisible(bool(self.empty.text()))
        if rows and self.table.current() is None:
            self.table.choose(self.table.rows.key(0))
        self._choose_of(self._gauging.selected)

    def _choose_of(self, gauge_id: str) -> None:
        """The spectrum of the lines that a gauge belongs to."""
        spectra = () if self._reading is None else self._reading.measurement.spectra
        here = self.table.current()
        keys = [(found.gauge_id, found.kind) for found in spectra if gauge_id in found.lines]
        if keys and here not in keys:
            self.table.choose(keys[0])
        self._show_chosen()

    def _show_chosen(self) -> None:
        measured = None if self._reading is None else self._reading.measurement
        rows, spectra = ((), ()) if measured is None else (measured.roughness, measured.spectra)
        key = self.table.current()
        row = next((row for row in rows if (row.gauge_id, row.kind) == key), None)
        spectrum = next((found for found in spectra if (found.gauge_id, found.kind) == key), None)
        self.plot.show_spectrum(spectrum, row, self._gauging.selected)
        reason = "" if row is None else row.reason
        self.warning.setText(f"⚠ {reason[:1].upper()}{reason[1:]}." if reason else "")
        self.warning.setVisible(bool(reason))
