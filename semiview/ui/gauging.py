"""Measuring by hand: gauges that a click snaps to two facing edges, and free rulers."""

from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal

from semiview.core.document import Document
from semiview.core.edits import add_gauge, remove_gauge
from semiview.core.gauge import Gauge
from semiview.metrology.contour import Contours
from semiview.metrology.gauge import box_of
from semiview.metrology.gauge_at import Ruler, gauge_at, gauge_in_picture, ruler
from semiview.metrology.measurement import measuring_scale
from semiview.tasks.gauge_list import GaugesRead, load_gauges, save_gauges
from semiview.ui.canvas.ruler_marks import MeasureMarks, RulerMark
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session

BY_HAND = "hand-"
GRIP_PX = 10.0  # of the screen
LEAST_PX = 2.0  # a box is no thinner than that, in image px

Grip = Literal["middle", "length", "width"]
Point = tuple[float, float]


@dataclass(slots=True, eq=False)
class _Drag:
    """A gesture: where it began, and the gauge it moves (None: it draws a ruler)."""

    start: Point
    gauge: Gauge | None = None
    grip: Grip = "middle"


class Gauging(QObject):
    """Which gauge is in hand, and what clicks and drags of the measure tool do.

    Attributes
    ----------
    selected_changed
        Id of the gauge in hand; empty: none.
    changed
        What is drawn is another: rulers, or the box of the gauge in hand.
    rulers_changed
        There are more rulers, or fewer.
    failed
        Why a file of gauges could not be read or written.
    """

    selected_changed = Signal(str)
    changed = Signal()
    rulers_changed = Signal()
    failed = Signal(str)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.latest = Latest(errands, self)
        self._selected = ""
        self._rulers: list[tuple[Point, Point]] = []
        self._start: Point | None = None  # of a ruler whose end is not clicked yet
        self._hover: Point | None = None
        self._drag: _Drag | None = None
        session.case_changed.connect(self._case_changed)
        session.changed.connect(self._document_changed)
        session.tool_changed.connect(self._tool_changed)

    @property
    def selected(self) -> str:
        """Id of the gauge in hand; empty: none."""
        return self._selected

    @property
    def drafting(self) -> bool:
        """True while a ruler waits for its second click."""
        return self._start is not None

    @property
    def rulers(self) -> tuple[tuple[Point, Point], ...]:
        """Ends of the rulers that lie on the picture, image px."""
        return tuple(self._rulers)

    def select(self, gauge_id: str) -> None:
        """Take a gauge in hand."""
        if gauge_id != self._selected:
            self._selected = gauge_id
            self.selected_changed.emit(gauge_id)
            self.changed.emit()

    def click(self, u: float, v: float, free: bool = False) -> None:
        """A gauge between the edges around the place; with `free`, or where a ruler has begun, an end of a ruler."""
        if self._session.tool != "measure" or self._session.case is None:
            return
        if self._start is not None:
            self._finish_ruler((u, v))
        elif free:
            self._begin_ruler((u, v))
        else:
            self._snap(u, v)

    def drag(self, start: Point, end: Point, zoom: float, finished: bool) -> None:
        """A ruler from here to there, or the gauge in hand by one of its grips, `zoom` screen px an image px."""
        if self._session.tool != "measure" or self._session.case is None:
            return
        if self._drag is None:
            self._start = None
            self._drag = self._taken(start, zoom)
        if self._drag.gauge is not None:
            self._pull(self._drag, end)
        elif finished:
            self._lay(start, end)
        else:
            self._hover = end
        if finished:
            self._drag = self._hover = None
        self.changed.emit()

    def hover(self, u: float, v: float) -> None:
        """The pointer is here: the ruler that has begun ends here for now."""
        if self._start is not None:
            self._hover = (u, v)
            self.changed.emit()

    def load(self, path: Path) -> None:
        """Take over the gauges of a file that belong to the open case, as one undo step."""
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            return
        why = document.registration.unusable_because
        if why is not None:
            self._session.said.emit(f"The gauges of a file are in design nm, and nobody knows where that is: {why}.")
            return
        measurement = self._session.measurement
        names = [gauge.gauge_id for gauge in document.gauges]
        names += [] if measurement is None else [row.gauge_id for row in measurement.cd]

        def done(found: GaugesRead) -> None:
            if self._session.case is case:
                self._session.apply("Load gauges", lambda now: reduce(add_gauge, found.gauges, now))
                self._session.said.emit(loaded_in_words(found, path))

        self.latest.ask(
            lambda: load_gauges(path, case, document, names), done, lambda problem: self.failed.emit(str(problem))
        )

    def save(self, path: Path) -> None:
        """Write gauges.csv of the open case with what was measured."""
        case, document, measurement = self._session.case, self._session.document, self._session.measurement
        if case is not None and document is not None and measurement is not None:
            self.latest.ask(
                lambda: save_gauges(path, case, document, measurement),
                lambda count: self._session.said.emit(f"{count:,} gauges are in {path}."),
                lambda problem: self.failed.emit(str(problem)),
            )

    def why_not_save(self) -> str | None:
        """Why there is nothing to write."""
        if self._session.measurement is None:
            return "nothing is measured yet"
        return None if self._session.measurement.cd else "there is no gauge"

    def put_down(self) -> None:
        """Forget the ruler that has begun."""
        self._start = self._hover = None
        self.changed.emit()

    def delete(self) -> None:
        """Take away the gauge in hand, else the last ruler."""
        gauge = self._by_hand()
        if gauge is not None:
            self.select("")
            self._session.apply("Delete the gauge", lambda document: remove_gauge(document, gauge.gauge_id))
        elif self._rulers:
            self._rulers.pop()
            self.changed.emit()
            self.rulers_changed.emit()

    def why_not_delete(self) -> str | None:
        """Why nothing can be taken away."""
        if self._by_hand() is not None or self._rulers:
            return None
        if self._selected:
            return "this gauge comes from the design; only those placed by hand can be deleted"
        return "no gauge is chosen, and there is no ruler"

    def marks(self) -> MeasureMarks:
        """What is drawn over the picture."""
        lines = list(self._rulers)
        begin = self._drag.start if self._drag is not None and self._drag.gauge is None else self._start
        if begin is not None:
            lines.append((begin, self._hover or begin))
        rulers = tuple(RulerMark(*line, self._in_words(line)) for line in lines)
        document, gauge = self._session.document, self._chosen()
        if document is None or gauge is None or not np.isfinite(document.registration.frame.nm_per_px):
            return MeasureMarks(rulers)
        return MeasureMarks(rulers, document.registration.to_px(box_of(gauge)), self._by_hand() is not None)

    def _case_changed(self) -> None:
        self.latest.forget()
        self._rulers.clear()
        self._start = self._hover = self._drag = None
        self.select("")
        self.changed.emit()

    def _document_changed(self, old: Document, new: Document) -> None:
        if self._selected and (old.gauges is not new.gauges or old.registration is not new.registration):
            self.changed.emit()

    def _tool_changed(self, tool: str) -> None:
        self._drag = None
        self.put_down()
        view = self._session.view
        if tool == "measure" and not view.gauges:
            self._session.set_view(replace(view, gauges=True))  # what is measured is seen

    def _begin_ruler(self, place: Point) -> None:
        self._start, self._hover = place, None
        self._session.said.emit("The ruler begins here: click where it ends. Esc drops it.")
        self.changed.emit()

    def _finish_ruler(self, place: Point) -> None:
        if self._start is not None:
            self._lay(self._start, place)
            self.put_down()

    def _lay(self, begin: Point, end: Point) -> None:
        self._rulers.append((begin, end))
        self._session.said.emit(self._in_words((begin, end)))
        self.rulers_changed.emit()

    def _in_words(self, line: tuple[Point, Point]) -> str:
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            return ""
        return ruler_in_words(ruler(*line, measuring_scale(case, document)))

    def _snap(self, u: float, v: float) -> None:
        case, document = self._session.case, self._session.document
        if case is None or document is None:
            return
        if not np.isfinite(document.registration.frame.nm_per_px):
            self._session.said.emit("No gauge while the pixel size is unknown. Drag for a ruler in px.")
            return
        name = f"{BY_HAND}{1 + max((_number(gauge.gauge_id) for gauge in document.gauges), default=0)}"
        x, y = document.registration.to_nm(np.array([[u, v]]))[0].tolist()
        contours, registration, settings = self._edges(), document.registration, document.settings

        def work() -> Gauge | None:
            if contours is None:
                return gauge_in_picture((x, y), case.sem, registration, settings, name)
            return gauge_at((x, y), contours, registration, case.sem.shape, name)

        def done(gauge: Gauge | None) -> None:
            if self._session.case is not case:
                return
            if gauge is None:
                self._begin_ruler((u, v))
                self._session.said.emit("No two facing edges here: a ruler begins instead. Click its end, or Esc.")
                return
            self._session.apply("Place a gauge", lambda now: add_gauge(now, gauge))
            self.select(gauge.gauge_id)

        def failed(problem: Exception) -> None:
            self._session.said.emit(f"No gauge could be placed: {problem}")
            raise problem

        self.latest.ask(work, done, failed)

    def _edges(self) -> Contours | None:
        """The edges found in the picture; None while they are not known."""
        measurement = self._session.measurement
        return None if measurement is None else measurement.contours.get("sem")

    def _by_hand(self) -> Gauge | None:
        document = self._session.document
        gauges = () if document is None else document.gauges
        return next((gauge for gauge in gauges if gauge.gauge_id == self._selected), None)

    def _chosen(self) -> Gauge | None:
        """The gauge in hand, by hand or from the design."""
        own, measurement = self._by_hand(), self._session.measurement
        if own is not None or measurement is None:
            return own
        row = next((row for row in measurement.cd if row.gauge_id == self._selected), None)
        return None if row is None else row.gauge

    def _taken(self, start: Point, zoom: float) -> _Drag:
        document, gauge = self._session.document, self._by_hand()
        if document is None or gauge is None:
            return _Drag(start)
        corners = document.registration.to_px(box_of(gauge))
        middle = corners.mean(axis=0)
        grips: tuple[tuple[Grip, tuple[int, int]], ...] = (
            ("length", (1, 2)), ("length", (3, 0)), ("width", (0, 1)), ("width", (2, 3)),
        )  # fmt: skip
        places = [(grip, (corners[one] + corners[other]) / 2) for grip, (one, other) in grips] + [("middle", middle)]
        near = [
            (float(np.hypot(*(place - start))), index)
            for index, (_, place) in enumerate(places)
            if np.hypot(*(place - start)) <= GRIP_PX / zoom
        ]
        if not near:
            return _Drag(start)
        return _Drag(start, gauge, places[min(near)[1]][0])

    def _pull(self, drag: _Drag, end: Point) -> None:
        document, gauge = self._session.document, drag.gauge
        if document is None or gauge is None:
            return
        begin_nm, end_nm = document.registration.to_nm(np.array([drag.start, end]))
        changed = pulled(gauge, drag.grip, tuple(begin_nm.tolist()), tuple(end_nm.tolist()),
                         LEAST_PX * document.registration.frame.nm_per_px)  # fmt: skip
        words = {"middle": "Move the gauge", "length": "Change its length", "width": "Change its width"}
        self._session.apply(words[drag.grip], lambda now: add_gauge(now, changed), merge_key=drag)


def pulled(gauge: Gauge, grip: Grip, begin_nm: Point, end_nm: Point, least_nm: float) -> Gauge:
    """The gauge after one of its grips was dragged from here to there, about its middle, in design nm."""
    if grip == "middle":
        return replace(gauge, x_nm=gauge.x_nm + end_nm[0] - begin_nm[0], y_nm=gauge.y_nm + end_nm[1] - begin_nm[1])
    angle = np.deg2rad(gauge.angle_deg + (0.0 if grip == "length" else 90.0))
    direction = np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([gauge.x_nm, gauge.y_nm])
    size = max(2 * abs(float((np.array(end_nm) - middle) @ direction)), least_nm)
    return replace(gauge, length_nm=size) if grip == "length" else replace(gauge, width_nm=size)


def loaded_in_words(found: GaugesRead, path: Path) -> str:
    """How many gauges came, and what became of the others."""
    parts = [f"{len(found.gauges):,} gauges from {path.name}"]
    if found.known:
        parts.append(f"{found.known:,} stood here already")
    if found.elsewhere:
        parts.append(f"{found.elsewhere:,} belong to other places")
    return ", ".join(parts) + "."


def ruler_in_words(found: Ruler) -> str:
    """Length in nm, where that is known, and px, and the direction."""
    nm = f"{found.length_nm:.1f} nm, " if np.isfinite(found.length_nm) else ""
    return f"{nm}{found.length_px:.1f} px, {found.angle_deg:.1f}°"


def _number(gauge_id: str) -> int:
    rest = gauge_id.removeprefix(BY_HAND)
    return int(rest) if gauge_id.startswith(BY_HAND) and rest.isdigit() else 0
