"""Things drawn at the same size at every zoom: gauges with their values, cursors, title and scale bar."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.ui.canvas.colours import DESIGN, GAUGE, LANDMARK, TEXT, TEXT_GROUND
from semiview.ui.canvas.overlays import cosmetic_pen

BAR_SHARE = 0.22
CROSS_PX = 14.0
CROSS_GAP_PX = 3.0
FOOT_PX = 4.0
MOST_VALUES = 150
PAIR_PX = 6.0
PAIR_REACH = 200.0
INSET_PX = 10.0


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
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(cosmetic_pen(GAUGE, 1.0))
        painter.drawLines([line for start, end, _ in seen for line in _bar(start, end)])
        if len(seen) <= MOST_VALUES:
            metrics = QFontMetricsF(painter.font())
            taken: list[QRectF] = []
            for start, end, text in seen:
                place = (start + end) / 2 + QPointF(6, -6)
                box = label_box(metrics, place, text)
                # A value that would lie over another one comes into sight when the picture is enlarged.
                if text and not any(box.intersects(other) for other in taken):
                    taken.append(box)
                    draw_label(painter, place, text)
        painter.restore()


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
        self._bounds = QRectF()
        for mark in marks:
            (u, v), (right, down) = mark.picture_px, mark.residual_px
            ends = [mark.picture_px, mark.design_px or mark.picture_px, (u + right, v + down)]
            for at, below in ends:
                # Rings and numbers reach beyond their places by screen px, whose size is not known here.
                self._bounds |= QRectF(at - PAIR_REACH, below - PAIR_REACH, 2 * PAIR_REACH, 2 * PAIR_REACH)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self._marks:
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
        painter.restore()


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


class SurroundItem(QGraphicsItem):
    """Title in the upper left corner and scale bar in the lower left one, in screen px."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._size = (0.0, 0.0)
        self._nm_per_px = float("nan")
        self._zoom = 0.0
        self._focused = False

    def set_title(self, title: str) -> None:
        """What the view shows."""
        self._title = title
        self.update()

    def set_focused(self, focused: bool) -> None:
        """Show that the keys go to this view."""
        self._focused = focused
        self.update()

    def set_size(self, width: float, height: float) -> None:
        """Size of the view in screen px."""
        self.prepareGeometryChange()
        self._size = (width, height)

    def set_scale(self, zoom: float, nm_per_px: float) -> None:
        """Screen px per image px (0: no picture, no bar), and nm per image px (NaN: the bar shows px)."""
        self._zoom, self._nm_per_px = zoom, nm_per_px
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, *self._size)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        if self._focused:
            painter.setPen(cosmetic_pen(DESIGN, 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.boundingRect().adjusted(1, 1, -1, -1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        draw_label(painter, QPointF(INSET_PX, INSET_PX + QFontMetricsF(font).ascent()), self._title)
        if self._zoom > 0:
            known = bool(np.isfinite(self._nm_per_px))
            length, text = scale_bar(self._size[0] * BAR_SHARE, self._zoom, self._nm_per_px if known else 1.0, known)
            left, bottom = INSET_PX, self._size[1] - INSET_PX
            width = max(length, QFontMetricsF(font).horizontalAdvance(text)) + 12
            height = QFontMetricsF(font).height() + 14
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(TEXT_GROUND)
            painter.drawRoundedRect(QRectF(left - 2, bottom - height, width, height), 3, 3)
            painter.fillRect(QRectF(left + 4, bottom - 8, length, 3), TEXT)
            painter.setPen(TEXT)
            painter.drawText(QPointF(left + 4, bottom - 13), text)


def scale_bar(wanted_px: float, zoom: float, nm_per_px: float, known: bool) -> tuple[float, str]:
    """A bar of a round length: its screen px and what is written on it.

    Parameters
    ----------
    wanted_px
        Longest bar in screen px.
    zoom
        Screen px per image px.
    nm_per_px
        Size of an image px; 1 where `known` is False, and the text then counts image px.

    Examples
    --------
    >>> scale_bar(120.0, 0.5, 2.0, True)
    (50.0, '200 nm')
    >>> scale_bar(120.0, 0.5, 1.0, False)
    (100.0, '200 px')
    """
    longest = wanted_px / zoom * nm_per_px
    decade = 10.0 ** np.floor(np.log10(longest))
    value = float(max(step * decade for step in (1, 2, 5) if step * decade <= longest * (1 + 1e-9)))
    length = float(value / nm_per_px * zoom)
    if not known:
        return length, f"{value:g} px"
    return length, f"{value / 1000:g} µm" if value >= 1000 else f"{value:g} nm"


def _bar(start: QPointF, end: QPointF) -> list[QLineF]:
    line = QLineF(start, end)
    foot = line.normalVector().unitVector()
    across = QPointF(foot.dx(), foot.dy()) * FOOT_PX
    return [line, QLineF(start - across, start + across), QLineF(end - across, end + across)]


def draw_label(painter: QPainter, place: QPointF, text: str) -> None:
    """Light text on a dark ground, its base line beginning at `place`, in screen px."""
    box = label_box(QFontMetricsF(painter.font()), place, text)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(TEXT_GROUND)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(TEXT)
    painter.drawText(place, text)


def label_box(metrics: QFontMetricsF, place: QPointF, text: str) -> QRectF:
    """The ground of a label whose base line begins at `place`."""
    return QRectF(
        place.x() - 4, place.y() - metrics.ascent() - 2, metrics.horizontalAdvance(text) + 8, metrics.height() + 4
    )
