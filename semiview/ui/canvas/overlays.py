"""Drawn on top of a picture: outlines, EPE vectors, gauges. Each is one item, however many things it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.core.outline import Points, with_breaks
from semiview.core.registration import Registration
from semiview.ui.canvas.colours import EPE, EpeClass
from semiview.ui.canvas.strokes import cosmetic_pen

CHUNK_POINTS = 512
# Lines wider than a px are worth it for the few that a close look shows.
WIDE_LINE_POINTS = 1500
WIDE_LINE_PX = 1.8
SMOOTH_LINE_POINTS = 5_000
MOST_WINDOWS = 9.0
VECTOR_PX = 2.6
LEAST_VECTOR_PX = 1.0
MARKER_PX = 3.6


def registration_transform(registration: Registration, origin_nm: tuple[float, float]) -> QTransform | None:
    """The registration for points given in nm relative to `origin_nm`; None if it has no pixel size.

    Relative, because 14 mm from the design's origin nothing may be lost to rounding.
    """
    linear = registration.linear_px()
    shift = registration.to_px(np.array([origin_nm]))[0]
    if not (np.isfinite(linear).all() and np.isfinite(shift).all()):
        return None
    return QTransform(linear[0, 0], linear[1, 0], linear[0, 1], linear[1, 1], shift[0], shift[1])


def to_path(points: Points) -> QPainterPath:
    """(N, 2) points as a path, broken at NaN rows."""
    path: QPainterPath = pg.functions.arrayToQPath(points[:, 0], points[:, 1], connect="finite")
    return path


class Chunk:
    """Some hundred points of outlines, with their box."""

    def __init__(self, points: Points) -> None:
        self.box, self.path, self.count = bounds(points), to_path(points), len(points)
        self._points = points

    @cached_property
    def single(self) -> list[QLineF]:
        """Each line for itself."""
        ends = np.hstack([self._points[:-1], self._points[1:]])
        return [QLineF(*four) for four in ends[np.isfinite(ends).all(axis=1)].tolist()]

    def meets(self, seen: QRectF) -> bool:
        """True if part of it may lie in a box. A vertical or horizontal line has an empty box, which Qt never meets."""
        box = self.box
        across = box.left() <= seen.right() and box.right() >= seen.left()
        return across and box.top() <= seen.bottom() and box.bottom() >= seen.top()


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Closed outlines made ready to be drawn, by several views at once."""

    bounds: QRectF
    chunks: tuple[Chunk, ...]

    @classmethod
    def of(cls, outlines: Sequence[Points]) -> "Lines":
        """Cut outlines into chunks."""
        points = with_breaks(outlines)
        parts = (points[first : first + CHUNK_POINTS + 1] for first in range(0, len(points), CHUNK_POINTS))
        return cls(bounds(points), tuple(Chunk(part) for part in parts if np.isfinite(part[:, 0]).sum() > 1))


class KeptItem(QGraphicsItem):
    """What it drew is kept at the screen's resolution until it changes or the zoom does: a pan only moves it.

    The camera pans by whole screen px, so nothing is blurred by that. A registration moves by less: `drawn_anew`.
    """

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._kept = True
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def drawn_anew(self) -> None:
        """Draw at the exact place, not a kept picture at the nearest screen px."""
        # After a move `update` alone would still shift what was kept.
        self.setCacheMode(QGraphicsItem.CacheMode.NoCache)
        if self._kept:
            self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def keep_if_seen(self, window: QRectF) -> None:
        """Keep what was drawn only where much of it is in a window of the scene: little is drawn faster than moved."""
        here = self.sceneTransform().mapRect(self.boundingRect())
        kept = here.width() * here.height() <= MOST_WINDOWS * window.width() * window.height()
        if kept != self._kept:
            self._kept = kept
            self.drawn_anew()


class LinesItem(KeptItem):
    """Outlines in one colour, of which only those in sight are drawn."""

    def __init__(
        self, colour: QColor, style: Qt.PenStyle = Qt.PenStyle.SolidLine, parent: QGraphicsItem | None = None
    ) -> None:
        super().__init__(parent)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._thin, self._wide = cosmetic_pen(colour, 1.0, style), quick_pen(colour, WIDE_LINE_PX, style)
        self._lines = Lines.of(())

    def set_lines(self, lines: Lines) -> None:
        """Draw these, in the item's own coordinates."""
        self.prepareGeometryChange()
        self._lines = lines
        self.update()

    def boundingRect(self) -> QRectF:
        return self._lines.bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        seen = [chunk for chunk in self._lines.chunks if chunk.meets(option.exposedRect)]
        count = sum(chunk.count for chunk in seen)
        wide = count <= WIDE_LINE_POINTS
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, count <= SMOOTH_LINE_POINTS)
        painter.setPen(self._wide if wide else self._thin)
        for chunk in seen:
            if wide and self._wide.style() == Qt.PenStyle.SolidLine:
                painter.drawLines(chunk.single)
            else:
                painter.drawPath(chunk.path)


class ShapesItem(KeptItem):
    """Filled outlines in one colour, of which only those in sight are drawn; holes stay open."""

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._outlines: Sequence[Points] = ()
        self._lows, self._highs = np.empty((0, 2)), np.empty((0, 2))
        self._whole = QPainterPath()
        self._brush = QBrush()

    def set_outlines(self, outlines: Sequence[Points], colour: QColor) -> None:
        """Fill merged outlines, in the item's own coordinates."""
        self.prepareGeometryChange()
        self._outlines = outlines
        self._lows = np.array([outline.min(axis=0) for outline in outlines]).reshape(-1, 2)
        self._highs = np.array([outline.max(axis=0) for outline in outlines]).reshape(-1, 2)
        self._whole = to_path(with_breaks(outlines))
        self._brush = QBrush(colour)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._whole.boundingRect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        box = option.exposedRect
        # The outline around a hole in sight is in sight too.
        seen = np.flatnonzero(
            (self._lows <= (box.right(), box.bottom())).all(axis=1)
            & (self._highs >= (box.left(), box.top())).all(axis=1)
        )
        path = self._whole
        if len(seen) < len(self._outlines) / 2:
            path = to_path(with_breaks([self._outlines[number] for number in seen.tolist()]))
        path.setFillRule(Qt.FillRule.OddEvenFill)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._brush)
        painter.drawPath(path)


@dataclass(frozen=True, slots=True, eq=False)
class EpeVectors:
    """EPE to be drawn: (N, 2) points and unit normals in nm relative to one origin, (N,) signed nm (NaN: none)."""

    points_nm: Points
    normals: Points
    epe_nm: npt.NDArray[np.float64]
    tolerance_nm: float

    def classes(self) -> dict[EpeClass, npt.NDArray[np.bool_]]:
        """Which points have which colour: by sign, and by size in halves of the tolerance."""
        size = np.abs(self.epe_nm)
        near, far = size <= self.tolerance_nm / 2, size > self.tolerance_nm
        middle = np.isfinite(size) & ~near & ~far
        outside = self.epe_nm >= 0
        return {
            "far outside": far & outside,
            "outside": middle & outside,
            "slightly outside": near & outside,
            "slightly inside": near & ~outside,
            "inside": middle & ~outside,
            "far inside": far & ~outside,
            "missing": np.isnan(self.epe_nm),
        }


@dataclass(frozen=True, slots=True, eq=False)
class EpeLines:
    """EPE made ready to be drawn, by several views at once.

    `spacing_nm` is the usual distance of neighbours: how thickly they may be drawn without hiding everything.
    """

    bounds: QRectF
    lines: tuple[tuple[QColor, list[QLineF]], ...]
    missing: QPolygonF
    spacing_nm: float

    @classmethod
    def of(cls, vectors: EpeVectors | None) -> "EpeLines":
        """One list of lines a colour; nothing for None."""
        if vectors is None or not len(vectors.points_nm):
            return cls(QRectF(), (), QPolygonF(), 1.0)
        ends = vectors.points_nm + np.nan_to_num(vectors.epe_nm[:, None] * vectors.normals)
        drawn = np.hstack([vectors.points_nm, ends])
        classes = vectors.classes()
        missing = classes.pop("missing")
        lines = tuple(
            (EPE[name], [QLineF(*four) for four in drawn[chosen].tolist()])
            for name, chosen in classes.items()
            if chosen.any()
        )
        steps = np.hypot(*np.diff(vectors.points_nm, axis=0).T)
        return cls(
            bounds(np.concatenate([vectors.points_nm, ends])),
            lines,
            QPolygonF([QPointF(x, y) for x, y in vectors.points_nm[missing].tolist()]),
            float(np.median(steps)) if len(steps) else float("inf"),
        )


class EpeItem(KeptItem):
    """EPE vectors from the design's edge to the printed one, true to scale; a dot where nothing was found.

    The colour says sign and size even where a vector is shorter than a screen px.
    """

    def __init__(self, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._epe = EpeLines.of(None)

    def set_lines(self, epe: EpeLines) -> None:
        """Draw these, in the item's own coordinates."""
        self.prepareGeometryChange()
        self._epe = epe
        self.update()

    def boundingRect(self) -> QRectF:
        return self._epe.bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        transform = painter.combinedTransform()
        spacing_px = self._epe.spacing_nm * float(np.hypot(transform.m11(), transform.m12()))
        width = float(np.clip(spacing_px / 3, LEAST_VECTOR_PX, VECTOR_PX))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for colour, lines in self._epe.lines:
            painter.setPen(quick_pen(colour, width))
            painter.drawLines(lines)
        if not self._epe.missing.isEmpty():
            painter.setPen(cosmetic_pen(EPE["missing"], min(1.5 * width, MARKER_PX)))
            painter.drawPoints(self._epe.missing)


def quick_pen(colour: QColor, width_px: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """For single lines: unlike round caps square ones go through Qt's fast way, ten times faster than wide paths."""
    pen = cosmetic_pen(colour, width_px, style)
    pen.setCapStyle(Qt.PenCapStyle.SquareCap)
    return pen


def bounds(points: Points) -> QRectF:
    """The box around (N, 2) points; those that are NaN do not count."""
    finite = points[np.isfinite(points[:, 0])]
    if not len(finite):
        return QRectF()
    (left, top), (right, bottom) = finite.min(axis=0), finite.max(axis=0)
    return QRectF(QPointF(left, top), QPointF(right, bottom))
