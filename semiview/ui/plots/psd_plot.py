"""Power spectral density of rough edges, with the fitted model and the noise floor."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from semiview.metrology.roughness import RoughnessRow, Spectrum
from semiview.ui.plots.plot_frame import PlotFrame

MEAN, FITTED, NOISE = QColor(0, 114, 178), QColor(213, 94, 0), QColor(130, 150, 165)
NO_SPECTRUM = "No spectrum to show."
BELOW = 0.2  # decades of the axis below the lowest value
PER_UM = 1000.0  # 1/nm to 1/µm
STEPS = (1, 2, 5)


class PsdPlot(PlotFrame):
    """On logarithmic axes the mean of all edges, the line in hand, the fit with noise, the model alone, the floor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("frequency (1/µm)", "PSD (nm³)", parent)
        self.setAccessibleName("Power spectral density")
        self.plot.setLogMode(True, True)
        self._one = self.plot.plot([], [], pen=pg.mkPen(NOISE, width=1))
        self._mean = self.plot.plot([], [], pen=None, symbol="o", symbolSize=4, symbolBrush=MEAN, symbolPen=None)
        self._fitted = self.plot.plot([], [], pen=pg.mkPen(FITTED, width=2))
        self._model = self.plot.plot([], [], pen=pg.mkPen(FITTED, width=1, style=Qt.PenStyle.DashLine))
        self._floor = pg.InfiniteLine(angle=0)
        self.plot.addItem(self._floor)
        self.take_colours()
        self.show_spectrum(None, None, "")

    def show_spectrum(self, spectrum: Spectrum | None, row: RoughnessRow | None, line: str) -> None:
        """Show the spectrum of a row of roughness.csv; `line` is the gauge in hand, drawn if it is one of its lines."""
        if spectrum is None or row is None:
            for curve in (self._one, self._mean, self._fitted, self._model):
                curve.setData([], [])
            self._floor.hide()
            self.say(NO_SPECTRUM)
            self.setToolTip(NO_SPECTRUM)
            return
        self.say("")
        seen = (spectrum.frequency_per_nm > 0) & (spectrum.psd_nm3 > 0)
        frequency, mean = PER_UM * spectrum.frequency_per_nm[seen], spectrum.psd_nm3[seen]
        self._mean.setData(frequency, mean)
        for curve, values in ((self._fitted, spectrum.fitted_nm3), (self._model, spectrum.model_nm3)):
            good = np.isfinite(values[seen]) & (values[seen] > 0)
            curve.setData(frequency[good], values[seen][good])
        each = spectrum.each_nm3[spectrum.lines.index(line)][seen] if line in spectrum.lines else np.empty(0)
        good = each > 0
        self._one.setData(frequency[good] if len(each) else [], each[good])
        known = bool(np.isfinite(spectrum.noise_nm3)) and spectrum.noise_nm3 > 0
        self._floor.setVisible(known)
        if known:
            self._floor.setValue(float(np.log10(spectrum.noise_nm3)))
        low, high = np.log10([mean.min(), mean.max()]) if len(mean) else (0.0, 1.0)
        bottom = min(low, np.log10(spectrum.noise_nm3) if known else low) - BELOW
        self.plot.setYRange(float(bottom), float(high), padding=0.05)
        if len(frequency):
            self.plot.setXRange(*np.log10([frequency[0], frequency[-1]]).tolist(), padding=0.02)
            decades = range(int(np.floor(np.log10(frequency[0]))), int(np.ceil(np.log10(frequency[-1]))) + 1)
            marks = [step * 10.0**decade for decade in decades for step in STEPS]
            self.plot.getAxis("bottom").setTicks([[(float(np.log10(mark)), f"{mark:g}") for mark in marks]])
        # Whole decades alone: between them the library writes more numbers than there is room for.
        whole = range(int(np.ceil(bottom - BELOW)), int(np.floor(high + BELOW)) + 1)
        self.plot.getAxis("left").setTicks([[(float(decade), f"{10.0**decade:g}") for decade in whole]])
        self.setToolTip(
            f"{row.kind} of {row.gauge_id}: points, the mean of {row.n_edges} edges. Red: the fit with the noise; "
            "dashed: Palasantzas' model alone; grey dashes: the noise floor."
            + (f" Grey line: {line}." if len(each) else "")
        )

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_floor"):
            text = self.palette().color(QPalette.ColorRole.PlaceholderText)
            self._floor.setPen(pg.mkPen(text, style=Qt.PenStyle.DashLine))
