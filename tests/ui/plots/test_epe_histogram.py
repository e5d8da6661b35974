import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QPalette
from pytestqt.qtbot import QtBot

from semiview.ui.plots.epe_histogram import INSIDE, OUTSIDE, WITHIN, EpeHistogram, histogram


@given(
    values=st.lists(st.floats(-1e4, 1e4) | st.just(float("nan")), max_size=200),
    tolerance=st.floats(0.5, 100) | st.just(float("nan")),
)
def test_that_every_number_is_counted_once_and_nan_never(values: list[float], tolerance: float) -> None:
    edges, counts = histogram(np.array(values, dtype=np.float64), tolerance)
    assert counts.sum() == np.isfinite(values).sum()
    assert edges[0] == -edges[-1]
    if np.isfinite(tolerance):
        assert edges[-1] > tolerance


def test_that_a_bar_counts_what_lies_in_it() -> None:
    edges, counts = histogram(np.array([-3.0, 0.1, 0.2, 9.0]), 10.0)
    for value, expected in ((-3.0, 1), (0.15, 2), (9.0, 1)):
        assert counts[np.searchsorted(edges, value) - 1] == expected


def test_that_bars_beyond_the_tolerance_are_coloured_by_sign(qtbot: QtBot) -> None:
    plot = EpeHistogram()
    qtbot.addWidget(plot)
    plot.show_values(np.array([-30.0, 0.0, 30.0]), 10.0)
    brushes = plot._bars.opts["brushes"]
    assert (brushes[0], brushes[len(brushes) // 2], brushes[-1]) == (INSIDE, WITHIN, OUTSIDE)
    assert "3 points, mean +0.00 nm" in plot.toolTip()


def test_that_no_values_say_what_is_missing_and_draw_no_limits(qtbot: QtBot) -> None:
    plot = EpeHistogram()
    qtbot.addWidget(plot)
    plot.show_values(np.array([np.nan]), 10.0)
    assert "registration" in plot.toolTip()
    assert not any(line.isVisible() for line in plot._limits)


@pytest.mark.parametrize("ground", ["#ffffff", "#101214"])
def test_that_a_plot_takes_the_palettes_ground(qtbot: QtBot, ground: str) -> None:
    plot = EpeHistogram()
    qtbot.addWidget(plot)
    palette = plot.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(ground))
    plot.setPalette(palette)
    assert plot.plot.backgroundBrush().color() == QColor(ground)
