"""One case of a project to be: its image with the design over it, a scale bar, and what is raised or open."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from semiview.core.case import Case
from semiview.ui.thumbnails import grey_picture

BAR_SHARE = 0.25  # of the picture's width, at most
LINE, FILL = QColor("#56b4e9"), QColor(86, 180, 233, 70)
MOST_PX = 1200


class ImportPreview(QWidget):
    """Draws a case where the stage claims it to be; `say` shows a sentence instead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(280, 240)
        self._case: Case | None = None
        self._image: QImage | None = None
        self._words = ""

    def say(self, words: str) -> None:
        """A sentence in place of a picture."""
        self._case = self._image = None
        self._words = words
        self.update()

    def show_case(self, case: Case) -> None:
        """Draw a case."""
        self._case, self._words = case, ""
        self._image = grey_picture(case.sem.pixels, MOST_PX, MOST_PX)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().base())
        if self._case is None or self._image is None:
            painter.setPen(self.palette().placeholderText().color())
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), int(flags), self._words)
            return
        height, width = self._case.sem.shape
        scale = min(self.width() / width, self.height() / height)
        left, top = (self.width() - width * scale) / 2, (self.height() - height * scale) / 2
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        picture = QRectF(left, top, width * scale, height * scale)
        painter.drawImage(picture, self._image)
        painter.setClipRect(picture)
        self._draw_design(painter, left, top, scale)
        self._draw_bar(painter, picture, scale)
        painter.end()

    def _draw_design(self, painter: QPainter, left: float, top: float, scale: float) -> None:
        case = self._case
        if case is None or case.design is None:
            return
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.OddEvenFill)
        for outline in case.design.target:
            points = (case.nominal.to_px(outline) + 0.5) * scale + (left, top)
            path.moveTo(QPointF(*points[0]))
            for point in points[1:]:
                path.lineTo(QPointF(*point))
            path.closeSubpath()
        if case.design.tone == "raised":
            painter.fillPath(path, FILL)
        elif case.design.tone == "opening":
            around = QPainterPath()
            around.addRect(QRectF(self.rect()))
            painter.fillPath(around.subtracted(path), FILL)
        painter.setPen(QPen(LINE, 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

    def _draw_bar(self, painter: QPainter, picture: QRectF, scale: float) -> None:
        case = self._case
        if case is None or not case.sem.pixel_size.known:
            return
        length_nm = round_length(case.sem.shape[1] * case.sem.pixel_size.x_nm * BAR_SHARE)
        length = length_nm / case.sem.pixel_size.x_nm * scale
        bar = QRectF(picture.left() + 10, picture.bottom() - 16, length, 5)
        words = f"{length_nm:g} nm" if length_nm < 1000 else f"{length_nm / 1000:g} µm"
        painter.fillRect(bar.adjusted(-4, -20, 4, 6), QColor(0, 0, 0, 150))
        painter.fillRect(bar, Qt.GlobalColor.white)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(QPointF(bar.left(), bar.top() - 5), words)


def round_length(most_nm: float) -> float:
    """The largest of 1, 2, 5, 10, ... nm that is no longer.

    >>> [round_length(value) for value in (7.0, 450.0, 2000.0)]
    [5.0, 200.0, 2000.0]
    """
    decade = 10.0 ** math.floor(math.log10(most_nm))
    fits = [step * decade for step in (1.0, 2.0, 5.0) if step * decade <= most_nm]
    return float(np.max(fits))
