"""CD and EPE of the open case, measured anew after every edit, off the window's thread."""

from PySide6.QtCore import QObject, QTimer

from semiview.metrology.measurement import Measurement, measure
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session

SETTLE_MS = 40  # strokes and nudges come faster than a measurement


class Measuring(QObject):
    """Asks for a measurement when the document or the case changes, and hands the newest to the session."""

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.latest = Latest(errands, self)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        self._painted = QTimer(self, singleShot=True, interval=0)  # a new picture is drawn before it is measured
        self._painted.timeout.connect(self._ask)
        session.case_changed.connect(self._case_changed)
        session.changed.connect(self._settle_first)
        session.prediction_changed.connect(self._ask)

    def _case_changed(self) -> None:
        self._settle.stop()
        self.latest.forget()
        if self._session.case is not None:
            self._painted.start()

    def _settle_first(self) -> None:
        if not self._settle.isActive():
            self._settle.start()

    def _ask(self) -> None:
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            return

        def done(measurement: Measurement) -> None:
            if self._session.case is case:
                self._session.set_measurement(document, measurement)

        def failed(problem: Exception) -> None:
            self._session.said.emit(f"{case.case_id} could not be measured: {problem}")
            raise problem

        self.latest.ask(lambda: measure(case, document), done, failed)
