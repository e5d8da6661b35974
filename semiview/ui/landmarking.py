"""Landmarks of the open case: pairs by alternate clicks, the fit live, applied as one edit."""

import numpy as np
from PySide6.QtCore import QObject, Signal

from semiview.alignment.landmarks import (
    LandmarkFit,
    Landmarks,
    fit_landmarks,
    snap_to_design,
    snap_to_image,
    transform_of,
)
from semiview.core.document import Document
from semiview.core.edits import set_registration
from semiview.core.registration import Transform
from semiview.ui.canvas.marks import PairMark
from semiview.ui.canvas.measured_marks import RESIDUALS_ENLARGED
from semiview.ui.registering import Registering
from semiview.ui.session import Session

REACH_PX = 8.0
ORDER: tuple[Transform, ...] = ("shift", "similarity", "affine")


class Landmarking(QObject):
    """Pairs of places that are not part of the document until they are applied.

    Attributes
    ----------
    changed
        Pairs, fit or words.
    """

    changed = Signal()

    def __init__(self, session: Session, registering: Registering, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._registering = session, registering
        self._sem: list[tuple[float, float]] = []  # image px
        self._design: list[tuple[float, float]] = []  # design nm; one less than `_sem` while a pair is open
        self._fit: LandmarkFit | None = None
        self._why = ""
        session.case_changed.connect(self.clear)
        session.tool_changed.connect(self.clear)
        session.changed.connect(self._document_changed)
        registering.freedom_changed.connect(self._fit_again)

    @property
    def fit(self) -> LandmarkFit | None:
        """The registration that the pairs determine; None: they do not."""
        return self._fit

    @property
    def drafting(self) -> bool:
        """True while there is a landmark that is not applied."""
        return bool(self._sem)

    @property
    def pairs(self) -> Landmarks | None:
        """The pairs that are whole; None without any."""
        count = len(self._design)
        return Landmarks(np.array(self._design), np.array(self._sem[:count])) if count else None

    def why_not_apply(self) -> str | None:
        """Why there is nothing to apply."""
        if self._session.tool != "landmarks":
            return "take Landmarks in hand first (L)"
        return None if self._fit is not None else self._why or "click a place in the SEM, then the same in the design"

    def why_not_back(self) -> str | None:
        """Why there is no landmark to take off."""
        return None if self.drafting else "there is no landmark"

    def click(self, u: float, v: float) -> None:
        """A place in the SEM and in the design by turns, snapped to the corner or edge nearby."""
        case, document = self._session.case, self._session.document
        if self._session.tool != "landmarks" or case is None or case.design is None or document is None:
            return
        if len(self._sem) == len(self._design):
            spot = snap_to_image([u, v], case.sem.pixels, REACH_PX)
            self._sem.append((u, v) if spot is None else (float(spot[0]), float(spot[1])))
        else:
            place = document.registration.to_nm([[u, v]])[0]
            reach_nm = REACH_PX * document.registration.frame.nm_per_px
            snapped = snap_to_design(place, case.design.target, reach_nm)
            place = place if snapped is None else snapped
            self._design.append((float(place[0]), float(place[1])))
        self._fit_again()

    def back(self) -> None:
        """The last click off."""
        if len(self._sem) > len(self._design):
            self._sem.pop()
        elif self._design:
            self._design.pop()
        self._fit_again()

    def clear(self, *_: object) -> None:
        """All off."""
        self._sem.clear()
        self._design.clear()
        self._fit_again()

    def apply(self) -> None:
        """Take the fit over, as one undo step; the landmarks have done their work."""
        fit = self._fit
        if fit is not None:
            self._session.apply("Landmarks", lambda document: set_registration(document, fit.registration))
            self._session.said.emit(f"Registered by {len(self._design)} landmarks, {fit.rms_nm:.1f} nm RMS.")
            self.clear()

    def marks(self) -> list[PairMark]:
        """What is drawn."""
        document = self._session.document
        if document is None:
            return []
        places = document.registration.to_px(np.array(self._design).reshape(-1, 2)).tolist()
        left = np.zeros((len(places), 2)) if self._fit is None else RESIDUALS_ENLARGED * self._fit.residual_px
        found = [
            PairMark(str(number + 1), self._sem[number], (place[0], place[1]), (float(rest[0]), float(rest[1])))
            for number, (place, rest) in enumerate(zip(places, left, strict=True))
        ]
        found += [
            PairMark(str(number + 1), self._sem[number], None, (0.0, 0.0))
            for number in range(len(places), len(self._sem))
        ]
        return found

    def in_words(self) -> str:
        """What the pairs say of themselves, and what to click next."""
        step = "Click a place in the SEM"
        if len(self._sem) > len(self._design):
            step = "Click the same place of the design"
        lines = [f"{step}." if self._fit is None else f"{step}, Return to apply, or Ctrl+R to align from here."]
        if self._why:
            lines.append(f"{self._why[:1].upper()}{self._why[1:]}.")
        fit, case = self._fit, self._session.case
        if fit is not None and case is not None:
            size = case.nominal.frame.nm_per_px
            many = f"{len(self._design)} pair" + ("s" if len(self._design) > 1 else "")
            lines.append(f"{many}, {fit.registration.transform}: {fit.rms_nm:.1f} nm RMS")
            for number, (rest, out) in enumerate(zip(fit.residual_px, fit.left_out_px, strict=True), 1):
                alone = "" if np.isnan(out) else f", left out {out * size:.1f} nm"
                lines.append(f"{number}: {np.hypot(*rest) * size:.1f} nm{alone}")
            if np.isnan(fit.left_out_px).all():
                lines.append("No pair is spare: nothing checks them.")
        return "\n".join(lines)

    def _document_changed(self, old: Document, new: Document) -> None:
        if old.registration is not new.registration and self.drafting:
            self._fit_again()

    def _fit_again(self) -> None:
        document, pairs = self._session.document, self.pairs
        self._fit, self._why = None, ""
        if document is not None and pairs is not None:
            transform = min(transform_of(len(pairs)), self._registering.freedom, key=ORDER.index)
            try:
                self._fit = fit_landmarks(document.registration, pairs, transform)
            except ValueError as problem:
                self._why = str(problem)
        self.changed.emit()
