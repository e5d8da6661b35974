import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from semiview.core import edits
from semiview.core.case import Case
from semiview.core.coverage import Coverage
from semiview.core.document import Document
from semiview.core.gauge import Gauge
from semiview.metrology.measurement import Measurement, measure
from semiview.ui.canvas.camera import Camera
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.canvas.overlays import LinesItem
from semiview.ui.canvas.painted import changed_tiles
from semiview.ui.canvas.pyramid import Pyramid
from semiview.ui.canvas.view import ImageView
from semiview.ui.grey_levels import automatic_levels
from semiview.ui.view_settings import ViewSettings

MakeCase = Callable[..., Case]
BARE = ViewSettings(
    design=False, prediction_contour=False, correction=False, epe_vectors=False, ignore=False, opacity=1.0
)


def picture(view: ImageView) -> np.ndarray:
    """(H, W, 3) RGB of what the view shows, without the pixels of title and bar."""
    image = view.viewport().grab().toImage().convertToFormat(view.viewport().grab().toImage().Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def at(view: ImageView, u: float, v: float) -> np.ndarray:
    """RGB drawn at an image place."""
    place = view.to_screen(u, v)
    colour: np.ndarray = picture(view)[int(place.y()), int(place.x())]
    return colour


def coloured(view: ImageView, u: float, v: float) -> bool:
    """True if the place is not grey."""
    return bool(np.ptp(at(view, u, v).astype(int)) > 25)


def test_that_all_views_look_through_one_camera(shown: LinkedViews) -> None:
    for kind in ("sem", "design", "prediction"):
        camera = Camera(80.0, 40.0, 3.0)
        shown.views[kind].camera_wanted.emit(camera)
        assert {view.camera for view in shown.views.values()} == {camera}
        shown.fit()


@pytest.mark.parametrize("zoom", [1.0, 2.0, 5.0])
def test_that_sem_design_and_prediction_of_a_perfect_field_coincide(shown: LinkedViews, zoom: float) -> None:
    shown.set_view_settings(BARE)
    shown.go_to(140.0, 100.0, zoom)
    shown.pointer_left.emit()
    for view in shown.views.values():
        view.hide_cross()
    inside = []
    for view in shown.views.values():
        row = int(view.to_screen(0, 100).y())
        grey = picture(view)[row].mean(axis=1)
        inside.append(grey > (grey.min() + grey.max()) / 2)
    np.testing.assert_array_equal(inside[0], inside[2])
    assert np.count_nonzero(inside[0] != inside[1]) <= 2 * len(shown.views)  # a path's edge rounds by a screen px
    view = shown.views["sem"]
    columns = np.round([view.to_image(QPointF(x + 0.5, 0))[0] for x in range(len(inside[0]))]).astype(int)
    valid = (columns >= 0) & (columns < 300)
    np.testing.assert_array_equal(inside[0][valid], (columns % 50 < 20)[valid])


def test_that_an_outline_goes_with_the_registration(shown: LinkedViews, line_case: MakeCase) -> None:
    case = line_case()
    shown.set_view_settings(replace(BARE, design=True))
    shown.go_to(140.0, 100.0, 4.0)
    old = Document(case.nominal)
    shown.show_document(None, old)
    view = shown.views["sem"]
    assert coloured(view, 149.5, 90.0)
    assert not coloured(view, 156.5, 90.0)
    new = edits.nudge(old, 7.0, 0.0)
    shown.show_document(old, new)
    assert coloured(view, 156.5, 90.0)
    assert not coloured(view, 149.5, 90.0)


def test_that_after_nudges_and_pans_the_views_look_as_if_drawn_anew(shown: LinkedViews, line_case: MakeCase) -> None:
    old = Document(line_case().nominal)
    shown.show_document(None, old)
    shown.go_to(100.0, 90.0, 3.0)
    picture(shown.views["sem"])
    for _ in range(3):
        new = edits.nudge(old, 0.37, 0.21)
        shown.show_document(old, new)
        old = new
        assert shown.camera is not None
        shown.views["sem"].camera_wanted.emit(shown.camera.moved(7, -5))
        picture(shown.views["sem"])
    kept = {kind: picture(view) for kind, view in shown.views.items()}
    for view in shown.views.values():
        view.scene().update()
        view.viewport().update()
        for item in view.scene().items():
            item.update()
    for kind, view in shown.views.items():
        np.testing.assert_array_equal(picture(view), kept[kind])


def test_that_a_nudge_makes_no_outline_anew(
    shown: LinkedViews, line_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Document(line_case().nominal)
    shown.show_document(None, old)

    def forbidden(*_: object) -> None:
        raise AssertionError("the outline was made anew")

    monkeypatch.setattr("semiview.ui.canvas.overlays.to_path", forbidden)
    shown.show_document(old, edits.nudge(old, 1.0, 1.0))


def test_that_a_stroke_is_drawn_at_once_and_only_its_tiles_are_laid_in(
    views: LinkedViews, line_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = line_case(shape=(700, 900))
    first = edits.set_shape(Document(case.nominal), "correction", Coverage.from_array(np.zeros((700, 900), np.uint8)))
    views.set_view_settings(replace(BARE, correction=True))
    views.show_case(case, first)
    laid: list[tuple[int, int]] = []
    lay_in = Pyramid.replace

    def watched(pyramid: Pyramid, top: int, left: int, patch: np.ndarray) -> None:
        laid.append((top, left))
        lay_in(pyramid, top, left, patch)

    monkeypatch.setattr(Pyramid, "replace", watched)
    assert first.correction is not None
    second = edits.paint(first, "correction", first.correction, np.array([[235.0, 150.0]]), 15.0, "add")
    views.show_document(first, second)
    assert laid == [(0, 0)]
    for view in views.views.values():
        assert coloured(view, 235.0, 150.0)
        assert not coloured(view, 235.0, 200.0)
    views.show_document(second, first)  # undo
    assert not coloured(views.views["sem"], 235.0, 150.0)


def test_that_a_correction_taken_back_is_gone(shown: LinkedViews, line_case: MakeCase) -> None:
    case = line_case()
    old = edits.set_shape(Document(case.nominal), "correction", Coverage.from_array(np.full((200, 300), 255, np.uint8)))
    shown.set_view_settings(replace(BARE, correction=True))
    shown.show_document(None, old)
    assert coloured(shown.views["sem"], 10.0, 10.0)
    shown.show_document(old, edits.set_shape(old, "correction", None))
    assert not coloured(shown.views["sem"], 10.0, 10.0)


def test_that_changed_tiles_are_those_of_another_identity() -> None:
    old = Coverage.from_array(np.random.default_rng(0).integers(0, 255, (600, 700), dtype=np.uint8))
    new = old.replaced(300, 520, np.full((10, 10), 7, np.uint8))
    found = changed_tiles(old, new)
    assert [(top, left) for top, left, _ in found] == [(256, 512)]
    np.testing.assert_array_equal(found[0][2], new.to_array()[256:512, 512:700])
    assert changed_tiles(new, new) == []


def test_that_contours_epe_and_gauges_of_a_measurement_are_drawn(shown: LinkedViews, line_case: MakeCase) -> None:
    case = line_case()
    gauge = Gauge("g1", "line", *case.nominal.to_nm(np.array([[9.5, 100.0]]))[0], 0.0, 60.0, 20.0)
    document = edits.add_gauge(Document(case.nominal.moved(4.0, 0.0).by_hand()), gauge)
    shown.show_document(None, document)
    measurement: Measurement = measure(case, document)
    assert len(measurement.epe)
    shown.show_measurement(measurement)
    shown.go_to(20.0, 100.0, 8.0)
    for name, u in (("prediction_contour", 19.5), ("epe_vectors", 20.5)):
        shown.set_view_settings(replace(BARE, **{name: True}))
        assert any(coloured(shown.views["sem"], u, v) for v in np.arange(80, 96, 0.25)), name
    shown.set_view_settings(BARE)
    bare = picture(shown.views["sem"])
    shown.set_view_settings(replace(BARE, gauges=True))
    assert (picture(shown.views["sem"]) != bare).any()
    shown.show_measurement(None)
    shown.set_view_settings(replace(BARE, epe_vectors=True, prediction_contour=True))
    np.testing.assert_array_equal(picture(shown.views["sem"]), bare)


def test_that_the_pointer_of_one_view_is_marked_in_the_others(shown: LinkedViews, qtbot: QtBot) -> None:
    sem, design = shown.views["sem"], shown.views["design"]
    with qtbot.waitSignal(shown.pointer_moved) as heard:
        QTest.mouseMove(sem.viewport(), QPoint(150, 200))
    assert heard.args == pytest.approx(list(sem.to_image(QPointF(150, 200))))
    assert not sem.cross.isVisible()
    assert design.cross.isVisible()
    assert (design.cross.pos().x(), design.cross.pos().y()) == pytest.approx(tuple(heard.args))


def test_that_going_to_a_place_brings_it_to_the_middle_of_every_view(shown: LinkedViews) -> None:
    shown.go_to(33.0, 44.0, 6.0)
    for view in shown.views.values():
        place = view.to_screen(33.0, 44.0)
        assert (place.x(), place.y()) == pytest.approx(
            (view.viewport().width() / 2, view.viewport().height() / 2), abs=0.6
        )
        assert view.cross.isVisible()


def test_that_a_fit_stays_a_fit_until_somebody_zooms(shown: LinkedViews, qtbot: QtBot) -> None:
    before = shown.camera
    shown.resize(1500, 500)
    qtbot.waitUntil(lambda: shown.camera != before)
    fitted = shown.camera
    assert fitted is not None
    assert before is not None
    assert fitted.zoom > before.zoom
    shown.one_to_one()
    shown.resize(1202, 400)
    qtbot.wait(20)
    assert shown.camera is not None
    assert shown.camera.zoom == 1.0


def test_that_the_next_case_of_the_same_shape_keeps_the_place_and_another_shape_is_fitted(
    shown: LinkedViews, line_case: MakeCase
) -> None:
    shown.go_to(33.0, 44.0, 6.0)
    camera = shown.camera
    second = line_case("second")
    shown.show_case(second, Document(second.nominal))
    assert shown.camera == camera
    third = line_case("third", shape=(100, 100))
    shown.show_case(third, Document(third.nominal))
    assert shown.camera is not None
    assert (shown.camera.u, shown.camera.v) == (49.5, 49.5)


def test_that_blinking_hides_and_shows_the_overlays_and_leaves_them_on(shown: LinkedViews, qtbot: QtBot) -> None:
    shown.set_view_settings(ViewSettings(blink=True))
    qtbot.waitUntil(lambda: not shown.overlays_shown, timeout=2000)
    qtbot.waitUntil(lambda: shown.overlays_shown, timeout=2000)
    qtbot.waitUntil(lambda: not shown.overlays_shown, timeout=2000)
    shown.set_view_settings(ViewSettings())
    assert shown.overlays_shown
    shown.hold_blink(True)
    assert not coloured(shown.views["sem"], 19.5, 100.0)
    shown.hold_blink(False)
    assert shown.overlays_shown


@pytest.mark.parametrize(("mode", "count"), [("three", 3), ("two", 2), ("single", 1)])
def test_that_a_compare_mode_shows_as_many_views(shown: LinkedViews, mode: str, count: int) -> None:
    shown.set_view_settings(ViewSettings(compare_mode=mode))  # type: ignore[arg-type]
    assert sum(view.isVisible() for view in shown.views.values()) == count
    assert shown.views["sem"].isVisible()


def test_that_opacity_nought_hides_the_overlays(shown: LinkedViews) -> None:
    shown.go_to(19.5, 100.0, 4.0)
    assert coloured(shown.views["sem"], 19.5, 90.0)
    shown.set_view_settings(ViewSettings(opacity=0.0))
    assert not coloured(shown.views["sem"], 19.5, 90.0)


@pytest.mark.parametrize(("opacity", "radius"), [(1.5, 3.0), (0.5, 0.0)])
def test_that_settings_out_of_range_are_refused(opacity: float, radius: float) -> None:
    with pytest.raises(ValueError, match=r"opacity|radius"):
        ViewSettings(opacity=opacity, brush_radius_px=radius)


def test_that_an_unknown_tool_is_refused_by_name(views: LinkedViews) -> None:
    with pytest.raises(ValueError, match=r"no tool 'hammer'.*brush"):
        views.set_tool("hammer")


def test_that_empty_views_say_what_to_do(views: LinkedViews, line_case: MakeCase) -> None:
    assert "Open a project" in views.views["sem"].message
    case = replace(line_case(), design=None, prediction=None)
    views.show_case(case, Document(case.nominal))
    assert "design" in views.views["design"].message
    assert "prediction" in views.views["prediction"].message
    assert views.views["sem"].message == ""
    whole = line_case()
    views.show_case(whole, Document(whole.nominal))
    assert [view.message for view in views.views.values()] == ["", "", ""]
    views.show_case(None, None)
    assert views.camera is None
    assert "Open a project" in views.views["sem"].message
    assert not coloured(views.views["sem"], 19.5, 100.0)


def test_that_without_a_pixel_size_the_picture_stands_and_the_design_says_why_it_does_not(
    views: LinkedViews, line_case: MakeCase
) -> None:
    case = line_case(nm_per_px=float("nan"))
    views.show_case(case, Document(case.nominal))
    assert "pixel size" in views.views["design"].message
    assert at(views.views["sem"], 9.0, 100.0)[0] > 200
    assert not any(coloured(views.views["sem"], u, 100.0) for u in np.arange(0, 60, 0.5))


def test_that_levels_are_for_looking_only(shown: LinkedViews, line_case: MakeCase) -> None:
    case = line_case()
    before = case.sem.pixels.copy()
    shown.show_case(case, Document(case.nominal))
    shown.set_view_settings(replace(BARE, levels=(0.0, 2000.0)))
    assert at(shown.views["sem"], 9.0, 100.0)[0] == pytest.approx(200 * 255 / 2000, abs=2)
    np.testing.assert_array_equal(case.sem.pixels, before)


def test_that_automatic_levels_span_the_grey_values_even_of_an_even_picture(line_case: MakeCase) -> None:
    case = line_case()
    assert automatic_levels(case.sem) == (60.0, 200.0)
    even = replace(case.sem, pixels=np.full((200, 300), 9, np.uint8))
    low, high = automatic_levels(even)
    assert low < high


def test_that_nothing_is_left_behind(qtbot: QtBot, line_case: MakeCase) -> None:
    views = LinkedViews()
    case = line_case()
    views.show_case(case, Document(case.nominal))
    views.set_view_settings(ViewSettings(blink=True))
    timers, inner = views.findChildren(QTimer), list(views.views.values())
    gone = weakref.ref(views)
    views.deleteLater()
    QTest.qWait(10)
    assert not any(isValid(timer) for timer in timers)
    assert not any(isValid(view) for view in inner)
    assert gone() is None or not isValid(gone())


@pytest.mark.parametrize(("size", "columns"), [((1200, 400), 3), ((700, 700), 2), ((300, 900), 1)])
def test_that_three_views_stand_where_each_is_largest(shown: LinkedViews, size, columns: int) -> None:
    corner = QWidget()
    shown.set_corner(corner)
    shown.resize(*size)
    shown.layout().activate()
    left = {view.x() for view in shown.views.values()}
    assert len(left) == columns
    assert corner.isVisible() == (columns == 2)
    widths = [view.width() for view in shown.views.values()]
    assert max(widths) - min(widths) <= 1


def test_that_the_design_is_drawn_within_the_picture_only(shown: LinkedViews) -> None:
    shown.set_view_settings(replace(BARE, design=True))
    shown.go_to(100.0, 0.0, 4.0)
    shown.views["sem"].hide_cross()
    edge = 99.5  # the left side of a line that is drawn from below the picture to above it
    assert coloured(shown.views["sem"], edge, 6.0)
    assert not coloured(shown.views["sem"], edge, -6.0)


def test_that_outlines_are_kept_as_drawn_while_they_are_in_sight_and_not_far_in(shown: LinkedViews) -> None:
    def kept() -> set[bool]:
        items = [item for item in shown.views["sem"].scene().items() if isinstance(item, LinesItem)]
        large = [item for item in items if not item.boundingRect().isEmpty()]
        assert large
        return {item.cacheMode() == LinesItem.CacheMode.DeviceCoordinateCache for item in large}

    assert kept() == {True}
    shown.go_to(100.0, 100.0, 30.0)
    assert kept() == {False}
    shown.fit()
    assert kept() == {True}
