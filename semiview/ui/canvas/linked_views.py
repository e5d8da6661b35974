"""SEM, design and prediction side by side under one camera, with one pointer."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette, QPixmapCache, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from semiview.alignment.residuals import EdgeResiduals
from semiview.core.case import Case
from semiview.core.coverage import Coverage
from semiview.core.document import Document
from semiview.core.outline import Points
from semiview.metrology.measurement import Measurement
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.colours import BORDER
from semiview.ui.canvas.composed import DesignSource, PictureSource, Source
from semiview.ui.canvas.layers import DrawnDesign, Layers
from semiview.ui.canvas.marks import PairMark, PairsItem
from semiview.ui.canvas.measured_marks import epe_vectors, gauge_marks, residual_vectors
from semiview.ui.canvas.overlays import EpeLines, Lines, registration_transform
from semiview.ui.canvas.pyramid import Pyramid
from semiview.ui.canvas.ruler_marks import MeasureMarks, RulersItem
from semiview.ui.canvas.view import TOOLS, ImageView, Tool
from semiview.ui.compare_modes import COMPARE_MODES, KIND_TITLES, PAIRS, Kind, composed, shown
from semiview.ui.grey_levels import automatic_levels
from semiview.ui.view_settings import ViewSettings

BLINK_MS = 250
KEPT_PICTURES_KIB = 160 * 1024

NO_CASE = "Open a project, then choose a case in the list."
NO_DESIGN = "This case has no design.\nName a GDS, OASIS or mask file in the column “design” of cases.csv."
NO_PIXEL_SIZE = "The pixel size is unknown, so the design cannot be laid over the picture.\nSet the pixel size."
AWAITED = "It is being predicted…"
NO_PREDICTION = "There is no prediction yet.\nRun Predict, or name a file in the column “prediction” of cases.csv."


class LinkedViews(QWidget):
    """Three views of one case. They show and emit intents; they never change the document.

    Signals, all in image px (row down, integers are pixel centres):

    pointer_moved(u, v), pointer_left()
        The mouse over any view.
    stroke_began(), stroke(path_px), stroke_ended(path_px)
        Brush, eraser or ignore region: `stroke` brings (N, 2) the newest piece of the path, joined to the one before;
        `stroke_ended` the whole path.
    register_drag(dx_px, dy_px, finished)
        How far the design was dragged since the last emit, right and down; the last emit is 0, 0, True.
    register_turn(start_u, start_v, end_u, end_v, finished)
        The design was dragged with Ctrl from here to there: turn and scale it; the last emit is 0, 0, 0, 0, True.
    clicked(u, v)
        A click without a drag, in pan and measure.
    measure_drag(start_u, start_v, u, v, finished)
        A drag with the measure tool, from its beginning to where it is now.
    brush_steps(n)
        Ctrl+wheel: brush larger (n > 0) or smaller.
    adjust_steps(n)
        Shift+wheel: what the compare mode adjusts, more (n > 0) or less.
    divider_wanted(share)
        The curtain is dragged there, in shares of the view's width.
    area(left, top, right, bottom)
        A box that was drawn with Ctrl, in tools that take another shape.
    handle_pressed(u, v, ctrl), handle_dragged(u, v), handle_released()
        The left button in the tool that moves vertices.
    camera_changed(camera)
        The `Camera` all views look through; None without a case.
    """

    pointer_moved = Signal(float, float)
    pointer_left = Signal()
    stroke_began = Signal()
    stroke = Signal(object)
    stroke_ended = Signal(object)
    register_drag = Signal(float, float, bool)
    register_turn = Signal(float, float, float, float, bool)
    clicked = Signal(float, float)
    measure_drag = Signal(float, float, float, float, bool)
    brush_steps = Signal(int)
    adjust_steps = Signal(int)
    divider_wanted = Signal(float)
    area = Signal(float, float, float, float)
    handle_pressed = Signal(float, float, bool)
    handle_dragged = Signal(float, float)
    handle_released = Signal()
    camera_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), KEPT_PICTURES_KIB))
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(1)
        self._columns = 0
        self._corner: QWidget | None = None
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, BORDER)
        self.setPalette(palette)
        self.setAutoFillBackground(True)
        self.views: dict[Kind, ImageView] = {}
        self._layers: dict[Kind, Layers] = {}
        self._pairs: dict[Kind, PairsItem] = {}
        self._rulers: dict[Kind, RulersItem] = {}
        for kind, title in KIND_TITLES.items():
            view = ImageView(title, self)
            self.views[kind] = view
            self._layers[kind] = Layers(kind, view.world)
            self._pairs[kind] = PairsItem(view.world)
            self._rulers[kind] = RulersItem(view.world)
            self._connect(view)
        self._drawn_design = DesignSource()
        self._sources: dict[Kind, Source] = {
            "sem": PictureSource(self._layers["sem"].picture),
            "design": self._drawn_design,
            "prediction": PictureSource(self._layers["prediction"].picture),
        }
        self._case: Case | None = None
        self._document: Document | None = None
        self._measurement: Measurement | None = None
        self._settings = ViewSettings()
        self._camera: Camera | None = None
        self._fitted = True
        self._awaited = False
        self._correction: Pyramid | None = None
        self._ignore: Pyramid | None = None
        self._blink = QTimer(self)
        self._blink.setInterval(BLINK_MS)
        self._blink.timeout.connect(self._blink_once)
        for layers in self._layers.values():
            layers.set_settings(self._settings)
        self._arrange()
        self._say_what_to_do()

    @property
    def camera(self) -> Camera | None:
        """Where all views look; None without a case."""
        return self._camera

    @property
    def overlays_shown(self) -> bool:
        """False in the dark half of a blink."""
        return self._layers["sem"].overlays_shown

    @property
    def blinked(self) -> bool:
        """True in the second half of a blink: overlays off, or the second picture of the pair."""
        return self._layers["sem"].composed.turned or not self.overlays_shown

    def show_case(self, case: Case | None, document: Document | None) -> None:
        """Draw another case, or the same one with another prediction. An open stroke is ended first."""
        self.finish_gesture()
        old, self._case = self._case, case
        if case is None or document is None:
            self._case = self._document = self._measurement = None
            self._clear()
            return
        if old is None or case.sem is not old.sem:
            picture = self._layers["sem"].picture
            picture.set_image(drawable(case.sem.pixels))
            for view in self.views.values():
                view.set_pixel_size(case.sem.pixel_size.x_nm)
            self._apply_levels()
        if old is None or case.prediction is not old.prediction:
            probability = None
            if case.prediction is not None:
                probability = Pyramid(cv2.convertScaleAbs(case.prediction.probability, alpha=255.0))
            self._layers["prediction"].picture.set_pyramid(probability)
            for layers in self._layers.values():
                layers.heat.set_pyramid(probability)
        if old is None or case.design is not old.design or case.sem is not old.sem:
            drawn = DrawnDesign.of(case.design, case.nominal.frame.centre_nm)
            for layers in self._layers.values():
                layers.set_design(drawn, case.sem.shape)
            self._drawn_design.set_design(drawn.outlines, drawn.opening)
        if old is None or case.case_id != old.case_id:
            self.show_measurement(None)
            for view in self.views.values():
                view.hide_cross()
        self.show_document(None, document)
        self._show_pair()
        self._say_what_to_do()
        self._arrange()
        if self._camera is None or self._fitted or old is None or old.sem.shape != case.sem.shape:
            self.fit()

    def set_awaited(self, awaited: bool) -> None:
        """Whether a prediction of this case is on its way."""
        if awaited != self._awaited:
            self._awaited = awaited
            self._say_what_to_do()

    def show_document(self, old: Document | None, new: Document) -> None:
        """Redraw what is not the same object in both; `old` None: everything."""
        self._document = new
        if self._case is None:
            return
        if old is None or new.registration is not old.registration:
            transform = registration_transform(new.registration, self._case.nominal.frame.centre_nm)
            for layers in self._layers.values():
                layers.set_registration(transform)
            self._drawn_design.set_registration(transform)
            self._layers["sem"].composed.refresh()
        if old is None or new.gauges is not old.gauges:
            self._show_gauges()
        before = (None, None) if old is None else (old.correction, old.ignore)
        self._correction = self._followed(self._correction, before[0], new.correction, "correction")
        self._ignore = self._followed(self._ignore, before[1], new.ignore, "ignore")
        for layers in self._layers.values():
            layers.share_coverage(self._correction, self._ignore)

    def show_measurement(self, measurement: Measurement | None) -> None:
        """Contours, EPE and gauge values of the newest measurement; None: there is none yet."""
        self._measurement = measurement
        outlines = {} if measurement is None else measurement.outlines_px
        sem, prediction = Lines.of(outlines.get("sem", ())), Lines.of(outlines.get("prediction", ()))
        for layers in self._layers.values():
            layers.sem_contour.set_lines(sem)
            layers.prediction_contour.set_lines(prediction)
        self._show_epe()
        self._show_gauges()
        self._choose_kept()

    def show_residuals(self, residuals: EdgeResiduals | None) -> None:
        """How far the image's edges lie from the design's; None: there is nothing to show."""
        vectors = None
        if residuals is not None and self._case is not None:
            frame = self._case.nominal.frame
            vectors = residual_vectors(residuals, frame.nm_per_px, frame.centre_nm)
        lines = EpeLines.of(vectors)
        for layers in self._layers.values():
            layers.set_residuals(lines)

    def show_landmarks(self, marks: Sequence[PairMark]) -> None:
        """Landmarks that are being set."""
        for item in self._pairs.values():
            item.set_marks(marks)

    def show_rulers(self, marks: MeasureMarks) -> None:
        """Rulers, and the box of the gauge in hand."""
        for item in self._rulers.values():
            item.set_marks(marks)

    def show_draft(
        self, outline: Points, handles: Points, closed: bool, chosen: tuple[float, float] | None = None
    ) -> None:
        """A polygon that is being drawn, or an outline with its vertices."""
        for view in self.views.values():
            view.draft.set_outline(outline, handles, closed, chosen)

    def set_view_settings(self, settings: ViewSettings) -> None:
        """Draw by these settings."""
        old, self._settings = self._settings, settings
        for layers in self._layers.values():
            layers.set_settings(settings)
        for view in self.views.values():
            view.brush.set_radius(settings.brush_radius_px)
            view.set_mouse(settings.mouse)
        if (settings.compare_mode, settings.pair) != (old.compare_mode, old.pair):
            self.hold_blink(False)
            self._show_pair()
            self._say_what_to_do()
            self._columns = 0
            self._arrange()
        self.views["sem"].set_divider(settings.divider if settings.compare_mode == "curtain" else None)
        if settings.levels != old.levels:
            self._apply_levels()
        if settings.epe_source != old.epe_source:
            self._show_epe()
            self._show_gauges()
        blinks = settings.blink and not settings.still
        if blinks != self._blink.isActive():
            self._blink.stop()
            self.hold_blink(False)
            if blinks:
                self._blink.start()

    def hold_blink(self, held: bool) -> None:
        """While a key is held: the second picture of the pair where two blink, else the overlays off."""
        blinks = self._settings.compare_mode == "blink"
        self._layers["sem"].composed.turn(held and blinks)
        for layers in self._layers.values():
            layers.show_overlays(blinks or not held)

    def set_tool(self, tool: str) -> None:
        """What the left button does: one of the canvas's tools.

        Raises
        ------
        ValueError
            If there is no such tool.
        """
        known: dict[str, Tool] = {name: name for name in TOOLS}
        if tool not in known:
            raise ValueError(f"there is no tool {tool!r}; the tools are {', '.join(TOOLS)}")
        for view in self.views.values():
            view.set_tool(known[tool])

    def set_corner(self, corner: QWidget) -> None:
        """What fills the place that three views leave free when they stand two in a row."""
        self._corner = corner
        self._columns = 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def finish_gesture(self) -> None:
        """End an open drag or stroke as if the button had been released."""
        for view in self.views.values():
            view.finish_gesture()

    def go_to(self, u: float, v: float, zoom: float | None = None) -> None:
        """Bring an image point to the middle of every view and mark it."""
        if self._camera is None:
            return
        here = Camera(u, v, self._camera.zoom)
        self._look(here if zoom is None else here.zoomed(zoom / here.zoom, u, v))
        for view in self.views.values():
            view.show_cross(u, v)

    def fit(self) -> None:
        """The whole picture in every view, and again whenever the views change their size."""
        if self._case is None:
            return
        viewport = self.views[shown(self._settings.compare_mode, self._settings.pair)[0]].viewport()
        self._look(Camera.fitting(self._case.sem.shape, viewport.width(), viewport.height()))
        self._fitted = True

    def one_to_one(self) -> None:
        """One screen px per image px, about the same middle."""
        self.zoom_by(1.0 / self._camera.zoom if self._camera else 1.0)

    def zoom_by(self, factor: float) -> None:
        """Enlarge about the middle."""
        if self._camera is not None:
            self._look(self._camera.zoomed(factor, self._camera.u, self._camera.v))

    def _arrange(self) -> None:
        """Put the views where each is largest for the picture's shape."""
        here = shown(self._settings.compare_mode, self._settings.pair)
        shape = (1, 1) if self._case is None else self._case.sem.shape
        columns = best_columns(len(here), shape, self.width(), self.height())
        if columns == self._columns:
            return
        self._columns = columns
        cells = -(-len(here) // columns) * columns
        for number in range(max(len(self.views), cells)):
            self._layout.setColumnStretch(number, int(number < columns))
            self._layout.setRowStretch(number, int(number * columns < cells))
        for number, kind in enumerate(here):
            self._layout.addWidget(self.views[kind], number // columns, number % columns)
        for kind, view in self.views.items():
            view.setVisible(kind in here)
        if self._corner is not None:
            if cells > len(here):
                self._layout.addWidget(self._corner, len(here) // columns, len(here) % columns)
            self._corner.setVisible(cells > len(here))

    def _connect(self, view: ImageView) -> None:
        view.camera_wanted.connect(self._look)
        view.resized.connect(self._refit)
        view.cursor_moved.connect(lambda u, v: self._point(view, u, v))
        view.cursor_left.connect(self._unpoint)
        view.stroke_began.connect(self.stroke_began)
        view.stroke.connect(self.stroke)
        view.stroke_ended.connect(self.stroke_ended)
        view.register_drag.connect(self.register_drag)
        view.register_turn.connect(self.register_turn)
        view.clicked.connect(self.clicked)
        view.measure_drag.connect(self.measure_drag)
        view.brush_steps.connect(self.brush_steps)
        view.adjust_steps.connect(self.adjust_steps)
        view.divider_wanted.connect(self.divider_wanted)
        view.area.connect(self.area)
        view.handle_pressed.connect(self.handle_pressed)
        view.handle_dragged.connect(self.handle_dragged)
        view.handle_released.connect(self.handle_released)

    def _look(self, camera: Camera | None) -> None:
        self._fitted = False
        if camera == self._camera:
            return
        zoomed = self._camera is None or camera is None or camera.zoom != self._camera.zoom
        self._camera = camera
        for view in self.views.values():
            view.set_camera(camera)
        if zoomed:
            self._choose_kept()
        self.camera_changed.emit(camera)

    def _choose_kept(self) -> None:
        for kind, view in self.views.items():
            self._layers[kind].choose_kept(view.sceneRect())

    def _refit(self) -> None:
        if self._fitted:
            self.fit()

    def _point(self, source: ImageView, u: float, v: float) -> None:
        for view in self.views.values():
            view.draft.set_pointer((u, v))
            if view is not source:
                view.show_cross(u, v)
        self.pointer_moved.emit(u, v)

    def _unpoint(self) -> None:
        for view in self.views.values():
            view.hide_cross()
            view.draft.set_pointer(None)
        self.pointer_left.emit()

    def _blink_once(self) -> None:
        self.hold_blink(not self.blinked)

    def _show_pair(self) -> None:
        """The two pictures that the composed view shows, and its title."""
        settings, case = self._settings, self._case
        first, second = PAIRS[settings.pair]
        item = self._layers["sem"].composed
        here = composed(settings.compare_mode) and case is not None and not self._missing(first) + self._missing(second)
        item.set_pair(
            self._layers["sem"].picture.pyramid if here else None, self._sources[first], self._sources[second]
        )
        title = KIND_TITLES["sem"]
        if composed(settings.compare_mode):
            title = (
                f"{KIND_TITLES[first]} | {KIND_TITLES[second]}: {COMPARE_MODES[settings.compare_mode].title.lower()}"
            )
        self.views["sem"].surround.set_title(title)

    def _missing(self, kind: Kind) -> str:
        """Why one of the pictures cannot be seen, and what to do; empty: it can."""
        case = self._case
        if case is None or kind == "sem":
            return ""
        if kind == "prediction":
            return "" if case.prediction is not None else AWAITED if self._awaited else NO_PREDICTION
        if case.design is None:
            return NO_DESIGN
        return "" if np.isfinite(case.nominal.frame.nm_per_px) else NO_PIXEL_SIZE

    def _apply_levels(self) -> None:
        if self._case is not None:
            low, high = self._settings.levels or automatic_levels(self._case.sem)
            self._layers["sem"].picture.set_levels(low, high)
            self._layers["sem"].composed.refresh()

    def _show_epe(self) -> None:
        vectors = None
        if self._case is not None and self._document is not None and self._measurement is not None:
            vectors = epe_vectors(
                self._measurement,
                self._settings.epe_source,
                self._case.nominal.frame.centre_nm,
                self._document.settings.tolerance_nm,
            )
        lines = EpeLines.of(vectors)
        for layers in self._layers.values():
            layers.set_epe(lines)

    def _show_gauges(self) -> None:
        if self._case is None or self._document is None:
            return
        marks = gauge_marks(
            self._document.gauges, self._measurement, self._settings.epe_source, self._case.nominal.frame.centre_nm
        )
        for layers in self._layers.values():
            layers.set_gauges(marks)

    def _followed(
        self, pyramid: Pyramid | None, old: Coverage | None, new: Coverage | None, name: str
    ) -> Pyramid | None:
        """The pyramid of a shape after an edit: only the tiles that are other objects are laid in."""
        if new is None:
            return None
        if pyramid is None or old is None or old.shape != new.shape:
            return Pyramid(new.to_array())
        if new is not old:
            for top, left, tile in changed_tiles(old, new):
                pyramid.replace(top, left, tile)
            for layers in self._layers.values():
                (layers.correction if name == "correction" else layers.ignore).refresh()
        return pyramid

    def _clear(self) -> None:
        self._correction = self._ignore = None
        for layers in self._layers.values():
            layers.picture.set_pyramid(None)
            layers.composed.set_pair(None, None, None)
            layers.heat.set_pyramid(None)
            layers.share_coverage(None, None)
            layers.set_design(DrawnDesign.of(None, (0.0, 0.0)), (0, 0))
            layers.set_gauges(())
        self.show_measurement(None)
        self._look(None)
        self._fitted = True
        self._say_what_to_do()

    def _say_what_to_do(self) -> None:
        words: dict[Kind, str] = {kind: self._missing(kind) for kind in self.views}
        if self._case is None:
            words["sem"] = NO_CASE
        elif composed(self._settings.compare_mode):
            first, second = PAIRS[self._settings.pair]
            words["sem"] = self._missing(first) or self._missing(second)
        for kind, view in self.views.items():
            view.set_message(words[kind])


def best_columns(count: int, shape: tuple[int, int], width: int, height: int) -> int:
    """In how many columns `count` views of a picture (H, W) show it largest within width x height screen px.

    Examples
    --------
    >>> [best_columns(3, (512, 512), width, 600) for width in (400, 800, 1600)]
    [1, 2, 3]
    """

    def zoom(columns: int) -> float:
        rows = -(-count // columns)
        return min(width / columns / shape[1], height / rows / shape[0])

    return max(range(count, 0, -1), key=zoom)


def changed_tiles(old: Coverage, new: Coverage) -> list[tuple[int, int, npt.NDArray[np.uint8]]]:
    """(top, left, tile) of every tile of `new` that `old` does not share."""
    found = []
    top = 0
    for before, after in zip(old.tiles, new.tiles, strict=True):
        left = 0
        for first, second in zip(before, after, strict=True):
            if first is not second:
                found.append((top, left, second))
            left += second.shape[1]
        top += after[0].shape[0]
    return found


def drawable(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The pixels in a number type the canvas draws."""
    return pixels if pixels.dtype in (np.uint8, np.uint16, np.float32) else pixels.astype(np.float32)
