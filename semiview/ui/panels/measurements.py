"""CD and EPE of the open case: figures, histogram and tables that follow every edit."""

import math

import numpy as np
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from semiview.metrology.epe import EpeSummary, Source
from semiview.metrology.measurement import Measurement
from semiview.ui.measurement_models import CdModel, ColumnModel, EpeModel
from semiview.ui.plots.epe_histogram import EpeHistogram
from semiview.ui.session import Session

SOURCES = (("approved", "Correction"), ("prediction", "Prediction"), ("sem", "SEM edges"))


class MeasurementsPanel(QWidget):
    """What was measured of the document as it is; a click on a row shows the place."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._measurement: Measurement | None = None
        self._wanted = ""  # the source a person chose; empty: the first there is
        self.source = QComboBox()
        self.source.setObjectName("measurement_source")
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.source.setToolTip("Whose contour is measured")
        self.figures = QLabel()
        self.figures.setObjectName("figures")
        self.figures.setWordWrap(True)
        self.reasons = QLabel()
        self.reasons.setObjectName("measurement_reasons")
        self.reasons.setWordWrap(True)
        self.reasons.setProperty("dim", True)
        self.histogram = EpeHistogram()
        self.histogram.setMinimumHeight(90)
        self.histogram.setMaximumHeight(150)
        self.epe_model, self.cd_model = EpeModel(self), CdModel(self)
        self.epe_table = self._table(self.epe_model, "epe_table")
        self.cd_table = self._table(self.cd_model, "cd_table")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.epe_table, "EPE")
        self.tabs.addTab(self.cd_table, "CD")
        top = QHBoxLayout()
        top.addWidget(self.source)
        top.addWidget(self.figures, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(5)
        layout.addLayout(top)
        layout.addWidget(self.reasons)
        layout.addWidget(self.histogram)
        layout.addWidget(self.tabs, 1)
        self.source.currentIndexChanged.connect(self._refresh)
        self.source.activated.connect(self._choose)
        session.case_changed.connect(self._cleared)
        session.measured.connect(self.show_measurement)
        self._cleared()

    def show_measurement(self, measurement: Measurement) -> None:
        """Show a new measurement; the chosen source stays if it still exists."""
        had = {self.source.itemData(number) for number in range(self.source.count())}
        present = [(name, text) for name, text in SOURCES if name in measurement.outlines_px]
        # A correction that has just begun is what one wants to see.
        if present and ("approved" in measurement.outlines_px and "approved" not in had):
            self._wanted = ""
        self._measurement = None  # refilling the box must not draw
        self.source.clear()
        for name, text in present:
            self.source.addItem(text, name)
        chosen = [number for number, (name, _) in enumerate(present) if name == self._wanted]
        self.source.setCurrentIndex(chosen[0] if chosen else 0)
        self._measurement = measurement
        self._refresh()

    def _choose(self, _: int) -> None:
        self._wanted = self.source.currentData() or ""

    def _cleared(self) -> None:
        self._measurement = None
        self.source.clear()
        self.epe_model.show_table(None, "")
        self.cd_model.show_rows((), "")
        self.histogram.show_values(np.empty(0), math.nan)
        self.figures.clear()
        self.reasons.setVisible(True)
        self.reasons.setText(
            "Measuring…" if self._session.case is not None else "Open a case: its CD and EPE stand here."
        )

    def _refresh(self) -> None:
        measurement = self._measurement
        if measurement is None:
            return
        source: Source = self.source.currentData() or "sem"
        self.epe_model.show_table(measurement.epe, source)
        self.cd_model.show_rows(measurement.cd, source)
        mine = np.asarray(measurement.epe.source) == source
        values = np.asarray(measurement.epe.epe_nm, np.float64)[mine]
        document = self._session.document
        tolerance = math.nan if document is None else document.settings.tolerance_nm
        self.histogram.show_values(values[np.isfinite(values)], tolerance)
        self.figures.setText(figures(measurement.epe_summary.get(source)))
        self.reasons.setText("\n".join(reason_with_advice(reason) for reason in measurement.reasons))
        self.reasons.setVisible(bool(measurement.reasons))

    def _table(self, model: ColumnModel, name: str) -> QTableView:
        table = QTableView()
        table.setObjectName(name)
        table.setModel(model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        rows = table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(22)
        columns = table.horizontalHeader()
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        columns.setHighlightSections(False)
        columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        columns.setSortIndicatorClearable(True)
        table.setSortingEnabled(True)
        table.selectionModel().currentChanged.connect(lambda index, _: self._go(model, index))
        table.clicked.connect(lambda index: self._go(model, index))
        return table

    def _go(self, model: ColumnModel, index: QModelIndex) -> None:
        document = self._session.document
        if index.isValid() and document is not None:
            u, v = document.registration.to_px([model.place_nm(index.row())])[0]
            if math.isfinite(u) and math.isfinite(v):
                self._session.place_wanted.emit(float(u), float(v))


def figures(summary: EpeSummary | None) -> str:
    """Mean, three sigma and the worst EPE in one line, and how many points have no contour."""
    if summary is None:
        return ""
    parts = []
    if summary.n:
        parts.append(
            f"mean <b>{summary.mean_nm:+.1f}</b>, 3σ <b>{summary.sigma3_nm:.1f}</b>, "
            f"max <b>{summary.max_nm:.1f} nm</b> on {summary.n} edge points"
        )
    for name in ("missing", "bridge", "extra"):
        count = getattr(summary, name)
        if count:
            parts.append(f"<b>{count}</b> {name}")
    return " · ".join(parts)


_ADVICE = {
    "unregistered": "Align it (Ctrl+R), or put it right by hand (R).",
    "registration failed": "Put it right by hand (R).",
    "registration ambiguous": "Look at the alternatives (R, then J), or put it right by hand.",
    "tone is not set": "Say above the views what the drawn polygons are.",
    "pixel size unknown": "Give the pixel size above the views.",
    "no design": "CD and EPE against the design need one.",
}


def reason_with_advice(reason: str) -> str:
    """A reason why something is not measured, and what to do about it."""
    advice = next((advice for start, advice in _ADVICE.items() if start in reason), "")
    return f"{reason[:1].upper()}{reason[1:]}. {advice}".replace("..", ".").strip()
