"""How far a contour may be off, as a band about it, true to scale."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from semiview.core.outline import Points
from semiview.ui.canvas.overlays import KeptItem, bounds, to_path

CHUNK_POINTS = 128
BAND_SIGMAS = 2.0
SMOOTH_POINTS = 3
ALPHA = 130


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Bands made ready to be drawn, by several views at once: pieces of some hundred points with their boxes."""

    bounds: QRectF = field(default_factory=QRectF)
    chunks: tuple[tuple[QRectF, QPainterPath], ...] = ()

    @classmethod
    def of(cls, outlines_px: Sequence[Points], sigmas_px: Sequence[npt.NDArray[np.float64]]) -> "Bands":
        """Two standard deviations to either side of closed outlines, along their normals; image px."""
        chunks = []
        for outline, sigma in zip(outlines_px, sigmas_px, strict=True):
            chunks += [(bounds(piece), _filled(piece)) for piece in _pieces(outline, sigma)]
        box = QRectF()
        for piece_box, _ in chunks:
            box |= piece_box
        return cls(box, tuple(chunks))


def _pieces(outline: Points, sigma: npt.NDArray[np.float64]) -> list[Points]:
    """The band in pieces: along one side of some hundred points and back along the other."""
    if len(outline) < 3:
        return []
    # Over a few points: where an outline is rough, so would its normals be, and the band all splinters.
    along = np.roll(outline, -SMOOTH_POINTS, axis=0) - np.roll(outline, SMOOTH_POINTS, axis=0)
    normals = np.column_stack([along[:, 1], -along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    off = BAND_SIGMAS * sigma[:, None] * normals
    sides = [np.vstack([side, side[:1]]) for side in (outline + off, outline - off)]
    return [
        np.vstack([sides[0][first : first + CHUNK_POINTS + 1], sides[1][first : first + CHUNK_POINTS + 1][::-1]])
        for first in range(0, len(outline), CHUNK_POINTS)
    ]


def _filled(piece: Points) -> QPainterPath:
    path = to_path(piece)
    path.setFillRule(Qt.FillRule.WindingFill)  # a band that folds over itself in a corner has no hole there
    return path


class BandsItem(KeptItem):
    """Draws `Bands` in one colour, of which only those in sight."""

    def __init__(self, colour: QColor, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._brush = QBrush(QColor(colour.red(), colour.green(), colour.blue(), ALPHA))
        self._bands = Bands()

    def set_bands(self, bands: Bands) -> None:
        """Draw these, in image px."""
        self.prepareGeometryChange()
        self._bands = bands
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bands.bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._brush)
        for box, path in self._bands.chunks:
            if box.intersects(option.exposedRect):
                painter.drawPath(path)
