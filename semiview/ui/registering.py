"""Registration by hand and by machine: every way is one edit, a gesture one undo step."""

from PySide6.QtCore import QObject

from semiview.alignment.align import align
from semiview.core.edits import nudge, scale, set_registration, turn
from semiview.core.registration import Registration
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session

TURN_DEG = 0.1
SCALE_STEP = 1.001


class Registering(QObject):
    """Drags, nudges, turns, scales, alternatives, and the automatic alignment."""

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.latest = Latest(errands, self)
        self._gesture: object | None = None
        self._offered: Registration | None = None  # the one whose alternatives are being looked through
        self._chosen: Registration | None = None
        self._number = 0
        session.case_changed.connect(self._reset)

    def why_not(self) -> str | None:
        """Why the design cannot be moved now."""
        case = self._session.case
        if case is None:
            return "no case is open"
        if not case.sem.pixel_size.known:
            return "the pixel size is unknown"
        if case.design is None:
            return "the case has no design"
        return None

    def why_not_align(self) -> str | None:
        """Why the automatic alignment cannot start now."""
        return self.why_not() or ("it is working already" if self.latest.busy else None)

    def why_no_alternative(self) -> str | None:
        """Why there is no other shift to look at."""
        document = self._session.document
        if self.why_not() is not None or document is None:
            return self.why_not()
        if self._base(document.registration) is None:
            return "this registration has no alternatives"
        return None

    def drag(self, right_px: float, down_px: float, finished: bool) -> None:
        """The design follows the mouse: increments of one gesture, one undo step."""
        if self.why_not() is None:
            self._gesture = self._gesture or object()
            self._session.apply("Drag the design", lambda document: nudge(document, right_px, -down_px), self._gesture)
        if finished:
            self._gesture = None

    def nudge(self, right_px: float, up_px: float) -> None:
        """One key press, one step."""
        self._session.apply("Nudge", lambda document: nudge(document, right_px, up_px))

    def turn(self, degrees: float) -> None:
        """Turn about the middle of the picture."""
        self._session.apply("Turn", lambda document: turn(document, degrees))

    def scale(self, factor: float) -> None:
        """Scale about the middle of the picture."""
        self._session.apply("Scale", lambda document: scale(document, factor))

    def to_nominal(self) -> None:
        """Back to where the stage claims the design to be."""
        case = self._session.case
        if case is not None:
            self._session.apply("Back to nominal", lambda document: set_registration(document, case.nominal))

    def alternative(self, step: int) -> None:
        """The next or previous of the shifts that fit as well; the first of all is the one that was found."""
        document = self._session.document
        base = None if document is None else self._base(document.registration)
        if document is None or base is None:
            return
        if document.registration is base:
            self._number = 0
        self._number = (self._number + step) % (len(base.trust.alternatives) + 1)
        chosen = base if self._number == 0 else base.moved(*base.trust.alternatives[self._number - 1]).by_hand()
        self._offered, self._chosen = base, chosen
        self._session.apply("Alternative", lambda document: set_registration(document, chosen))
        self._session.said.emit(f"Alternative {self._number} of {len(base.trust.alternatives)}; 0 is the one found.")

    def align(self) -> None:
        """Find the registration off the window's thread."""
        case, before = self._session.case, self._session.document
        if case is None or before is None:
            return
        self._session.said.emit(f"Aligning {case.case_id}…")

        def done(found: Registration) -> None:
            document = self._session.document
            if document is None or self._session.case is None or self._session.case.case_id != case.case_id:
                return
            ground = found.trust.grounds[0] if found.trust.grounds else ""
            if document.registration is not before.registration:
                self._session.said.emit(
                    "Aligned, but you moved the design meanwhile: yours stays. Ctrl+R aligns again."
                )
            elif found.trust.verdict == "failed" and document.registration.unusable_because is None:
                self._session.said.emit(f"No alignment found ({ground}). The registration stays as it was.")
            else:
                self._session.apply("Align automatically", lambda document: set_registration(document, found))
                self._session.said.emit(f"Aligned: {found.trust.verdict}. {ground}")

        def failed(problem: Exception) -> None:
            self._session.said.emit(f"{case.case_id} could not be aligned: {problem}")
            raise problem

        self.latest.ask(lambda: align(case), done, failed)

    def _base(self, current: Registration) -> Registration | None:
        if current.trust.alternatives:
            return current
        return self._offered if current is self._chosen and self._chosen is not None else None

    def _reset(self) -> None:
        self._gesture = self._offered = self._chosen = None
        self._number = 0
        self.latest.forget()
