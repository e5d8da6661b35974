"""Decisions: what may be approved, written off the window's thread, and on to the next case."""

import time
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.review import STATE_AFTER, Approval, Decision, DecisionKind, Review
from semiview.metrology.measurement import Measurement, measure
from semiview.tasks.decide import decide, retract
from semiview.tasks.workspace import Workspace
from semiview.ui.case_model import CaseModel
from semiview.ui.keeping import Keeping
from semiview.ui.saving import Saving
from semiview.ui.session import Session


@dataclass(frozen=True, slots=True)
class Permits:
    """Why shape, registration or measurements cannot be approved; None: they can."""

    shape: str | None
    registration: str | None
    measurements: str | None


@dataclass(slots=True, eq=False)
class _Made:
    """A decision made here; `record_id` is empty until it is durable."""

    case_id: str
    record_id: str = ""


class Reviewing(QObject):
    """Accept, reject, skip and take back.

    Attributes
    ----------
    go_on
        The case that stands next, to be opened.
    decided
        The case whose decision is durable now.
    """

    go_on = Signal(str)
    decided = Signal(str)

    def __init__(
        self, session: Session, cases: CaseModel, saving: Saving, keeping: Keeping, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._cases, self._saving, self._keeping = session, cases, saving, keeping
        self._made: list[_Made] = []
        self._opened_at = 0.0
        self.chosen = Approval(True, True, True)
        self.note = ""
        session.case_changed.connect(self._case_changed)

    @property
    def reviewer(self) -> str:
        """Whose decisions they are."""
        return self._cases.reviewer

    @reviewer.setter
    def reviewer(self, name: str) -> None:
        self._cases.reviewer = name

    def why_not(self) -> str | None:
        """Why nothing can be decided now."""
        if self._session.case is None:
            return "no case is open"
        workspace = self._session.workspace
        if workspace is not None and workspace.store.read_only:
            return "the project is read-only here: copy it to where you may write"
        if not self.reviewer:
            return "nobody has said who reviews (Project, Settings…)"
        if self._line_saving(self._session.case.case_id) == "saving":
            return "the last decision about it is still being saved"
        return None

    def why_not_accept(self) -> str | None:
        """Why the case cannot be accepted now."""
        return self.why_not() or self.permits().shape

    def why_not_retract(self) -> str | None:
        """Why no decision can be taken back now."""
        if not self._made:
            return "no decision has been made since the window was opened"
        return None if self._made[-1].record_id else "the last decision is still being saved"

    def permits(self) -> Permits:
        """What the open case's verdicts permit to approve."""
        return permits_of(self._session.case, self._session.document, self._session.measurement)

    def accept(self) -> None:
        """Accept the correction, or the prediction where there is none."""
        document = self._session.document
        if document is not None and self.why_not_accept() is None:
            permits, chosen = self.permits(), self.chosen
            approval = Approval(
                chosen.shape and permits.shape is None,
                chosen.registration and permits.registration is None,
                chosen.measurements and permits.measurements is None,
            )
            self._decide("accept" if document.correction is None else "correct", approval)

    def reject(self, reason: str) -> None:
        """Reject for a reason."""
        if self.why_not() is None:
            self._decide("reject", Approval(False, False, False), reason)

    def skip(self) -> None:
        """Leave it for now."""
        if self.why_not() is None:
            self._decide("skip", Approval(False, False, False))

    def retract(self) -> None:
        """Go back to the last decision made here and take it back."""
        workspace = self._session.workspace
        if workspace is None or self.why_not_retract() is not None:
            return
        made = self._made.pop()
        self._cases.update(made.case_id, saving="saving")
        reviewer = self.reviewer

        def done(_: str) -> None:
            self._show_review(workspace, made.case_id)
            self._session.said.emit(f"The decision about {made.case_id} is taken back; it stays in the history.")

        def failed(_: Exception) -> None:
            self._made.append(made)
            self._cases.update(made.case_id, saving="not saved")

        self._saving.write(
            f"decision {made.case_id}",
            f"taking back the decision about {made.case_id}",
            lambda: retract(workspace, made.record_id, reviewer),
            done,
            failed,
        )
        self.go_on.emit(made.case_id)

    def _decide(self, kind: DecisionKind, approval: Approval, reason: str = "") -> None:
        workspace, case, document = self._session.workspace, self._session.case, self._session.document
        if workspace is None or case is None or document is None:
            return
        measurement, seen = self._session.measurement, self._session.review
        decision = Decision(
            kind, self.reviewer, approval, reason, self.note, round(time.monotonic() - self._opened_at, 1)
        )
        made = _Made(case.case_id)
        self._made.append(made)
        self._cases.update(case.case_id, saving="saving")
        self._keeping.leave()

        def work() -> tuple[str, Review]:
            return _write(workspace, case, document, measurement, decision, seen)

        def done(answer: tuple[str, Review]) -> None:
            made.record_id, before = answer
            if made not in self._made:  # it had failed before and was tried again
                self._made.append(made)
            self._session.mark_saved(case.case_id, document)
            self._keeping.decided(case, document)
            self._show_review(workspace, case.case_id)
            words = f"{case.case_id} {STATE_AFTER[kind]} and saved. U takes it back."
            if before.record_id != seen.record_id:
                words += f" {_in_between(before, self.reviewer, self._cases.line(case.case_id).state)}"
            self._session.said.emit(words)
            self.decided.emit(case.case_id)

        def failed(_: Exception) -> None:
            if made in self._made:
                self._made.remove(made)
            self._cases.update(case.case_id, saving="not saved")

        self._saving.write(f"decision {case.case_id}", f"the decision about {case.case_id}", work, done, failed)
        following = self._cases.neighbour(case.case_id, 1, undecided=True)
        if following is not None:
            self.go_on.emit(following)
        else:
            self._session.said.emit("That was the last undecided case below. Ctrl+Shift+A goes to one above.")

    def look_again(self, case_id: str) -> None:
        """Show where a case's review stands now: something else than a decision here changed it."""
        workspace = self._session.workspace
        if workspace is not None:
            self._show_review(workspace, case_id)

    def _show_review(self, workspace: Workspace, case_id: str) -> None:
        if self._session.workspace is None or self._session.workspace.store is not workspace.store:
            return
        review = workspace.store.review(case_id)
        self._cases.update(case_id, state=review.state, reviewer=review.reviewer, reason=review.reason, saving="")
        self._session.set_review(case_id, review)

    def _line_saving(self, case_id: str) -> str:
        return self._cases.line(case_id).saving if case_id in self._cases else ""

    def _case_changed(self) -> None:
        self._opened_at = time.monotonic()
        self.note = ""
        self.chosen = Approval(True, True, True)


def _write(
    workspace: Workspace,
    case: Case,
    document: Document,
    measurement: Measurement | None,
    decision: Decision,
    seen: Review,
) -> tuple[str, Review]:
    """Write a decision; returns its record's id and the review that it met, perhaps not the one that was seen."""
    before = workspace.store.review(case.case_id)
    if decision.kind in ("accept", "correct", "reject") and measurement is None:
        measurement = measure(case, document)
    # Only who has seen the dispute arbitrates it; a skip settles nothing.
    if seen.state == "disputed" and seen.record_id == before.record_id and decision.kind != "skip":
        decision = replace(decision, supersedes=workspace.store.heads(case.case_id))
    return decide(workspace, case, document, measurement, decision), before


def _in_between(before: Review, reviewer: str, state: str) -> str:
    """What somebody else, or the same person in another window, did while the case was open here."""
    if before.reviewer == reviewer:
        return f"It replaces what you decided in another window ({before.state})."
    now = ": the case is disputed now" if state == "disputed" else ""
    return f"Meanwhile {before.reviewer or 'somebody'} had it {before.state}{now}."


def permits_of(case: Case | None, document: Document | None, measurement: Measurement | None) -> Permits:
    """What may be approved of a case, with the reason where it may not."""
    if case is None or document is None:
        return Permits(*(("no case is open",) * 3))
    shape = None
    if case.prediction is None and document.correction is None:
        shape = "there is no shape: predict it, or draw it with the brush"
    registration = document.registration.unusable_because
    if not case.sem.pixel_size.known:
        registration = "the pixel size is unknown"
    elif case.design is None:
        registration = "the case has no design"
    if registration is not None:
        measured: str | None = registration
    elif measurement is None:
        measured = None  # it is being measured; the record is written with its result
    else:
        measured = "; ".join(measurement.reasons) or None
    return Permits(shape, registration, shape or measured)
