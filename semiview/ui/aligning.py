"""Align all cases beside the review: `semiview align` as a child, its results taken in as they are on the disk."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from semiview.core.registration import Registration
from semiview.files.problem import FileProblem
from semiview.files.registration_table import read_registrations, registration_of
from semiview.learning.worker_host import thread_count
from semiview.tasks.workspace import Workspace
from semiview.ui.command_child import CommandChild
from semiview.ui.latest import Errands
from semiview.ui.saving import Saving
from semiview.ui.session import Session


@dataclass(frozen=True, slots=True)
class Aligned:
    """A row of registrations.csv that the run has written."""

    case_id: str
    row: Mapping[str, str]


class Aligning(QObject):
    """One run at a time over the cases that no person has registered.

    Attributes
    ----------
    changed
        Any of the properties.
    aligned
        A list of Aligned: what stands in registrations.csv now for cases of this run.
    offered
        The Registration found for the open case; what stands in the window stays unless it is taken.
    failed
        Why the run came to nothing.
    """

    changed = Signal()
    aligned = Signal(object)
    offered = Signal(object)
    failed = Signal(str)

    def __init__(self, session: Session, saving: Saving, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._saving, self._errands = session, saving, errands
        self._child = CommandChild(self)
        self._child.said.connect(self._note)
        self._child.finished.connect(self._over)
        self._child.failed.connect(self._broke_off)
        self._workspace: Workspace | None = None
        self._preparing = self._stopping = False
        self._finished: set[str] = set()
        self.total = 0

    @property
    def running(self) -> bool:
        """True from the wish until the child is gone."""
        return self._preparing or self._child.running

    @property
    def done(self) -> int:
        """Number of cases that are finished."""
        return len(self._finished)

    def why_not_start(self) -> str | None:
        """Why no run can start now."""
        if self._session.workspace is None:
            return "no project is open"
        return "all cases are being aligned already" if self.running else None

    def why_not_stop(self) -> str | None:
        """Why there is nothing to stop."""
        if not self.running:
            return "nothing is being aligned"
        return "it is stopping already" if self._stopping else None

    def start(self) -> None:
        """Align every case that no person has registered, once everything in hand is on the disk."""
        workspace = self._session.workspace
        if workspace is None or self.running:
            return
        self._workspace, self._preparing, self._stopping = workspace, True, False
        self._finished, self.total = set(), 0
        self.changed.emit()

        def by_hand() -> int:
            rows = read_registrations(workspace.project.registrations_path)
            return sum(row["method"] == "manual" for row in rows.values())

        # In the queue of writes: what a hand has registered stands in the table before the child reads it.
        self._saving.write("align all", "the start of the alignment", by_hand, self._begin, self._not_begun)

    def stop(self) -> None:
        """End early; what is aligned stays."""
        if self.why_not_stop() is None:
            self._stopping = True
            self._child.stop()  # it writes what it has before it goes
            self.changed.emit()

    def close(self) -> None:
        """End the child now; it is gone when this returns."""
        self._child.close()

    def _begin(self, by_hand: int) -> None:
        self._preparing = False
        workspace = self._workspace
        if workspace is None or self._stopping:
            self.changed.emit()
            return
        self.total = len(workspace.project.rows) - by_hand
        folder, jobs = str(workspace.project.folder), str(thread_count())
        self._child.start(["align", folder, "--jobs", jobs])
        self._session.said.emit("Aligning all cases in the background; those set by hand stay.")
        self.changed.emit()

    def _not_begun(self, problem: Exception) -> None:
        self._preparing = False
        self.failed.emit(str(problem))
        self.changed.emit()

    def _note(self, line: str) -> None:
        if self._workspace is None:
            return
        self._session.noted.emit(line)
        known = {row.case_id for row in self._workspace.project.rows}
        parts = line.split(": ")
        # A name may hold a colon itself.
        names = (": ".join(parts[:count]) for count in range(1, len(parts)))
        self._finished.update(name for name in names if name in known)
        self.changed.emit()

    def _over(self, document: Mapping[str, Any]) -> None:
        self._session.said.emit(summary(document))
        self._take_in()
        self.changed.emit()

    def _broke_off(self, reason: str) -> None:
        if reason:
            self.failed.emit(f"The alignment of all cases broke off after {self.done} of {self.total}. {reason}")
        else:
            self._session.said.emit(f"Stopped: {self.done} of {self.total} cases are aligned; they stay so.")
        self._take_in()
        self.changed.emit()

    def _take_in(self) -> None:
        workspace, names = self._workspace, self._finished
        if workspace is None or workspace is not self._session.workspace or not names:
            return

        def read() -> list[Aligned]:
            rows = read_registrations(workspace.project.registrations_path)
            return [Aligned(case_id, rows[case_id]) for case_id in sorted(names & set(rows))]

        def done(found: list[Aligned]) -> None:
            if workspace is self._session.workspace:
                self.aligned.emit(found)
                self._offer({one.case_id: one.row for one in found})

        self._errands.run(read, done, lambda problem: self.failed.emit(str(problem)))

    def _offer(self, rows: Mapping[str, Mapping[str, str]]) -> None:
        case, document = self._session.case, self._session.document
        if case is None or document is None or case.case_id not in rows:
            return
        try:
            found = registration_of(rows[case.case_id], case)
        except FileProblem as problem:
            self.failed.emit(str(problem))
            return
        if found.trust.verdict != "failed" and not same_place(found, document.registration):
            self.offered.emit(found)


def same_place(one: Registration, other: Registration) -> bool:
    """True if both are the same transform with the same verdict."""
    return one.trust.verdict == other.trust.verdict and bool((one.parameters == other.parameters).all())


def summary(document: Mapping[str, Any]) -> str:
    """What `semiview align --json` printed, in one sentence."""
    verdicts = Counter(columns["verdict"] for columns in document["registrations"].values())
    parts = [f"{count} {verdict}" for verdict, count in verdicts.most_common()]
    unread = len(set(document["failed"]) - set(document["registrations"]))
    parts += [f"{unread} not read"] if unread else []
    kept = len(document["kept"])
    parts += [f"{kept} set by hand and kept"] if kept else []
    return f"All cases aligned: {', '.join(parts) or 'there was nothing to do'}."
