"""Marks on places of the open case, kept in the feedback store without being asked."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from semiview.core.marker import MarkedPlace
from semiview.feedback.store import FeedbackStore
from semiview.tasks.mark_places import Marks, read_marks, write_marks
from semiview.ui.latest import Errands, Latest
from semiview.ui.reviewing import Reviewing
from semiview.ui.saving import Saving
from semiview.ui.session import Session

AFTER_MS = 5000  # a person goes through markers faster than the store should grow

Where = tuple[str, int, float, float]


class Marking(QObject):
    """Reads the marks when a case is opened; writes them a little after the last change, and on leaving.

    Attributes
    ----------
    changed
        Other marks, or those of another case.
    """

    changed = Signal()

    def __init__(
        self, session: Session, reviewing: Reviewing, saving: Saving, errands: Errands, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._reviewing, self._saving = session, reviewing, saving
        self.latest = Latest(errands, self)
        self._timer = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._timer.timeout.connect(self.save_now)
        self._open: tuple[FeedbackStore, str] | None = None
        self._read = Marks()
        self._unwritten: dict[tuple[FeedbackStore, str], tuple[MarkedPlace, ...]] = {}
        self._places: dict[Where, MarkedPlace] = {}
        self._dirty = False
        session.case_changed.connect(self._case_changed)

    def why_not(self) -> str | None:
        """Why nothing can be marked now."""
        if self._open is None:
            return "no case is open"
        if not self._reviewing.reviewer:
            return "nobody has said who reviews (Project, Settings…)"
        if self._open[0].read_only:
            return "the project is read-only here: copy it to where you may write"
        return None

    def places(self, source: str) -> tuple[MarkedPlace, ...]:
        """Marked places of one source."""
        return tuple(place for place in self._places.values() if place.source == source)

    def mark(self, places: Sequence[MarkedPlace]) -> None:
        """Take these marks over; a place that stands already is replaced."""
        fresh = {_where(place): place for place in places}
        if self.why_not() is not None or all(self._places.get(where) == place for where, place in fresh.items()):
            return
        self._places |= fresh
        self._dirty = True
        self._timer.start()
        self.changed.emit()

    def save_now(self) -> None:
        """Write what is not written."""
        self._timer.stop()
        if self._open is None or not self._dirty:
            return
        which, read, reviewer = self._open, self._read, self._reviewing.reviewer
        store, case_id = which
        places = tuple(self._places.values())
        self._unwritten[which] = places
        self._dirty = False

        def done(written: Marks) -> None:
            if self._unwritten.get(which) is places:
                del self._unwritten[which]
            if self._open == which:
                self._read = written

        self._saving.write(
            f"markers {case_id}",
            f"the marks on {case_id}",
            lambda: write_marks(store, case_id, reviewer, read, places),
            done,
        )

    def _case_changed(self) -> None:
        self.save_now()
        self.latest.forget()
        self._open, self._read, self._places, self._dirty = None, Marks(), {}, False
        workspace, case = self._session.workspace, self._session.case
        if workspace is not None and case is not None:
            which = workspace.store, case.case_id
            self.latest.ask(
                lambda: read_marks(*which),
                lambda read: self._show(which, read),
                lambda problem: self._session.said.emit(f"The marks on {which[1]} cannot be read: {problem}"),
            )
        self.changed.emit()

    def _show(self, which: tuple[FeedbackStore, str], read: Marks) -> None:
        self._open, self._read = which, read
        # What is still on its way to the disk is newer than what was read from there.
        self._places = {_where(place): place for place in self._unwritten.get(which, read.places)}
        self.changed.emit()


def _where(place: MarkedPlace) -> Where:
    return place.source, place.feature_id, place.x_nm, place.y_nm
