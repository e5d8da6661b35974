"""A polygon that is being drawn, corner by corner; it becomes part of the document when it is finished."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from semiview.core.edits import Layer, Stroke
from semiview.core.outline import Points
from semiview.core.raster import coverage
from semiview.ui.painting import Painting
from semiview.ui.session import Session

TOOLS: dict[str, Layer] = {"polygon": "correction", "ignore_polygon": "ignore"}
CLOSING_PX = 6.0


class Drafting(QObject):
    """The draft of the open case; one that was left is there again when its case is.

    Attributes
    ----------
    changed
        Corners were added or taken off.
    """

    changed = Signal()

    def __init__(self, session: Session, painting: Painting, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._painting = session, painting
        self._drafts: dict[str, tuple[str, list[tuple[float, float]]]] = {}
        session.case_changed.connect(self._case_changed)
        session.workspace_changed.connect(self._drafts.clear)
        session.tool_changed.connect(lambda _: self.changed.emit())

    @property
    def points(self) -> Points:
        """(N, 2) corners in image px."""
        return np.array(self._corners(), np.float64).reshape(-1, 2)

    @property
    def drafting(self) -> bool:
        """True while there is a corner and the tool that draws it is in hand."""
        return bool(self._corners())

    @property
    def polygon(self) -> tuple[str, tuple[tuple[float, float], ...]]:
        """The tool that is drawing, whether it is in hand now or not, and its corners; of the open case."""
        case = self._session.case
        tool, corners = self._drafts.get(case.case_id, ("", [])) if case is not None else ("", [])
        return (tool, tuple(corners)) if corners else ("", ())

    def resume(self, tool: str, corners: Sequence[tuple[float, float]]) -> None:
        """Go on with a polygon that was begun in an earlier sitting."""
        case = self._session.case
        if case is not None and tool in TOOLS and corners:
            self._drafts[case.case_id] = (tool, list(corners))
            self._session.set_tool(tool)
            self.changed.emit()

    def why_not_finish(self) -> str | None:
        """Why the polygon cannot be filled yet."""
        if self._session.tool not in TOOLS:
            return "take Polygon in hand first (P)"
        return None if len(self._corners()) > 2 else "a polygon has three corners or more: click them"

    def why_not_back(self) -> str | None:
        """Why there is no corner to take off."""
        return None if self.drafting else "no polygon has been begun"

    def click(self, u: float, v: float, zoom: float) -> None:
        """One more corner; on the first or the last one again it is finished."""
        case, tool = self._session.case, self._session.tool
        if case is None or tool not in TOOLS:
            return
        corners = self._corners()
        near = CLOSING_PX / zoom
        if len(corners) > 2 and any(np.hypot(u - x, v - y) <= near for x, y in (corners[0], corners[-1])):
            self.finish("add")
            return
        if not corners or np.hypot(u - corners[-1][0], v - corners[-1][1]) > near / 2:
            self._drafts[case.case_id] = (tool, [*corners, (u, v)])
            self.changed.emit()

    def back(self) -> None:
        """The last corner off."""
        case, corners = self._session.case, self._corners()
        if case is not None and corners:
            self._drafts[case.case_id] = (self._session.tool, corners[:-1])
            self.changed.emit()

    def cancel(self) -> None:
        """All corners off."""
        if self._session.case is not None:
            self._drafts.pop(self._session.case.case_id, None)
            self.changed.emit()

    def finish(self, stroke: Stroke) -> None:
        """Add what the polygon encloses, or take it away, as one undo step; on the edges, if it shall snap."""
        case, document = self._session.case, self._session.document
        if case is None or document is None or self.why_not_finish() is not None:
            return
        points, layer, key = self.points, TOOLS[self._session.tool], object()
        height, width = case.sem.shape
        left, top = np.clip(np.floor(points.min(axis=0)).astype(int) - 1, 0, (width - 1, height - 1)).tolist()
        right, bottom = np.clip(np.ceil(points.max(axis=0)).astype(int) + 2, 1, (width, height)).tolist()
        share = coverage([points - (left, top)], (max(bottom - top, 1), max(right - left, 1)))
        before = self._painting.shape("correction")
        label = "Polygon" if layer == "correction" else "Ignore polygon"
        self.cancel()
        self._painting.lay_down(label, layer, (top, left), share, stroke, key)
        if layer == "correction":
            self._painting.snap(label, before, key)

    def _corners(self) -> list[tuple[float, float]]:
        case = self._session.case
        tool, corners = self._drafts.get(case.case_id, ("", [])) if case is not None else ("", [])
        return corners if tool == self._session.tool else []

    def _case_changed(self) -> None:
        """Take the tool in hand again with which the case's draft was left."""
        case = self._session.case
        if case is not None and case.case_id in self._drafts:
            tool, corners = self._drafts[case.case_id]
            if corners:
                self._session.set_tool(tool)
        self.changed.emit()
