"""What was said about the open case: the sides of a dispute, notes, the wish for a second look."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from semiview.core.coverage import Coverage
from semiview.core.edits import set_shape
from semiview.feedback import lineage
from semiview.feedback.record_file import RecordHeader
from semiview.tasks.annotate import LOOKED, SECOND_LOOK, annotate, remarks, second_look
from semiview.ui.case_model import CaseModel
from semiview.ui.latest import Errands, Latest
from semiview.ui.saving import Saving
from semiview.ui.session import Session


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in the records of a case.

    Attributes
    ----------
    sides
        The decisions that differ; empty unless it is disputed.
    remarks
        Records that carry a note, newest first.
    second_look
        Who wants one; empty: nobody.
    """

    sides: tuple[RecordHeader, ...] = ()
    remarks: tuple[RecordHeader, ...] = ()
    second_look: str = ""


class Annotating(QObject):
    """Reads what was said about the open case, and adds to it.

    Attributes
    ----------
    changed
        `said` is another.
    """

    changed = Signal()

    def __init__(
        self, session: Session, cases: CaseModel, saving: Saving, errands: Errands, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._cases, self._saving, self._errands = session, cases, saving, errands
        self._latest = Latest(errands, self)
        self.said = Said()
        session.case_changed.connect(self._look_anew)
        session.review_changed.connect(lambda _: self._look())

    def why_not(self) -> str | None:
        """Why nothing can be noted now."""
        if self._session.case is None:
            return "no case is open"
        workspace = self._session.workspace
        if workspace is not None and workspace.store.read_only:
            return "the project is read-only here: copy it to where you may write"
        return None if self._cases.reviewer else "nobody has said who reviews (Project, Settings…)"

    def toggle_second_look(self, note: str = "") -> None:
        """Want that somebody else looks at the case, or want it no longer."""
        self._write("" if self.why_not() else LOOKED if self.said.second_look else SECOND_LOOK, note)

    def keep_note(self, note: str) -> None:
        """Keep a remark without a decision."""
        if note.strip():
            self._write("", note.strip())

    def take_side(self, side: RecordHeader) -> None:
        """Lay the shape that a side approved as the correction, as one undo step."""
        workspace, case = self._session.workspace, self._session.case
        if workspace is None or case is None:
            return

        def done(approved: tuple[Coverage, Coverage | None] | None) -> None:
            if self._session.case is None or self._session.case.case_id != side.case_id:
                return
            if approved is None or approved[0].shape != case.sem.shape:
                self._session.said.emit(f"{side.reviewer} approved no shape of this picture.")
                return
            shape = approved[0]
            self._session.apply(
                f"Take {side.reviewer}'s shape", lambda document: set_shape(document, "correction", shape)
            )

        def failed(problem: Exception) -> None:
            self._session.said.emit(str(problem))

        self._errands.run(lambda: workspace.store.shape_of(side.record_id), done, failed)

    def _write(self, reason: str, note: str) -> None:
        workspace, case, reviewer = self._session.workspace, self._session.case, self._cases.reviewer
        if workspace is None or case is None or self.why_not() is not None:
            return
        case_id = case.case_id

        def done(_: object) -> None:
            self._session.said.emit(f"{case_id}: {reason or 'the note'} is kept.")
            if case_id in self._cases and reason:
                self._cases.update(case_id, second_look=reviewer if reason == SECOND_LOOK else "")
            self._look()

        self._saving.write(
            f"note {case_id}",
            f"the note on {case_id}",
            lambda: annotate(workspace, case_id, reviewer, note, reason),
            done,
        )

    def _look_anew(self) -> None:
        self.said = Said()
        self.changed.emit()
        self._look()

    def _look(self) -> None:
        workspace, case = self._session.workspace, self._session.case
        if workspace is None or case is None:
            self._latest.forget()
            return
        case_id = case.case_id

        def done(history: Sequence[RecordHeader]) -> None:
            if self._session.case is None or self._session.case.case_id != case_id:
                return
            disputed = lineage.review(history).state == "disputed"
            self.said = Said(lineage.heads(history) if disputed else (), remarks(history), second_look(history))
            self.changed.emit()

        self._latest.ask(lambda: workspace.store.history(case_id), done, lambda _: None)
