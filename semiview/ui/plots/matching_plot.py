"""Own widths against those of another tool."""

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QWidget

from semiview.metrology.tool_matching import Matching
from semiview.ui.plots.plot_frame import PlotFrame
from semiview.ui.plots.source_style import COLOURS, SYMBOLS

Floats = npt.NDArray[np.float64]
NO_REFERENCE = "No other tool's values: load gauges from a file with the column cd_reference_nm."
TOO_FEW = "No line: it needs three pairs of different width."


class MatchingPlot(PlotFrame):
    """Own width minus the other tool's over the other tool's, nm, with the line that lets both err (Mandel)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("other tool (nm)", "Δ (nm)", parent)
        self.setAccessibleName("Own widths against another tool's")
        self._points = pg.ScatterPlotItem(size=6, symbol=SYMBOLS["sem"], brush=pg.mkBrush(COLOURS["sem"]), pen=None)
        self._line = self.plot.plot([], [])
        self._zero = pg.InfiniteLine(angle=0)
        self.plot.addItem(self._zero)
        self.plot.addItem(self._points)
        self.words = QLabel()
        self.words.setObjectName("matching")
        self.words.setProperty("dim", True)
        self.words.setWordWrap(True)
        self.column.addWidget(self.words)
        self.take_colours()
        self.show_pairs(np.empty(0), np.empty(0), None)

    def show_pairs(self, reference_nm: Floats, own_nm: Floats, line: Matching | None) -> None:
        """Show (N,) pairs in nm, those with NaN left out, and the line through them if there is one."""
        both = np.isfinite(reference_nm) & np.isfinite(own_nm)
        x, apart = reference_nm[both], (own_nm - reference_nm)[both]
        self.say("" if len(x) else NO_REFERENCE)
        self.words.setVisible(bool(len(x)))
        self._points.setData(x, apart)
        self._zero.setVisible(bool(len(x)))
        ends = np.array([x.min(), x.max()]) if line is not None and len(x) else np.empty(0)
        self._line.setData(ends, np.empty(0) if line is None else line.fitted(ends) - ends)
        self.words.setText(TOO_FEW if line is None else matching_in_words(line))
        if len(x):
            room = max(0.05 * float(np.ptp(x)), 1.0)
            self.plot.setXRange(float(x.min()) - room, float(x.max()) + room, padding=0)
            self.plot.setYRange(min(float(apart.min()), 0.0), max(float(apart.max()), 0.0), padding=0.1)

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_zero"):
            text = self.palette().color(QPalette.ColorRole.Text)
            self._zero.setPen(pg.mkPen(text, style=Qt.PenStyle.DashLine))
            self._line.setPen(pg.mkPen(text))


def matching_in_words(line: Matching) -> str:
    """Slope, offset and residual with their errors."""
    slope = f"slope {line.slope:.4f} ± {line.slope_se:.4f}"
    offset = f"offset {line.offset_at_mean_nm:+.2f} ± {line.offset_at_mean_se_nm:.2f} nm at the mean"
    return f"{line.n} pairs: {slope}, {offset}, residual σ {line.residual_sigma_nm:.2f} nm"
