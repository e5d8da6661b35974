"""How the pictures are drawn: grey levels, overlays with an opacity each, layers of the design, the compare mode."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from semiview.core.case import Case
from semiview.core.design import DesignLayer
from semiview.ui.actions.looking import OVERLAYS
from semiview.ui.compare_modes import COMPARE_MODES, PAIRS, Pair, guest, pair_title
from semiview.ui.comparing import Comparing
from semiview.ui.grey_levels import automatic_levels, grey_histogram
from semiview.ui.plots.level_histogram import LevelHistogram
from semiview.ui.session import Session
from semiview.ui.view_settings import ViewSettings
from semiview.ui.window_actions import Actions

ADJUSTED: Mapping[str, tuple[str, int, int]] = {
    "": ("", 0, 1),
    "divider": ("Divider", 0, 100),
    "blend": ("Blend", 0, 100),
    "checker": ("Field size", 8, 512),
    "span": ("Range %", 2, 100),
}


class DisplayPanel(QScrollArea):
    """Nothing here changes a number."""

    def __init__(self, session: Session, comparing: Comparing, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._session, self._comparing = session, comparing
        self._case: Case | None = None
        self._auto = (0.0, 1.0)
        self._shown = ("", 0)  # what the slider adjusts, and where it was put
        body = QWidget()
        column = QVBoxLayout(body)
        self.setWidget(body)

        self.histogram = LevelHistogram()
        self.histogram.setFixedHeight(130)
        self.histogram.levels_wanted.connect(lambda low, high: self._change(levels=(low, high)))
        self.levels = QLabel()
        self.levels.setProperty("dim", True)
        self.automatic = QPushButton("Automatic")
        self.automatic.setToolTip("Nearly the darkest and the brightest grey value. The data are not changed.")
        self.automatic.clicked.connect(lambda: self._change(levels=None))
        level_row = QHBoxLayout()
        level_row.addWidget(self.levels, 1)
        level_row.addWidget(self.automatic)
        column.addWidget(_heading("Grey levels"))
        column.addWidget(self.histogram)
        column.addLayout(level_row)

        column.addWidget(_heading("Compare"))
        self.pair = QComboBox()
        self.pair.setAccessibleName("Which two pictures are compared")
        for pair in PAIRS:
            self.pair.addItem(pair_title(pair), pair)
        self.pair.activated.connect(self._pair_chosen)
        self.adjust_name = QLabel()
        self.adjust = QSlider(Qt.Orientation.Horizontal)
        self.adjust.valueChanged.connect(self._adjusted)
        adjust_row = QHBoxLayout()
        adjust_row.addWidget(self.adjust_name)
        adjust_row.addWidget(self.adjust, 1)
        self.still = QToolButton()
        self.still.setDefaultAction(actions["view.still"])
        column.addWidget(self.pair)
        column.addLayout(self._guest_rows(actions))
        column.addLayout(adjust_row)
        column.addWidget(self.still)

        column.addWidget(_heading("Overlays"))
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        self.opacities: dict[str, QSlider] = {}
        for row, (name, text) in enumerate(OVERLAYS):
            button = QToolButton()
            button.setDefaultAction(actions[f"overlays.{name}"])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(26, 12))
            button.setAutoRaise(True)
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, 100)
            slider.setAccessibleName(f"Opacity of {text}")
            slider.setToolTip(f"How strongly {text} is drawn")
            slider.valueChanged.connect(lambda value, name=name: self._set_opacity(name, value))
            self.opacities[name] = slider
            grid.addWidget(button, row, 0)
            grid.addWidget(slider, row, 1)
        column.addLayout(grid)

        column.addWidget(_heading("Design"))
        self.fill = QCheckBox("Filled")
        self.fill.setToolTip("Fill the design's polygons, beside their outlines")
        self.fill.toggled.connect(lambda on: self._change(design_fill=on))
        column.addWidget(self.fill)
        self._layer_box = QVBoxLayout()
        self.layers: dict[str, QCheckBox] = {}
        column.addLayout(self._layer_box)
        column.addStretch(1)

        session.case_changed.connect(self._show_case)
        session.prediction_changed.connect(lambda _: self._show_case())
        session.view_changed.connect(lambda _, view: self._show(view))
        comparing.changed.connect(self._show_checkpoints)
        self._show_case()
        self._show_checkpoints()
        self._show(session.view)

    def _guest_rows(self, actions: Actions) -> QGridLayout:
        """Which other checkpoint, whose picture of the design, and what makes either."""
        self.checkpoint = QComboBox()
        self.checkpoint.setAccessibleName("Which other checkpoint's prediction")
        self.checkpoint.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.checkpoint.setMinimumContentsLength(8)
        self.checkpoint.activated.connect(lambda index: self._comparing.choose(self.checkpoint.itemData(index)))
        self.expected_by = QLabel()
        self.expected_by.setProperty("dim", True)
        rows = QGridLayout()
        rows.setColumnStretch(1, 1)
        for row, (text, shown, name) in enumerate(
            (("Other", self.checkpoint, "predict_other"), ("SEM by", self.expected_by, "predict_sem"))
        ):
            button = QToolButton()
            button.setDefaultAction(actions[f"compare.{name}"])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            rows.addWidget(QLabel(text), row, 0)
            rows.addWidget(shown, row, 1)
            rows.addWidget(button, row, 2)
        return rows

    def _show_checkpoints(self) -> None:
        """What may be held against the prediction, and which pairs can be seen."""
        self.checkpoint.clear()
        for checkpoint_id, predicted in self._comparing.checkpoints.items():
            self.checkpoint.addItem(checkpoint_id if predicted else f"{checkpoint_id} (not predicted)", checkpoint_id)
        self.checkpoint.setCurrentIndex(self.checkpoint.findData(self._comparing.chosen))
        self.checkpoint.setEnabled(self.checkpoint.count() > 0)
        tip = "Its prediction is compared with the one that is shown"
        self.checkpoint.setToolTip(tip if self.checkpoint.count() else f"{tip}\nNot now: no case is open")
        self.expected_by.setText(self._comparing.expected_by or "nobody yet")
        model = self.pair.model()
        for index, pair in enumerate(PAIRS):
            why = self._comparing.why_not(pair) if guest(pair) is not None else None
            self.pair.setItemData(index, f"Not now: {why}" if why else None, Qt.ItemDataRole.ToolTipRole)
            if isinstance(model, QStandardItemModel):
                model.item(index).setEnabled(why is None)

    def _show_case(self) -> None:
        case = self._session.case
        if case is self._case:
            return
        old, self._case = self._case, case
        if case is None:
            self.histogram.show_counts(np.array([0.0, 1.0]), np.zeros(1, np.int64))
        elif old is None or case.sem is not old.sem:
            self._auto = automatic_levels(case.sem)
            self.histogram.show_counts(*grey_histogram(case.sem))
        if case is None or old is None or case.design is not old.design:
            self._show_layers(() if case is None or case.design is None else case.design.layers)
        self._show(self._session.view)

    def _show_layers(self, layers: tuple[DesignLayer, ...]) -> None:
        for box in self.layers.values():
            box.deleteLater()
        self.layers = {}
        for layer in layers if len(layers) > 1 else ():
            box = QCheckBox(f"{layer.name} ({layer.role})")
            box.setToolTip(f"Show layer {layer.name} as an overlay")
            box.setChecked(layer.name not in self._session.view.hidden_layers)
            box.toggled.connect(lambda on, name=layer.name: self._show_layer(name, on))
            self._layer_box.addWidget(box)
            self.layers[layer.name] = box

    def _show_layer(self, name: str, shown: bool) -> None:
        hidden = self._session.view.hidden_layers
        self._change(hidden_layers=hidden - {name} if shown else hidden | {name})

    def _show(self, view: ViewSettings) -> None:
        low, high = view.levels or self._auto
        self.histogram.show_levels(low, high)
        self.automatic.setEnabled(view.levels is not None)
        self.levels.setText(f"{low:g} black, {high:g} white" if self._case is not None else "")
        self.pair.setCurrentIndex(list(PAIRS).index(view.pair))
        adjusts = COMPARE_MODES[view.compare_mode].adjusts
        title, least, most = ADJUSTED[adjusts]
        self.adjust_name.setVisible(bool(adjusts))
        self.adjust.setVisible(bool(adjusts))
        self.adjust_name.setText(title)
        self.adjust.setAccessibleName(title)
        values = {
            "divider": 100 * view.divider,
            "blend": 100 * view.blend,
            "checker": view.checker_px,
            "span": 100 * view.span,
            "": 0,
        }
        self._shown = ("", 0)  # another range moves the slider, which nobody did
        self.adjust.setRange(least, most)
        self.adjust.setValue(round(values[adjusts]))
        self._shown = (adjusts, self.adjust.value())
        for name, slider in self.opacities.items():
            slider.setValue(round(100 * view.opacity_of(name)))
        self.fill.setChecked(view.design_fill)
        for name, box in self.layers.items():
            box.setChecked(name not in view.hidden_layers)

    def _set_opacity(self, name: str, percent: int) -> None:
        view = self._session.view
        if percent != round(100 * view.opacity_of(name)):
            self._change(opacities={**view.opacities, name: percent / 100})

    def _pair_chosen(self, index: int) -> None:
        pair: Pair = list(PAIRS)[index]
        self._change(pair=pair)

    def _adjusted(self, value: int) -> None:
        adjusts, shown = self._shown
        if value == shown:
            return
        if adjusts == "checker":
            self._change(checker_px=value)
        elif adjusts:
            self._change(**{adjusts: value / 100})

    def _change(self, **settings: object) -> None:
        self._session.set_view(replace(self._session.view, **settings))  # type: ignore[arg-type]


def _heading(text: str) -> QLabel:
    label = QLabel(f"<b>{text}</b>")
    label.setContentsMargins(0, 6, 0, 0)
    return label
