"""Registration by hand and by machine: every way is one edit, a gesture one undo step."""

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from semiview.alignment.align import align
from semiview.alignment.landmarks import Landmarks
from semiview.core.edits import nudge, scale, set_registration, turn
from semiview.core.registration import Registration, Transform, Trust, with_linear_nm
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session

TURN_DEG = 0.1
SCALE_STEP = 1.001
LEAST_ARM_PX = 5.0  # nearer to the pivot a drag has no direction


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A registration that was chosen among those that fit as well: 0 is the one found."""

    chosen: Registration
    found: Registration
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """A case that was open, with the registration it was left with."""

    case_id: str
    registration: Registration
    nominal: Registration


class Registering(QObject):
    """Drags, nudges, turns, scales, alternatives, and the automatic alignment.

    Attributes
    ----------
    freedom_changed
        What may be changed is another: read `freedom`.
    """

    freedom_changed = Signal()

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.latest = Latest(errands, self)
        self._gesture: object | None = None
        self._places: list[_Place] = []
        self._open: _Looked | None = None
        self._previous: _Looked | None = None
        self._freedom: Transform = "affine"
        session.case_changed.connect(self._reset)
        session.changed.connect(self._look)
        session.workspace_changed.connect(self._forget)

    @property
    def freedom(self) -> Transform:
        """What the alignment may change, and the hand; the rest is kept."""
        return self._freedom

    def set_freedom(self, freedom: Transform) -> None:
        """Allow more or less."""
        if freedom != self._freedom:
            self._freedom = freedom
            self.freedom_changed.emit()

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

    def why_not_turn(self) -> str | None:
        """Why the design cannot be turned and scaled now."""
        return self.why_not() or ("only the shift is free" if self._freedom == "shift" else None)

    def why_not_copy(self) -> str | None:
        """Why there is no registration to copy."""
        if self.why_not() is not None:
            return self.why_not()
        if self._previous is None:
            return "no other case has been looked at before this one"
        reason = self._previous.registration.unusable_because
        return None if reason is None else f"{self._previous.case_id} has none to copy: {reason}"

    def why_not_align(self) -> str | None:
        """Why the automatic alignment cannot start now."""
        return self.why_not() or ("it is working already" if self.latest.busy else None)

    def why_no_alternative(self) -> str | None:
        """Why there is no other shift to look at."""
        document = self._session.document
        if self.why_not() is not None or document is None:
            return self.why_not()
        if self._place(document.registration) is None:
            return "this registration has no alternatives"
        return None

    def drag(self, right_px: float, down_px: float, finished: bool) -> None:
        """The design follows the mouse: increments of one gesture, one undo step."""
        if self.why_not() is None:
            self._gesture = self._gesture or object()
            self._session.apply("Drag the design", lambda document: nudge(document, right_px, -down_px), self._gesture)
        if finished:
            self._gesture = None

    def turn_drag(self, start_u: float, start_v: float, end_u: float, end_v: float, finished: bool) -> None:
        """The design turns and scales about the middle of the picture as the mouse goes: one gesture, one undo step."""
        document = self._session.document
        if not finished and self.why_not_turn() is not None:
            self._session.said.emit(f"Not turned: {self.why_not_turn()}.")
        elif not finished and document is not None:
            centre = complex(*document.registration.frame.centre_px)
            # Image rows go down, angles counter-clockwise: conjugate.
            start, end = ((complex(u, v) - centre).conjugate() for u, v in ((start_u, start_v), (end_u, end_v)))
            if min(abs(start), abs(end)) >= LEAST_ARM_PX:
                ratio = end / start
                degrees, factor = float(np.angle(ratio, deg=True)), abs(ratio)
                self._gesture = self._gesture or object()
                self._session.apply(
                    "Turn and scale", lambda document: scale(turn(document, degrees), factor), self._gesture
                )
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
        place = None if document is None else self._place(document.registration)
        if place is None:
            return
        found = place.found
        number = (place.number + step) % (len(found.trust.alternatives) + 1)
        chosen = found if number == 0 else found.moved(*found.trust.alternatives[number - 1]).by_hand()
        self._places.append(_Place(chosen, found, number))
        self._session.apply("Alternative", lambda document: set_registration(document, chosen))
        self._session.said.emit(self.alternative_in_words())

    def alternative_in_words(self) -> str:
        """Which of the places that fit as well is shown: "Alternative 2 of 5, 204 nm away"; empty without any."""
        document = self._session.document
        place = None if document is None else self._place(document.registration)
        if place is None:
            return ""
        alternatives = place.found.trust.alternatives
        if place.number == 0:
            return f"The one found; {len(alternatives)} more fit as well"
        away = float(np.hypot(*alternatives[place.number - 1]))
        return f"Alternative {place.number} of {len(alternatives)}, {away:.0f} nm away"

    def copy_previous(self) -> None:
        """Take over what was found for the case that was open before this one."""
        case, previous = self._session.case, self._previous
        if case is None or previous is None or self.why_not_copy() is not None:
            return
        copied = carried_over(previous.registration, previous.nominal, case.nominal)
        ground = f"copied from {previous.case_id}, not looked for here"
        copied = replace(copied, method="manual", trust=Trust(verdict="manual", grounds=(ground,)))
        self._session.apply(f"Copy from {previous.case_id}", lambda document: set_registration(document, copied))

    def align(self, landmarks: Landmarks | None = None) -> None:
        """Find the registration off the window's thread, from landmarks if there are any, without what is ignored."""
        case, before = self._session.case, self._session.document
        if case is None or before is None:
            return
        how = "" if landmarks is None else f" from {len(landmarks)} landmark" + "s" * (len(landmarks) > 1)
        self._session.said.emit(f"Aligning {case.case_id}{how}…")

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

        freedom, ignore = self._freedom, before.ignore
        self.latest.ask(lambda: align(case, transform=freedom, ignore=ignore, landmarks=landmarks), done, failed)

    def _place(self, current: Registration) -> _Place | None:
        if current.trust.alternatives:
            return _Place(current, current, 0)
        return next((place for place in self._places if place.chosen is current), None)

    def _look(self, *_: object) -> None:
        case, document = self._session.case, self._session.document
        if case is not None and document is not None:
            self._open = _Looked(case.case_id, document.registration, case.nominal)

    def _reset(self) -> None:
        case = self._session.case
        if case is not None and self._open is not None and self._open.case_id != case.case_id:
            self._previous = self._open
        self._look()
        self._gesture = None
        self._places.clear()
        self.latest.forget()

    def _forget(self) -> None:
        if self._session.case is None:  # another project
            self._open = self._previous = None


def carried_over(registration: Registration, nominal: Registration, onto: Registration) -> Registration:
    """What a registration changed of its nominal one, done to another nominal one.

    Shift in nm, turn, scales and shear of the image are carried over; the place in the design, a nominal rotation, a
    mirrored scan and the pixel size stay those of `onto`.
    """
    change = registration.linear_nm() @ np.linalg.inv(nominal.linear_nm())
    shift = (registration.shift_x_nm, registration.shift_y_nm)
    return with_linear_nm(onto, change @ onto.linear_nm(), shift, registration.transform)
