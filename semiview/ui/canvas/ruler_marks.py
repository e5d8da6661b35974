"""Rulers with their lengths, and the box of the gauge in hand."""

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.core.outline import Points
from semiview.ui.canvas.colours import LANDMARK, TEXT_GROUND
from semiview.ui.canvas.strokes import cosmetic_pen, draw_label, footed, in_screen_px, surroundings

GRIP_PX = 3.5
END_PX = 5.0
LEAST_SIDE_PX = 24.0  # of the screen: grips would hide a smaller box


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
        self._bounds = surroundings(places)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        with in_screen_px(painter) as transform:
            self._draw_box(painter, transform)
            for mark in self._marks.rulers:
                begin, end = transform.map(QPointF(*mark.begin_px)), transform.map(QPointF(*mark.end_px))
                for colour, width in ((TEXT_GROUND, 4.0), (LANDMARK, 1.6)):
                    painter.setPen(cosmetic_pen(colour, width))
                    painter.drawLines(footed(begin, end, END_PX))
                draw_label(painter, end + QPointF(8, -8), mark.text)

    def _draw_box(self, painter: QPainter, transform: QTransform) -> None:
        box = self._marks.box_px
        if box is None:
            return
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
