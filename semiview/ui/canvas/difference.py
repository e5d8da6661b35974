"""The difference of two pictures in colours, symmetric about none, and the bar that says what they mean."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from semiview.ui.canvas.colours import DIFFERENCE_LESS, DIFFERENCE_MORE, DIFFERENCE_NONE, TEXT, TEXT_GROUND
from semiview.ui.canvas.pyramid_item import Colours, opaque, premultiplied

FULL_GREY = 255
BAR_PX = (14, 132)
PAD_PX = 7.0
MOST_SHARE = 0.55  # of the view's width, with the pictures' names


@dataclass(frozen=True, slots=True)
class DifferenceScale:
    """What is subtracted from what.

    Attributes
    ----------
    first, second
        Names of the pictures.
    full
        How much black and white differ by, in the pictures' unit; None: the two have none in common.
    unit
        Written behind the numbers.
    """

    first: str = ""
    second: str = ""
    full: float | None = None
    unit: str = ""

    def labels(self, span: float, narrow: bool = False) -> tuple[str, str, str]:
        """What stands at the top, in the middle and at the foot of the bar; without the names where it is narrow.

        >>> DifferenceScale("SEM", "Design").labels(0.5)
        ('SEM brighter', 'equal', 'Design brighter')
        >>> DifferenceScale("Prediction", "Another", 1.0).labels(0.5)
        ('Prediction +0.5', '0', 'Another +0.5')
        """
        if narrow:
            size = "" if self.full is None else f"{self.full * span:.3g}"
            return f"+{size}", "0", f"\N{MINUS SIGN}{size}"
        if self.full is None:
            return f"{self.first} brighter", "equal", f"{self.second} brighter"
        most = f"+{self.full * span:.3g}{self.unit}"
        return f"{self.first} {most}", "0", f"{self.second} {most}"


@lru_cache(maxsize=8)
def difference_colours(span: float) -> Colours:
    """(511,) colours of first minus second from -255 to 255; the strongest from `span` of 255 on."""
    size = np.clip(np.linspace(-1, 1, 2 * FULL_GREY + 1)[:, None] / span, -1, 1)
    none, more, less = (
        np.array([shade.red(), shade.green(), shade.blue()], np.float64)
        for shade in (DIFFERENCE_NONE, DIFFERENCE_MORE, DIFFERENCE_LESS)
    )
    return premultiplied(opaque(none + np.abs(size) * (np.where(size > 0, more, less) - none)))


def draw_difference_bar(painter: QPainter, scale: DifferenceScale, span: float, inset_px: float) -> None:
    """In the lower right corner of the view, in screen px."""
    room = QRectF(painter.viewport())
    metrics = QFontMetricsF(painter.font())
    width, height = BAR_PX
    for narrow in (False, True):
        labels = scale.labels(span, narrow)
        words = max(metrics.horizontalAdvance(label) for label in labels)
        ground = QRectF(0, 0, width + words + 3 * PAD_PX, height + 2 * PAD_PX)
        if ground.width() < MOST_SHARE * room.width():
            break
    ground.moveBottomRight(room.bottomRight() - QPointF(inset_px, inset_px))
    painter.save()
    painter.resetTransform()
    painter.setBrush(TEXT_GROUND)
    painter.setPen(QColor(0, 0, 0, 0))
    painter.drawRoundedRect(ground, 3, 3)
    bar = QRectF(ground.left() + PAD_PX, ground.top() + PAD_PX, width, height)
    ramp = np.ascontiguousarray(np.repeat(difference_colours(1.0)[::-1, None], width, axis=1))
    painter.drawImage(bar, QImage(ramp.data, width, len(ramp), 4 * width, QImage.Format.Format_RGB32))
    painter.setPen(TEXT)
    left, rise = bar.right() + PAD_PX, metrics.ascent()
    for share, label in zip((0.0, 0.5, 1.0), labels, strict=True):
        top = bar.top() + share * (height - metrics.height())
        painter.drawText(QPointF(left, top + rise), label)
    painter.restore()
