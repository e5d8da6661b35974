"""How edges are found, what counts and at which scale: one line that opens into the settings."""

import math
from dataclasses import replace
from typing import Any, get_args

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from semiview.core.document import (
    SITE_SETTINGS,
    EdgeAlgorithm,
    EpePreset,
    MeasureSettings,
    Scale,
    with_epe_preset,
)
from semiview.core.edits import set_settings
from semiview.metrology.measurement import measuring_scale
from semiview.ui.scale_words import pixel_size_in_words
from semiview.ui.session import Session
from semiview.ui.theme import DOUBT

PERCENT, ROWS, TOLERANCE_NM = (5, 95), (1, 64), (0.1, 1000.0)
ALGORITHM_TIPS: dict[EdgeAlgorithm, str] = {
    "threshold": "Where the profile crosses a share of its local extremes; some 0.4 px outside the true edge",
    "derivative": "Where the profile is steepest",
    "linear": "The tangent at the steepest place, met with the base line",
    "sigmoid": "A soft step fitted to the profile; some 0.9 px outside the true edge",
    "peak": "The middle of the bright rim",
    "model": "One line scan for all edges, fitted under the picture's own noise; nearest to the physical limit",
}
PRESETS: dict[EpePreset, str] = {"": "all along the edges", "ICCAD13": "ICCAD 2013 contest"}
OWN = "as the project says"
SCALES: dict[Scale, str] = {
    "calibrated": "the project's calibration, else nominal",
    "nominal": "nominal",
    "registration": "this field's registration",
}
SCALE_TIP = (
    "Pixel size for CD and roughness. That of the field's own registration hides a real change of CD: it fits the "
    "design's size."
)


class SettingsStrip(QWidget):
    """Algorithm, threshold, rows averaged and tolerance of the open case; a change is one undo step."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filling = False
        self.summary = QToolButton()
        self.summary.setObjectName("measure_settings")
        self.summary.setCheckable(True)
        self.summary.setAutoRaise(True)
        self.summary.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.mixed = QLabel()
        self.mixed.setObjectName("settings_mixed")
        self.mixed.setWordWrap(True)
        self.algorithm = QComboBox()
        self.algorithm.setObjectName("edge_algorithm")
        for number, name in enumerate(get_args(EdgeAlgorithm)):
            self.algorithm.addItem(name, name)
            self.algorithm.setItemData(number, ALGORITHM_TIPS[name], Qt.ItemDataRole.ToolTipRole)
        self.percent = QSpinBox(minimum=PERCENT[0], maximum=PERCENT[1], suffix=" %")
        self.percent.setObjectName("threshold_percent")
        self.rows = QSpinBox(minimum=ROWS[0], maximum=ROWS[1])
        self.rows.setObjectName("rows_averaged")
        self.rows.setToolTip("Rows along the edge averaged into one profile: less noise, less detail")
        self.tolerance = QDoubleSpinBox(
            minimum=TOLERANCE_NM[0],
            maximum=TOLERANCE_NM[1],
            decimals=1,
            prefix="± ",
            suffix=" nm",
        )
        self.tolerance.setObjectName("tolerance")
        self.tolerance.setToolTip("|EPE| above it is a fault")
        self.preset = QComboBox()
        self.preset.setObjectName("epe_preset")
        self.preset.setToolTip(
            "Where EPE is read. ICCAD 2013: every 40 nm, once on edges up to 80 nm, ±15 nm, as published counts"
        )
        self.scale = QComboBox()
        self.scale.setObjectName("measure_scale")
        self.scale.setToolTip(SCALE_TIP)
        for name, text in SCALES.items():
            self.scale.addItem(text, name)
        self.fields = QWidget()
        grid = QGridLayout(self.fields)
        grid.setContentsMargins(4, 0, 4, 2)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        for number, (text, field) in enumerate(
            (("Edge", self.algorithm), ("at", self.percent), ("Rows", self.rows), ("EPE", self.tolerance))
        ):
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, number // 2, number % 2 * 2)
            grid.addWidget(field, number // 2, number % 2 * 2 + 1)
        for row, (text, box) in enumerate((("Sites", self.preset), ("Scale", self.scale)), 2):
            grid.addWidget(QLabel(text), row, 0)
            grid.addWidget(box, row, 1, 1, 3)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for widget in (self.summary, self.fields, self.mixed):
            column.addWidget(widget)
        for number_box in (self.percent, self.rows, self.tolerance):
            number_box.setKeyboardTracking(False)
        self.summary.toggled.connect(self._open)
        self.algorithm.currentIndexChanged.connect(lambda _: self._take(edge_algorithm=self.algorithm.currentData()))
        self.percent.valueChanged.connect(lambda value: self._take(threshold_percent=float(value)))
        self.rows.valueChanged.connect(lambda value: self._take(rows_averaged=value))
        self.tolerance.valueChanged.connect(lambda value: self._take(tolerance_nm=value))
        self.scale.currentIndexChanged.connect(lambda _: self._take(scale=self.scale.currentData()))
        self.preset.currentIndexChanged.connect(self._take_preset)
        session.case_changed.connect(self.refresh)
        session.changed.connect(lambda *_: self.refresh())
        self._open(False)
        self.refresh()

    def refresh(self) -> None:
        """Show the settings of the document as it is."""
        case, document = self._session.case, self._session.document
        self.fields.setEnabled(document is not None)
        self.summary.setEnabled(document is not None)
        self.mixed.hide()
        if case is None or document is None:
            self.summary.setText("No case is open")
            self.summary.setToolTip("Open a case: how it is measured stands here")
            return
        settings = document.settings
        self._filling = True
        self.algorithm.setCurrentIndex(self.algorithm.findData(settings.edge_algorithm))
        self.algorithm.setToolTip(ALGORITHM_TIPS[settings.edge_algorithm])
        self.percent.setValue(round(settings.threshold_percent))
        self.rows.setValue(settings.rows_averaged)
        self.tolerance.setValue(settings.tolerance_nm)
        self.scale.setCurrentIndex(self.scale.findData(settings.scale))
        self._fill_presets(settings)
        self._filling = False
        threshold = settings.edge_algorithm == "threshold"
        self.percent.setEnabled(threshold)
        self.percent.setToolTip(
            "Share of the way from the local minimum to the maximum"
            + ("" if threshold else f"\nNot now: {settings.edge_algorithm} has no threshold")
        )
        size = measuring_scale(case, document)
        scale = f"{size.x_nm:.4g} nm/px" if size.known else "no scale"
        self.summary.setText(f"{edges_in_words(settings)} · ±{settings.tolerance_nm:g} nm · {scale}")
        self.summary.setToolTip(
            f"Edges: {edges_in_words(settings)}, averaged\nTolerance: ±{settings.tolerance_nm:g} nm\n"
            f"Scale of CD and roughness: {pixel_size_in_words(size)}\n"
            "A click opens the settings; undo takes a change back."
        )
        self._say_mixed(settings)

    def _open(self, shown: bool) -> None:
        self.fields.setVisible(shown)
        self.summary.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)

    def _say_mixed(self, settings: MeasureSettings) -> None:
        """Another way of finding edges than the project's moves CD by nanometres: say so while it lasts."""
        usual = self._usual()
        if edges_in_words(usual) != edges_in_words(settings):
            self.mixed.setText(
                f'<span style="color:{DOUBT}">●</span> Edges by {edges_in_words(settings)}; the project uses '
                f"{edges_in_words(usual)}. CD and EPE of the two do not compare."
            )
            self.mixed.show()

    def _fill_presets(self, settings: MeasureSettings) -> None:
        """The presets, and the project's own sites where there are such; the tolerance may differ from a preset's."""
        self.preset.clear()
        for name, text in PRESETS.items():
            self.preset.addItem(text, name)
        if _own_sites(settings) or _own_sites(self._usual()):
            self.preset.addItem(OWN, None)
        last = self.preset.count() - 1
        self.preset.setCurrentIndex(last if _own_sites(settings) else self.preset.findData(settings.epe_preset))

    def _take_preset(self, _: int) -> None:
        document = self._session.document
        if self._filling or document is None:
            return
        preset: EpePreset | None = self.preset.currentData()
        wanted = self._usual() if preset is None else with_epe_preset(document.settings, preset)
        sites = {name: getattr(wanted, name) for name in SITE_SETTINGS}
        self._take(tolerance_nm=wanted.tolerance_nm, epe_preset=wanted.epe_preset, **sites)

    def _usual(self) -> MeasureSettings:
        """The project's settings."""
        workspace = self._session.workspace
        return MeasureSettings() if workspace is None else workspace.project.settings.measure

    def _take(self, **changes: Any) -> None:
        if self._filling:
            return
        words = {"edge_algorithm": "edges", "threshold_percent": "edges", "rows_averaged": "edges", "scale": "scale"}
        what = words.get(next(iter(changes)), "tolerance")
        self._session.apply(
            f"Change the {what}", lambda document: set_settings(document, replace(document.settings, **changes))
        )


def _own_sites(settings: MeasureSettings) -> bool:
    """True if EPE is read neither all along the edges nor at a preset's sites."""
    return not settings.epe_preset and any(math.isfinite(getattr(settings, name)) for name in SITE_SETTINGS)


def edges_in_words(settings: MeasureSettings) -> str:
    """The algorithm with what it depends on."""
    at = f" {settings.threshold_percent:g} %" if settings.edge_algorithm == "threshold" else ""
    rows = "1 row" if settings.rows_averaged == 1 else f"{settings.rows_averaged} rows"
    return f"{settings.edge_algorithm}{at}, {rows}"
