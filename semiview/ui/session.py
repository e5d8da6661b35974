"""What is open, and the one way to change it."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.edits import Edit
from semiview.core.history import History
from semiview.core.review import Review
from semiview.feedback.drafts import Draft
from semiview.metrology.measurement import Measurement
from semiview.tasks.open import OpenedCase
from semiview.tasks.workspace import Workspace
from semiview.ui.view_settings import ViewSettings

KEPT_HISTORIES = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Left:
    """A case that was left: its history comes back when it is opened again."""

    history: History
    saved: Document
    image_sha256: str
    draft: Draft | None  # still on offer


class Session(QObject):
    """The open project, the open case with its history, and how it is looked at.

    Panels do not know each other; they meet here. They read the properties, listen to the signals and hand in edits.

    Attributes
    ----------
    changed
        (old, new): the document of the open case.
    case_changed
        Another case is open, or none; the properties are up to date.
    prediction_changed
        The same case with another prediction.
    measured
        The measurement of the document as it is now, or None while it is worked on for another case.
    place_wanted
        (u, v) in image px that somebody wants to see.
    said
        A sentence for the person at the window.
    noted
        A line for the log alone.
    """

    workspace_changed = Signal()
    case_changed = Signal()
    changed = Signal(object, object)
    prediction_changed = Signal(object)
    review_changed = Signal(object)
    measured = Signal(object)
    view_changed = Signal(object, object)
    tool_changed = Signal(str)
    before_changed = Signal(bool)
    place_wanted = Signal(float, float)
    said = Signal(str)
    noted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace: Workspace | None = None
        self._case: Case | None = None
        self._history: History | None = None
        self._saved: Document | None = None
        self._review = Review()
        self._draft: Draft | None = None
        self._measurement: tuple[Document, Measurement] | None = None
        self._view = ViewSettings()
        self._tool = "pan"
        self._before = False
        self._left: OrderedDict[str, _Left] = OrderedDict()

    @property
    def workspace(self) -> Workspace | None:
        """The open project with its store and checkpoints."""
        return self._workspace

    @property
    def case(self) -> Case | None:
        """The open case."""
        return self._case

    @property
    def document(self) -> Document | None:
        """The open case's document as it is now."""
        return None if self._history is None else self._history.document

    @property
    def history(self) -> History | None:
        """Undo and redo of the open case."""
        return self._history

    @property
    def review(self) -> Review:
        """Where the review of the open case stands."""
        return self._review

    @property
    def draft(self) -> Draft | None:
        """Unfinished work from an earlier sitting that is on offer."""
        return self._draft

    @property
    def saved(self) -> Document | None:
        """The document as it was loaded, or decided last."""
        return self._saved

    @property
    def dirty(self) -> bool:
        """True if the document differs from what was loaded or decided last."""
        return self.document is not self._saved

    @property
    def correcting(self) -> bool:
        """True while an undecided correction is open: a new prediction is only offered then."""
        document = self.document
        return document is not None and document.correction is not None and self.dirty

    @property
    def measurement(self) -> Measurement | None:
        """What was measured of the document as it is now; None while that is not known."""
        if self._measurement is None or self._measurement[0] is not self.document:
            return None
        return self._measurement[1]

    @property
    def view(self) -> ViewSettings:
        """How the case is looked at; no part of undo."""
        return self._view

    @property
    def tool(self) -> str:
        """The tool in hand: pan, brush, eraser, ignore, register or landmarks."""
        return self._tool

    @property
    def before(self) -> bool:
        """True while the views show the design where the stage claims it, to compare."""
        return self._before

    def set_workspace(self, workspace: Workspace | None, keep_case: bool = False) -> None:
        """Another project, or the same one with other settings (then the open case may stay)."""
        self._workspace = workspace
        if not keep_case:
            self.show(None)
            self._left.clear()
        self.workspace_changed.emit()

    def show(self, opened: OpenedCase | None) -> None:
        """Open a case. One that was left unsaved or lately comes back with its history."""
        self._keep_left()
        self.set_tool("pan")
        self._measurement = None
        if opened is None:
            self._case = self._history = self._saved = self._draft = None
            self._review = Review()
        else:
            self._case, self._review = opened.case, opened.review
            left = self._left.pop(opened.case.case_id, None)
            if left is not None and left.image_sha256 == opened.case.sem.sha256:
                self._history, self._saved, self._draft = left.history, left.saved, left.draft
            else:
                self._history, self._saved = History.begin(opened.document), opened.document
                self._draft = opened.draft
        self.case_changed.emit()

    def forget(self, case_id: str) -> None:
        """Do not bring a left case's history back: its frame or tone has changed."""
        self._left.pop(case_id, None)

    def forget_unchanged(self, case_id: str) -> None:
        """The same, unless there is unsaved work on it: the disk knows better now."""
        left = self._left.get(case_id)
        if left is not None and left.history.document is left.saved:
            del self._left[case_id]

    def apply(self, label: str, edit: Edit, merge_key: object | None = None) -> bool:
        """Change the document; False if the edit changed nothing. Edits with one merge key are one undo step."""
        if self._history is None:
            return False
        return self._take(self._history.applied(label, edit(self._history.document), merge_key))

    def undo(self) -> bool:
        """Take the last step back."""
        return self._history is not None and self._take(self._history.undone())

    def redo(self) -> bool:
        """Do again what was taken back."""
        return self._history is not None and self._take(self._history.redone())

    def mark_saved(self, case_id: str, document: Document) -> None:
        """`document` of that case is in the store; what came after it is not."""
        if self._case is not None and self._case.case_id == case_id:
            self._saved = document
        elif case_id in self._left:
            left = self._left[case_id]
            self._left[case_id] = replace(left, saved=document)

    def drop_draft(self) -> None:
        """The draft was taken up or turned down."""
        self._draft = None

    def swap_prediction(self, case: Case) -> None:
        """The same field with another prediction or calibration; document and history stay."""
        if self._case is None or self._case.case_id != case.case_id:
            return
        self._case = case
        self._measurement = None
        self.prediction_changed.emit(case)

    def set_review(self, case_id: str, review: Review) -> None:
        """Where the review of the open case stands now."""
        if self._case is not None and self._case.case_id == case_id:
            self._review = review
            self.review_changed.emit(review)

    def set_measurement(self, document: Document, measurement: Measurement) -> None:
        """The answer to a measurement of `document`; an outdated one is dropped."""
        if document is self.document:
            self._measurement = (document, measurement)
            self.measured.emit(measurement)

    def set_view(self, view: ViewSettings) -> None:
        """Look at it differently."""
        old, self._view = self._view, view
        if view != old:
            self.view_changed.emit(old, view)

    def set_tool(self, tool: str) -> None:
        """Take another tool in hand."""
        if tool != self._tool:
            self._tool = tool
            self.set_before(False)
            self.tool_changed.emit(tool)

    def set_before(self, before: bool) -> None:
        """Show the nominal registration in the views, or the document's own again; the document stays."""
        if before != self._before:
            self._before = before
            self.before_changed.emit(before)

    def _take(self, history: History) -> bool:
        old, self._history = self._history, history
        if old is None or history.document is old.document:
            return False
        self.changed.emit(old.document, history.document)
        return True

    def _keep_left(self) -> None:
        """Keep the open case's history; of those without unsaved work only the newest few."""
        if self._case is None or self._history is None or self._saved is None:
            return
        self._left[self._case.case_id] = _Left(self._history, self._saved, self._case.sem.sha256, self._draft)
        clean = [case_id for case_id, left in self._left.items() if left.history.document is left.saved]
        for case_id in clean[:-KEPT_HISTORIES]:
            del self._left[case_id]
