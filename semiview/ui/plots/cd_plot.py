"""CD of all gauges against the design, with the tolerance."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from semiview.ui.plots.plot_frame import PlotFrame
from semiview.ui.plots.source_style import COLOURS, NAMES, SYMBOLS

Floats = npt.NDArray[np.float64]
TAIL_PERCENTILE = 98.0
NO_CD = "No CD to show: no gauge could be read. M places one by hand."


class CdPlot(PlotFrame):
    """A point a gauge and source. With a design the difference to it, without one the CD itself.

    Attributes
    ----------
    gauge_clicked
        Key of the gauge whose point was clicked.
    """

    gauge_clicked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("gauge", "Δ CD (nm)", parent)
        self.setAccessibleName("CD along the gauges")
        self._keys: Sequence[Hashable] = ()
        self._points: dict[str, pg.ScatterPlotItem] = {}
        for source, colour in COLOURS.items():
            self._points[source] = pg.ScatterPlotItem(
                size=6, symbol=SYMBOLS[source], brush=pg.mkBrush(_clear(colour)), pen=pg.mkPen(None)
            )
            self.plot.addItem(self._points[source])
        self._limits = [pg.InfiniteLine(angle=0) for _ in range(3)]
        self._here = pg.InfiniteLine(angle=90)
        for line in (*self._limits, self._here):
            self.plot.addItem(line)
        self.plot.scene().sigMouseClicked.connect(lambda event: self._click(event.scenePos()))
        self.take_colours()
        self.show_gauges((), {}, np.empty(0), float("nan"))

    def show_gauges(
        self, keys: Sequence[Hashable], cd_nm: Mapping[str, Floats], drawn_nm: Floats, tolerance_nm: float
    ) -> None:
        """Show the gauges in this order.

        Parameters
        ----------
        cd_nm
            For each source (N,) nm; NaN: not measured.
        drawn_nm
            (N,) nm; where all are NaN there is no design.
        """
        self._keys = keys
        against = bool(np.isfinite(drawn_nm).any())
        number = np.arange(len(keys), dtype=np.float64) + 1
        shown = []
        for source, item in self._points.items():
            values = cd_nm.get(source, np.empty(0))
            values = values - drawn_nm if against and len(values) else values
            good = np.isfinite(values)
            item.setData(number[: len(values)][good], values[good])
            shown.append(values[good])
        self._here.hide()
        values = np.concatenate(shown)
        self.say("" if len(values) else NO_CD)
        for line, place in zip(self._limits, (-tolerance_nm, 0.0, tolerance_nm), strict=True):
            line.setVisible(against and bool(np.isfinite(place)) and bool(len(values)))
            if np.isfinite(place):
                line.setValue(place)
        self._titles["left"] = "Δ CD (nm)" if against else "CD (nm)"
        self.take_colours()
        if not len(values):
            self.setToolTip(NO_CD)
            return
        if against:
            largest = max(1.2 * tolerance_nm if np.isfinite(tolerance_nm) else 0.0,
                          float(np.percentile(np.abs(values), TAIL_PERCENTILE)))  # fmt: skip
            self.plot.setYRange(-largest, largest, padding=0.05)
        else:
            self.plot.setYRange(float(values.min()), float(values.max()), padding=0.1)
        self.plot.setXRange(0.5, len(keys) + 0.5, padding=0.01)
        lines = [
            f"{NAMES[source]}: {len(found):,} gauges, mean {found.mean():+.2f}, 3σ {3 * found.std():.2f} nm"
            for source, found in zip(self._points, shown, strict=True)
            if len(found)
        ]
        dashed = f"\nDashed: ±{tolerance_nm:g} nm, the tolerance." if against else ""
        self.setToolTip("\n".join(lines) + dashed + "\nA click on a point chooses its gauge.")

    def mark(self, key: Hashable | None) -> None:
        """Show which gauge is chosen."""
        place = self._keys.index(key) + 1 if key is not None and key in self._keys else None
        self._here.setVisible(place is not None)
        if place is not None:
            self._here.setValue(place)

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_here"):
            text = self.palette().color(QPalette.ColorRole.Text)
            dash, solid = Qt.PenStyle.DashLine, Qt.PenStyle.SolidLine
            for line, style in zip(self._limits, (dash, solid, dash), strict=True):
                line.setPen(pg.mkPen(text, style=style))
            self._here.setPen(pg.mkPen(self.palette().color(QPalette.ColorRole.Highlight)))

    def _click(self, place: QPointF) -> None:
        found = [point for item in self._points.values() for point in item.pointsAt(item.mapFromScene(place))]
        if found:
            self.gauge_clicked.emit(self._keys[round(found[0].pos().x()) - 1])


def _clear(colour: QColor) -> QColor:
    return QColor(colour.red(), colour.green(), colour.blue(), 170)
