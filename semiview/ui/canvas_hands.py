"""What the mouse does on the canvas, handed to the tool that is in hand; and what the tools show there."""

from dataclasses import replace

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication

from semiview.ui.bindings import BRUSH_STEP, adjust_mode, change_brush
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.desk import Desk

NEAR_ZOOM = 1.0  # at least so near, to see a place that a table names


class CanvasHands(QObject):
    """Joins the views to the verbs of the desk."""

    def __init__(self, desk: Desk, views: LinkedViews, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._views = desk, views
        session = desk.session
        session.place_wanted.connect(self._go_to)
        desk.residuals.found.connect(views.show_residuals)
        desk.comparing.changed.connect(lambda: views.show_guests(desk.comparing.guests))
        desk.doubting.found.connect(views.show_bands)
        views.register_drag.connect(desk.registering.drag)
        views.register_turn.connect(desk.registering.turn_drag)
        views.clicked.connect(desk.landmarking.click)
        views.clicked.connect(self._clicked)
        views.area.connect(desk.painting.box)
        views.handle_pressed.connect(lambda u, v, off: desk.reshaping.press(u, v, self._zoom(), off))
        views.handle_dragged.connect(desk.reshaping.drag)
        views.handle_released.connect(desk.reshaping.release)
        desk.drafting.changed.connect(self._show_draft)
        desk.reshaping.changed.connect(self._show_draft)
        desk.landmarking.changed.connect(lambda: views.show_landmarks(desk.landmarking.marks()))
        views.clicked.connect(self._measure_click)
        views.measure_drag.connect(self._measure_drag)
        views.pointer_moved.connect(desk.gauging.hover)
        desk.gauging.changed.connect(lambda: views.show_rulers(desk.gauging.marks()))
        views.stroke_began.connect(lambda: desk.painting.begin(_control_is_down()))
        views.stroke.connect(desk.painting.stroke)
        views.stroke_ended.connect(lambda _: desk.painting.end())
        views.brush_steps.connect(lambda steps: change_brush(desk, BRUSH_STEP**steps))
        views.adjust_steps.connect(lambda steps: adjust_mode(desk, steps))
        views.divider_wanted.connect(lambda share: session.set_view(replace(session.view, divider=share)))

    def _clicked(self, u: float, v: float) -> None:
        self._desk.drafting.click(u, v, self._zoom())
        if self._desk.session.tool == "fill":
            self._desk.painting.fill(u, v)
        elif self._desk.session.tool == "ignore":
            self._desk.painting.ignore_no_longer(u, v)

    def _measure_click(self, u: float, v: float) -> None:
        self._desk.gauging.click(u, v, _control_is_down())

    def _measure_drag(self, start_u: float, start_v: float, u: float, v: float, finished: bool) -> None:
        if self._views.camera is not None:
            self._desk.gauging.drag((start_u, start_v), (u, v), self._views.camera.zoom, finished)

    def _show_draft(self) -> None:
        drafting, reshaping = self._desk.drafting, self._desk.reshaping
        if len(reshaping.outline):
            self._views.show_draft(reshaping.outline, reshaping.handles, True, reshaping.chosen)
        else:
            self._views.show_draft(drafting.points, drafting.points, False)

    def _go_to(self, u: float, v: float) -> None:
        camera = self._views.camera
        self._views.go_to(u, v, None if camera is None else max(camera.zoom, NEAR_ZOOM))

    def _zoom(self) -> float:
        camera = self._views.camera
        return 1.0 if camera is None else camera.zoom


def _control_is_down() -> bool:
    return bool(QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier)
