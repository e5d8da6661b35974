"""Strokes, boxes and clicks of the canvas become edits of a painted shape, one undo step a gesture."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from semiview.core.coverage import FULL, Coverage, brush_stamp
from semiview.core.document import Document
from semiview.core.edits import Layer, Stroke, lay, paint, reshape, set_shape, take
from semiview.core.outline import Points, rectangle
from semiview.core.prediction import Prediction
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.metrology.region import Region, region_at
from semiview.metrology.snap import snap_changes
from semiview.ui.latest import Errands
from semiview.ui.session import Session

LABELS = {
    "brush": "Brush",
    "eraser": "Eraser",
    "ignore_brush": "Ignore region",
    "take_design": "Take the design's outline",
    "take_prediction": "Take the prediction back",
}
CORRECTING = ("brush", "eraser", "polygon", "vertices", "fill", "take_design", "take_prediction")
TAKING = ("take_design", "take_prediction")
SNAP_REACH_PX = 8.0
SNAP_MARGIN_PX = 16


class Painting(QObject):
    """Edits of the correction or the ignore region of the open case."""

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._errands = session, errands
        self._gesture: object | None = None
        self._erases = False
        self._before: Coverage | None = None
        self._drawn: _DrawnDesign | None = None
        self._start: tuple[Prediction, Coverage] | None = None  # of the prediction, to be corrected
        session.case_changed.connect(self._case_changed)
        session.tool_changed.connect(self._make_ready)

    @property
    def painting(self) -> bool:
        """True in the middle of a stroke."""
        return self._gesture is not None

    def why_not_take(self, tool: str) -> str | None:
        """Why the design or the prediction cannot be taken here."""
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            return "no case is open"
        if tool == "take_prediction":
            return "the case has no prediction" if case.prediction is None else None
        if case.design is None:
            return "the case has no design"
        if case.design.tone is None:
            return "nobody has said yet whether the design's polygons stand"
        return document.registration.unusable_because

    def begin(self, erases: bool = False) -> None:
        """A stroke begins; with `erases` the ignore brush takes away."""
        self._gesture, self._erases = object(), erases
        self._before = self.shape("correction") if self._session.document is not None else None

    def _make_ready(self, tool: str) -> None:
        """Cut the prediction into tiles off the window's thread: of a large picture it takes half a second."""
        case, document = self._session.case, self._session.document
        if tool not in CORRECTING or case is None or document is None or document.correction is not None:
            return
        prediction = case.prediction
        if prediction is None or (self._start is not None and self._start[0] is prediction):
            return

        def done(shape: Coverage) -> None:
            now = self._session.case
            if self._start is None and now is not None and now.prediction is prediction:
                self._start = (prediction, shape)

        def failed(problem: Exception) -> None:
            raise problem

        self._errands.run(lambda: Coverage.from_probability(prediction.probability), done, failed)

    def _case_changed(self) -> None:
        self._gesture = self._before = self._start = self._drawn = None

    def stroke(self, path_px: Points) -> None:
        """The stroke goes on along (N, 2) image px."""
        tool = self._session.tool
        if self._session.case is None or tool not in LABELS:
            return
        radius = self._session.view.brush_radius_px
        if tool in TAKING:
            stamp = brush_stamp(path_px, radius, self._session.case.sem.shape)
            if stamp is not None and self.why_not_take(tool) is None:
                self._take(tool, *stamp)
            return
        layer: Layer = "ignore" if tool == "ignore_brush" else "correction"
        stroke: Stroke = "erase" if tool == "eraser" or (tool == "ignore_brush" and self._erases) else "add"
        start = self.shape(layer)
        self._session.apply(
            LABELS[tool], lambda document: paint(document, layer, start, path_px, radius, stroke), self._gesture
        )

    def end(self) -> None:
        """The mouse button is up: what was brushed moves onto the edges, if it shall."""
        gesture, before = self._gesture, self._before
        self._gesture = self._before = None
        if gesture is not None and before is not None and self._session.tool in ("brush", "eraser"):
            self.snap(LABELS[self._session.tool], before, gesture)

    def box(self, left: float, top: float, right: float, bottom: float, erases: bool = False) -> None:
        """In a box of image px take the design or the prediction, or ignore it; with `erases` ignore it no longer."""
        case, tool = self._session.case, self._session.tool
        if case is None or self._session.document is None:
            return
        if tool == "ignore":
            self._ignore_box((left, top), (right, bottom), "erase" if erases else "add")
            return
        if tool not in TAKING or self.why_not_take(tool) is not None:
            return
        height, width = case.sem.shape
        first_column, last_column = max(round(min(left, right)), 0), min(round(max(left, right)), width - 1)
        first_row, last_row = max(round(min(top, bottom)), 0), min(round(max(top, bottom)), height - 1)
        if first_column <= last_column and first_row <= last_row:
            share = np.full((last_row - first_row + 1, last_column - first_column + 1), FULL, np.uint8)
            self._take(tool, first_row, first_column, share)

    def fill(self, u: float, v: float) -> None:
        """Fill the hole, or take away the island, at image px (u, v)."""
        if self._session.document is None:
            return
        region = region_at(self.shape("correction"), u, v)
        if region is None:
            return
        if not region.material and region.touches_border:
            self._session.said.emit("No hole: it reaches the border of the picture. Draw a polygon (P) instead.")
        elif region.material:
            self._lay_region("Remove island", "correction", region, "erase")
        else:
            self._lay_region("Fill hole", "correction", region, "add")

    def ignore_no_longer(self, u: float, v: float) -> None:
        """Take away the whole ignored region at image px (u, v)."""
        document = self._session.document
        region = None if document is None or document.ignore is None else region_at(document.ignore, u, v)
        if region is None or not region.material:
            self._session.said.emit("Nothing is ignored here. Drag a box; a click on an ignored region takes it away.")
            return
        self._lay_region("Remove ignored region", "ignore", region, "erase")

    def _lay_region(self, label: str, layer: Layer, region: Region, stroke: Stroke) -> None:
        # The rim's pixels are shared with the other side: one more all around.
        share = np.pad(region.mask, 1).astype(np.float32)
        for axis in (0, 1):
            share = np.max([np.roll(share, step, axis) for step in (-1, 0, 1)], axis=0)
        self.lay_down(label, layer, (region.top - 1, region.left - 1), share, stroke)

    def _ignore_box(self, one: tuple[float, float], other: tuple[float, float], stroke: Stroke) -> None:
        low, high = np.minimum(one, other), np.maximum(one, other)
        left, top = np.floor(low).astype(int).tolist()
        right, bottom = np.ceil(high).astype(int).tolist()
        share = coverage([rectangle(*(low - (left, top)), *(high - (left, top)))], (bottom - top + 1, right - left + 1))
        self.lay_down(LABELS["ignore_brush"], "ignore", (top, left), share, stroke)

    def lay_down(
        self,
        label: str,
        layer: Layer,
        corner: tuple[int, int],
        share: npt.NDArray[np.float32],
        stroke: Stroke,
        merge_key: object | None = None,
    ) -> None:
        """Add or erase a shape given as shares of pixels from (top, left) on, as far as it is in the picture."""
        start = self.shape(layer)
        (top, left), (height, width) = corner, start.shape
        above, before = max(-top, 0), max(-left, 0)
        part = share[above : max(height - top, 0), before : max(width - left, 0)]
        if part.size:
            self._session.apply(
                label,
                lambda document: lay(document, layer, start, top + above, left + before, part, stroke),
                merge_key,
            )

    def snap(self, label: str, before: Coverage, merge_key: object) -> None:
        """Move what became of the correction's rim since `before` onto the edges of the image, in the same step."""
        case, document = self._session.case, self._session.document
        if not self._session.view.snap or case is None or document is None or document.correction is None:
            return
        after = document.correction
        box = changed_box(before, after, SNAP_MARGIN_PX)
        if box is None:
            return
        top, left = box[:2]
        changes = snap_changes(
            case.sem, before.window(*box), after.window(*box), (left, top), document.settings, SNAP_REACH_PX
        )
        self._session.apply(label, lambda document: reshape(document, "correction", after, changes), merge_key)
        if not changes:
            self._session.said.emit("No edge of the image lies near enough to snap to.")

    def drop_correction(self) -> None:
        """Back to the prediction as it was."""
        self._session.apply("Drop the correction", lambda document: set_shape(document, "correction", None))

    def shape(self, layer: Layer) -> Coverage:
        """The layer as it stands: the correction begins as the prediction, the ignore region empty.

        Raises
        ------
        ValueError
            If no case is open.
        """
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            raise ValueError("no case is open")
        kept = getattr(document, layer)
        if isinstance(kept, Coverage):
            return kept
        if layer == "correction" and case.prediction is not None:
            if self._start is None or self._start[0] is not case.prediction:
                self._start = (case.prediction, Coverage.from_probability(case.prediction.probability))
            return self._start[1]
        return Coverage.from_array(np.zeros(case.sem.shape, np.uint8))

    def _take(self, tool: str, top: int, left: int, share: npt.NDArray[np.uint8]) -> None:
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            return
        bottom, right = top + share.shape[0], left + share.shape[1]
        if tool == "take_design":
            source = self._design(document).window(top, left, bottom, right)
        elif case.prediction is not None:
            probability = case.prediction.probability[top:bottom, left:right]
            source = np.rint(probability * FULL).astype(np.uint8)
        else:
            return
        start = self.shape("correction")
        self._session.apply(
            LABELS[tool],
            lambda document: take(document, "correction", start, top, left, source, share),
            self._gesture,
        )

    def _design(self, document: Document) -> "_DrawnDesign":
        case = self._session.case
        if case is None or case.design is None:
            raise ValueError("the case has no design")
        if self._drawn is None or self._drawn.made_of != (id(case.design), document.registration):
            self._drawn = _DrawnDesign(
                (id(case.design), document.registration),
                [document.registration.outline_to_px(outline) for outline in case.design.target],
                case.design.tone == "opening",
            )
        return self._drawn


class _DrawnDesign:
    """The target's outlines in image px, to be asked for the coverage of a window."""

    def __init__(self, made_of: tuple[int, Registration], outlines_px: list[Points], opening: bool) -> None:
        self.made_of = made_of
        self._outlines, self._opening = outlines_px, opening
        self._lows = np.array([outline.min(axis=0) for outline in outlines_px]).reshape(-1, 2)
        self._highs = np.array([outline.max(axis=0) for outline in outlines_px]).reshape(-1, 2)

    def window(self, top: int, left: int, bottom: int, right: int) -> npt.NDArray[np.uint8]:
        """uint8 coverage by standing material of the part [top, bottom) x [left, right)."""
        near = (self._lows <= (right, bottom)).all(axis=1) & (self._highs >= (left - 1, top - 1)).all(axis=1)
        outlines = [self._outlines[number] - (left, top) for number in np.flatnonzero(near).tolist()]
        share = coverage(outlines, (bottom - top, right - left))
        return np.rint((1 - share if self._opening else share) * FULL).astype(np.uint8)


def changed_box(before: Coverage, after: Coverage, margin_px: int) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) around the pixels that differ, within the picture; None: none does."""
    rows, columns = [], []
    top = 0
    for old_row, new_row in zip(before.tiles, after.tiles, strict=True):
        left = 0
        for old, new in zip(old_row, new_row, strict=True):
            if old is not new:
                at = np.argwhere(old != new)
                if len(at):
                    rows += [top + int(at[:, 0].min()), top + int(at[:, 0].max())]
                    columns += [left + int(at[:, 1].min()), left + int(at[:, 1].max())]
            left += new.shape[1]
        top += new_row[0].shape[0]
    if not rows:
        return None
    height, width = after.shape
    return (
        max(min(rows) - margin_px, 0),
        max(min(columns) - margin_px, 0),
        min(max(rows) + margin_px + 1, height),
        min(max(columns) + margin_px + 1, width),
    )
