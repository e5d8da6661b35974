"""How EPE is spread over a case, with the tolerance."""

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from semiview.ui.plots.plot_frame import PlotFrame

BINS = 41
TAIL_PERCENTILE = 99.0
WITHIN, OUTSIDE, INSIDE = QColor(130, 150, 165), QColor(213, 94, 0), QColor(0, 114, 178)

Floats = npt.NDArray[np.float64]


class EpeHistogram(PlotFrame):
    """Counts by signed EPE in nm: grey within the tolerance, red too far outside the design, blue too far inside."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("EPE (nm)", "points", parent)
        self.setAccessibleName("EPE histogram")
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[])
        self._limits = [pg.InfiniteLine(angle=90) for _ in range(3)]
        for item in (self._bars, *self._limits):
            self.plot.addItem(item)
        self.show_values(np.empty(0), float("nan"))

    def show_values(self, values_nm: Floats, tolerance_nm: float) -> None:
        """Show these EPE; NaN values are left out, a NaN tolerance draws no limits."""
        edges, counts = histogram(values_nm, tolerance_nm)
        middle = (edges[:-1] + edges[1:]) / 2
        brushes = [OUTSIDE if x > tolerance_nm else INSIDE if x < -tolerance_nm else WITHIN for x in middle]
        self._bars.setOpts(x0=edges[:-1], x1=edges[1:], height=counts, brushes=brushes, pen=pg.mkPen(None))
        for line, place in zip(self._limits, (-tolerance_nm, 0.0, tolerance_nm), strict=True):
            line.setVisible(bool(np.isfinite(place)) and bool(counts.any()))
            if np.isfinite(place):
                line.setValue(place)
        self.plot.setXRange(edges[0], edges[-1], padding=0.01)
        self.plot.setYRange(0, max(int(counts.max()), 1), padding=0.05)
        finite = np.asarray(values_nm)[np.isfinite(values_nm)]
        self.setToolTip(
            f"{len(finite)} points, mean {finite.mean():+.2f} nm, 3σ {3 * finite.std():.2f} nm.\n"
            "What lies beyond the plot is counted in the last bar on its side."
            if len(finite)
            else "No EPE to show: it needs a design, its tone and a registration that can be trusted."
        )

    def take_colours(self) -> None:
        super().take_colours()
        text = self.palette().color(QPalette.ColorRole.Text)
        for line, style in zip(
            getattr(self, "_limits", ()),
            (Qt.PenStyle.DashLine, Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine),
            strict=False,
        ):
            line.setPen(pg.mkPen(text, style=style))


def histogram(values_nm: Floats, tolerance_nm: float) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Bars about zero, wide enough for the tolerance and all but the tails.

    Returns
    -------
    Edges (BINS + 1,) in nm and counts (BINS,); a value beyond the edges is counted in the last bar on its side, NaN
    in none.
    """
    values = np.asarray(values_nm, dtype=np.float64)
    values = values[np.isfinite(values)]
    limit = 1.3 * tolerance_nm if np.isfinite(tolerance_nm) else 1.0
    if len(values):
        limit = max(limit, float(np.percentile(np.abs(values), TAIL_PERCENTILE)))
    edges = np.linspace(-limit, limit, BINS + 1)
    counts, _ = np.histogram(np.clip(values, -limit, limit), edges)
    return edges, counts.astype(np.int64)
