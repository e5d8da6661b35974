import gc
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.view import ImageView

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
PLAIN, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Heard:
    """Everything a view says, in order."""

    def __init__(self, view: ImageView) -> None:
        self.cameras: list[Camera] = []
        self.words: list[tuple[object, ...]] = []
        view.camera_wanted.connect(self._camera)
        view.clicked.connect(lambda u, v: self.words.append(("clicked", round(u, 6), round(v, 6))))
        view.stroke_began.connect(lambda: self.words.append(("began",)))
        view.stroke.connect(lambda path: self.words.append(("stroke", path.tolist())))
        view.stroke_ended.connect(lambda path: self.words.append(("ended", path.tolist())))
        view.register_drag.connect(lambda x, y, finished: self.words.append(("register", x, y, finished)))
        view.brush_steps.connect(lambda steps: self.words.append(("brush", steps)))
        self._view = view

    def _camera(self, camera: Camera) -> None:
        self.cameras.append(camera)
        self._view.set_camera(camera)

    @property
    def kinds(self) -> list[object]:
        return [word[0] for word in self.words]


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    widget = ImageView("SEM")
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    with qtbot.waitExposed(widget):
        widget.show()
    widget.set_camera(Camera(100.0, 80.0, 2.0))
    return widget


@pytest.fixture
def heard(view: ImageView) -> Heard:
    return Heard(view)


@pytest.fixture(autouse=True)
def no_modifier_stays() -> Iterator[None]:
    yield
    assert QApplication.keyboardModifiers() == PLAIN


def drag(
    view: ImageView,
    button: Qt.MouseButton,
    *places: tuple[int, int],
    modifiers: Qt.KeyboardModifier = PLAIN,
    release: bool = True,
) -> None:
    target = view.viewport()
    points = [QPoint(*place) for place in places]
    QTest.mousePress(target, button, modifiers, points[0])
    for point in points[1:]:
        QTest.mouseMove(target, point)
    if release:
        QTest.mouseRelease(target, button, PLAIN, points[-1])


def wheel(view: ImageView, place: tuple[int, int], turned: int, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    at = QPointF(*place)
    event = QWheelEvent(
        at,
        QPointF(view.viewport().mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, turned),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.wheelEvent(event)
    assert event.isAccepted()


def test_that_screen_and_image_places_agree_both_ways(view: ImageView) -> None:
    for place in ((0.0, 0.0), (12.25, 77.5), (399.0, 299.0)):
        u, v = view.to_image(QPointF(*place))
        back = view.to_screen(u, v)
        assert (back.x(), back.y()) == pytest.approx(place, abs=1e-9)


def test_that_the_wheel_zooms_about_the_cursor(view: ImageView, heard: Heard) -> None:
    before = view.to_image(QPointF(310, 70))
    wheel(view, (310, 70), 120)
    assert heard.cameras[-1].zoom == pytest.approx(2.5)
    assert view.to_image(QPointF(310, 70)) == pytest.approx(before, abs=0.6)
    wheel(view, (310, 70), -240)
    assert heard.cameras[-1].zoom == pytest.approx(1.6)


def test_that_ctrl_wheel_asks_for_another_brush_and_shift_wheel_does_nothing_yet(view: ImageView, heard: Heard) -> None:
    wheel(view, (10, 10), 120, CTRL)
    wheel(view, (10, 10), -60, CTRL)
    wheel(view, (10, 10), -60, CTRL)
    wheel(view, (10, 10), 120, SHIFT)
    assert heard.words == [("brush", 1), ("brush", -1)]
    assert heard.cameras == []


@pytest.mark.parametrize(
    ("button", "modifiers", "tool"),
    [(MIDDLE, PLAIN, "pan"), (MIDDLE, PLAIN, "brush"), (LEFT, SHIFT, "brush"), (LEFT, PLAIN, "pan")],
)
def test_that_a_pan_moves_the_picture_with_the_mouse(
    view: ImageView, heard: Heard, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, tool: str
) -> None:
    view.set_tool(tool)  # type: ignore[arg-type]
    grabbed = view.to_image(QPointF(200, 100))
    drag(view, button, (200, 100), (230, 140), (260, 180), modifiers=modifiers)
    assert view.to_image(QPointF(260, 180)) == pytest.approx(grabbed, abs=1e-9)
    assert heard.words == []


def test_that_space_and_a_drag_pan_with_the_brush_in_hand(view: ImageView, heard: Heard, qtbot: QtBot) -> None:
    view.set_tool("brush")
    view.setFocus()
    QTest.keyPress(view, Qt.Key.Key_Space)
    drag(view, LEFT, (200, 100), (230, 140))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert heard.words == []
    assert len(heard.cameras) == 1
    drag(view, LEFT, (200, 100), (230, 140))
    assert heard.kinds == ["began", "stroke", "stroke", "ended"]


def test_that_a_right_drag_down_zooms_into_the_box_and_up_left_zooms_out(view: ImageView, heard: Heard) -> None:
    middle = view.to_image(QPointF(150, 120))
    drag(view, RIGHT, (100, 90), (150, 100), (200, 150))
    camera = heard.cameras[-1]
    assert (camera.u, camera.v) == pytest.approx(middle)
    assert camera.zoom == pytest.approx(2.0 * 4)
    drag(view, RIGHT, (200, 150), (150, 120), (100, 90))
    assert heard.cameras[-1].zoom == pytest.approx(2.0)
    count = len(heard.cameras)
    drag(view, RIGHT, (100, 90), (103, 92))  # a click that slipped
    assert len(heard.cameras) == count
    assert heard.words == []


def test_that_a_stroke_brings_pieces_that_join_and_ends_with_the_whole_path(view: ImageView, heard: Heard) -> None:
    view.set_tool("eraser")
    drag(view, LEFT, (100, 100), (110, 100), (120, 130))
    places = [list(view.to_image(QPointF(*place))) for place in ((100, 100), (110, 100), (120, 130))]
    assert heard.words == [
        ("began",),
        ("stroke", [places[0]]),
        ("stroke", places[0:2]),
        ("stroke", places[1:3]),
        ("ended", places),
    ]


def test_that_a_second_click_soon_after_is_a_dot_too(view: ImageView, heard: Heard) -> None:
    view.set_tool("brush")
    QTest.mouseClick(view.viewport(), LEFT, PLAIN, QPoint(50, 50))
    QTest.mouseDClick(view.viewport(), LEFT, PLAIN, QPoint(50, 50))
    QTest.mouseRelease(view.viewport(), LEFT, PLAIN, QPoint(50, 50))
    assert heard.kinds.count("began") == heard.kinds.count("ended") == 2


def test_that_a_register_drag_is_in_image_px_and_sums_to_the_whole_way(view: ImageView, heard: Heard) -> None:
    view.set_tool("register")
    drag(view, LEFT, (100, 100), (110, 104), (90, 120))
    assert heard.words == [("register", 5.0, 2.0, False), ("register", -10.0, 8.0, False), ("register", 0.0, 0.0, True)]


def test_that_a_click_without_a_drag_says_where(view: ImageView, heard: Heard) -> None:
    for tool in ("pan", "measure"):
        view.set_tool(tool)
        QTest.mouseClick(view.viewport(), LEFT, PLAIN, QPoint(120, 90))
    u, v = view.to_image(QPointF(120, 90))
    assert heard.words == [("clicked", round(u, 6), round(v, 6))] * 2


def test_that_another_tool_or_a_lost_case_keeps_an_open_stroke(view: ImageView, heard: Heard) -> None:
    view.set_tool("brush")
    drag(view, LEFT, (100, 100), (110, 100), release=False)
    view.set_tool("pan")
    assert heard.kinds == ["began", "stroke", "stroke", "ended"]
    QTest.mouseRelease(view.viewport(), LEFT, PLAIN, QPoint(110, 100))
    assert heard.kinds == ["began", "stroke", "stroke", "ended"]


def test_that_a_second_button_does_not_disturb_a_stroke(view: ImageView, heard: Heard) -> None:
    view.set_tool("brush")
    drag(view, LEFT, (100, 100), (110, 100), release=False)
    QTest.mouseClick(view.viewport(), RIGHT, PLAIN, QPoint(110, 100))
    QTest.mouseMove(view.viewport(), QPoint(130, 100))
    QTest.mouseRelease(view.viewport(), LEFT, PLAIN, QPoint(130, 100))
    assert heard.kinds == ["began", "stroke", "stroke", "stroke", "ended"]


def test_that_an_empty_view_does_nothing(view: ImageView, heard: Heard) -> None:
    view.set_camera(None)
    view.set_tool("brush")
    drag(view, LEFT, (100, 100), (110, 100))
    wheel(view, (10, 10), 120)
    assert heard.words == []
    assert heard.cameras == []


def test_that_the_brush_is_a_circle_about_the_pointer_only_with_a_brush_in_hand(view: ImageView) -> None:
    view.brush.set_radius(7.0)
    QTest.mouseMove(view.viewport(), QPoint(130, 100))
    assert not view.brush.isVisible()
    view.set_tool("brush")
    QTest.mouseMove(view.viewport(), QPoint(140, 100))
    assert view.brush.isVisible()
    assert (view.brush.pos().x(), view.brush.pos().y()) == pytest.approx(view.to_image(QPointF(140, 100)))


def test_that_keys_go_on_to_the_window_and_no_menu_opens(view: ImageView) -> None:
    camera = view.camera
    for key in (Qt.Key.Key_Left, Qt.Key.Key_PageDown, Qt.Key.Key_Return):
        QTest.keyClick(view, key)
    assert view.camera is camera
    assert view.horizontalScrollBar().value() == view.verticalScrollBar().value() == 0
    assert view.contextMenuPolicy() == Qt.ContextMenuPolicy.PreventContextMenu
    assert not view.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)


def test_that_a_signal_can_be_emitted_5000_times(view: ImageView) -> None:
    got: list[bool] = []
    view.register_drag.connect(lambda _x, _y, finished: got.append(finished))
    for number in range(5000):
        view.register_drag.emit(1.0, 0.0, number % 2 == 0)
        view.stroke.emit(np.zeros((2, 2)))
    gc.collect()
    assert len(got) == 5000
    assert got[:2] == [True, False]
