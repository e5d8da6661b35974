"""Brush, eraser and ignore brush: strokes of the canvas become edits, one undo step a stroke."""

import numpy as np
from PySide6.QtCore import QObject

from semiview.core.coverage import Coverage
from semiview.core.edits import Layer, Stroke, paint, set_shape
from semiview.core.outline import Points
from semiview.ui.session import Session

PAINTING_TOOLS = ("brush", "eraser", "ignore")


class Painting(QObject):
    """Strokes on the correction or the ignore region of the open case."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._gesture: object | None = None
        self._erases = False

    @property
    def painting(self) -> bool:
        """True in the middle of a stroke."""
        return self._gesture is not None

    def begin(self, erases: bool = False) -> None:
        """A stroke begins; with `erases` the ignore brush takes away."""
        self._gesture, self._erases = object(), erases

    def stroke(self, path_px: Points) -> None:
        """The stroke goes on along (N, 2) image px."""
        case, tool = self._session.case, self._session.tool
        if case is None or tool not in PAINTING_TOOLS:
            return
        layer: Layer = "ignore" if tool == "ignore" else "correction"
        stroke: Stroke = "erase" if tool == "eraser" or (tool == "ignore" and self._erases) else "add"
        start = self._start(layer)
        radius = self._session.view.brush_radius_px
        label = {"brush": "Brush", "eraser": "Eraser", "ignore": "Ignore region"}[tool]
        self._session.apply(
            label, lambda document: paint(document, layer, start, path_px, radius, stroke), self._gesture
        )

    def end(self) -> None:
        """The mouse button is up."""
        self._gesture = None

    def drop_correction(self) -> None:
        """Back to the prediction as it was."""
        self._session.apply("Drop the correction", lambda document: set_shape(document, "correction", None))

    def _start(self, layer: Layer) -> Coverage:
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            raise ValueError("no case is open")
        kept = getattr(document, layer)
        if isinstance(kept, Coverage):
            return kept
        if layer == "correction" and case.prediction is not None:
            return Coverage.from_probability(case.prediction.probability)
        return Coverage.from_array(np.zeros(case.sem.shape, np.uint8))
