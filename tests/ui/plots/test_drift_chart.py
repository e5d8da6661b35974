import numpy as np
from pytestqt.qtbot import QtBot

from semiview.monitoring.drift import watch
from semiview.monitoring.features import FEATURES
from semiview.ui.plots.drift_chart import GREATEST, DriftChart
from tests.monitoring.test_drift import pictures, profile


def test_that_the_chart_shows_every_window_in_units_of_its_limit(qtbot: QtBot) -> None:
    chart = DriftChart()
    qtbot.addWidget(chart)
    drift = watch(profile(), pictures(60, 8, {"contrast": -0.15, "noise": 5.0}))
    chart.show_stratum(drift)
    numbers, values = chart._features[FEATURES.index("contrast")].getData()
    np.testing.assert_array_equal(numbers, [1, 2, 3])
    np.testing.assert_allclose(values, [window.z[1] / window.z_limit for window in drift.windows])
    assert chart._features[FEATURES.index("noise")].getData()[1].max() <= GREATEST
    assert "at most 0.04%" in chart.toolTip()
    chart.show_stratum(None)
    assert not chart._legend.isVisible()
