"""The history of the open case: read off the window's thread, taken back or settled through the queue of writes."""

from collections.abc import Callable
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from semiview.tasks.decide import retract
from semiview.tasks.history import (
    HistoryLine,
    ShapeDifference,
    Taught,
    arbitrate,
    case_history,
    samples_of,
    shape_difference,
)
from semiview.ui.latest import Errands, Latest
from semiview.ui.reviewing import Reviewing
from semiview.ui.saving import Saving
from semiview.ui.session import Session


class Tracing(QObject):
    """Who decided what, and what became of it.

    Attributes
    ----------
    changed
        `lines` are those of another case, or new ones came, or they could not be read: `state` says.
    compared
        The ShapeDifference of two decisions, or a sentence that says why there is none.
    traced
        (checkpoint id, its samples): of a checkpoint that was asked for, or a sentence in place of the samples.
    """

    changed = Signal()
    compared = Signal(object)
    traced = Signal(str, object)

    def __init__(
        self, session: Session, reviewing: Reviewing, saving: Saving, errands: Errands, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._reviewing, self._saving = session, reviewing, saving
        self._history, self._difference, self._samples = (Latest(errands, self) for _ in range(3))
        self.lines: tuple[HistoryLine, ...] = ()
        self.state: Literal["reading", "read", "unreadable"] = "reading"
        self._live = False
        session.case_changed.connect(self.look)
        session.review_changed.connect(lambda _: self.look())

    def set_live(self, live: bool) -> None:
        """Read along only while somebody looks."""
        self._live = live
        if live:
            self.look()

    def look(self) -> None:
        """Read the history of the open case again."""
        workspace, case = self._session.workspace, self._session.case
        self._history.forget()
        if not self._live or workspace is None or case is None:
            self._show((), "reading")
            return
        if not self.lines or self.lines[0].header.case_id != case.case_id:
            self._show((), "reading")
        case_id = case.case_id
        self._history.ask(lambda: case_history(workspace, case_id), self._show, self._failed)

    def compare(self, first_id: str, second_id: str) -> None:
        """Ask how two decisions differ."""
        workspace = self._session.workspace
        if workspace is not None:

            def done(answer: ShapeDifference) -> None:
                self.compared.emit(answer)

            self._difference.ask(
                lambda: shape_difference(workspace, first_id, second_id),
                done,
                lambda problem: self.compared.emit(str(getattr(problem, "reason", problem))),
            )

    def trace(self, checkpoint_id: str) -> None:
        """Ask which samples a checkpoint was made from."""
        workspace = self._session.workspace
        if workspace is not None:

            def done(answer: tuple[Taught, ...]) -> None:
                self.traced.emit(checkpoint_id, answer)

            self._samples.ask(
                lambda: samples_of(workspace, checkpoint_id),
                done,
                lambda problem: self.traced.emit(checkpoint_id, str(problem)),
            )

    def why_not_take_back(self, line: HistoryLine | None) -> str | None:
        """Why a decision cannot be taken back."""
        if line is None:
            return "choose one decision"
        if line.header.kind == "retract" or line.standing not in ("stands", "disputed"):
            return f"it does not stand any more ({line.standing})"
        return None if self._reviewing.reviewer else "nobody has said who reviews (Project, Reviewer…)"

    def why_not_settle(self, line: HistoryLine | None) -> str | None:
        """Why a dispute cannot be settled for a decision."""
        if line is None:
            return "choose one decision"
        if line.standing != "disputed":
            return "it is not disputed"
        return None if self._reviewing.reviewer else "nobody has said who reviews (Project, Reviewer…)"

    def take_back(self, line: HistoryLine) -> None:
        """Take a decision back by a new record."""
        workspace, reviewer = self._session.workspace, self._reviewing.reviewer
        if workspace is not None and self.why_not_take_back(line) is None:
            record_id = line.header.record_id
            self._write(
                line, "taking back a decision about", "is taken back", lambda: retract(workspace, record_id, reviewer)
            )

    def settle(self, line: HistoryLine) -> None:
        """Settle the dispute for this decision."""
        workspace, reviewer = self._session.workspace, self._reviewing.reviewer
        if workspace is not None and self.why_not_settle(line) is None:
            record_id = line.header.record_id
            self._write(
                line,
                "settling the dispute about",
                "counts from now on",
                lambda: arbitrate(workspace, record_id, reviewer),
            )

    def _write(self, line: HistoryLine, what: str, became: str, work: Callable[[], str]) -> None:
        case_id, reviewer = line.header.case_id, line.header.reviewer

        def done(_: Any) -> None:
            self._reviewing.look_again(case_id)
            self._session.said.emit(f"{case_id}: the decision of {reviewer} {became}.")
            self.look()

        self._saving.write(f"decision {case_id}", f"{what} {case_id}", work, done)

    def _show(self, lines: tuple[HistoryLine, ...], state: Literal["reading", "read", "unreadable"] = "read") -> None:
        self.lines, self.state = lines, state
        self.changed.emit()

    def _failed(self, problem: Exception) -> None:
        self._session.noted.emit(f"The history cannot be read: {problem}")
        self._show((), "unreadable")
