"""Other windows on the same project: which case each has open, and what they decided since."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from semiview.core.review import Review
from semiview.core.sem_image import SemImage
from semiview.files.presence import Presence, PresenceFile
from semiview.tasks.queue import QueueState, queue_state, records_stamp
from semiview.tasks.workspace import Workspace
from semiview.ui.case_model import CaseModel
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session

EVERY_MS = 10_000


@dataclass(frozen=True, slots=True)
class _Seen:
    workspace: Workspace
    others: tuple[Presence, ...]
    stamp: tuple[int, ...]
    queue: QueueState | None
    image: tuple[str, tuple[int, int] | None]


class Company(QObject):
    """Says which case is open here, and brings what others did into the list, every few seconds.

    Attributes
    ----------
    day_changed
        Number of cases that the reviewer has decided today.
    met
        (case_id, name): the open case is open in another window too.
    replaced
        (case_id, path): the image of the open case is another file now.
    """

    day_changed = Signal(int)
    met = Signal(str, str)
    replaced = Signal(str, str)

    def __init__(
        self, session: Session, cases: CaseModel, errands: Errands, token: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._cases = session, cases
        self._latest = Latest(errands, self)
        self._token = token
        self._presence: PresenceFile | None = None
        self._store: object = None
        self._stamp: tuple[int, ...] | None = None
        self._told: set[tuple[str, str]] = set()
        self._image: tuple[SemImage, tuple[int, int] | None] | None = None  # as its file was when it was opened
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.look)
        session.workspace_changed.connect(self._workspace_changed)
        session.case_changed.connect(self.look)

    def look(self) -> None:
        """Look now."""
        workspace, presence = self._session.workspace, self._presence
        if workspace is None or presence is None:
            return
        case, reviewer, before = self._session.case, self._cases.reviewer, self._stamp
        case_id, path = ("", "") if case is None else (case.case_id, case.sem.path)

        def work() -> _Seen:
            presence.say(reviewer, case_id)
            stamp = records_stamp(workspace)
            queue = None if stamp == before else queue_state(workspace, reviewer)
            return _Seen(workspace, presence.others(), stamp, queue, (path, _file_stamp(path)))

        self._latest.ask(work, self._seen, lambda _: None)  # what is wrong with the store is said where it is used

    def close(self) -> None:
        """Leave the project."""
        self._timer.stop()
        self._latest.forget()
        if self._presence is not None:
            self._presence.leave()
            self._presence = None

    def _workspace_changed(self) -> None:
        workspace = self._session.workspace
        if workspace is not None and workspace.store is self._store:
            return  # the same project with another setting
        self.close()
        self._store = None if workspace is None else workspace.store
        self._stamp = None
        self._told.clear()
        if workspace is not None:
            self._presence = PresenceFile(workspace.project.feedback_folder, self._token)
            self._timer.start()
            self.look()

    def _seen(self, seen: _Seen) -> None:
        workspace = self._session.workspace
        if workspace is None or workspace.store is not seen.workspace.store:
            return
        self._stamp = seen.stamp
        if seen.queue is not None:
            self._take(seen.queue)
            self.day_changed.emit(seen.queue.today)
        here = {other.case_id: f"{other.reviewer} ({other.host})" for other in seen.others if other.case_id}
        for line in self._cases.lines:
            name = here.get(line.case_id, "")
            if name != line.open_by:
                self._cases.update(line.case_id, open_by=name)
        self._compare_image(*seen.image)
        case = self._session.case
        if case is not None and case.case_id in here and (case.case_id, here[case.case_id]) not in self._told:
            self._told.add((case.case_id, here[case.case_id]))
            self.met.emit(case.case_id, here[case.case_id])

    def _compare_image(self, path: str, stamp: tuple[int, int] | None) -> None:
        case = self._session.case
        if case is None or not path or case.sem.path != path:
            return
        if self._image is None or self._image[0] is not case.sem:
            self._image = (case.sem, stamp)
        elif stamp is not None and stamp != self._image[1]:
            self._image = (case.sem, stamp)
            self.replaced.emit(case.case_id, path)

    def _take(self, queue: QueueState) -> None:
        for line in self._cases.lines:
            if line.saving:
                continue  # what is being written here comes with its own answer
            review = queue.reviews.get(line.case_id)
            state = Review() if review is None else review
            wanted = queue.second_looks.get(line.case_id, "")
            now = (state.state, state.reviewer, state.reason, wanted)
            if now == (line.state, line.reviewer, line.reason, line.second_look):
                continue
            names = ("state", "reviewer", "reason", "second_look")
            self._cases.update(line.case_id, **dict(zip(names, now, strict=True)))
            self._session.set_review(line.case_id, state)


def _file_stamp(path: str) -> tuple[int, int] | None:
    """Time in ns and size of a file; None where there is none."""
    try:
        known = Path(path).stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size
