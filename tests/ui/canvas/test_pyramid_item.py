import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication, QGraphicsRectItem, QGraphicsScene, QStyleOptionGraphicsItem

from semiview.ui.canvas.pyramid import Pyramid
from semiview.ui.canvas.pyramid_item import CoverageItem, PyramidItem, grey_lut


def draw(item: PyramidItem | CoverageItem, transform: QTransform, width: int = 120, height: int = 90) -> np.ndarray:
    """(height, width, 4) BGRA of what the item paints on black."""
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.setTransform(transform)
    item.paint(painter, QStyleOptionGraphicsItem())
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(height, width, 4).copy()


@pytest.fixture
def item(qapp: QApplication) -> PyramidItem:
    return PyramidItem()


@pytest.mark.parametrize("zoom", [1.0, 2.0, 5.0, 16.0])
@pytest.mark.parametrize(("column", "row"), [(3, 2), (0, 0), (5, 4)])
def test_that_a_pixel_is_drawn_half_a_pixel_about_its_integer_place(
    item: PyramidItem, zoom: float, column: int, row: int
) -> None:
    pixels = np.zeros((5, 6), np.uint8)
    pixels[row, column] = 255
    item.set_image(pixels)
    # The picture's corner, image point (-0.5, -0.5), is laid onto the corner of screen px (7, 4).
    drawn = draw(item, QTransform(zoom, 0, 0, zoom, 7 + zoom / 2, 4 + zoom / 2))[..., 0]
    expected = np.zeros_like(drawn)
    left, top = 7 + int(column * zoom), 4 + int(row * zoom)
    expected[top : top + int(zoom), left : left + int(zoom)] = 255
    np.testing.assert_array_equal(drawn, expected)


def test_that_the_item_spans_half_a_pixel_beyond_the_outer_pixel_centres(item: PyramidItem) -> None:
    item.set_image(np.zeros((5, 8), np.uint16))
    assert item.boundingRect().getRect() == (-0.5, -0.5, 8.0, 5.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_that_levels_map_low_to_the_first_and_high_to_the_last_colour(item: PyramidItem, dtype: type) -> None:
    item.set_image(np.array([[10, 50, 100, 150, 200]], dtype))
    item.set_levels(50, 150)
    drawn = draw(item, QTransform(4, 0, 0, 4, 2, 2), 20, 4)[1, 1::4, 0]
    np.testing.assert_array_equal(drawn, [0, 0, 128, 255, 255])


def test_that_new_levels_and_a_new_picture_are_drawn_at_once(item: PyramidItem) -> None:
    item.set_image(np.full((4, 4), 100, np.uint8))
    at = QTransform(4, 0, 0, 4, 2, 2)
    assert draw(item, at)[5, 5, 0] == 100
    item.set_levels(0, 100)
    assert draw(item, at)[5, 5, 0] == 255
    item.set_image(np.zeros((4, 4), np.uint8))
    assert draw(item, at)[5, 5, 0] == 0


def test_that_a_nan_is_drawn_black_and_not_a_crash(item: PyramidItem) -> None:
    item.set_image(np.array([[np.nan, 255.0]], np.float32))
    drawn = draw(item, QTransform(4, 0, 0, 4, 2, 2), 8, 4)[1, 1::4, 0]
    np.testing.assert_array_equal(drawn, [0, 255])


def test_that_a_clear_colour_lets_what_is_below_through(item: PyramidItem) -> None:
    lut = grey_lut()
    lut[:128, 3] = 0
    item.set_image(np.array([[100, 200]], np.uint8))
    item.set_lut(lut)
    drawn = draw(item, QTransform(4, 0, 0, 4, 2, 2), 8, 4)[1, 1::4, 0]
    np.testing.assert_array_equal(drawn, [0, 200])


@pytest.mark.parametrize(("low", "high"), [(5, 5), (9, 3), (float("nan"), 3)])
def test_that_levels_out_of_order_are_refused(item: PyramidItem, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="low < high"):
        item.set_levels(low, high)


def test_that_a_colour_table_of_another_shape_is_refused(item: PyramidItem) -> None:
    with pytest.raises(ValueError, match=r"\(256, 4\) uint8"):
        item.set_lut(np.zeros((256, 3), np.uint8))


def test_that_only_what_is_in_sight_is_made(item: PyramidItem) -> None:
    item.set_image(np.zeros((4000, 4000), np.uint8))
    seen: list[tuple[int, int]] = []
    pyramid = item.pyramid
    assert pyramid is not None
    sample = pyramid.sample

    def watched(x: int, y: int, width: int, height: int, *rest: object) -> np.ndarray:
        seen.append((width, height))
        return sample(x, y, width, height, *rest)  # type: ignore[arg-type]

    pyramid.sample = watched  # type: ignore[method-assign, assignment]
    draw(item, QTransform(8, 0, 0, 8, -9000, -9000))
    draw(item, QTransform(8, 0, 0, 8, -9000, -9000))
    assert seen == [(120, 90)]  # the second time from memory


@pytest.mark.parametrize("zoom", [0.5, 1.0, 4.0, 20.0])
def test_that_a_shapes_line_lies_on_its_half_contour(qapp: QApplication, zoom: float) -> None:
    # Coverage rises from 0 at column 9 to 255 at column 10: half is at 9.5.
    values = np.zeros((40, 60), np.uint8)
    values[:, 10:] = 255
    item = CoverageItem(QColor(255, 255, 255), fill=0.0)
    item.set_pyramid(Pyramid(values))
    shift = 60 - 9.5 * zoom  # image column 9.5 is laid onto screen x = 60
    drawn = draw(item, QTransform(zoom, 0, 0, zoom, shift, 45 - 20 * zoom))[45, :, 0].astype(float)
    places = np.arange(120) + 0.5
    assert drawn.max() > 100
    assert np.count_nonzero(drawn) <= 4
    assert (drawn * places).sum() / drawn.sum() == pytest.approx(60, abs=1.0)


def test_that_a_fill_follows_the_coverage(qapp: QApplication) -> None:
    item = CoverageItem(QColor(255, 255, 255), fill=0.4)
    values = np.zeros((40, 60), np.uint8)
    values[:, 30:] = 255
    item.set_pyramid(Pyramid(values))
    drawn = draw(item, QTransform(2, 0, 0, 2, 1, 1))[40, :, 0]
    assert drawn[20] == 0
    assert drawn[100] == 102


def test_that_a_hatch_covers_a_quarter_and_goes_with_the_picture(qapp: QApplication) -> None:
    item = CoverageItem(QColor(255, 255, 255), fill=1.0, hatched=True)
    item.set_pyramid(Pyramid(np.full((90, 120), 255, np.uint8)))
    first = draw(item, QTransform(1, 0, 0, 1, 0.5, 0.5))[20:60, 20:60, 0]
    moved = draw(item, QTransform(1, 0, 0, 1, 5.5, 3.5))[23:63, 25:65, 0]
    assert (first > 0).mean() == pytest.approx(0.25)
    np.testing.assert_array_equal(first, moved)


def test_that_it_is_drawn_in_place_within_a_scene_too(item: PyramidItem) -> None:
    pixels = np.zeros((5, 6), np.uint8)
    pixels[2, 3] = 255
    item.set_image(pixels)
    scene = QGraphicsScene()
    world = QGraphicsRectItem()
    world.setTransform(QTransform(10, 0, 0, 10, 5, 5))
    scene.addItem(world)
    item.setParentItem(world)
    scene.setSceneRect(0, 0, 60, 50)
    image = QImage(60, 50, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("black"))
    painter = QPainter(image)
    scene.render(painter)
    painter.end()
    drawn = np.frombuffer(image.constBits(), np.uint8).reshape(50, 60, 4)[..., 0]
    rows, columns = np.nonzero(drawn)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 29, 30, 39)
