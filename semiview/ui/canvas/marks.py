"""Gauges with their values and landmarks, drawn at the same size at every zoom."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.ui.canvas.colours import DESIGN, GAUGE, LANDMARK
from semiview.ui.canvas.strokes import cosmetic_pen, draw_label, footed, in_screen_px, label_box, surroundings

FOOT_PX = 4.0
MOST_VALUES = 150
PAIR_PX = 6.0


@dataclass(frozen=True, slots=True)
class GaugeMark:
    """A gauge in nm relative to one origin: its two ends, and what is written beside it."""

    start_nm: tuple[float, float]
    end_nm: tuple[float, float]
    text: str = ""


class GaugesItem(QGraphicsItem):
    """Gauges as bars with feet; values beside them while they are few enough to be read."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._marks: tuple[GaugeMark, ...] = ()
        self._bounds = QRectF()

    def set_marks(self, marks: Sequence[GaugeMark]) -> None:
        """Draw these."""
        self.prepareGeometryChange()
        self._marks = tuple(marks)
        ends = np.array([(mark.start_nm, mark.end_nm) for mark in marks]).reshape(-1, 2)
        self._bounds = QRectF()
        if len(ends):
            (left, top), (right, bottom) = ends.min(axis=0), ends.max(axis=0)
            # Feet and text reach beyond the bars by screen px, whose size is not known here.
            reach = max(right - left, bottom - top, 1.0) / 2
            self._bounds = QRectF(QPointF(left, top), QPointF(right, bottom)).adjusted(-reach, -reach, reach, reach)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        transform, window = painter.worldTransform(), QRectF(painter.viewport())
        seen = []
        for mark in self._marks:
            start, end = transform.map(QPointF(*mark.start_nm)), transform.map(QPointF(*mark.end_nm))
            if QRectF(start, end).normalized().adjusted(-1, -1, 1, 1).intersects(window):
                seen.append((start, end, mark.text))
        with in_screen_px(painter):
            painter.setPen(cosmetic_pen(GAUGE, 1.0))
            painter.drawLines([line for start, end, _ in seen for line in footed(start, end, FOOT_PX)])
            if len(seen) <= MOST_VALUES:
                _draw_values(painter, [((start + end) / 2 + QPointF(6, -6), text) for start, end, text in seen])


def _draw_values(painter: QPainter, values: list[tuple[QPointF, str]]) -> None:
    metrics = QFontMetricsF(painter.font())
    taken: list[QRectF] = []
    for place, text in values:
        box = label_box(metrics, place, text)
        # A value that would lie over another one comes into sight when the picture is enlarged.
        if text and not any(box.intersects(other) for other in taken):
            taken.append(box)
            draw_label(painter, place, text)


@dataclass(frozen=True, slots=True)
class PairMark:
    """A landmark in image px: its place in the picture, the design's place beside it, and an enlarged residual."""

    text: str
    picture_px: tuple[float, float]
    design_px: tuple[float, float] | None
    residual_px: tuple[float, float]


class PairsItem(QGraphicsItem):
    """Landmarks: a cross in the picture, a ring on the design, a line between them, and what a fit leaves of it."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._marks: tuple[PairMark, ...] = ()
        self._bounds = QRectF()

    def set_marks(self, marks: Sequence[PairMark]) -> None:
        """Draw these."""
        self.prepareGeometryChange()
        self._marks = tuple(marks)
        places = []
        for mark in marks:
            (u, v), (right, down) = mark.picture_px, mark.residual_px
            places += [mark.picture_px, mark.design_px or mark.picture_px, (u + right, v + down)]
        self._bounds = surroundings(places)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        with in_screen_px(painter) as transform:
            for mark in self._marks:
                _draw_pair(painter, transform, mark)


def _draw_pair(painter: QPainter, transform: QTransform, mark: PairMark) -> None:
    at = transform.map(QPointF(*mark.picture_px))
    rest = transform.map(QPointF(*mark.picture_px) + QPointF(*mark.residual_px))
    painter.setPen(cosmetic_pen(LANDMARK, 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    arm = QPointF(PAIR_PX, 0), QPointF(0, PAIR_PX)
    painter.drawLines([QLineF(at - arm[0], at + arm[0]), QLineF(at - arm[1], at + arm[1])])
    if mark.design_px is not None:
        there = transform.map(QPointF(*mark.design_px))
        painter.setPen(cosmetic_pen(DESIGN, 1.4))
        painter.drawEllipse(there, PAIR_PX, PAIR_PX)
        painter.drawLine(at, there)
        painter.setPen(cosmetic_pen(LANDMARK, 2.2))
        painter.drawLine(at, rest)
    draw_label(painter, at + QPointF(PAIR_PX, -PAIR_PX), mark.text)
