"""SEM, design and prediction side by side under one camera, with one pointer."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette, QPixmapCache, QResizeEvent
from PySide6.QtWidgets import QWidget

from semiview.alignment.residuals import EdgeResiduals
from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.outline import Points
from semiview.metrology.measurement import Measurement
from semiview.ui.canvas.arrangement import Arrangement
from semiview.ui.canvas.bands import Bands
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.colours import BORDER
from semiview.ui.canvas.gestures import TOOLS, Tool
from semiview.ui.canvas.layers import Layers
from semiview.ui.canvas.marks import PairMark, PairsItem
from semiview.ui.canvas.overlays import registration_transform
from semiview.ui.canvas.painted import Painted
from semiview.ui.canvas.pictures import Guests, Pictures
from semiview.ui.canvas.readings import Readings
from semiview.ui.canvas.ruler_marks import MeasureMarks, RulersItem
from semiview.ui.canvas.view import ImageView
from semiview.ui.compare_modes import KIND_TITLES, VIEWS, Kind, guest
from semiview.ui.view_settings import ViewSettings

BLINK_MS = 250
KEPT_PICTURES_KIB = 160 * 1024


class LinkedViews(QWidget):
    """Three views of one case. They show and emit intents; they never change the document.

    Signals, all in image px (row down, integers are pixel centres):

    pointer_moved(u, v), pointer_left()
        The mouse over any view.
    stroke_began(), stroke(path_px), stroke_ended(path_px)
        Brush or eraser of a shape: `stroke` brings (N, 2) the newest piece of the path, joined to the one before;
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
    area(left, top, right, bottom, ctrl)
        A box that was drawn: with Ctrl in tools that take another shape, with or without it for the ignore region.
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
    area = Signal(float, float, float, float, bool)
    handle_pressed = Signal(float, float, bool)
    handle_dragged = Signal(float, float)
    handle_released = Signal()
    camera_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), KEPT_PICTURES_KIB))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, BORDER)
        self.setPalette(palette)
        self.setAutoFillBackground(True)
        self.views: dict[Kind, ImageView] = {}
        self._layers: dict[Kind, Layers] = {}
        self._pairs: dict[Kind, PairsItem] = {}
        self._rulers: dict[Kind, RulersItem] = {}
        for kind in VIEWS:
            view = ImageView(KIND_TITLES[kind], self)
            self.views[kind] = view
            self._layers[kind] = Layers(kind, view.world)
            self._pairs[kind] = PairsItem(view.world)
            self._rulers[kind] = RulersItem(view.world)
            self._connect(view)
        self._arrangement = Arrangement(self)
        self._pictures = Pictures(self.views, self._layers)
        self._painted = Painted(self._layers.values())
        self._readings = Readings(self._layers.values())
        self._case: Case | None = None
        self._settings = ViewSettings()
        self._tool: Tool = "pan"
        self._camera: Camera | None = None
        self._fitted = True
        self._blink = QTimer(self)
        self._blink.setInterval(BLINK_MS)
        self._blink.timeout.connect(self._blink_once)
        for layers in self._layers.values():
            layers.set_settings(self._settings)
        self._arrange()
        self._pictures.refresh()

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
        old, self._case = self._case, case if document is not None else None
        self._readings.set_case(self._case, document)
        self._pictures.show_case(old, self._case)
        if case is None or document is None:
            self._painted.show(None, None)
            self.show_measurement(None)
            self._look(None)
            self._fitted = True
            return
        if old is None or case.case_id != old.case_id:
            self.show_measurement(None)
            self.show_bands(Bands())
            for view in self.views.values():
                view.hide_cross()
        self.show_document(None, document)
        self._arrange()
        if self._camera is None or self._fitted or old is None or old.sem.shape != case.sem.shape:
            self.fit()

    def set_awaited(self, awaited: bool) -> None:
        """Whether a prediction of this case is on its way."""
        self._pictures.set_awaited(awaited)

    def show_guests(self, guests: Guests) -> None:
        """Another checkpoint's prediction and the predicted SEM of the open case, or why there is none."""
        self._pictures.show_guests(guests)

    def show_document(self, old: Document | None, new: Document) -> None:
        """Redraw what is not the same object in both; `old` None: everything."""
        self._readings.set_case(self._case, new)
        if self._case is None:
            return
        if old is None or new.registration is not old.registration:
            transform = registration_transform(new.registration, self._case.nominal.frame.centre_nm)
            for layers in self._layers.values():
                layers.set_registration(transform)
            self._pictures.set_registration(transform)
        if old is None or new.gauges is not old.gauges:
            self._readings.show_gauges()
        self._painted.show(old, new)

    def show_measurement(self, measurement: Measurement | None) -> None:
        """Contours, EPE and gauge values of the newest measurement; None: there is none yet."""
        self._readings.show(measurement)
        self._choose_kept()

    def show_bands(self, bands: Bands, words: str = "") -> None:
        """How far the prediction's contour may be off, and in words how far."""
        self._readings.show_bands(bands)
        self._pictures.set_doubt(words)
        self._choose_kept()

    def show_residuals(self, residuals: EdgeResiduals | None) -> None:
        """How far the image's edges lie from the design's; None: there is nothing to show."""
        self._readings.show_residuals(residuals)

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
        self._pictures.set_settings(settings)
        if (settings.compare_mode, settings.pair) != (old.compare_mode, old.pair):
            self.hold_blink(False)
            self._arrange()
            self._hand_out_tool()
        self.views["sem"].set_divider(settings.divider if settings.compare_mode == "curtain" else None)
        if settings.epe_source != old.epe_source:
            self._readings.set_source(settings.epe_source)
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
        self._tool = known[tool]
        self._hand_out_tool()

    def set_corner(self, corner: QWidget) -> None:
        """What fills the place that three views leave free when they stand two in a row."""
        self._arrangement.set_corner(corner)
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
        viewport = self._pictures.shown()[0].viewport()
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
        shape = (1, 1) if self._case is None else self._case.sem.shape
        self._arrangement.place(self._pictures.shown(), self.views.values(), shape)

    def _hand_out_tool(self) -> None:
        """Give every view the tool in hand; but nothing is measured in a generated picture."""
        generated = (self._settings.compare_mode, guest(self._settings.pair)) == ("two", "expected")
        for kind, view in self.views.items():
            bare = generated and kind == "design" and self._tool == "measure"
            view.set_tool("pan" if bare else self._tool)

    def _connect(self, view: ImageView) -> None:
        view.camera_wanted.connect(self._look)
        view.resized.connect(self._refit)
        view.screen_changed.connect(self._draw_anew)
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

    def _draw_anew(self) -> None:
        for layers in self._layers.values():
            layers.draw_anew()

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
