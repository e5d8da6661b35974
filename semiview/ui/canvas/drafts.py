"""What a hand is drawing: corners of a polygon, vertices of an outline."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.core.outline import Points
from semiview.ui.canvas.colours import CORRECTION, DRAFT
from semiview.ui.canvas.strokes import cosmetic_pen

HANDLE_PX = 3.5
REACH_PX = 64.0  # handles reach beyond their places by screen px, whose size is not known here


class DraftItem(QGraphicsItem):
    """An outline in image px with handles of the same size at every zoom."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._outline: Points = np.empty((0, 2))
        self._handles: Points = np.empty((0, 2))
        self._closed = False
        self._chosen: tuple[float, float] | None = None
        self._pointer: tuple[float, float] | None = None

    def set_outline(
        self, outline: Points, handles: Points, closed: bool, chosen: tuple[float, float] | None = None
    ) -> None:
        """Draw this; an open one goes on to the pointer."""
        self.prepareGeometryChange()
        self._outline, self._handles, self._closed, self._chosen = outline, handles, closed, chosen
        self.update()

    def set_pointer(self, place: tuple[float, float] | None) -> None:
        """Where the mouse is in image px; None: nowhere."""
        if len(self._outline) and not self._closed:
            self.prepareGeometryChange()
            self._pointer = place
            self.update()
        else:
            self._pointer = place

    def boundingRect(self) -> QRectF:
        if not len(self._outline):
            return QRectF()
        points = self._outline if self._pointer is None else np.vstack([self._outline, self._pointer])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return QRectF(QPointF(left, top), QPointF(right, bottom)).adjusted(-REACH_PX, -REACH_PX, REACH_PX, REACH_PX)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        if not len(self._outline):
            return
        transform = painter.worldTransform()
        line = QPolygonF([transform.map(QPointF(u, v)) for u, v in self._outline.tolist()])
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not self._closed and self._pointer is not None:
            line.append(transform.map(QPointF(*self._pointer)))
        for colour, width in ((QColor(0, 0, 0, 160), 3.0), (CORRECTION if self._closed else DRAFT, 1.4)):
            painter.setPen(cosmetic_pen(colour, width))
            (painter.drawPolygon if self._closed else painter.drawPolyline)(line)
        painter.setPen(cosmetic_pen(QColor(0, 0, 0, 200), 1.0))
        painter.setBrush(DRAFT)
        size = QPointF(HANDLE_PX, HANDLE_PX)
        places = [transform.map(QPointF(u, v)) for u, v in self._handles.tolist()]
        painter.drawRects([QRectF(place - size, place + size) for place in places])
        if self._chosen is not None:
            painter.setBrush(CORRECTION)
            place = transform.map(QPointF(*self._chosen))
            painter.drawRect(QRectF(place - size * 1.4, place + size * 1.4))
        painter.restore()
