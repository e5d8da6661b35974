"""Pictures in the scene: only the visible part is levelled, coloured and drawn, one value per screen px."""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.core.coverage import FULL, HALF
from semiview.ui.canvas.pyramid import Pyramid, Values

Colours = npt.NDArray[np.uint32]

HATCH_PITCH_PX = 8
HATCH_WIDTH_PX = 2
RIM_GAIN = 1.8


def grey_lut() -> npt.NDArray[np.uint8]:
    """(256, 4) RGBA from black to white, opaque."""
    ramp = np.arange(256, dtype=np.uint8)
    return np.column_stack([ramp, ramp, ramp, np.full(256, 255, np.uint8)])


def premultiplied(rgba: npt.NDArray[np.uint8]) -> Colours:
    """(N, 4) RGBA as (N,) words of QImage.Format_ARGB32_Premultiplied."""
    red, green, blue, alpha = rgba.astype(np.uint32).T
    words = (alpha << 24) | ((red * alpha // 255) << 16) | ((green * alpha // 255) << 8) | (blue * alpha // 255)
    result: Colours = words.astype(np.uint32)
    return result


def opaque(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """(N, 4) RGBA of (N, 3) colours from 0 to 255."""
    return np.column_stack([np.rint(rgb), np.full(len(rgb), 255)]).astype(np.uint8)


class ScreenItem(QGraphicsItem):
    """A pyramid drawn at the screen's own resolution; subclasses say how values become colours.

    The scene may move and enlarge it, not turn it. Pixel centres lie at integers: it spans [-0.5, W - 0.5].
    """

    _pad_px = 0
    _crisp = True
    _format = QImage.Format.Format_ARGB32_Premultiplied

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._pyramid: Pyramid | None = None
        # What was drawn last: where, the image, and the words whose memory the image uses.
        self._drawn: tuple[object, QImage, Colours] | None = None

    @property
    def pyramid(self) -> Pyramid | None:
        """What is drawn, or None."""
        return self._pyramid

    def set_pyramid(self, pyramid: Pyramid | None) -> None:
        """Draw another picture; several items may share one pyramid."""
        self.prepareGeometryChange()
        self._pyramid = pyramid
        self.refresh()

    def refresh(self) -> None:
        """Draw anew: the pyramid's values or the colours have changed."""
        self._drawn = None
        self.update()

    def boundingRect(self) -> QRectF:
        if self._pyramid is None:
            return QRectF()
        height, width = self._pyramid.shape
        return QRectF(-0.5, -0.5, width, height)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        if self._pyramid is None:
            return
        ratio = painter.device().devicePixelRatio()
        transform = painter.worldTransform()  # without the ratio, which combinedTransform holds already
        zoom, origin = transform.m11() * ratio, (transform.dx() * ratio, transform.dy() * ratio)
        shown = QRectF(painter.viewport()).intersected(transform.mapRect(self.boundingRect()))
        box = QRectF(shown.x() * ratio, shown.y() * ratio, shown.width() * ratio, shown.height() * ratio)
        box = QRectF(box.left() + 0.01, box.top() + 0.01, box.width() - 0.02, box.height() - 0.02)
        if box.width() <= 0 or box.height() <= 0:
            return
        pixels = box.toAlignedRect()
        key = (pixels.getRect(), zoom, origin, ratio)
        if self._drawn is None or self._drawn[0] != key:
            words = self._render(self._pyramid, pixels, zoom, origin)
            image = QImage(words.data, pixels.width(), pixels.height(), 4 * pixels.width(), self._format)
            image.setDevicePixelRatio(ratio)
            self._drawn = key, image, words
        painter.save()
        painter.resetTransform()
        painter.drawImage(QPointF(pixels.x() / ratio, pixels.y() / ratio), self._drawn[1])
        painter.restore()

    def _render(self, pyramid: Pyramid, box: QRect, zoom: float, origin: tuple[float, float]) -> Colours:
        pad, left, top = self._pad_px, box.x(), box.y()
        size = (box.width() + 2 * pad, box.height() + 2 * pad)
        values = pyramid.sample(left - pad, top - pad, *size, zoom, origin, self._crisp)
        colours = self._colours(values, left - math.floor(origin[0]), top - math.floor(origin[1]))
        return np.ascontiguousarray(colours)

    def _colours(self, values: Values, x: int, y: int) -> Colours:
        raise NotImplementedError


class PyramidItem(ScreenItem):
    """A grey picture through levels and a colour table."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._levels = (0.0, 255.0)
        self._table: Colours | None = None
        self._level_table: npt.NDArray[np.uint8] | None = None
        self._grey: tuple[object, npt.NDArray[np.uint8]] | None = None
        self.set_lut(grey_lut())

    @property
    def levels(self) -> tuple[float, float]:
        """Grey values drawn as the first and the last colour."""
        return self._levels

    def set_image(self, pixels: npt.NDArray[Any] | None) -> None:
        """Draw (H, W) uint8, uint16 or float32; None for nothing."""
        self.set_pyramid(None if pixels is None else Pyramid(pixels))

    def set_pyramid(self, pyramid: Pyramid | None) -> None:
        self._table = self._level_table = None
        super().set_pyramid(pyramid)

    def refresh(self) -> None:
        self._grey = None
        super().refresh()

    def set_levels(self, low: float, high: float) -> None:
        """Draw `low` as the first and `high` as the last colour.

        Raises
        ------
        ValueError
            Unless both are finite and low < high.
        """
        if not (np.isfinite([low, high]).all() and low < high):
            raise ValueError(f"levels need low < high, not {low!r} and {high!r}")
        self._levels = (float(low), float(high))
        self._table = self._level_table = None
        self.refresh()

    def set_lut(self, rgba: npt.NDArray[np.uint8]) -> None:
        """Colour by a table (256, 4) of RGBA."""
        if rgba.shape != (256, 4) or rgba.dtype != np.uint8:
            raise ValueError(f"a colour table is (256, 4) uint8, this is {rgba.shape} {rgba.dtype}")
        self._lut = premultiplied(rgba)
        opaque = bool((rgba[:, 3] == 255).all())
        self._format = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied
        self._table = None
        self.refresh()

    @property
    def lut(self) -> Colours:
        """(256,) colours of the levelled values."""
        return self._lut

    def grey(self, box: QRect, zoom: float, origin: tuple[float, float]) -> npt.NDArray[np.uint8]:
        """(H, W) levelled values of a box of screen px; zero without a picture."""
        if self._pyramid is None:
            return np.zeros((box.height(), box.width()), np.uint8)
        key = (box.getRect(), zoom, origin)
        if self._grey is None or self._grey[0] != key:
            values = self._pyramid.sample(box.x(), box.y(), box.width(), box.height(), zoom, origin, self._crisp)
            self._grey = key, self._levelled_fast(values)
        return self._grey[1]

    def _colours(self, values: Values, _x: int, _y: int) -> Colours:
        if values.dtype == np.float32:
            return self._lut.take(self._levelled(values))
        if self._table is None:
            self._table = self._lut.take(self._levelled(np.arange(np.iinfo(values.dtype).max + 1, dtype=np.float32)))
        return self._table.take(values)

    def _levelled_fast(self, values: Values) -> npt.NDArray[np.uint8]:
        if values.dtype == np.float32:
            return self._levelled(values)
        if self._level_table is None:
            self._level_table = self._levelled(np.arange(np.iinfo(values.dtype).max + 1, dtype=np.float32))
        return self._level_table.take(values)

    def _levelled(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        low, high = self._levels
        scaled = (np.nan_to_num(values) - np.float32(low)) * np.float32(255 / (high - low))
        result: npt.NDArray[np.uint8] = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
        return result


class CoverageItem(ScreenItem):
    """A painted shape (uint8 coverage): a fill, and a line where half of the pixel is inside.

    The line is the half contour of what is on the screen, found anew in each frame: it follows a brush at once.
    """

    _pad_px = 2
    _crisp = False

    def __init__(self, colour: QColor, fill: float, hatched: bool = False, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._hatched = hatched
        alpha = np.arange(256, dtype=np.uint8)
        rgb = np.tile(np.array([colour.red(), colour.green(), colour.blue()], np.uint8), (256, 1))
        self._by_alpha = premultiplied(np.column_stack([rgb, alpha]))
        self._fill = np.rint(fill * alpha).astype(np.uint8)

    def _colours(self, values: Values, x: int, y: int) -> Colours:
        pad = self._pad_px
        inside = cv2.threshold(values, HALF - 1, FULL, cv2.THRESH_BINARY)[1]
        eroded = cv2.erode(inside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
        rim = cv2.GaussianBlur(cv2.subtract(inside, eroded), (3, 3), 0)
        rim = cv2.convertScaleAbs(rim, alpha=RIM_GAIN)[pad:-pad, pad:-pad]
        alpha = cv2.LUT(values, self._fill)[pad:-pad, pad:-pad]
        if self._hatched:
            # Counted from the picture's corner: the hatch goes with the picture when it is dragged.
            rows, columns = np.arange(alpha.shape[0])[:, None] + y, np.arange(alpha.shape[1]) + x
            alpha = np.where((rows + columns) % HATCH_PITCH_PX < HATCH_WIDTH_PX, alpha, 0).astype(np.uint8)
        return self._by_alpha.take(np.maximum(alpha, rim))
