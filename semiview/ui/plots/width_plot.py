"""The width along one gauge."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QWidget

from semiview.ui.plots.plot_frame import PlotFrame
from semiview.ui.plots.source_style import COLOURS, NAMES, SYMBOLS

Floats = npt.NDArray[np.float64]
NO_WIDTH = "Choose a line or a space in the table: its width stands here, row by row."


class WidthPlot(PlotFrame):
    """Width in nm over the place along the feature, of every source; the dashed line is the drawn width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("along (nm)", "width (nm)", parent)
        self.setAccessibleName("Width along the gauge")
        self._curves = {
            source: self.plot.plot(
                [], [], pen=pg.mkPen(colour, width=1), symbol=SYMBOLS[source], symbolSize=4, symbolBrush=colour,
                symbolPen=None, connect="finite",
            )
            for source, colour in COLOURS.items()
        }  # fmt: skip
        self._drawn = pg.InfiniteLine(angle=0)
        self.plot.addItem(self._drawn)
        self.take_colours()
        self.show_widths("", {}, float("nan"))

    def show_widths(self, name: str, widths: Mapping[str, tuple[Floats, Floats]], drawn_nm: float) -> None:
        """Show one gauge.

        Parameters
        ----------
        widths
            For each source (K,) places along the feature and (K,) widths in nm; NaN: no two edges there.
        drawn_nm
            NaN: not known.
        """
        some: list[Floats] = []
        for source, curve in self._curves.items():
            along, width = widths.get(source, (np.empty(0), np.empty(0)))
            curve.setData(along, width)
            some.append(width[np.isfinite(width)])
        values = np.concatenate(some)
        self.say("" if len(values) else NO_WIDTH)
        self._drawn.setVisible(bool(len(values)) and bool(np.isfinite(drawn_nm)))
        if np.isfinite(drawn_nm):
            self._drawn.setValue(drawn_nm)
            values = np.append(values, drawn_nm) if len(values) else values
        if len(values):
            self.plot.setYRange(float(values.min()), float(values.max()), padding=0.15)
            self.plot.enableAutoRange("x")
        lines = [
            f"{NAMES[source]}: mean {found.mean():.2f} nm, σ {found.std():.2f} nm over {len(found)} rows"
            for source, found in zip(self._curves, some, strict=True)
            if len(found)
        ]
        drawn = [f"Dashed: drawn, {drawn_nm:.1f} nm"] if np.isfinite(drawn_nm) else []
        self.setToolTip("\n".join([name, *lines, *drawn]) if lines else NO_WIDTH)

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_drawn"):
            text = self.palette().color(QPalette.ColorRole.Text)
            self._drawn.setPen(pg.mkPen(text, style=Qt.PenStyle.DashLine))
