"""Rulers with their lengths, and the box of the gauge in hand."""

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.core.outline import Points
from semiview.ui.canvas.colours import LANDMARK, TEXT_GROUND
from semiview.ui.canvas.marks import draw_label
from semiview.ui.canvas.overlays import cosmetic_pen

GRIP_PX = 3.5
END_PX = 5.0
LEAST_SIDE_PX = 24.0  # of the screen: grips would hide a smaller box
REACH = 200.0


@dataclass(frozen=True, slots=True)
class RulerMark:
    """A ruler in image px and what is written at its end."""

    begin_px: tuple[float, float]
    end_px: tuple[float, float]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class MeasureMarks:
    """Rulers, and (4, 2) corners in image px of the gauge in hand; `grips`: it can be dragged by them."""

    rulers: tuple[RulerMark, ...] = ()
    box_px: Points | None = None
    grips: bool = False


class RulersItem(QGraphicsItem):
    """Draws `MeasureMarks` in the view's world."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._marks = MeasureMarks()
        self._bounds = QRectF()

    def set_marks(self, marks: MeasureMarks) -> None:
        """Draw these."""
        self.prepareGeometryChange()
        self._marks = marks
        places = [place for mark in marks.rulers for place in (mark.begin_px, mark.end_px)]
        places += [] if marks.box_px is None else [(float(u), float(v)) for u, v in marks.box_px]
        self._bounds = QRectF()
        for u, v in places:
            # Labels reach beyond their places by screen px, whose size is not known here.
            self._bounds |= QRectF(u - REACH, v - REACH, 2 * REACH, 2 * REACH)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self._marks.box_px
        if box is not None:
            corners = [transform.map(QPointF(float(u), float(v))) for u, v in box]
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in ((TEXT_GROUND, 3.0), (LANDMARK, 1.4)):
                painter.setPen(cosmetic_pen(colour, width))
                painter.drawPolygon(QPolygonF(corners))
            sides = QLineF(corners[0], corners[1]).length(), QLineF(corners[1], corners[2]).length()
            if self._marks.grips and min(sides) >= LEAST_SIDE_PX:
                painter.setBrush(LANDMARK)
                middles = [(corners[number - 1] + corners[number]) / 2 for number in range(4)]
                for place in (*middles, (corners[0] + corners[2]) / 2):
                    painter.drawEllipse(place, GRIP_PX, GRIP_PX)
        for mark in self._marks.rulers:
            begin, end = transform.map(QPointF(*mark.begin_px)), transform.map(QPointF(*mark.end_px))
            line = QLineF(begin, end)
            foot = line.normalVector().unitVector()
            across = QPointF(foot.dx(), foot.dy()) * END_PX
            for colour, width in ((TEXT_GROUND, 4.0), (LANDMARK, 1.6)):
                painter.setPen(cosmetic_pen(colour, width))
                painter.drawLines([line, QLineF(begin - across, begin + across), QLineF(end - across, end + across)])
            draw_label(painter, end + QPointF(8, -8), mark.text)
        painter.restore()
