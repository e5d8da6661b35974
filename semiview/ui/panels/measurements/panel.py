"""CD, EPE, roughness and scores of the open case: figures, plots and tables that follow every edit."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from semiview.metrology.epe_summary import EpeSummary
from semiview.metrology.measurement import Measurement
from semiview.ui.gauging import Gauging
from semiview.ui.latest import Errands
from semiview.ui.marking import Marking
from semiview.ui.panels.measurements.epe_tab import EpeTab
from semiview.ui.panels.measurements.gauge_tab import GaugeTab
from semiview.ui.panels.measurements.noise_tab import NoiseTab
from semiview.ui.panels.measurements.reading import Reading
from semiview.ui.panels.measurements.result_table import ResultTable
from semiview.ui.panels.measurements.roughness_tab import RoughnessTab
from semiview.ui.panels.measurements.score_tab import ScoreTab
from semiview.ui.panels.measurements.settings_strip import SettingsStrip
from semiview.ui.session import Session
from semiview.ui.window_actions import Actions

SOURCES = (("approved", "Correction"), ("prediction", "Prediction"), ("sem", "SEM edges"))


class MeasurementsPanel(QWidget):
    """What was measured of the document as it is; a click on a row shows the place.

    A tab is filled when it is in sight.

    Attributes
    ----------
    chosen_changed
        Other rows are chosen, or others can be.
    wanted
        Something in it is to be seen.
    """

    chosen_changed = Signal()
    wanted = Signal()

    def __init__(
        self, session: Session, marking: Marking, gauging: Gauging, errands: Errands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._measurement: Measurement | None = None
        self._reading: Reading | None = None
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
        self.settings = SettingsStrip(session)
        self.epe, self.gauges = EpeTab(marking), GaugeTab(gauging, errands)
        self.roughness, self.scores, self.noise = RoughnessTab(gauging), ScoreTab(), NoiseTab()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for tab, title, tip in (
            (self.epe, "EPE", "Edge placement error"),
            (self.gauges, "CD", "Gauges on design, SEM, prediction and approved shape"),
            (self.roughness, "LER", "Line edge and line width roughness"),
            (self.scores, "Scores", "The prediction against the approved shape and the design"),
            (self.noise, "Noise", "What the picture's own noise allows"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(tab, title), tip)
        self._fresh = dict.fromkeys(range(self.tabs.count()), False)
        top = QHBoxLayout()
        top.addWidget(self.source)
        top.addWidget(self.figures, 1)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.reasons)
        layout.addWidget(self.settings)
        layout.addWidget(self.tabs, 1)
        # On a low screen it is scrolled, and the window stays as low as the screen.
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        self.source.currentIndexChanged.connect(self._refresh)
        self.source.activated.connect(self._choose)
        self.tabs.currentChanged.connect(lambda _: self._fill())
        for table in self.tables():
            table.place_wanted.connect(self._go)
            table.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())
            table.rows.modelReset.connect(self.chosen_changed)
        session.case_changed.connect(self._cleared)
        session.measured.connect(self.show_measurement)
        self._cleared()

    def set_actions(self, actions: Actions) -> None:
        """Buttons for what the keys do too."""
        self.epe.set_actions(actions)

    def tables(self) -> tuple[ResultTable, ...]:
        """All tables, in the order of their tabs."""
        return self.epe.table, self.gauges.table, self.roughness.table, self.scores.table

    def copy(self) -> None:
        """The chosen rows of the table in sight, or all of them, to the clipboard."""
        table = self._table_in_sight()
        rows = 0 if table is None else table.copy()
        self._session.said.emit(f"{rows:,} row{'s' if rows != 1 else ''} copied, with the header.")

    def step_marker(self, way: int) -> None:
        """Show the EPE list and go to its next place, or the one before."""
        self.tabs.setCurrentWidget(self.epe)
        self.wanted.emit()
        self.epe.step(way)

    def why_no_marker(self) -> str | None:
        """Why there is no marker to go to."""
        if self._reading is None:
            return "nothing is measured yet"
        # The list is filled when it is looked at.
        return None if not self._fresh[self.tabs.indexOf(self.epe)] else self.epe.why_no_marker()

    def why_not_copy(self) -> str | None:
        """Why there is nothing to copy."""
        if not self.isVisible():
            return "open the tab “CD and EPE” first"
        table = self._table_in_sight()
        return None if table is not None and table.rows.rowCount() else "there is no table in sight, or it is empty"

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

    def _table_in_sight(self) -> ResultTable | None:
        return next((table for table in self.tables() if table.isVisible()), None)

    def _choose(self, _: int) -> None:
        self._wanted = self.source.currentData() or ""

    def _cleared(self) -> None:
        self._measurement = None
        self.source.clear()
        self.figures.clear()
        self.reasons.setVisible(True)
        self.reasons.setText(
            "Measuring…" if self._session.case is not None else "Open a case: its CD and EPE stand here."
        )
        self._show(None)

    def _refresh(self) -> None:
        measurement, case, document = self._measurement, self._session.case, self._session.document
        if measurement is None or case is None or document is None:
            return
        reading = Reading(case, document, measurement, self.source.currentData() or "sem")
        self.figures.setText(figures(measurement.epe_summary.get(reading.source)))
        self.reasons.setText("\n".join(reason_with_advice(reason) for reason in measurement.reasons))
        self.reasons.setVisible(bool(measurement.reasons))
        self._show(reading)

    def _show(self, reading: Reading | None) -> None:
        self._reading = reading
        self._fresh = dict.fromkeys(self._fresh, False)
        self._fill()

    def _fill(self) -> None:
        """Fill the tab in sight; the others wait until they are looked at."""
        number = self.tabs.currentIndex()
        if not self._fresh[number]:
            self._fresh[number] = True
            (self.epe, self.gauges, self.roughness, self.scores, self.noise)[number].show_reading(self._reading)

    def _go(self, x_nm: float, y_nm: float) -> None:
        document = self._session.document
        if document is not None:
            u, v = document.registration.to_px([(x_nm, y_nm)])[0]
            self._session.place_wanted.emit(float(u), float(v))


def figures(summary: EpeSummary | None) -> str:
    """Mean, three sigma and the worst EPE in one line, and how many points have no contour."""
    if summary is None:
        return ""
    parts = []
    if summary.n:
        parts.append(
            f"mean <b>{summary.mean_nm:+.1f}</b>, 3σ <b>{summary.sigma3_nm:.1f}</b>, "
            f"max <b>{summary.max_nm:.1f} nm</b> on {summary.n:,} edge points"
        )
    for name in ("missing", "bridge", "extra"):
        count = getattr(summary, name)
        if count:
            parts.append(f"<b>{count:,}</b> {name}")
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
