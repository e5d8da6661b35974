import numpy as np
import pytest

from semiview.metrology.tool_matching import match_tools, outliers


def test_that_a_line_without_errors_comes_back() -> None:
    x = np.array([40.0, 60.0, 90.0, np.nan, 45.0])
    found = match_tools(x, 3.0 + 0.98 * x)
    assert found is not None
    assert (found.n, found.slope, found.offset_nm) == (4, pytest.approx(0.98), pytest.approx(3.0))
    assert found.residual_sigma_nm == pytest.approx(0, abs=1e-9)
    assert found.offset_at_mean_nm == pytest.approx(np.mean(3.0 - 0.02 * x[np.isfinite(x)]))


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_that_the_slope_is_unbiased_where_an_ordinary_fit_is_not_and_its_error_is_told(ratio: float) -> None:
    rng = np.random.default_rng(5)
    truth = rng.uniform(45, 55, 40)
    sigma_x, slopes, errors, ordinary, residuals = 1.5, [], [], [], []
    for _ in range(400):
        x = truth + rng.normal(0, sigma_x, len(truth))
        y = 2.0 + 0.95 * truth + rng.normal(0, sigma_x * np.sqrt(ratio), len(truth))
        found = match_tools(x, y, ratio)
        assert found is not None
        slopes.append(found.slope)
        errors.append(found.slope_se)
        residuals.append(found.residual_sigma_nm)
        ordinary.append(np.polyfit(x, y, 1)[0])
    assert np.mean(slopes) == pytest.approx(0.95, abs=0.02)
    assert np.mean(ordinary) < 0.82
    assert np.median(errors) == pytest.approx(np.std(slopes), rel=0.25)
    assert np.mean(residuals) == pytest.approx(sigma_x * np.sqrt(ratio + 0.95**2), rel=0.03)


def test_that_swapping_the_tools_turns_the_slope_over() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(50, 5, 30)
    y = 1.1 * x - 4 + rng.normal(0, 1, 30)
    there, back = match_tools(x, y, 2.0), match_tools(y, x, 0.5)
    assert there is not None
    assert back is not None
    assert there.slope * back.slope == pytest.approx(1.0, abs=1e-9)


def test_that_two_pairs_or_equal_gauges_give_no_line() -> None:
    assert match_tools(np.array([1.0, 2.0, np.nan]), np.array([1.0, 2.0, 3.0])) is None
    assert match_tools(np.full(5, 50.0), np.arange(5.0)) is None


def test_that_only_what_leaves_its_repeats_is_an_outlier() -> None:
    values = np.array([50.0, 50.1, 49.9, 50.05, np.nan, 52.0])
    assert outliers(values).tolist() == [False, False, False, False, False, True]
    assert not outliers(values, 1.0).any()
    assert not outliers(np.array([50.0, 50.0, 99.0])).any()
    rng = np.random.default_rng(1)
    false_alarms = [outliers(rng.normal(50, 1, 10), 1.0).any() for _ in range(300)]
    assert np.mean(false_alarms) < 0.03
