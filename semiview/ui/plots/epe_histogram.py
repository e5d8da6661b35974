"""How EPE is spread over a case, with its mean, three sigma and the tolerance."""

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
SPREAD = QColor(0, 158, 115)
NO_EPE = "No EPE to show: it needs a design, its tone and a registration that can be trusted."

Floats = npt.NDArray[np.float64]


class EpeHistogram(PlotFrame):
    """Counts by signed EPE in nm: grey within the tolerance, red too far outside the design, blue too far inside.

    Dashed lines are the tolerance, the green ones the mean and three sigma about it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("EPE (nm)", "points", parent)
        self.setAccessibleName("EPE histogram")
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[])
        self._limits = [pg.InfiniteLine(angle=90) for _ in range(3)]
        self._spread = [pg.InfiniteLine(angle=90) for _ in range(3)]
        for item in (self._bars, *self._limits, *self._spread):
            self.plot.addItem(item)
        self.take_colours()
        self.show_values(np.empty(0), float("nan"))

    def show_values(self, values_nm: Floats, tolerance_nm: float, mean_removed: bool = False) -> None:
        """Show these EPE; NaN values are left out, a NaN tolerance draws no limits.

        With `mean_removed` their mean is taken off first: what a shift and a bias common to all would leave.
        """
        finite = np.asarray(values_nm, np.float64)
        finite = finite[np.isfinite(finite)]
        mean, three = (float(finite.mean()), 3 * float(finite.std())) if len(finite) else (float("nan"),) * 2
        drawn = finite - mean if mean_removed else finite
        centre = 0.0 if mean_removed else mean
        edges, counts = histogram(drawn, tolerance_nm)
        middle = (edges[:-1] + edges[1:]) / 2
        brushes = [OUTSIDE if x > tolerance_nm else INSIDE if x < -tolerance_nm else WITHIN for x in middle]
        self._bars.setOpts(x0=edges[:-1], x1=edges[1:], height=counts, brushes=brushes, pen=pg.mkPen(None))
        some = bool(counts.any())
        _place(self._limits, (-tolerance_nm, 0.0, tolerance_nm), some)
        _place(self._spread, (centre - three, centre, centre + three), some)
        self.plot.setXRange(edges[0], edges[-1], padding=0.01)
        self.plot.setYRange(0, max(int(counts.max()), 1), padding=0.05)
        self.say("" if some else NO_EPE)
        self.setToolTip(
            f"{len(finite):,} points, mean {mean:+.2f} nm, 3σ {three:.2f} nm; tolerance ±{tolerance_nm:g} nm.\n"
            "Green: the mean and 3σ about it. Dashed: the tolerance.\n"
            "What lies beyond the plot is counted in the last bar on its side."
            if some
            else NO_EPE
        )

    def take_colours(self) -> None:
        super().take_colours()
        text = self.palette().color(QPalette.ColorRole.Text)
        dash, solid = Qt.PenStyle.DashLine, Qt.PenStyle.SolidLine
        for line, style in zip(getattr(self, "_limits", ()), (dash, solid, dash), strict=False):
            line.setPen(pg.mkPen(text, style=style))
        for line, width in zip(getattr(self, "_spread", ()), (1, 2, 1), strict=False):
            line.setPen(pg.mkPen(SPREAD, width=width))


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


def _place(lines: list[pg.InfiniteLine], places: tuple[float, float, float], shown: bool) -> None:
    for line, place in zip(lines, places, strict=True):
        line.setVisible(shown and bool(np.isfinite(place)))
        if np.isfinite(place):
            line.setValue(place)
