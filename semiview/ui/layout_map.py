"""A map of a layout on which somebody points at the place of an image."""

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from semiview.core.outline import Points
from semiview.files.design_file import DesignLibrary
from semiview.files.layer_roles import LayerRole
from semiview.ui.latest import Errands, Latest
from semiview.ui.theme import BAD, GOOD

WHEEL_STEP = 1.25
CLICK_PX = 4.0
DOT_PX = 3.0  # nothing is drawn smaller
Box = tuple[float, float, float, float]


class LayoutMap(QWidget):
    """Polygons of a layout, y up; the wheel zooms, a drag pans, a click points.

    Attributes
    ----------
    pointed
        (x, y) in design nm.
    failed
        Why the layout cannot be shown.
    """

    pointed = Signal(float, float)
    failed = Signal(str)

    def __init__(self, errands: Errands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 240)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._latest = Latest(errands, self)
        self._library: DesignLibrary | None = None
        self._roles: tuple[LayerRole, ...] = ()
        self._cell = ""
        self._outlines: list[Points] = []
        self._more = False
        self._centre, self._nm_per_px = np.zeros(2), 1.0
        self._pressed: QPointF | None = None
        self._dragged = False
        self._places: Mapping[str, tuple[float, float]] = {}
        self._current = ""

    def show_layout(self, library: DesignLibrary, roles: tuple[LayerRole, ...], cell: str, box: Box) -> None:
        """Show all of a layout; `box` is its bounds in nm."""
        self._library, self._roles, self._cell = library, roles, cell
        self._centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
        span = max((box[2] - box[0]) / max(self.width(), 1), (box[3] - box[1]) / max(self.height(), 1))
        self._nm_per_px = max(span * 1.05, 1e-3)
        self._fetch()

    def show_places(self, places: Mapping[str, tuple[float, float]], current: str) -> None:
        """Mark the places pointed at so far, and whose is asked for now."""
        self._places, self._current = places, current
        self.update()

    def to_screen(self, x_nm: float, y_nm: float) -> QPointF:
        """Where a place of the layout is on the widget."""
        away = (np.array([x_nm, y_nm]) - self._centre) / self._nm_per_px
        return QPointF(self.width() / 2 + away[0], self.height() / 2 - away[1])

    def to_nm(self, place: QPointF) -> tuple[float, float]:
        """Design coordinate under a place of the widget."""
        away = np.array([place.x() - self.width() / 2, self.height() / 2 - place.y()])
        x_nm, y_nm = self._centre + away * self._nm_per_px
        return float(x_nm), float(y_nm)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().base())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        drawn = self.palette().placeholderText().color()
        painter.setPen(QPen(drawn, 1))
        fill = QColor(drawn)
        fill.setAlpha(90)
        painter.setBrush(fill)
        for outline in self._outlines:
            if np.ptp(outline, axis=0).max() < DOT_PX * self._nm_per_px:
                middle = self.to_screen(*outline.mean(axis=0))  # seen from afar it would vanish
                painter.fillRect(QRectF(middle.x() - DOT_PX / 2, middle.y() - DOT_PX / 2, DOT_PX, DOT_PX), drawn)
            else:
                painter.drawPolygon(QPolygonF([self.to_screen(x, y) for x, y in outline]))
        for name, (x_nm, y_nm) in self._places.items():
            painter.setPen(QPen(QColor(BAD if name == self._current else GOOD), 2))
            place = self.to_screen(x_nm, y_nm)
            painter.drawLine(place + QPointF(-7, 0), place + QPointF(7, 0))
            painter.drawLine(place + QPointF(0, -7), place + QPointF(0, 7))
        painter.setPen(self.palette().text().color())
        words = "Reading the layout…" if self._latest.busy and not self._outlines else ""
        words = words or ("Only a part of the polygons is drawn: zoom in." if self._more else "")
        painter.drawText(self.rect().adjusted(8, 6, -8, -6), Qt.AlignmentFlag.AlignBottom, words)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fetch()

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = WHEEL_STEP ** (-event.angleDelta().y() / 120)
        under = np.array(self.to_nm(event.position()))
        self._centre = under + (self._centre - under) * factor
        self._nm_per_px *= factor
        self._fetch()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        away = event.position() - self._pressed
        if self._dragged or max(abs(away.x()), abs(away.y())) > CLICK_PX:
            self._dragged = True
            self._centre = self._centre - np.array([away.x(), -away.y()]) * self._nm_per_px
            self._pressed = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton:
            self.pointed.emit(*self.to_nm(event.position()))
        elif self._dragged:
            self._fetch()
        self._pressed = None

    def _fetch(self) -> None:
        self.update()
        library, roles, cell = self._library, self._roles, self._cell
        if library is None:
            return
        half = np.array([self.width(), self.height()]) / 2 * self._nm_per_px
        low, high = self._centre - half, self._centre + half
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

        def done(answer: tuple[list[Points], bool]) -> None:
            self._outlines, self._more = answer
            self.update()

        self._latest.ask(
            lambda: library.outlines_in(box, roles, cell), done, lambda problem: self.failed.emit(str(problem))
        )
