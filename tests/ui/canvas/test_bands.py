"""The band of uncertainty is as wide as it says, true to scale."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem

from semiview.ui.canvas.bands import BAND_SIGMAS, Bands, BandsItem

ZOOM, SIDE = 4.0, 480


@pytest.mark.parametrize("count", [40, 128, 500])
@pytest.mark.parametrize("sigma_px", [0.5, 1.5])
def test_that_a_circle_has_a_ring_of_two_sigma_to_either_side(qapp: QApplication, count: int, sigma_px: float) -> None:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    circle = 60 + 40 * np.column_stack([np.cos(angle), np.sin(angle)])
    item = BandsItem(QColor(255, 255, 255))
    item.set_bands(Bands.of([circle], [np.full(count, sigma_px)]))
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.setTransform(QTransform(ZOOM, 0, 0, ZOOM, 0, 0))
    option = QStyleOptionGraphicsItem()
    option.exposedRect = item.boundingRect()
    item.paint(painter, option)
    painter.end()
    share = np.frombuffer(image.constBits(), np.uint8).reshape(SIDE, SIDE, 4)[..., 0] / 130.0
    v, u = (np.indices((SIDE, SIDE)) + 0.5) / ZOOM
    away = np.abs(np.hypot(u - 60, v - 60) - 40)
    half = BAND_SIGMAS * sigma_px
    inside = share[away < half - 0.4]
    assert inside.min() > 0.5
    assert np.mean(inside < 0.9) < 0.01  # where its pieces meet, both rims are faint
    assert (share[away > half + 0.4] == 0).all()


def test_that_nothing_is_drawn_of_no_outline(qapp: QApplication) -> None:
    assert Bands.of([], []).bounds.isEmpty()
    assert Bands.of([np.zeros((2, 2))], [np.zeros(2)]).chunks == ()
