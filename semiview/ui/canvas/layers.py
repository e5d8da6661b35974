"""Everything that one view draws of a case, as items in the view's world."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QTransform
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem

from semiview.core.design import Design
from semiview.core.outline import Points
from semiview.ui.canvas import colours
from semiview.ui.canvas.bands import BandsItem
from semiview.ui.canvas.composed import ComposedItem
from semiview.ui.canvas.marks import GaugeMark, GaugesItem
from semiview.ui.canvas.overlays import EpeItem, EpeLines, KeptItem, Lines, LinesItem, ShapesItem
from semiview.ui.canvas.pyramid import Pyramid
from semiview.ui.canvas.pyramid_item import CoverageItem, PyramidItem
from semiview.ui.compare_modes import Kind, composed
from semiview.ui.view_settings import ViewSettings

CORRECTION_FILL = 0.2
IGNORE_FILL = 0.75
HEAT_ALPHA = 0.65
DESIGN_FILL = 0.35
MEASURED = ("sem_contour", "epe_vectors", "residuals", "gauges")  # what a picture's own edges say


@dataclass(frozen=True, slots=True, eq=False)
class DrawnLayer:
    """One layer of a design, in nm about an origin."""

    name: str
    target: bool
    outlines: Sequence[Points]
    lines: Lines


@dataclass(frozen=True, slots=True, eq=False)
class DrawnDesign:
    """A design made ready to be drawn, in nm about an origin; `outlines` are those of all targets merged."""

    outlines: Sequence[Points]
    layers: tuple["DrawnLayer", ...]
    opening: bool

    @classmethod
    def of(cls, design: Design | None, origin_nm: tuple[float, float]) -> "DrawnDesign":
        """Each layer by itself, and the target; nothing for None."""
        if design is None:
            return cls((), (), False)
        target = [outline - origin_nm for outline in design.target]
        layers = []
        for layer in design.layers:
            outlines = [outline - origin_nm for outline in layer.outlines]
            layers.append(DrawnLayer(layer.name, layer.role == "target", outlines, Lines.of(outlines)))
        return cls(target, tuple(layers), design.tone == "opening")

    def shades(self) -> tuple[QColor, QColor]:
        """Colours inside and outside the polygons: standing material is bright."""
        material, space = colours.DESIGN_MATERIAL, colours.DESIGN_SPACE
        return (space, material) if self.opening else (material, space)


class Layers:
    """The items of one view. Items under `registered` are in design nm about an origin, the others in image px."""

    def __init__(self, kind: Kind, world: QGraphicsItem) -> None:
        self.picture = PyramidItem(world)
        self.composed = ComposedItem(world)
        self._frame = _clipping(world)
        self._fills_design = kind == "design"
        self._shows_pair = kind == "sem"
        self._frame.setVisible(self._fills_design)
        self._generated = False
        self._drawn_shapes = ShapesItem(self._frame)

        self._overlays = _group(world)
        self.heat = PyramidItem(self._overlays)
        self.heat.set_lut(heat_lut())
        self.correction = CoverageItem(colours.CORRECTION, CORRECTION_FILL, parent=self._overlays)
        self.ignore = CoverageItem(colours.IGNORE, IGNORE_FILL, hatched=True, parent=self._overlays)
        # The design is drawn where there is a picture to compare it with, and nowhere else.
        self._under = _clipping(self._overlays)
        self.registered = _group(self._under)
        self._design: list[tuple[str, ShapesItem, LinesItem]] = []
        self.bands = BandsItem(colours.UNCERTAINTY, parent=self._overlays)
        self.sem_contour = LinesItem(colours.SEM, parent=self._overlays)
        self.prediction_contour = LinesItem(colours.PREDICTION, parent=self._overlays)
        # EPE and gauges lie above the contours, in the design's frame again.
        self._above = _clipping(self._overlays)
        self._measured = _group(self._above)
        self._epe = EpeItem(self._measured)
        self._residuals = EpeItem(self._measured)
        self._gauges = GaugesItem(self._measured)
        self._named: dict[str, QGraphicsItem] = {
            "prediction_heat": self.heat,
            "prediction_contour": self.prediction_contour,
            "sem_contour": self.sem_contour,
            "correction": self.correction,
            "ignore": self.ignore,
            "epe_vectors": self._epe,
            "residuals": self._residuals,
            "gauges": self._gauges,
            "uncertainty": self.bands,
        }
        self._settings = ViewSettings()

    @property
    def overlays_shown(self) -> bool:
        """False in the dark half of a blink."""
        return self._overlays.isVisible()

    def show_overlays(self, shown: bool) -> None:
        """All overlays on or off."""
        self._overlays.setVisible(shown)

    def set_guest(self, picture: Pyramid | None, generated: bool) -> None:
        """Show another picture in the design's place; of a generated one nothing that was measured is drawn over it."""
        self.picture.set_pyramid(picture)
        self._frame.setVisible(self._fills_design and picture is None)
        if generated != self._generated:
            self._generated = generated
            self.set_settings(self._settings)

    def set_design(self, design: DrawnDesign, shape: tuple[int, int]) -> None:
        """Draw this design in a picture (H, W)."""
        inside, outside = design.shades()
        picture = QRectF(-0.5, -0.5, shape[1], shape[0])
        for frame in (self._frame, self._under, self._above):
            frame.setRect(picture)
        self._frame.setBrush(outside)
        self._drawn_shapes.set_outlines(design.outlines if self._fills_design else (), inside)
        for _, *items in self._design:
            for item in items:
                _remove(item)
        self._design = [self._drawn_layer(layer, number) for number, layer in enumerate(design.layers)]
        self.set_settings(self._settings)

    def set_registration(self, transform: QTransform | None) -> None:
        """Lay the design there; None hides it: there is no pixel size."""
        for item in (self._drawn_shapes, self.registered, self._measured):
            item.setVisible(transform is not None)
            if transform is not None:
                item.setTransform(transform)
        design = [item for _, *items in self._design for item in items]
        for kept in (self._drawn_shapes, *design, self._epe, self._residuals):
            kept.drawn_anew()

    def draw_anew(self) -> None:
        """Nothing that was drawn for another screen is of use."""
        for picture in (self.picture, self.composed, self.heat, self.correction, self.ignore):
            picture.refresh()
        for item in self._kept():
            item.drawn_anew()

    def _kept(self) -> list[KeptItem]:
        design = [item for _, *items in self._design for item in items]
        contours = (self.bands, self.sem_contour, self.prediction_contour)
        return [self._drawn_shapes, *design, *contours, self._epe, self._residuals]

    def choose_kept(self, window: QRectF) -> None:
        """After another zoom: what is worth keeping as it was drawn, for a window of the scene."""
        for item in self._kept():
            item.keep_if_seen(window)

    def set_epe(self, lines: EpeLines) -> None:
        """EPE vectors in design nm about the origin."""
        self._epe.set_lines(lines)

    def set_residuals(self, lines: EpeLines) -> None:
        """Residuals of the registration in design nm about the origin, enlarged."""
        self._residuals.set_lines(lines)

    def set_gauges(self, marks: Sequence[GaugeMark]) -> None:
        """Gauges in design nm about the origin."""
        self._gauges.set_marks(marks)

    def set_settings(self, settings: ViewSettings) -> None:
        """Which overlays, and how strongly."""
        self._settings = settings
        self._overlays.setOpacity(settings.opacity)
        pair_here = self._shows_pair and composed(settings.compare_mode)
        self.picture.setVisible(not pair_here)
        self.composed.setVisible(pair_here)
        if pair_here:
            self.composed.set_settings(settings)
        for name, shapes, lines in self._design:
            shown = settings.design and name not in settings.hidden_layers
            shapes.setVisible(shown and settings.design_fill)
            lines.setVisible(shown)
            shapes.setOpacity(DESIGN_FILL * settings.opacity_of("design"))
            lines.setOpacity(settings.opacity_of("design"))
        for name, item in self._named.items():
            item.setVisible(bool(getattr(settings, name)) and not (self._generated and name in MEASURED))
            item.setOpacity(settings.opacity_of(name))

    def share_coverage(self, correction: Pyramid | None, ignore: Pyramid | None) -> None:
        """Draw these shapes; the pyramids may be shared with other views."""
        for item, pyramid in ((self.correction, correction), (self.ignore, ignore)):
            if item.pyramid is not pyramid:
                item.set_pyramid(pyramid)

    def _drawn_layer(self, layer: DrawnLayer, number: int) -> tuple[str, ShapesItem, LinesItem]:
        """One layer's items: targets in the design's colour, others dashed and each in a colour of its own."""
        colour = colours.DESIGN if layer.target else colours.OTHER_LAYERS[number % len(colours.OTHER_LAYERS)]
        style = Qt.PenStyle.SolidLine if layer.target else Qt.PenStyle.DashLine
        shapes, lines = ShapesItem(self.registered), LinesItem(colour, style, self.registered)
        shapes.set_outlines(layer.outlines, colour)
        lines.set_lines(layer.lines)
        return layer.name, shapes, lines


def _remove(item: QGraphicsItem) -> None:
    scene = item.scene()
    if scene is not None:
        scene.removeItem(item)


def heat_lut() -> npt.NDArray[np.uint8]:
    """(256, 4) RGBA for a probability over the picture: clear at 0, orange at 1."""
    colour = colours.PREDICTION
    rgb = np.tile(np.array([colour.red(), colour.green(), colour.blue()], np.uint8), (256, 1))
    return np.column_stack([rgb, np.rint(HEAT_ALPHA * np.arange(256)).astype(np.uint8)])


def _clipping(parent: QGraphicsItem) -> QGraphicsRectItem:
    """A frame outside of which its children are not drawn."""
    frame = QGraphicsRectItem(parent)
    frame.setPen(Qt.PenStyle.NoPen)
    frame.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
    return frame


def _group(parent: QGraphicsItem) -> QGraphicsRectItem:
    group = QGraphicsRectItem(parent)
    group.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
    return group
