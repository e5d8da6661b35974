import numpy as np
from pytestqt.qtbot import QtBot

from semiview.metrology.noise import NoiseModel
from semiview.metrology.precision import EdgePrecision
from semiview.metrology.roughness import roughness_of
from semiview.ui.plots.cd_plot import NO_CD, CdPlot
from semiview.ui.plots.noise_plot import NO_NOISE, NoisePlot
from semiview.ui.plots.psd_plot import NO_SPECTRUM, PsdPlot
from semiview.ui.plots.width_plot import NO_WIDTH, WidthPlot

NAN = float("nan")


def test_that_cd_is_drawn_against_the_design_and_by_itself_without_one(qtbot: QtBot) -> None:
    plot = CdPlot()
    qtbot.addWidget(plot)
    assert plot.message == NO_CD
    names = ["line-1", "line-2", "line-3"]
    plot.show_gauges(names, {"sem": np.array([102.0, NAN, 97.0])}, np.full(3, 100.0), 15.0)
    points = plot._points["sem"].getData()
    assert (points[0].tolist(), points[1].tolist()) == ([1.0, 3.0], [2.0, -3.0])
    assert plot.message == ""
    plot.mark("line-3")
    assert plot._here.value() == 3
    plot.show_gauges(names, {"sem": np.array([102.0, NAN, 97.0])}, np.full(3, NAN), 15.0)
    assert plot._points["sem"].getData()[1].tolist() == [102.0, 97.0]
    assert not any(line.isVisible() for line in plot._limits)


def test_that_a_width_that_is_not_there_breaks_the_curve(qtbot: QtBot) -> None:
    plot = WidthPlot()
    qtbot.addWidget(plot)
    assert plot.message == NO_WIDTH
    plot.show_widths("g", {"sem": (np.arange(4.0), np.array([10.0, NAN, 11.0, 12.0]))}, NAN)
    assert plot.message == ""
    assert "3 rows" in plot.toolTip()
    assert not plot._drawn.isVisible()


def test_that_the_spectrum_shows_the_fit_the_floor_and_the_line_in_hand(qtbot: QtBot) -> None:
    rng = np.random.default_rng(1)
    left, right = (rng.normal(0, 1, (4, 256)) + np.cumsum(rng.normal(0, 0.3, (4, 256)), axis=1) for _ in range(2))
    found = roughness_of(left, right, 4.0, 4, "lines", "threshold", ("a", "b", "c", "d"))
    plot = PsdPlot()
    qtbot.addWidget(plot)
    assert plot.message == NO_SPECTRUM
    spectrum, row = found.spectra[0], found.rows[0]
    plot.show_spectrum(spectrum, row, "c")
    assert plot._floor.value() == np.log10(spectrum.noise_nm3)
    frequency, drawn = plot._one.getOriginalDataset()
    assert np.array_equal(drawn, spectrum.each_nm3[2][1:])
    assert frequency[0] > 0
    plot.show_spectrum(spectrum, row, "of another width")
    assert plot._one.getOriginalDataset()[0] is None or not len(plot._one.getOriginalDataset()[0])
    plot.show_spectrum(None, None, "")
    assert plot.message == NO_SPECTRUM


def test_that_the_noise_is_drawn_over_the_pictures_levels_with_the_edges_marked(qtbot: QtBot) -> None:
    plot = NoisePlot()
    qtbot.addWidget(plot)
    assert plot.message == NO_NOISE
    plot.show_noise(EdgePrecision(NoiseModel(4.0, 0.5), 0.1, 0.08, 100.0, 80.0), (0.0, 200.0))
    level, sigma = plot._all.getData()
    assert np.allclose(sigma**2, 4.0 + 0.5 * level)
    assert plot._edges.value() == 100.0
