"""Two pictures in one view, pixel by pixel of the screen: curtain, checkerboard, overlay, blink, difference, red/cyan.

Both are sampled at the same screen px through the same camera, so that one place is at one place in every mode.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.core.outline import Points, signed_area, with_breaks
from semiview.ui.canvas.colours import (
    DESIGN_MATERIAL,
    DESIGN_SPACE,
    TEXT,
)
from semiview.ui.canvas.difference import difference_colours
from semiview.ui.canvas.overlays import to_path
from semiview.ui.canvas.pyramid import Pyramid
from semiview.ui.canvas.pyramid_item import Colours, PyramidItem, ScreenItem, opaque, premultiplied
from semiview.ui.canvas.strokes import cosmetic_pen
from semiview.ui.view_settings import ViewSettings

Grey = npt.NDArray[np.uint8]
HANDLE_PX = 9.0
MARGIN_PX = 192
PATH_OUTLINES = 100


class Source(Protocol):
    """A picture of the pair."""

    def grey(self, box: QRect, zoom: float, origin: tuple[float, float]) -> Grey:
        """(H, W) of a box of screen px; `zoom` screen px per image px, `origin` the screen place of image (0, 0)."""
        ...

    @property
    def lut(self) -> Colours:
        """(256,) colours of the greys, as it looks alone."""
        ...


class PictureSource:
    """What a picture's own view shows."""

    def __init__(self, item: PyramidItem) -> None:
        self._item = item

    def grey(self, box: QRect, zoom: float, origin: tuple[float, float]) -> Grey:
        """(H, W) of a box of screen px."""
        return self._item.grey(box, zoom, origin)

    @property
    def lut(self) -> Colours:
        """(256,) colours."""
        return self._item.lut


class DesignSource:
    """The design's polygons, drawn with the share of each screen px that they cover."""

    def __init__(self) -> None:
        self._outlines: list[Points] = []
        self._hole = np.empty(0, dtype=bool)
        self._lows, self._highs = np.empty((0, 2)), np.empty((0, 2))
        self._transform: QTransform | None = None
        self._kept: tuple[object, QRect, Grey] | None = None
        self._opening = False
        ends = np.array([_rgb(DESIGN_SPACE), _rgb(DESIGN_MATERIAL)])
        rgb = ends[0] + np.linspace(0, 1, 256)[:, None] * (ends[1] - ends[0])
        self._lut = premultiplied(opaque(rgb))

    @property
    def lut(self) -> Colours:
        """(256,) colours from space to standing material."""
        return self._lut

    def set_design(self, outlines: Sequence[Points], opening: bool) -> None:
        """Merged outlines in nm about an origin; `opening`: what is drawn is a hole in the material."""
        areas = np.array([signed_area(outline) for outline in outlines])
        # A hole is painted over what lies around it, an island over the hole.
        order = np.argsort(-np.abs(areas), kind="stable")
        self._outlines, self._hole, self._opening = [outlines[number] for number in order], areas[order] < 0, opening
        self._lows = np.array([outline.min(axis=0) for outline in self._outlines]).reshape(-1, 2)
        self._highs = np.array([outline.max(axis=0) for outline in self._outlines]).reshape(-1, 2)
        self._kept = None

    def set_registration(self, transform: QTransform | None) -> None:
        """From nm about the origin to image px; None: there is no pixel size."""
        self._transform, self._kept = transform, None

    def grey(self, box: QRect, zoom: float, origin: tuple[float, float]) -> Grey:
        """(H, W) of a box of screen px."""
        # The camera pans by whole screen px: what was drawn with a margin serves many steps.
        whole = (math.floor(origin[0]), math.floor(origin[1]))
        key = (zoom, origin[0] - whole[0], origin[1] - whole[1])
        here = box.translated(-whole[0], -whole[1])
        if self._kept is None or self._kept[0] != key or not self._kept[1].contains(here):
            room = here.adjusted(-MARGIN_PX, -MARGIN_PX, MARGIN_PX, MARGIN_PX)
            self._kept = key, room, self._draw(room, zoom, (key[1], key[2]))
        _, room, values = self._kept
        top, left = here.y() - room.y(), here.x() - room.x()
        return values[top : top + here.height(), left : left + here.width()]

    def _draw(self, box: QRect, zoom: float, origin: tuple[float, float]) -> Grey:
        image = QImage(box.width(), box.height(), QImage.Format.Format_RGB32)
        image.fill(QColor(0, 0, 0))
        if self._transform is not None and self._outlines:
            to_box = self._transform * QTransform(zoom, 0, 0, zoom, origin[0] - box.x(), origin[1] - box.y())
            seen = to_box.inverted()[0].mapRect(QRectF(0, 0, box.width(), box.height()))
            near = (self._lows <= (seen.right(), seen.bottom())).all(axis=1)
            near &= (self._highs >= (seen.left(), seen.top())).all(axis=1)
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setTransform(to_box)
            for hole, numbers in _runs(self._hole, np.flatnonzero(near)):
                path = to_path(with_breaks([self._outlines[number] for number in numbers]))
                painter.fillPath(path, QBrush(QColor(0, 0, 0) if hole else QColor(255, 255, 255)))
            painter.end()
        drawn = np.frombuffer(image.constBits(), np.uint8).reshape(box.height(), image.bytesPerLine())
        values = drawn[:, : 4 * box.width() : 4]
        return 255 - values if self._opening else values.copy()


def _runs(hole: npt.NDArray[np.bool_], numbers: npt.NDArray[np.intp]) -> Iterator[tuple[bool, list[int]]]:
    """Outlines of one kind in a row, a hundred at most: Qt fills a path of thousands many times slower."""
    run: list[int] = []
    for number in numbers.tolist():
        if run and (hole[number] != hole[run[0]] or len(run) == PATH_OUTLINES):
            yield bool(hole[run[0]]), run
            run = []
        run.append(number)
    if run:
        yield bool(hole[run[0]]), run


class ComposedItem(ScreenItem):
    """The pair of pictures, put together by the settings."""

    _format = QImage.Format.Format_RGB32

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._pair: tuple[Source, Source] | None = None
        self._settings = ViewSettings()
        self._turned = False
        self._window = (0, 0, 1.0)

    def set_pair(self, shape_of: Pyramid | None, first: Source | None, second: Source | None) -> None:
        """Compare these, in a picture as large as that pyramid; None: nothing to see."""
        self._pair = None if first is None or second is None else (first, second)
        self.set_pyramid(None if self._pair is None else shape_of)

    def set_settings(self, settings: ViewSettings) -> None:
        """By these settings."""
        self._settings = settings
        self.refresh()

    def turn(self, turned: bool) -> None:
        """In the mode blink: show the second picture."""
        if turned != self._turned:
            self._turned = turned
            self.refresh()

    @property
    def turned(self) -> bool:
        """True while the mode blink shows the second picture."""
        return self._turned

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        room = painter.viewport()
        window = (room.width(), room.height(), painter.device().devicePixelRatio())
        if window != self._window:
            self._window, self._drawn = window, None
        super().paint(painter, option, widget)
        if self._settings.compare_mode == "curtain" and self._pair is not None:
            _draw_divider(painter, self._settings.divider * room.width(), self.boundingRect())

    def _render(self, _pyramid: Pyramid, box: QRect, zoom: float, origin: tuple[float, float]) -> Colours:
        if self._pair is None:
            raise ValueError("there is no pair to compare")
        first, second = self._pair
        mode, ratio = self._settings.compare_mode, self._window[2]
        if mode == "curtain":
            edge = round(self._settings.divider * self._window[0] * ratio)
            split = min(max(edge - box.x(), 0), box.width())
            left = QRect(box.x(), box.y(), split, box.height())
            right = QRect(box.x() + split, box.y(), box.width() - split, box.height())
            sides = [
                source.lut.take(source.grey(part, zoom, origin))
                for source, part in ((first, left), (second, right))
                if part.width() > 0
            ]
            return np.ascontiguousarray(np.concatenate(sides, axis=1))
        if mode == "blink":
            source = second if self._turned else first
            return source.lut.take(source.grey(box, zoom, origin))
        one, other = first.grey(box, zoom, origin), second.grey(box, zoom, origin)
        if mode == "checkerboard":
            cell = max(round(self._settings.checker_px * ratio), 1)
            return _checkered(first.lut.take(one), second.lut.take(other), box, cell)
        if mode == "overlay":
            return mixed(first.lut.take(one), second.lut.take(other), self._settings.blend)
        if mode == "difference":
            return difference_colours(self._settings.span).take(one.astype(np.int16) - other.astype(np.int16) + 255)
        return red_cyan(one, other)


def mixed(first: Colours, second: Colours, share: float) -> Colours:
    """The second laid over the first, `share` of 1 hiding it."""
    channels = [words.view(np.uint8).reshape(*words.shape, 4) for words in map(np.ascontiguousarray, (first, second))]
    result = cv2.addWeighted(channels[0], 1 - share, channels[1], share, 0.0)
    words: Colours = np.ascontiguousarray(result).view(np.uint32)[..., 0]
    return words


def red_cyan(first: Grey, second: Grey) -> Colours:
    """The first in the red channel, the second in green and blue."""
    green = second.astype(np.uint32)
    words: Colours = (0xFF000000 | (first.astype(np.uint32) << 16) | (green << 8) | green).astype(np.uint32)
    return words


def _checkered(first: Colours, second: Colours, box: QRect, cell: int) -> Colours:
    """Cells counted from the view's corner: they stay while the picture moves below them."""
    rows, columns = (np.arange(box.height()) + box.y()) // cell, (np.arange(box.width()) + box.x()) // cell
    result: Colours = np.where((rows[:, None] + columns) % 2 == 0, first, second)
    return result


def _rgb(colour: QColor) -> npt.NDArray[np.float64]:
    return np.array([colour.red(), colour.green(), colour.blue()], np.float64)


def _draw_divider(painter: QPainter, x: float, bounds: QRectF) -> None:
    picture = painter.worldTransform().mapRect(bounds).intersected(QRectF(painter.viewport()))
    if not picture.left() <= x <= picture.right():
        return
    painter.save()
    painter.resetTransform()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = QPointF(x, picture.center().y())
    for colour, width in ((QColor(0, 0, 0, 150), 3.0), (TEXT, 1.0)):
        painter.setPen(cosmetic_pen(colour, width))
        painter.drawLine(QLineF(x, picture.top(), x, picture.bottom()))
    painter.setBrush(QColor(0, 0, 0, 170))
    painter.drawEllipse(middle, HANDLE_PX, HANDLE_PX)
    for way in (-1, 1):
        tip = middle + QPointF(6 * way, 0)
        painter.drawLines([QLineF(tip, middle + QPointF(3 * way, -3)), QLineF(tip, middle + QPointF(3 * way, 3))])
    painter.restore()
