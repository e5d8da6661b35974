"""Unfinished work is kept within a second of an edit, and the registration on leaving a case."""

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.registration import Registration
from semiview.feedback.drafts import Draft, drop_draft, save_draft
from semiview.files.registration_table import update_registrations
from semiview.tasks.workspace import Workspace
from semiview.ui.saving import Saving
from semiview.ui.session import Session

AFTER_MS = 600

Polygon = tuple[str, tuple[tuple[float, float], ...]]  # the tool that is drawing it, and its corners so far
NO_POLYGON: Polygon = ("", ())


class Keeping(QObject):
    """Drafts and rows of registrations.csv for the open case.

    Attributes
    ----------
    kept
        What is in hand is on its way to the disk; others may add theirs.
    polygon_taken
        (tool, corners): a polygon that was begun goes with the draft that was taken up.
    """

    kept = Signal()
    polygon_taken = Signal(str, object)

    def __init__(self, session: Session, saving: Saving, owner: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._saving = session, saving
        self.owner = owner  # drafts of several windows on one case do not overwrite each other
        self._timer = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._timer.timeout.connect(self._keep)
        self._open: tuple[Workspace, Case] | None = None
        self._first: Document | None = None  # as the case was opened, or decided last
        self._last: Document | None = None
        self._kept: tuple[Document, Polygon] | None = None  # what the draft on the disk holds
        self._polygon: Callable[[], Polygon] = lambda: NO_POLYGON
        self._written: Registration | None = None  # what registrations.csv or the store holds
        session.case_changed.connect(self._case_changed)
        session.changed.connect(self._changed)

    def set_delay(self, seconds: float) -> None:
        """Keep unfinished work so long after an edit."""
        self._timer.setInterval(round(1000 * seconds))

    def watch_polygon(self, polygon: Callable[[], Polygon], changed: SignalInstance) -> None:
        """Keep the polygon that is being drawn too."""
        self._polygon = polygon
        changed.connect(self._polygon_changed)

    def save_now(self) -> None:
        """Draft and registration, without waiting."""
        self._timer.stop()
        self._keep()
        self._write_registration()
        self.kept.emit()

    def leave(self) -> None:
        """The open case is about to be left: keep what is in hand."""
        self.save_now()

    def then(self, act: Callable[[], None]) -> None:
        """Do something once all that is kept so far is on the disk, or has failed."""
        self.save_now()
        self._saving.write("turn", "nothing", lambda: None, lambda _: act())

    def take_draft(self) -> None:
        """Take up the draft on offer, as one undo step."""
        draft = self._session.draft
        if draft is not None:
            self._session.drop_draft()
            taken = self._session.apply("Take up the draft", lambda document: with_draft(document, draft))
            if not taken:
                self._session.said.emit("The draft fits no more: it belongs to another pixel size or picture size.")
            elif draft.owner != self.owner and self._open is not None:
                self.save_now()  # it is ours before it is theirs no more
                self._drop(*self._open, draft.owner)
            if taken and draft.corners_px:
                self.polygon_taken.emit(draft.tool, draft.corners_px)

    def turn_down_draft(self) -> None:
        """Forget the draft on offer."""
        draft = self._session.draft
        self._session.drop_draft()
        if self._open is not None and draft is not None:
            self._drop(*self._open, draft.owner)

    def decided(self, case: Case, document: Document) -> None:
        """The case's document is in the store: a draft of it is not needed any more."""
        workspace = self._session.workspace
        if workspace is None:
            return
        if self._open is not None and self._open[1].case_id == case.case_id:
            self._first = document
            if self._session.document is not document:
                return  # edited since: the draft stays
            self._kept = None
        self._drop(workspace, case)

    def _case_changed(self) -> None:
        self._timer.stop()
        workspace, case, document = self._session.workspace, self._session.case, self._session.document
        if workspace is None or case is None or document is None or self._session.history is None:
            self._open = self._first = self._last = self._kept = self._written = None
            return
        self._open = (workspace, case)
        self._first = self._session.saved
        self._last = document
        polygon = self._polygon()
        self._kept = (document, polygon) if self._session.dirty or polygon != NO_POLYGON else None
        self._written = document.registration

    def _changed(self, _old: Document, new: Document) -> None:
        self._last = new
        self._timer.start()

    def _polygon_changed(self) -> None:
        if self._open is not None and (NO_POLYGON if self._kept is None else self._kept[1]) != self._polygon():
            self._timer.start()

    def _keep(self) -> None:
        if self._open is None or self._last is None:
            return
        workspace, case = self._open
        document, polygon = self._last, self._polygon()
        if document is self._first and polygon == NO_POLYGON:
            if self._kept is not None:
                self._kept = None
                self._drop(workspace, case)
            return
        kept = self._kept
        if kept is not None and kept[0] is document and kept[1] == polygon:
            return
        mine = self._kept = (document, polygon)
        draft = Draft(
            case.case_id,
            document,
            "" if case.prediction is None else case.prediction.checkpoint_id,
            case.sem.sha256,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            self.owner,
            *polygon,
        )
        folder = workspace.project.feedback_folder

        def failed(_: Exception) -> None:
            if self._kept is mine:
                self._kept = None

        self._saving.write(
            f"draft {case.case_id}",
            f"the draft of {case.case_id}",
            lambda: save_draft(folder, draft),
            failed=failed,
        )

    def _write_registration(self) -> None:
        if self._open is None or self._last is None or self._last.registration is self._written:
            return
        workspace, case = self._open
        document, first, polygon = self._last, self._first, self._polygon()
        path, registration = workspace.project.registrations_path, document.registration
        if registration.trust.verdict is None:
            return  # undone back to nominal: there is nothing to vouch for
        self._written = registration

        def write() -> None:
            update_registrations(path, {case.case_id: (registration, case)})
            # The row holds all there is: no draft needs to be offered next time.
            rest = first is None or polygon != NO_POLYGON or not same_but_registration(first, document)
            if not rest and not workspace.store.head(case.case_id):
                drop_draft(workspace.project.feedback_folder, case.case_id, self.owner)

        self._saving.write(f"registration {case.case_id}", f"the registration of {case.case_id}", write)

    def _drop(self, workspace: Workspace, case: Case, owner: str | None = None) -> None:
        folder, whose = workspace.project.feedback_folder, self.owner if owner is None else owner
        self._saving.write(
            f"draft {case.case_id}" + ("" if owner is None else f" of {owner}"),
            f"the end of the draft of {case.case_id}",
            lambda: drop_draft(folder, case.case_id, whose),
        )


def with_draft(document: Document, draft: Draft) -> Document:
    """The draft's document if it belongs to this picture's frame, else the document as it is.

    The frame holds the picture's centre and pixel size, so that a picture of another size is told by it too.
    """
    frames = draft.document.registration.frame, document.registration.frame
    return draft.document if frames[0] == frames[1] else document


def same_but_registration(one: Document, other: Document) -> bool:
    """True if nothing but the registration differs."""
    return (
        one.correction is other.correction
        and one.ignore is other.ignore
        and one.gauges == other.gauges
        and one.settings == other.settings
    )
