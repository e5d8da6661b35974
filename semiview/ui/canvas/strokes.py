"""How things of a constant size on the screen are drawn: pens, labels, bars with feet."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QTransform

from semiview.ui.canvas.colours import TEXT, TEXT_GROUND

REACH = 200.0


def cosmetic_pen(colour: QColor, width_px: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen of the same width at every zoom."""
    pen = QPen(QBrush(colour), width_px, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    pen.setCosmetic(True)
    return pen


@contextmanager
def in_screen_px(painter: QPainter) -> Iterator[QTransform]:
    """Draw smoothly in screen px; gives the way there from the item's own coordinates."""
    transform = painter.worldTransform()
    painter.save()
    painter.resetTransform()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    try:
        yield transform
    finally:
        painter.restore()


def surroundings(places: Iterable[tuple[float, float]]) -> QRectF:
    """A box about places of an item whose marks reach beyond them by screen px, whose size is not known here."""
    box = QRectF()
    for at, below in places:
        box |= QRectF(at - REACH, below - REACH, 2 * REACH, 2 * REACH)
    return box


def footed(start: QPointF, end: QPointF, foot_px: float) -> list[QLineF]:
    """A bar with a foot across each end."""
    line = QLineF(start, end)
    foot = line.normalVector().unitVector()
    across = QPointF(foot.dx(), foot.dy()) * foot_px
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
