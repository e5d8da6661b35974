"""Where pointers are: that of another view, and the brush's rim."""

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.ui.canvas.colours import TEXT
from semiview.ui.canvas.strokes import cosmetic_pen

CROSS_PX = 14.0
CROSS_GAP_PX = 3.0


class CrossItem(QGraphicsItem):
    """Where the pointer of another view is."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)

    def boundingRect(self) -> QRectF:
        side = CROSS_PX + 2
        return QRectF(-side, -side, 2 * side, 2 * side)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        arms = [
            QLineF(x * CROSS_GAP_PX, y * CROSS_GAP_PX, x * CROSS_PX, y * CROSS_PX)
            for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))
        ]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for colour, width in ((QColor(0, 0, 0, 160), 3.0), (TEXT, 1.0)):
            painter.setPen(cosmetic_pen(colour, width))
            painter.drawLines(arms)


class BrushItem(QGraphicsItem):
    """The brush's rim: a circle in image px, seen on black and on white."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._radius = 1.0

    def set_radius(self, radius_px: float) -> None:
        """Radius in image px."""
        self.prepareGeometryChange()
        self._radius = radius_px
        self.update()

    def boundingRect(self) -> QRectF:
        side = self._radius * 1.1 + 2
        return QRectF(-side, -side, 2 * side, 2 * side)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0, 180), 3.0), (QColor(255, 255, 255), 1.2)):
            painter.setPen(cosmetic_pen(colour, width))
            painter.drawEllipse(QPointF(0, 0), self._radius, self._radius)
