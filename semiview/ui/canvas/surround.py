"""What stands at the rim of a view, in screen px: title, note, scale bar, the bar of a difference."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.ui.canvas.colours import DESIGN, TEXT, TEXT_GROUND
from semiview.ui.canvas.difference import DifferenceScale, draw_difference_bar
from semiview.ui.canvas.strokes import cosmetic_pen, draw_label

BAR_SHARE = 0.22
INSET_PX = 10.0


class SurroundItem(QGraphicsItem):
    """Title and note above, scale bar and the bar of a difference below, in screen px."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._size = (0.0, 0.0)
        self._nm_per_px = float("nan")
        self._zoom = 0.0
        self._focused = False
        self._note = ""
        self._difference: tuple[DifferenceScale, float] | None = None

    @property
    def note(self) -> str:
        """What a person must know of what the view shows."""
        return self._note

    def set_note(self, note: str) -> None:
        """What a person must know of what the view shows; empty: nothing."""
        self._note = note
        self.update()

    def set_difference(self, scale: DifferenceScale | None, span: float = 1.0) -> None:
        """The bar of a difference and how far it goes; None: no difference is shown."""
        self._difference = None if scale is None else (scale, span)
        self.update()

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
        metrics = QFontMetricsF(font)
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideMiddle, self._size[0] - 2 * INSET_PX)
        draw_label(painter, QPointF(INSET_PX, INSET_PX + metrics.ascent()), title)
        if self._note:
            self._draw_note(painter)
        if self._difference is not None:
            draw_difference_bar(painter, *self._difference, INSET_PX)
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

    def _draw_note(self, painter: QPainter) -> None:
        """Below the title, in as many lines as the view's width wants."""
        metrics = QFontMetricsF(painter.font())
        room = QRectF(INSET_PX, INSET_PX + 1.8 * metrics.height(), self._size[0] - 2 * INSET_PX, self._size[1])
        words = Qt.TextFlag.TextWordWrap
        text = metrics.boundingRect(room, int(words), self._note)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(TEXT_GROUND)
        painter.drawRoundedRect(text.adjusted(-4, -2, 4, 2), 3, 3)
        painter.setPen(TEXT)
        painter.drawText(room, int(words), self._note)


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
