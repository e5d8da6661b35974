"""How the grey values of a picture are spread, and which of them are drawn black and white."""

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from semiview.ui.plots.plot_frame import PlotFrame

NO_PICTURE = "Open a case to see its grey values."
REGION = QColor(86, 180, 233, 45)

Floats = npt.NDArray[np.float64]


class LevelHistogram(PlotFrame):
    """Counts on a logarithmic scale under the two levels, which can be dragged.

    Attributes
    ----------
    levels_wanted
        (low, high) while they are dragged.
    """

    levels_wanted = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("grey value", "", parent)
        self.setAccessibleName("Grey-value histogram with levels")
        self._curve = pg.PlotCurveItem([0, 1], [0], stepMode="center", fillLevel=0)
        self._region = pg.LinearRegionItem(values=(0, 1), brush=REGION, swapMode="block")
        self.plot.addItem(self._curve)
        self.plot.addItem(self._region)
        self.plot.getAxis("left").setStyle(showValues=False)
        self._region.sigRegionChanged.connect(self._dragged)
        self._given = (0.0, 1.0)
        self.take_colours()
        self.show_counts(np.array([0.0, 1.0]), np.zeros(1, np.int64))

    def show_counts(self, edges: Floats, counts: npt.NDArray[np.int64]) -> None:
        """Counts (N,) between edges (N + 1,)."""
        some = bool(counts.any())
        self._curve.setData(edges, np.log10(counts + 1.0))
        self._region.setVisible(some)
        self.plot.setXRange(float(edges[0]), float(edges[-1]), padding=0.02)
        self.plot.setYRange(0, max(float(np.log10(counts.max() + 1.0)), 1.0), padding=0.02)
        self.say("" if some else NO_PICTURE)

    def show_levels(self, low: float, high: float) -> None:
        """The grey values drawn black and white."""
        self._given = (low, high)
        self._region.setRegion((low, high))

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_curve"):
            text = QColor(self.palette().color(QPalette.ColorRole.Text))
            self._curve.setPen(pg.mkPen(text))
            text.setAlpha(90)
            self._curve.setBrush(pg.mkBrush(text))

    def _dragged(self) -> None:
        low, high = self._region.getRegion()
        if (low, high) != self._given and low < high:
            self._given = (low, high)
            self.levels_wanted.emit(float(low), float(high))
