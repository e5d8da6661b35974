"""What the picture's own noise allows, and how near to that its edges were read."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from semiview.core.sem_image import PixelSize
from semiview.metrology.precision import EdgePrecision
from semiview.ui.grey_levels import automatic_levels
from semiview.ui.panels.measurements.reading import Reading
from semiview.ui.plots.noise_plot import NoisePlot

TIP = (
    "The Cramér-Rao bound is the least standard deviation that any way of reading an edge can have under this noise. "
    "A ratio of 1 is as good as can be."
)


class NoiseTab(QWidget):
    """Noise over grey level, and figures below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = NoisePlot()
        self.plot.setMaximumHeight(220)
        self.figures = QLabel()
        self.figures.setObjectName("noise_figures")
        self.figures.setWordWrap(True)
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures.setToolTip(TIP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.figures)
        layout.addStretch(0)

    def show_reading(self, reading: Reading | None) -> None:
        """Show another measurement, or none."""
        precision = None if reading is None else reading.measurement.precision
        levels = (0.0, 255.0) if reading is None else automatic_levels(reading.case.sem)
        self.plot.show_noise(precision, levels)
        self.figures.setText(
            ""
            if precision is None or reading is None
            else noise_in_words(precision, reading.measurement.scale, reading.document.settings.rows_averaged)
        )


def noise_in_words(precision: EdgePrecision, scale: PixelSize, rows: int) -> str:
    """Noise, signal to noise, and the edge's standard deviation beside its bound, as a small HTML table."""
    sigma, bound = precision.sigma_px, precision.bound_px
    nm = f" = {sigma * scale.x_nm:.2f} nm" if scale.known else ""
    total = float((precision.shot_sigma**2 + precision.detector_sigma**2) ** 0.5)
    lines = (
        ("Noise of a pixel", f"<b>{total:.1f}</b> grey levels at the edges (level {precision.level:.0f})"),
        ("of it", f"shot {precision.shot_sigma:.1f}, detector {precision.detector_sigma:.1f}"),
        ("Signal to noise", f"<b>{precision.snr:.1f}</b> (edge contrast {precision.contrast:.0f} grey levels)"),
        ("Edge point, σ", f"<b>{sigma:.3f} px</b>{nm}, of {rows} row{'s' if rows > 1 else ''}"),
        ("Cramér-Rao bound", f"{bound:.3f} px, ratio <b>{precision.ratio:.2f}</b>"),
    )
    return (
        "<table cellspacing=2>"
        + "".join(f"<tr><td>{name}&nbsp;</td><td>{text}</td></tr>" for name, text in lines)
        + ("</table>")
    )
