import numpy as np
import pytest

from semiview.metrology.static_precision import static_precision


def test_that_what_the_gauges_differ_by_does_not_count() -> None:
    found = static_precision([np.array([40.0, 41.0, 39.0]), np.array([400.0, 401.0, 399.0, np.nan]), np.array([7.0])])
    assert found is not None
    assert (found.sigma3_nm, found.gauges, found.degrees) == (pytest.approx(3.0), 2, 4)
    assert static_precision([np.array([1.0]), np.array([np.nan, 2.0])]) is None


def test_that_the_interval_holds_the_truth_in_95_of_100_runs() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        repeats = [rng.normal(50 * number, 0.4, 5) for number in range(3)]
        found = static_precision(repeats)
        assert found is not None
        held += found.low_nm < 1.2 < found.high_nm
    assert held / 2000 == pytest.approx(0.95, abs=0.015)
