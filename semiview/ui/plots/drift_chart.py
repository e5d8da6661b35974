"""How far the windows of a stratum lie from its reference."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from semiview.monitoring.drift import StratumDrift
from semiview.monitoring.features import FEATURES, IN_WORDS
from semiview.ui.plots.plot_frame import PlotFrame

# Okabe and Ito, as everywhere in the window; the last two are told by their symbols too.
COLOURS = tuple(
    QColor(name) for name in ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
)  # fmt: skip
SYMBOLS = ("o", "s", "t", "d", "+", "x")
GREATEST = 5.0  # in limits; what is farther off is drawn there


class DriftChart(PlotFrame):
    """By window: each feature's z in units of its limit, and the divergence of the grey levels in units of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("window of 20 images", "distance / limit", parent)
        self.setAccessibleName("Drift by window")
        self._legend = self.plot.addLegend(offset=(4, 4), colCount=4, labelTextSize="8pt")
        self._features = [
            self.plot.plot([], [], name=IN_WORDS[name], pen=pg.mkPen(colour, width=1), symbol=symbol, symbolSize=6,
                           symbolBrush=colour, symbolPen=pg.mkPen(colour))
            for name, colour, symbol in zip(FEATURES, COLOURS, SYMBOLS, strict=True)
        ]  # fmt: skip
        self._grey = self.plot.plot([], [], name="grey levels (KL)", pen=pg.mkPen("#888888", width=2))
        self._limits = [pg.InfiniteLine(pos=place, angle=0) for place in (-1.0, 1.0)]
        for line in self._limits:
            self.plot.addItem(line)
        self.plot.setYRange(-GREATEST, 2 * GREATEST, padding=0.02)  # the legend has the upper third
        self.take_colours()
        self.show_stratum(None)

    def show_stratum(self, drift: StratumDrift | None) -> None:
        """Show a stratum's windows; None: nothing."""
        windows = () if drift is None else drift.windows
        numbers = np.arange(1, len(windows) + 1, dtype=np.float64)
        for column, curve in enumerate(self._features):
            values = np.array([window.z[column] / window.z_limit for window in windows])
            curve.setData(numbers, np.clip(np.nan_to_num(values), -GREATEST, GREATEST))
        kl = np.array([window.kl / window.kl_limit if window.kl_limit > 0 else 0.0 for window in windows])
        self._grey.setData(numbers, np.clip(kl, 0, GREATEST))
        self._legend.setVisible(bool(windows))
        if len(windows):
            self.plot.setXRange(0.5, max(len(windows), 4) + 0.5, padding=0)
        self.setToolTip(
            "No full window yet."
            if drift is None or not windows
            else f"Beyond a dashed line a feature is off. Without any change at most {drift.expected_false_alarms:.2%} "
            f"of the windows would say so. What is over {GREATEST:g} limits off is drawn there."
        )

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_limits"):
            text = self.palette().color(QPalette.ColorRole.Text)
            for line in self._limits:
                line.setPen(pg.mkPen(text, style=Qt.PenStyle.DashLine))
            for _, label in self._legend.items:
                label.setText(label.text, color=text)
