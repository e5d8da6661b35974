"""At 150 and 200 % the picture lies where the overlays lie."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem

from semiview.ui.canvas.pyramid_item import PyramidItem


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_that_a_pixel_fills_the_rectangle_that_an_overlay_draws_around_it(qapp: QApplication, ratio: float) -> None:
    pixels = np.zeros((5, 6), np.uint8)
    pixels[2, 3] = 255
    item = PyramidItem()
    item.set_image(pixels)
    drawn, expected = (QImage(180, 150, QImage.Format.Format_ARGB32_Premultiplied) for _ in range(2))
    for image in (drawn, expected):
        image.setDevicePixelRatio(ratio)
        image.fill(QColor("black"))
        painter = QPainter(image)
        painter.setTransform(QTransform(8, 0, 0, 8, 4 + 8, 4 + 16))
        if image is drawn:
            item.paint(painter, QStyleOptionGraphicsItem())
        else:
            painter.fillRect(QRectF(2.5, 1.5, 1, 1), QColor("white"))
        painter.end()
    values = [np.frombuffer(image.constBits(), np.uint8).reshape(150, 180, 4)[..., 0] for image in (drawn, expected)]
    np.testing.assert_array_equal(*values)
    assert np.count_nonzero(values[0] == 255) == (8 * ratio) ** 2


def test_that_a_picture_kept_for_one_screen_is_not_used_on_another(qapp: QApplication) -> None:
    item = PyramidItem()
    item.set_image(np.full((5, 6), 255, np.uint8))
    sides = []
    for ratio, zoom in ((1.0, 8.0), (2.0, 4.0)):  # the same pixels of the screen
        image = QImage(120, 120, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(QColor("black"))
        painter = QPainter(image)
        painter.setTransform(QTransform(zoom, 0, 0, zoom, zoom, zoom))
        item.paint(painter, QStyleOptionGraphicsItem())
        painter.end()
        sides.append(int(np.frombuffer(image.constBits(), np.uint8).reshape(120, 120, 4)[..., 0].any(axis=0).sum()))
    assert sides == [48, 48]
