"""One place is at one place in every compare mode, to half a pixel; and each mode shows what its pictures are."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from semiview.core import edits
from semiview.core.design import DesignLayer
from semiview.core.document import Document
from semiview.core.gauge import Gauge
from semiview.core.prediction import Prediction
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.difference import DifferenceScale
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.canvas.pictures import NO_PREDICTION, Guests
from semiview.ui.canvas.wheel import Notches, wheel_deed
from semiview.ui.compare_modes import COMPARE_MODES, GUESTS, PAIRS, VIEWS, composed
from semiview.ui.view_settings import ViewSettings
from tests.ui.canvas.conftest import CENTRE_NM, MakeCase

BARE = ViewSettings(
    design=False, prediction_contour=False, epe_vectors=False, correction=False, ignore=False, levels=(60.0, 200.0)
)
SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


def pixels(view) -> np.ndarray:
    """(H, W, 3) of what a view shows, with no title and scale bar."""
    QApplication.processEvents()  # the views find their places
    view.surround.hide()
    image = view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return values[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def edges(row: np.ndarray) -> np.ndarray:
    """Sub-pixel places at which a row of greys crosses the middle of its range."""
    values = row.astype(float).mean(axis=-1)
    level = (values.min() + values.max()) / 2
    at = np.flatnonzero((values[:-1] < level) != (values[1:] < level))
    return at + (level - values[at]) / (values[at + 1] - values[at])


@pytest.mark.parametrize("zoom", [1.0, 1.7, 3.0])
def test_that_sem_design_and_prediction_have_each_edge_at_one_place(shown: LinkedViews, zoom: float) -> None:
    shown.set_view_settings(replace(BARE, compare_mode="blink"))
    shown.views["sem"].camera_wanted.emit(Camera(120.3, 100.0, zoom))
    found = []
    for pair in PAIRS:
        for turned in (False, True):
            shown.set_view_settings(replace(BARE, compare_mode="blink", pair=pair))
            shown.hold_blink(turned)
            picture = pixels(shown.views["sem"])
            row = picture[picture.shape[0] // 2]
            inside = shown.views["sem"].to_screen(5.0, 0.0).x(), shown.views["sem"].to_screen(290.0, 0.0).x()
            left, right = max(round(inside[0]), 0), min(round(inside[1]), len(row))
            found.append(edges(row[left:right]) + left)
    assert {len(places) for places in found} == {len(found[0])}
    assert len(found[0]) >= 4
    spread = np.ptp(np.array(found), axis=0)
    assert spread.max() <= 0.5 * max(zoom, 1.0)


@pytest.mark.parametrize("pair", list(PAIRS))
def test_that_curtain_and_checkerboard_show_each_side_where_it_is_alone(shown: LinkedViews, pair) -> None:
    view = shown.views["sem"]
    alone = {}
    for turned in (False, True):
        shown.set_view_settings(replace(BARE, compare_mode="blink", pair=pair))
        shown.hold_blink(turned)
        alone[turned] = pixels(view)
    shown.set_view_settings(replace(BARE, compare_mode="curtain", pair=pair, divider=0.4))
    curtain = pixels(view)
    edge = round(0.4 * view.viewport().width())
    assert np.array_equal(curtain[:, : edge - 12], alone[False][:, : edge - 12])
    assert np.array_equal(curtain[:, edge + 12 :], alone[True][:, edge + 12 :])
    shown.set_view_settings(replace(BARE, compare_mode="checkerboard", pair=pair, checker_px=50))
    board = pixels(view)
    rows, columns = np.arange(board.shape[0])[:, None] // 50, np.arange(board.shape[1]) // 50
    first = ((rows + columns) % 2 == 0)[..., None]
    assert np.array_equal(board, np.where(first, alone[False], alone[True]))


def test_that_what_agrees_is_dark_as_a_difference_and_grey_in_red_and_cyan(shown: LinkedViews) -> None:
    shown.set_view_settings(replace(BARE, compare_mode="difference", pair="prediction_design"))
    middle = pixels(shown.views["sem"])[150:250, 420:780].astype(int)
    # A mask's edge is drawn over a pixel, a polygon's is sharp: only there they may differ.
    assert np.mean(middle.max(axis=2) > 40) < 0.08
    assert np.median(middle) <= 30
    shown.set_view_settings(replace(BARE, compare_mode="red_cyan", pair="prediction_design"))
    middle = pixels(shown.views["sem"])[150:250, 420:780].astype(int)
    assert np.median(np.ptp(middle, axis=2)) == 0


def test_that_a_registration_moves_the_design_in_every_mode(shown: LinkedViews, line_case: MakeCase) -> None:
    case = line_case()
    document = Document(case.nominal)
    shown.show_document(None, document)
    for mode in COMPARE_MODES:
        if composed(mode):
            shown.set_view_settings(replace(BARE, compare_mode=mode, pair="sem_design"))
            shown.hold_blink(mode == "blink")
            shown.show_document(None, document)
            before = pixels(shown.views["sem"])
            shown.show_document(document, edits.nudge(document, 7.0, 0.0))
            assert not np.array_equal(before, pixels(shown.views["sem"])), mode


def test_that_a_picture_that_is_missing_is_said_in_the_view(views: LinkedViews, line_case: MakeCase) -> None:
    case = line_case().with_prediction(None)
    views.show_case(case, Document(case.nominal))
    views.set_view_settings(replace(BARE, compare_mode="curtain", pair="sem_prediction"))
    assert views.views["sem"].message == NO_PREDICTION
    views.set_view_settings(replace(BARE, compare_mode="curtain", pair="sem_design"))
    assert views.views["sem"].message == ""


def test_that_the_curtain_is_dragged_and_shift_and_wheel_adjust(shown: LinkedViews, qtbot: QtBot) -> None:
    wanted: list[float] = []
    steps: list[int] = []
    shown.divider_wanted.connect(wanted.append)
    shown.adjust_steps.connect(steps.append)
    shown.set_view_settings(replace(BARE, compare_mode="curtain", divider=0.5))
    viewport = shown.views["sem"].viewport()
    middle = viewport.rect().center()
    before = shown.camera
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(viewport, middle - QPoint(viewport.width() // 4, 0))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=middle - QPoint(viewport.width() // 4, 0))
    assert wanted[-1] == pytest.approx(0.25, abs=0.01)
    assert shown.camera == before
    wheel(shown, SHIFT, QPoint(0, 240))
    wheel(shown, SHIFT, QPoint(-120, 0))  # as some systems tell it
    assert steps == [2, -1]


def wheel(views: LinkedViews, held: Qt.KeyboardModifier, turn: QPoint) -> None:
    viewport = views.views["sem"].viewport()
    place = QPointF(viewport.rect().center())
    event = QWheelEvent(
        place, viewport.mapToGlobal(place), QPoint(), turn, Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)


def test_that_the_wheel_does_what_its_preset_says(shown: LinkedViews) -> None:
    none = Qt.KeyboardModifier.NoModifier
    assert [wheel_deed("semiview", held) for held in (none, SHIFT, CTRL)] == ["zoom", "adjust", "brush"]
    assert [wheel_deed("klayout", held) for held in (none, SHIFT, CTRL, ALT, CTRL | ALT)] == [
        "zoom", "sideways", "up and down", "adjust", "brush",
    ]  # fmt: skip
    shown.set_view_settings(replace(BARE, mouse="klayout"))
    before = shown.camera
    wheel(shown, SHIFT, QPoint(0, 120))
    assert (shown.camera.u < before.u, shown.camera.v, shown.camera.zoom) == (True, before.v, before.zoom)


def test_that_small_turns_add_up_to_notches() -> None:
    notches = Notches()
    assert [notches.turned(angle) for angle in (50, 50, 50, -30, -120)] == [0, 0, 1, 0, -1]


def test_that_nothing_blinks_by_itself_with_reduced_motion(shown: LinkedViews, qtbot: QtBot) -> None:
    shown.set_view_settings(replace(BARE, compare_mode="blink", blink=True, still=True))
    assert not shown.blinked
    qtbot.wait(600)
    assert not shown.blinked
    shown.set_view_settings(replace(BARE, compare_mode="blink", blink=True))
    qtbot.waitUntil(lambda: shown.blinked)
    qtbot.waitUntil(lambda: not shown.blinked)


def greys(picture: np.ndarray) -> np.ndarray:
    """(H, W) of a picture in greys."""
    return picture[..., 1].astype(int)


def alone(shown: LinkedViews, pair) -> tuple[np.ndarray, np.ndarray]:
    """What each picture of a pair looks like by itself, over the whole view."""
    found = []
    for turned in (False, True):
        shown.set_view_settings(replace(BARE, compare_mode="blink", pair=pair))
        shown.hold_blink(turned)
        found.append(pixels(shown.views["sem"]))
    return found[0], found[1]


def other_lines(shown: LinkedViews, line_case: MakeCase, by_px: int) -> None:
    """Guests whose lines lie to the right of the case's own."""
    case = line_case()
    shown.show_guests(
        Guests(
            Prediction(np.roll(case.prediction.probability, by_px, axis=1).copy(), "another"),
            np.roll(case.sem.pixels, by_px, axis=1).astype(np.float32),
            "a generator",
        )
    )


def test_that_three_views_show_each_picture_at_its_places(shown: LinkedViews) -> None:
    shown.set_view_settings(replace(BARE, compare_mode="three"))
    for kind in VIEWS:
        view = shown.views[kind]
        picture = greys(pixels(view))
        on, off = (view.to_screen(u, 100.0) for u in (109.0, 134.0))
        assert picture[int(on.y()), int(on.x())] > picture[int(off.y()), int(off.x())] + 60, kind


@pytest.mark.parametrize("pair", list(PAIRS))
def test_that_two_views_show_the_two_of_the_pair_and_no_other(shown: LinkedViews, line_case: MakeCase, pair) -> None:
    other_lines(shown, line_case, 25)  # as wide as a line and its gap: what was bright is dark
    shown.set_view_settings(replace(BARE, compare_mode="two", pair=pair))
    QApplication.processEvents()
    visible = [view for view in shown.views.values() if view.isVisible()]
    assert len(visible) == 2
    for kind, view in zip(PAIRS[pair], sorted(visible, key=lambda view: view.x()), strict=True):
        picture = greys(pixels(view))
        at = view.to_screen(109.0, 100.0)
        bright = picture[int(at.y()), int(at.x())] > 80
        assert bright == (kind not in GUESTS), kind


def test_that_one_view_alone_has_all_the_room(shown: LinkedViews) -> None:
    shown.set_view_settings(replace(BARE, compare_mode="single"))
    QApplication.processEvents()
    assert [kind for kind, view in shown.views.items() if view.isVisible()] == ["sem"]
    assert shown.views["sem"].size() == shown.size()


@pytest.mark.parametrize("blend", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("pair", list(PAIRS))
def test_that_an_overlay_is_the_weighted_mean(shown: LinkedViews, line_case: MakeCase, pair, blend: float) -> None:
    other_lines(shown, line_case, 7)
    first, second = alone(shown, pair)
    shown.set_view_settings(replace(BARE, compare_mode="overlay", pair=pair, blend=blend))
    mean = (1 - blend) * first + blend * second
    assert np.abs(pixels(shown.views["sem"]) - mean).max() <= 1


@pytest.mark.parametrize("pair", list(PAIRS))
def test_that_a_blink_shows_one_then_the_other(shown: LinkedViews, line_case: MakeCase, pair) -> None:
    case = line_case()
    other_lines(shown, line_case, 25)
    document = Document(case.nominal)
    shown.show_document(document, edits.nudge(document, 25.0 if PAIRS[pair][1] == "design" else 0.0, 0.0))
    if pair == "sem_prediction":
        moved = Prediction(np.roll(case.prediction.probability, 25, axis=1).copy(), "moved")
        shown.show_case(case.with_prediction(moved), document)
    first, second = alone(shown, pair)
    at = shown.views["sem"].to_screen(109.0, 100.0)
    place = int(at.y()), int(at.x())
    assert greys(first)[place] > greys(second)[place] + 60


@pytest.mark.parametrize("pair", ["sem_prediction", "prediction_other", "sem_expected"])
def test_that_a_difference_is_symmetric_and_says_which_is_brighter(
    shown: LinkedViews, line_case: MakeCase, pair
) -> None:
    other_lines(shown, line_case, 7)
    first, second = (greys(picture) for picture in alone(shown, pair))

    def drawn(span: float) -> np.ndarray:
        shown.set_view_settings(replace(BARE, compare_mode="difference", pair=pair, span=span))
        return pixels(shown.views["sem"]).astype(int)

    view = shown.views["sem"]
    corners = view.to_screen(0.0, 0.0), view.to_screen(299.0, 199.0)
    here = np.s_[int(corners[0].y()) + 2 : int(corners[1].y()) - 1, int(corners[0].x()) + 2 : int(corners[1].x()) - 1]
    wide, size = drawn(1.0)[here], (first - second)[here]
    orange, blue = wide[..., 0] - wide[..., 2], wide[..., 2] - wide[..., 0]
    assert (orange[size > 8] > 0).all()
    assert (blue[size < -8] > 0).all()
    assert np.abs(orange[size == 0]).max() <= 3
    if pair != "sem_prediction":  # lines moved to the right: as much brighter on the one side as darker on the other
        assert np.count_nonzero(size > 8) == pytest.approx(np.count_nonzero(size < -8), rel=0.2)
    narrow = drawn(0.5)[here]
    weak = np.abs(size) > 0
    strength = [np.ptp(picture[weak], axis=-1).sum() for picture in (wide, narrow)]
    assert strength[1] >= strength[0]


def test_that_the_bar_of_a_difference_has_the_unit_of_its_pictures(shown: LinkedViews) -> None:
    bare = replace(BARE, compare_mode="difference", span=0.5, levels=(50.0, 250.0))
    shown.set_view_settings(replace(bare, pair="prediction_other"))
    other = pixels_with_surround(shown)
    shown.set_view_settings(replace(bare, pair="sem_prediction"))
    assert not np.array_equal(other, pixels_with_surround(shown))
    assert DifferenceScale("SEM", "Predicted SEM", 200.0, " grey").labels(0.5)[2] == "Predicted SEM +100 grey"


def pixels_with_surround(views: LinkedViews) -> np.ndarray:
    """What the corner with the bar shows."""
    view = views.views["sem"]
    view.surround.show()
    QApplication.processEvents()
    image = view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return values[-170:, -3 * 260 :].copy()


@pytest.mark.parametrize("pair", ["sem_prediction", "sem_expected"])
def test_that_red_and_cyan_hold_the_greys_of_either_picture(shown: LinkedViews, line_case: MakeCase, pair) -> None:
    other_lines(shown, line_case, 7)
    first, second = alone(shown, pair)
    shown.set_view_settings(replace(BARE, compare_mode="red_cyan", pair=pair))
    both = pixels(shown.views["sem"])
    view = shown.views["sem"]
    row = int(view.to_screen(150.0, 100.0).y())
    left, right = int(view.to_screen(2.0, 0.0).x()), int(view.to_screen(297.0, 0.0).x())
    for channel, picture in ((0, first), (1, second), (2, second)):
        assert np.array_equal(both[row, left:right, channel], picture[row, left:right, 1])


def test_that_nothing_measured_is_drawn_over_a_generated_picture(shown: LinkedViews, line_case: MakeCase) -> None:
    case = line_case()
    document = edits.add_gauge(Document(case.nominal), Gauge("g", "line", *CENTRE_NM, 0.0, 120.0, 40.0))
    shown.show_document(None, document)
    seen = {}
    for pair in ("prediction_other", "sem_expected"):
        for gauges in (False, True):
            shown.set_view_settings(replace(BARE, compare_mode="two", pair=pair, gauges=gauges))
            seen[pair, gauges] = pixels(shown.views["design"])
    assert not np.array_equal(seen["prediction_other", False], seen["prediction_other", True])
    assert np.array_equal(seen["sem_expected", False], seen["sem_expected", True])


def test_that_nothing_is_measured_by_a_click_on_a_generated_picture(shown: LinkedViews, qtbot: QtBot) -> None:
    shown.set_view_settings(replace(BARE, compare_mode="two", pair="sem_expected"))
    shown.set_tool("measure")
    dragged: list[bool] = []
    shown.measure_drag.connect(lambda *_: dragged.append(True))
    for kind, measured in (("design", False), ("sem", True)):
        dragged.clear()
        viewport = shown.views[kind].viewport()
        middle = viewport.rect().center()
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=middle)
        qtbot.mouseMove(viewport, middle + QPoint(40, 0))
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
        assert bool(dragged) == measured, kind


def test_that_a_layer_of_the_design_can_be_hidden_and_filled(shown: LinkedViews, line_case: MakeCase) -> None:
    case = line_case()
    first, second = case.design.target[:2]
    layers = (DesignLayer("1/0", "target", (first,)), DesignLayer("2/0", "opc", (second,)))
    shown.show_case(replace(case, design=replace(case.design, target=(first,), layers=layers)), Document(case.nominal))

    def drawn(**settings) -> np.ndarray:
        shown.set_view_settings(replace(BARE, compare_mode="single", **settings))
        return pixels(shown.views["sem"]).astype(int)

    bare, both = drawn(), drawn(design=True)
    without = drawn(design=True, hidden_layers=frozenset({"2/0"}))
    filled = drawn(design=True, hidden_layers=frozenset({"2/0"}), design_fill=True)
    changed = [int(np.count_nonzero((picture != bare).any(axis=2))) for picture in (without, both, filled)]
    assert 0 < changed[0] < changed[1] < changed[2]
    faint = drawn(design=True, hidden_layers=frozenset({"2/0"}), opacities={"design": 0.3})
    assert 0 < np.abs(faint - bare).sum() < np.abs(without - bare).sum()
