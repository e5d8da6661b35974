import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem

from semiview.ui.canvas.marks import GaugeMark, GaugesItem
from semiview.ui.canvas.surround import scale_bar


@given(wanted=st.floats(50, 500), zoom=st.floats(0.01, 64), nm_per_px=st.floats(0.1, 50))
def test_that_a_scale_bar_is_a_round_length_drawn_true_and_not_longer_than_wanted(
    wanted: float, zoom: float, nm_per_px: float
) -> None:
    length, text = scale_bar(wanted, zoom, nm_per_px, True)
    number, unit = text.split()
    value = float(number) * (1000 if unit == "µm" else 1)
    assert length == pytest.approx(value / nm_per_px * zoom)
    assert wanted / 2.5 * 0.999 <= length <= wanted * 1.001
    assert f"{value:e}"[0] in "125"


def test_that_without_a_pixel_size_the_bar_counts_px() -> None:
    assert scale_bar(120.0, 0.5, 1.0, False) == (100.0, "200 px")


def test_that_a_gauge_is_drawn_between_its_ends_with_its_value(qapp: QApplication) -> None:
    def drawn(text: str) -> np.ndarray:
        item = GaugesItem()
        item.set_marks([GaugeMark((-10.0, 0.0), (10.0, 0.0), text)])
        image = QImage(200, 100, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(QColor("black"))
        painter = QPainter(image)
        painter.setTransform(QTransform(5, 0, 0, -5, 100.5, 50.5))  # y up, as in the design
        item.paint(painter, QStyleOptionGraphicsItem())
        painter.end()
        return np.frombuffer(image.constBits(), np.uint8).reshape(100, 200, 4)[..., 0].copy()

    bare = drawn("")
    columns = np.nonzero(bare[50] > 100)[0]
    assert (columns.min(), columns.max()) == (pytest.approx(50, abs=1), pytest.approx(150, abs=1))
    assert (drawn("40.0 nm") > 200).sum() > (bare > 200).sum() + 50
