"""Five steps through a review, said above the views; doing what a step says leads on to the next."""

from PySide6.QtCore import QObject

from semiview.core.document import Document
from semiview.ui.panels.question_bar import QuestionBar
from semiview.ui.session import Session

NAME = "tour"
STEPS = (
    "1 of 5, look: the wheel zooms, the middle button pans, 1 to 9 switch overlays, F held takes them away, C compares "
    "in other ways.",
    "2 of 5, register: Ctrl+R lays the design over the image by itself and says how far to trust it. R takes it in "
    "hand: arrows nudge, J shows what fits as well.",
    "3 of 5, read: the tab CD and EPE has a row for every place; click one to see it, the worst stands first.",
    "4 of 5, correct: B is the brush, E the eraser, Esc puts them away. CD and EPE follow; Ctrl+Z takes anything back.",
    "5 of 5, decide: Return accepts, X rejects with a reason, U takes it back. N goes to the case most worth a look.",
)
LOOK, REGISTER, READ, CORRECT, DECIDE = range(len(STEPS))


class Tour(QObject):
    """One step at a time; it never stands in the way and ends when it is told to."""

    def __init__(self, session: Session, bar: QuestionBar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._bar = session, bar
        self.step: int | None = None
        session.view_changed.connect(lambda _old, _new: self._done(LOOK))
        session.changed.connect(self._document_changed)
        session.place_wanted.connect(lambda _u, _v: self._done(READ))
        session.workspace_changed.connect(self.end)

    def why_not(self) -> str | None:
        """Why there is nothing to show."""
        return "open a case first; the example project will do" if self._session.case is None else None

    def begin(self) -> None:
        """From the first step."""
        self._show(LOOK)

    def end(self) -> None:
        """No more of it."""
        self.step = None
        self._bar.close_question(NAME)

    def _show(self, step: int) -> None:
        self.step = step
        onward = ("Next", lambda: self._show(step + 1)) if step + 1 < len(STEPS) else ("Done", self.end)
        self._bar.ask(NAME, STEPS[step], [onward, ("End the tour", self.end)] if step + 1 < len(STEPS) else [onward])

    def _done(self, step: int) -> None:
        if self.step == step:
            self._show(step + 1)

    def _document_changed(self, old: Document, new: Document) -> None:
        if old.registration is not new.registration:
            self._done(REGISTER)
        if old.correction is not new.correction:
            self._done(CORRECT)
