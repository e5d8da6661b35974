"""What was measured, drawn over the pictures: contours, their uncertainty, EPE, gauges, residuals."""

from collections.abc import Collection

from semiview.alignment.residuals import EdgeResiduals
from semiview.core.case import Case
from semiview.core.document import Document
from semiview.metrology.measurement import Measurement
from semiview.ui.canvas.bands import Bands
from semiview.ui.canvas.layers import Layers
from semiview.ui.canvas.marks import GaugeMark
from semiview.ui.canvas.measured_marks import epe_vectors, gauge_marks, residual_vectors
from semiview.ui.canvas.overlays import EpeLines, Lines
from semiview.ui.view_settings import EpeSource


class Readings:
    """The newest measurement of the open case in all views."""

    def __init__(self, layers: Collection[Layers]) -> None:
        self._layers = layers
        self._case: Case | None = None
        self._document: Document | None = None
        self._measurement: Measurement | None = None
        self._source: EpeSource = "auto"

    def set_case(self, case: Case | None, document: Document | None) -> None:
        """Of which case and document; nothing is drawn anew by that."""
        self._case, self._document = case, document

    def set_source(self, source: EpeSource) -> None:
        """Whose EPE and gauges are drawn."""
        self._source = source
        self._show_epe()
        self.show_gauges()

    def show(self, measurement: Measurement | None) -> None:
        """Draw the newest; None: there is none yet."""
        self._measurement = measurement
        outlines = {} if measurement is None else measurement.outlines_px
        sem, prediction = Lines.of(outlines.get("sem", ())), Lines.of(outlines.get("prediction", ()))
        for layers in self._layers:
            layers.sem_contour.set_lines(sem)
            layers.prediction_contour.set_lines(prediction)
        self._show_epe()
        self.show_gauges()

    def show_residuals(self, residuals: EdgeResiduals | None) -> None:
        """How far the image's edges lie from the design's; None: there is nothing to show."""
        vectors = None
        if residuals is not None and self._case is not None:
            frame = self._case.nominal.frame
            vectors = residual_vectors(residuals, frame.nm_per_px, frame.centre_nm)
        lines = EpeLines.of(vectors)
        for layers in self._layers:
            layers.set_residuals(lines)

    def show_bands(self, bands: Bands) -> None:
        """How far the prediction's contour may be off."""
        for layers in self._layers:
            layers.bands.set_bands(bands)

    def show_gauges(self) -> None:
        """Draw the gauges of the document, with what was measured."""
        marks: list[GaugeMark] = []
        if self._case is not None and self._document is not None:
            centre_nm = self._case.nominal.frame.centre_nm
            marks = gauge_marks(self._document.gauges, self._measurement, self._source, centre_nm)
        for layers in self._layers:
            layers.set_gauges(marks)

    def _show_epe(self) -> None:
        vectors = None
        if self._case is not None and self._document is not None and self._measurement is not None:
            centre_nm = self._case.nominal.frame.centre_nm
            vectors = epe_vectors(self._measurement, self._source, centre_nm, self._document.settings.tolerance_nm)
        lines = EpeLines.of(vectors)
        for layers in self._layers:
            layers.set_epe(lines)
