"""Vertices of one outline of the correction: drag, insert on an edge, take off."""

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal

from semiview.core.coverage import FULL, Coverage
from semiview.core.document import Document
from semiview.core.edits import reshape
from semiview.core.outline import Points
from semiview.metrology.contour import half_contours, on_border
from semiview.ui.painting import Painting
from semiview.ui.session import Session

WINDOW_PX = 512  # to each side of the click in which outlines are looked for
TOLERANCE_PX = 0.3  # a vertex is left out where the outline stays within it
GRAB_PX = 9.0  # on the screen


class Reshaping(QObject):
    """The outline whose vertices are shown. It is chosen by a click and forgotten when something else changes it.

    Attributes
    ----------
    changed
        Other vertices, or none.
    """

    changed = Signal()

    def __init__(self, session: Session, painting: Painting, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._painting = session, painting
        self._loop: Points = np.empty((0, 2))
        self._fixed = np.empty(0, dtype=bool)  # where the window ends the outline goes on
        self._chosen: int | None = None
        self._gesture: object | None = None
        self._base: tuple[Coverage, Points] | None = None  # shape and outline when the gesture began
        self._expected: Document | None = None
        session.changed.connect(self._document_changed)
        session.case_changed.connect(self.forget)
        session.tool_changed.connect(self.forget)

    @property
    def outline(self) -> Points:
        """(N, 2) vertices in image px; none while no outline is chosen."""
        return self._loop

    @property
    def handles(self) -> Points:
        """(M, 2) the vertices that can be moved."""
        return self._loop[~self._fixed]

    @property
    def chosen(self) -> tuple[float, float] | None:
        """The vertex touched last."""
        return (
            None if self._chosen is None else (float(self._loop[self._chosen, 0]), float(self._loop[self._chosen, 1]))
        )

    def why_not_delete(self) -> str | None:
        """Why no vertex can be taken off."""
        if self._session.tool != "vertices":
            return "take Vertices in hand first (V)"
        if self._chosen is None:
            return "click a vertex first"
        return None if len(self._loop) > 3 else "an outline needs three vertices"

    def forget(self, *_: object) -> None:
        """Show no vertices."""
        self._loop, self._fixed, self._chosen = np.empty((0, 2)), np.empty(0, dtype=bool), None
        self._gesture = self._base = None
        self.changed.emit()

    def press(self, u: float, v: float, zoom: float, take_off: bool) -> None:
        """Grab the vertex here, or a new one on the edge here, or choose the outline here."""
        if self._session.document is None or self._session.tool != "vertices":
            return
        reach = GRAB_PX / zoom
        self._chosen = self._vertex_at(u, v, reach)
        if take_off:
            if self._chosen is not None:
                self.delete()
            return
        if self._chosen is None:
            self._insert(u, v, reach)
        if self._chosen is None:
            self._choose(u, v, reach)
        else:
            self._gesture = object()
            self._base = (self._painting.shape("correction"), self._loop)
        self.changed.emit()

    def drag(self, u: float, v: float) -> None:
        """The grabbed vertex goes there."""
        if self._gesture is None or self._chosen is None:
            return
        moved = self._loop.copy()
        moved[self._chosen] = (u, v)
        self._take_over(moved, "Move vertex")

    def release(self) -> None:
        """The mouse button is up."""
        self._gesture = self._base = None

    def delete(self) -> None:
        """Take off the vertex touched last."""
        if self._chosen is None or self.why_not_delete() is not None:
            return
        number, self._chosen = self._chosen, None
        self._gesture, self._base = object(), (self._painting.shape("correction"), self._loop)
        self._fixed = np.delete(self._fixed, number)
        self._take_over(np.delete(self._loop, number, axis=0), "Take vertex off")
        self.release()

    def _take_over(self, loop: Points, label: str) -> None:
        if self._base is None:
            return
        base, old = self._base
        self._loop = loop

        def edit(document: Document) -> Document:
            self._expected = reshape(document, "correction", base, [(old, loop)])
            return self._expected

        self._session.apply(label, edit, self._gesture)
        self._expected = None
        self.changed.emit()

    def _document_changed(self, old: Document, new: Document) -> None:
        if new is not self._expected and new.correction is not old.correction and len(self._loop):
            self.forget()

    def _vertex_at(self, u: float, v: float, reach: float) -> int | None:
        if not len(self._loop):
            return None
        distance = np.where(self._fixed, np.inf, np.hypot(*(self._loop - (u, v)).T))
        nearest = int(np.argmin(distance))
        return nearest if distance[nearest] <= reach else None

    def _insert(self, u: float, v: float, reach: float) -> None:
        """A vertex on the edge at (u, v), if one is there; nothing is repainted before it is dragged."""
        if not len(self._loop):
            return
        ends = np.roll(self._loop, -1, axis=0)
        along = ends - self._loop
        length2 = np.maximum((along**2).sum(axis=1), 1e-12)
        share = np.clip(((np.array([u, v]) - self._loop) * along).sum(axis=1) / length2, 0, 1)
        feet = self._loop + share[:, None] * along
        distance = np.hypot(*(feet - (u, v)).T)
        distance[self._fixed & np.roll(self._fixed, -1)] = np.inf
        edge = int(np.argmin(distance))
        if distance[edge] <= reach:
            self._loop = np.insert(self._loop, edge + 1, feet[edge], axis=0)
            self._fixed = np.insert(self._fixed, edge + 1, False)
            self._chosen = edge + 1

    def _choose(self, u: float, v: float, reach: float) -> None:
        """The outline nearest to the place, if it is near, or the one around it."""
        shape = self._painting.shape("correction")
        height, width = shape.shape
        left, top = max(round(u) - WINDOW_PX, 0), max(round(v) - WINDOW_PX, 0)
        right, bottom = min(round(u) + WINDOW_PX, width), min(round(v) + WINDOW_PX, height)
        if left >= right or top >= bottom:
            return
        window = shape.window(top, left, bottom, right)
        loops = half_contours(window / np.float32(FULL))
        place = np.array([u - left, v - top])
        if not loops:
            self._session.said.emit("There is no outline here.")
            return
        nearest = [float(np.hypot(*(loop - place).T).min()) for loop in loops]
        loop = loops[int(np.argmin(nearest))]
        if min(nearest) > max(reach * 4, 8.0) and window[int(place[1]), int(place[0])] * 2 <= FULL:
            self._session.said.emit("There is no outline here. Click nearer to one.")
            self._loop = np.empty((0, 2))
            return
        simple: Points = cv2.approxPolyDP(loop.astype(np.float32), TOLERANCE_PX, True)[:, 0].astype(np.float64)
        self._loop = simple + np.array([left, top])
        self._fixed = on_border(simple, window.shape)
