"""How far the prediction's contour may be off, worked out off the window's thread while somebody looks at it."""

import numpy as np
from PySide6.QtCore import QObject, Signal

from semiview.core.case import Case
from semiview.metrology.contour import on_border
from semiview.metrology.measurement import Measurement
from semiview.metrology.uncertainty import contour_sigma_px
from semiview.ui.canvas.bands import Bands
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session

NO_SPREAD = "this prediction was made once: tick Project, Average over turns, and predict again"
MOST_PERCENT = 95.0
RIM_PX = 1


class Doubting(QObject):
    """Bands about the contours of a prediction that was averaged over turns and mirror images.

    Attributes
    ----------
    found
        (Bands, sentence): the sentence says how wide they are in nm; empty without a band.
    """

    found = Signal(object, str)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.latest = Latest(errands, self)
        self._worked_out: object | None = None  # the prediction that the bands in sight are of
        session.measured.connect(lambda _: self._look())
        session.view_changed.connect(lambda old, new: self._look() if new.uncertainty != old.uncertainty else None)
        session.case_changed.connect(self._forget)
        session.prediction_changed.connect(lambda _: self._forget())

    def why_not(self) -> str | None:
        """Why there is no band to be seen."""
        case = self._session.case
        if case is None:
            return "no case is open"
        if case.prediction is None:
            return "the case has no prediction"
        return NO_SPREAD if case.prediction.spread is None else None

    def _forget(self) -> None:
        self.latest.forget()
        self._worked_out = None
        self.found.emit(Bands(), "")

    def _look(self) -> None:
        case, measurement = self._session.case, self._session.measurement
        wanted = self._session.view.uncertainty and self.why_not() is None
        if case is None or measurement is None or not wanted or self._worked_out is case.prediction:
            return

        def done(answer: tuple[Bands, str]) -> None:
            if self._session.case is case:
                self._worked_out = case.prediction
                self.found.emit(*answer)

        def failed(problem: Exception) -> None:
            raise problem

        self.latest.ask(lambda: _bands(case, measurement), done, failed)


def _bands(case: Case, measurement: Measurement) -> tuple[Bands, str]:
    prediction = case.prediction
    outlines = measurement.outlines_px.get("prediction", ())
    if prediction is None or prediction.spread is None or not outlines:
        return Bands(), ""
    sigmas = contour_sigma_px(prediction.probability, prediction.spread, outlines)
    height, width = case.sem.shape
    # Where an outline only closes along the picture's border there is no edge to be unsure of.
    rims = [on_border(outline - RIM_PX, (height - 2 * RIM_PX, width - 2 * RIM_PX)) for outline in outlines]
    sigmas = tuple(np.where(rim, 0.0, sigma) for rim, sigma in zip(rims, sigmas, strict=True))
    inner = np.concatenate([sigma[~rim] for rim, sigma in zip(rims, sigmas, strict=True)])
    if not len(inner):
        return Bands(), ""
    nm_per_px = case.sem.pixel_size.x_nm
    scale, unit = (nm_per_px, "nm") if np.isfinite(nm_per_px) else (1.0, "px")
    widths = 2 * scale * np.percentile(inner, [50.0, MOST_PERCENT])
    usual, most = (f"± {float(f'{width:.2g}'):g} {unit}" for width in widths)
    return Bands.of(outlines, sigmas), f"2σ of the contour: {usual}, 1 in 20 over {most}"
