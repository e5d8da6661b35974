"""One canvas: shows a world of items through a camera and turns the mouse into intents."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsRectItem, QGraphicsScene, QGraphicsView, QRubberBand, QWidget

from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.colours import GROUND
from semiview.ui.canvas.cursors import BrushItem, CrossItem
from semiview.ui.canvas.drafts import DraftItem
from semiview.ui.canvas.gestures import (
    CURSORS,
    PANNING_TOOLS,
    STROKE_TOOLS,
    Gesture,
    GestureKind,
    Tool,
    dragged,
    gesture_kind,
)
from semiview.ui.canvas.message_label import MessageLabel
from semiview.ui.canvas.surround import SurroundItem
from semiview.ui.canvas.wheel import STEP, Notches, wheel_deed
from semiview.ui.view_settings import MousePreset

WHEEL_STEP = 1.25
WHEEL_PAN = 0.1  # of the view's height a notch
CLICK_PX = 4
DIVIDER_REACH_PX = 8
LEAST_BOX_PX = 6
ON_TOP = 1000.0


class ImageView(QGraphicsView):
    """A canvas over image px (row down, integers are pixel centres). It keeps no state of the case.

    Items are put into `world`, in image px. All signals speak of image px.
    """

    cursor_moved = Signal(float, float)
    cursor_left = Signal()
    camera_wanted = Signal(object)
    range_changed = Signal(object)
    clicked = Signal(float, float)
    stroke_began = Signal()
    stroke = Signal(object)
    stroke_ended = Signal(object)
    register_drag = Signal(float, float, bool)
    register_turn = Signal(float, float, float, float, bool)
    measure_drag = Signal(float, float, float, float, bool)
    brush_steps = Signal(int)
    adjust_steps = Signal(int)
    divider_wanted = Signal(float)
    area = Signal(float, float, float, float, bool)
    handle_pressed = Signal(float, float, bool)
    handle_dragged = Signal(float, float)
    handle_released = Signal()
    resized = Signal()
    screen_changed = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.setObjectName(f"view_{title.lower()}")
        self.setAccessibleName(f"{title} view")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing, False)
        self.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        self.setBackgroundBrush(GROUND)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setMinimumSize(QSize(120, 120))
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)

        self.world = QGraphicsRectItem()
        self.world.setFlag(QGraphicsRectItem.GraphicsItemFlag.ItemHasNoContents)
        self.scene().addItem(self.world)
        self.cross, self.brush, self.draft = CrossItem(self.world), BrushItem(self.world), DraftItem(self.world)
        for item in (self.cross, self.brush):
            item.setZValue(ON_TOP)
            item.hide()
        self.draft.setZValue(ON_TOP)
        self.surround = SurroundItem(title)
        self.surround.setZValue(ON_TOP)
        self.scene().addItem(self.surround)
        self._message = MessageLabel(self.viewport())
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())

        self._camera: Camera | None = None
        self._nm_per_px = float("nan")
        self._tool: Tool = "pan"
        self._gesture: Gesture | None = None
        self._space_held = False
        self._mouse: MousePreset = "semiview"
        self._notches = Notches()
        self._divider: float | None = None
        self.set_tool("pan")

    @property
    def camera(self) -> Camera | None:
        """Where the view looks; None while there is no picture."""
        return self._camera

    @property
    def message(self) -> str:
        """The sentence of an empty view; empty if there is something to see."""
        return self._message.text()

    def set_camera(self, camera: Camera | None) -> None:
        """Look there; None: there is no picture."""
        if camera == self._camera:
            return
        self._camera = camera
        self._place_world()
        self.range_changed.emit(camera)

    def set_pixel_size(self, nm_per_px: float) -> None:
        """For the scale bar; NaN: unknown, it counts px."""
        self._nm_per_px = nm_per_px
        self.surround.set_scale(self._camera.zoom if self._camera else 0.0, nm_per_px)

    def set_message(self, text: str) -> None:
        """What a person can do so that something appears here; empty: nothing to say."""
        self._message.say(text)

    def set_tool(self, tool: Tool) -> None:
        """What the left button does; an open gesture is finished first."""
        self.finish_gesture()
        self._tool = tool
        self.viewport().setCursor(CURSORS[tool])
        self.brush.setVisible(tool in STROKE_TOOLS and self.viewport().underMouse())

    def set_mouse(self, mouse: MousePreset) -> None:
        """What the wheel does."""
        self._mouse = mouse

    def set_divider(self, share: float | None) -> None:
        """Where a curtain hangs, in shares of the width: it can be dragged; None: there is none."""
        self._divider = share

    def show_cross(self, u: float, v: float) -> None:
        """Mark the place of another view's pointer."""
        self.cross.setPos(u, v)
        self.cross.show()

    def hide_cross(self) -> None:
        """The pointer is here or nowhere."""
        self.cross.hide()

    def to_image(self, place: QPointF) -> tuple[float, float]:
        """Image px under a point of the viewport; NaN without a picture."""
        if self._camera is None:
            return float("nan"), float("nan")
        return self._camera.to_image(place.x(), place.y(), self.viewport().width(), self.viewport().height())

    def to_screen(self, u: float, v: float) -> QPointF:
        """Point of the viewport at which an image px is drawn."""
        return self.world.mapToScene(QPointF(u, v))

    def finish_gesture(self) -> None:
        """End what a held button does as if it had been released: a stroke is kept, a box is dropped."""
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return
        self._band.hide()
        if gesture.kind == "stroke":
            self.stroke_ended.emit(np.array(gesture.path, dtype=np.float64))
        elif gesture.kind == "register":
            self.register_drag.emit(0.0, 0.0, True)
        elif gesture.kind == "turn":
            self.register_turn.emit(0.0, 0.0, 0.0, 0.0, True)
        elif gesture.kind == "measure":
            self.measure_drag.emit(*self.to_image(gesture.start), *self.to_image(gesture.last), True)
        elif gesture.kind == "grab":
            self.handle_released.emit()
        self.viewport().setCursor(CURSORS[self._tool])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self._camera is None or self._gesture is not None:
            return
        place, button = event.position(), event.button()
        kind = self._kind(place, button, event.modifiers())
        if kind is None:
            return
        controlled = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self._gesture = Gesture(kind, button, place, place, controlled)
        if kind == "stroke":
            self._gesture.path.append(self.to_image(place))
            self.stroke_began.emit()
            self.stroke.emit(np.array(self._gesture.path))
        elif kind == "grab":
            self.handle_pressed.emit(*self.to_image(place), controlled)
        elif kind == "pan":
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self._camera is None:
            return
        place = event.position()
        u, v = self.to_image(place)
        self.brush.setPos(u, v)
        self.brush.setVisible(self._tool in STROKE_TOOLS)
        gesture = self._gesture
        if gesture is not None:
            self._drag(gesture, place)
        elif self._tool in PANNING_TOOLS:
            over = Qt.CursorShape.SplitHCursor if self._on_divider(place) else CURSORS[self._tool]
            if over != self.viewport().cursor().shape():
                self.viewport().setCursor(over)
        self.cursor_moved.emit(u, v)

    def _drag(self, gesture: Gesture, place: QPointF) -> None:
        camera = self._camera
        if camera is None:
            return
        step, before = place - gesture.last, gesture.last
        if gesture.kind == "click":
            if (place - gesture.start).manhattanLength() <= CLICK_PX:
                return
            gesture.kind = dragged(self._tool)
            if gesture.kind == "pan":
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        gesture.last = place
        if gesture.kind == "pan":
            self.camera_wanted.emit(camera.moved(step.x(), step.y()))
        elif gesture.kind == "divider":
            self.divider_wanted.emit(min(max(place.x() / self.viewport().width(), 0.0), 1.0))
        elif gesture.kind == "grab":
            self.handle_dragged.emit(*self.to_image(place))
        elif gesture.kind in ("box", "area"):
            self._band.setGeometry(QRect(gesture.start.toPoint(), place.toPoint()).normalized())
            self._band.show()
        elif gesture.kind == "stroke":
            gesture.path.append(self.to_image(place))
            self.stroke.emit(np.array(gesture.path[-2:]))
        elif gesture.kind == "register":
            self.register_drag.emit(step.x() / camera.zoom, step.y() / camera.zoom, False)
        elif gesture.kind == "turn":
            self.register_turn.emit(*self.to_image(before), *self.to_image(place), False)
        elif gesture.kind == "measure":
            self.measure_drag.emit(*self.to_image(gesture.start), *self.to_image(place), False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        gesture = self._gesture
        if gesture is None or event.button() != gesture.button:
            return
        if gesture.kind == "box":
            self._zoom_to_box(gesture.start, event.position())
        elif gesture.kind == "area":
            self.area.emit(*self.to_image(gesture.start), *self.to_image(event.position()), gesture.controlled)
        elif gesture.kind == "click":
            self.clicked.emit(*self.to_image(gesture.start))
        self.finish_gesture()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.accept()
        if self._camera is None:
            return
        # With Alt, or Shift on some systems, Qt tells the turn as one to the side.
        turned = event.angleDelta().y() or event.angleDelta().x()
        deed = wheel_deed(self._mouse, event.modifiers())
        if deed == "zoom":
            u, v = self.to_image(event.position())
            self.camera_wanted.emit(self._camera.zoomed(WHEEL_STEP ** (turned / STEP), u, v))
        elif deed in ("sideways", "up and down"):
            pixels = WHEEL_PAN * turned / STEP * self.viewport().height()
            right, down = (pixels, 0.0) if deed == "sideways" else (0.0, pixels)
            self.camera_wanted.emit(self._camera.moved(right, down))
        else:
            notches = self._notches.turned(turned)
            if notches:
                (self.brush_steps if deed == "brush" else self.adjust_steps).emit(notches)

    def event(self, event: QEvent) -> bool:
        """On a screen of another resolution everything is drawn anew for it."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.screen_changed.emit()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # The base class would scroll on arrows; every key but Space belongs to the window.
        self._space_held = self._space_held or event.key() == Qt.Key.Key_Space
        event.setAccepted(event.key() == Qt.Key.Key_Space)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = False
        event.setAccepted(event.key() == Qt.Key.Key_Space)

    def focusInEvent(self, event: QFocusEvent) -> None:
        # Seen where the keyboard brought the focus: a mouse knows where it has clicked.
        self.surround.set_focused(event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason))
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space_held = False
        self.surround.set_focused(False)
        super().focusOutEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.hide_cross()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.brush.hide()
        self.cursor_left.emit()
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self.viewport().size()
        self.setSceneRect(0, 0, size.width(), size.height())
        self.surround.set_size(size.width(), size.height())
        self._message.place()
        self._place_world()
        self.resized.emit()

    def _kind(self, place: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> GestureKind | None:
        return gesture_kind(self._tool, button, modifiers, self._space_held, self._on_divider(place))

    def _on_divider(self, place: QPointF) -> bool:
        return (
            self._divider is not None and abs(place.x() - self._divider * self.viewport().width()) <= DIVIDER_REACH_PX
        )

    def _zoom_to_box(self, start: QPointF, end: QPointF) -> None:
        width, height = abs(end.x() - start.x()), abs(end.y() - start.y())
        if self._camera is None or min(width, height) < LEAST_BOX_PX:
            return
        factor = min(self.viewport().width() / width, self.viewport().height() / height)
        u, v = self.to_image((start + end) / 2)
        up_left = end.x() < start.x() and end.y() < start.y()
        zoomed = self._camera.zoomed(1 / factor if up_left else factor, u, v)
        self.camera_wanted.emit(Camera(u, v, zoomed.zoom))

    def _place_world(self) -> None:
        camera = self._camera
        self.world.setVisible(camera is not None)
        self.surround.set_scale(camera.zoom if camera else 0.0, self._nm_per_px)
        if camera is not None:
            x, y = camera.offset(self.viewport().width(), self.viewport().height())
            self.world.setTransform(QTransform(camera.zoom, 0, 0, camera.zoom, x, y))
