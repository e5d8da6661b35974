"""Noise of a pixel by its grey level, as the picture itself shows it."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from semiview.metrology.precision import EdgePrecision
from semiview.ui.plots.plot_frame import PlotFrame

ALL, SHOT = QColor(0, 114, 178), QColor(213, 94, 0)
NO_NOISE = "No edge was found in the picture, so its noise says nothing of an edge."


class NoisePlot(PlotFrame):
    """Standard deviation in grey levels; dashed the electrons' shot noise alone, the line the level of the edges."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("grey level", "noise σ", parent)
        self.setAccessibleName("Noise by grey level")
        self._all = self.plot.plot([], [], pen=pg.mkPen(ALL, width=2))
        self._shot = self.plot.plot([], [], pen=pg.mkPen(SHOT, width=1, style=Qt.PenStyle.DashLine))
        self._edges = pg.InfiniteLine(angle=90)
        self.plot.addItem(self._edges)
        self.take_colours()
        self.show_noise(None, (0.0, 255.0))

    def show_noise(self, precision: EdgePrecision | None, range_of_levels: tuple[float, float]) -> None:
        """Show the noise over the picture's grey levels; None: not known."""
        self.say("" if precision is not None else NO_NOISE)
        self._edges.setVisible(precision is not None)
        if precision is None:
            self._all.setData([], [])
            self._shot.setData([], [])
            self.setToolTip(NO_NOISE)
            return
        level = np.linspace(*range_of_levels, 65)
        sigma = precision.noise.sigma(level)
        self._all.setData(level, sigma)
        self._shot.setData(level, np.sqrt(np.maximum(precision.noise.per_level * level, 0)))
        self._edges.setValue(precision.level)
        self.plot.setYRange(0, float(sigma.max()), padding=0.1)
        self.plot.setXRange(*range_of_levels, padding=0.02)
        self.setToolTip(
            "Standard deviation of a pixel by its grey level, from the picture's flat places. Dashed: the electrons' "
            "shot noise alone. The line: the grey level of the edges."
        )

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_edges"):
            text = self.palette().color(QPalette.ColorRole.PlaceholderText)
            self._edges.setPen(pg.mkPen(text, style=Qt.PenStyle.DotLine))
