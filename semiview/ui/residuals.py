"""Edge residuals of the registration as it is now, while somebody looks at them."""

from PySide6.QtCore import QObject, QTimer, Signal

from semiview.alignment.residuals import EdgeResiduals, edge_residuals
from semiview.core.document import Document
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session
from semiview.ui.view_settings import ViewSettings

SETTLE_MS = 40


class Residuals(QObject):
    """Computed off the window's thread, and only while the overlay is on.

    Attributes
    ----------
    found
        EdgeResiduals of the open case, or None: there are none to show.
    """

    found = Signal(object)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.latest = Latest(errands, self)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        session.case_changed.connect(self._case_changed)
        session.changed.connect(self._document_changed)
        session.view_changed.connect(self._view_changed)

    def _case_changed(self) -> None:
        self._settle.stop()
        self.latest.forget()
        self.found.emit(None)
        self._ask()

    def _document_changed(self, old: Document, new: Document) -> None:
        if old.registration is not new.registration and not self._settle.isActive():
            self._settle.start()

    def _view_changed(self, old: ViewSettings, new: ViewSettings) -> None:
        if new.residuals and not old.residuals:
            self._ask()

    def _ask(self) -> None:
        case, document = self._session.case, self._session.document
        if case is None or document is None or not self._session.view.residuals:
            return
        registration = document.registration

        def done(residuals: EdgeResiduals | None) -> None:
            if self._session.case is case:
                self.found.emit(residuals)

        def failed(problem: Exception) -> None:
            self._session.said.emit(f"The residuals of {case.case_id} could not be found: {problem}")
            raise problem

        self.latest.ask(lambda: edge_residuals(case, registration), done, failed)
