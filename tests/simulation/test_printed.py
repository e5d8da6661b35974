import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from semiview.core.outline import as_outline, rectangle, signed_area
from semiview.simulation.patterns import logic
from semiview.simulation.printed import palasantzas_psd, print_edges, rough_series
from semiview.simulation.recipe import Recipe

SMOOTH = Recipe(roughness_sigma_nm=0, corner_radius_nm=20)


def test_that_rounded_corners_take_their_closed_form_area_away() -> None:
    printed = print_edges([rectangle(0, 0, 400, 200)], SMOOTH, 0.5, np.random.default_rng(0))
    missing = 4 * (1 - np.pi / 4) * 20**2
    assert signed_area(printed.outlines_nm[0]) == pytest.approx(400 * 200 - missing, abs=0.5)


def test_that_a_narrow_tip_becomes_a_half_circle() -> None:
    printed = print_edges([rectangle(0, 0, 400, 30)], SMOOTH, 0.5, np.random.default_rng(0))
    assert signed_area(printed.outlines_nm[0]) == pytest.approx(370 * 30 + np.pi * 15**2, abs=0.5)


@settings(max_examples=25, deadline=None)
@given(st.floats(-10, 10), st.floats(0, 360), st.floats(-2e7, 2e7))
def test_that_a_bias_moves_every_edge_outwards_at_any_angle_and_place(bias: float, angle: float, far: float) -> None:
    recipe = Recipe(roughness_sigma_nm=0, corner_radius_nm=20, bias_nm=bias)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    outline = as_outline(rectangle(-150, -60, 150, 60) @ turn.T + far)
    printed = print_edges([outline], recipe, 1.0, np.random.default_rng(0))
    radius = 20 + bias
    expected = (300 + 2 * bias) * (120 + 2 * bias) - (4 - np.pi) * radius**2
    assert signed_area(printed.outlines_nm[0]) == pytest.approx(expected, rel=2e-4)
    assert printed.epe_nm == pytest.approx(bias)


def test_that_a_hole_in_a_drawn_polygon_shrinks_where_the_polygon_grows() -> None:
    recipe = Recipe(roughness_sigma_nm=0, corner_radius_nm=20, bias_nm=5)
    hole = as_outline(rectangle(0, 0, 100, 100)[::-1])
    printed = print_edges([hole], recipe, 1.0, np.random.default_rng(0))
    assert signed_area(printed.outlines_nm[0]) == pytest.approx(-(90**2 - (4 - np.pi) * 15**2), rel=2e-4)


def test_that_points_on_a_side_lie_their_placement_error_away_from_the_drawn_edge() -> None:
    outlines = logic((600, 600), 40, 1)
    printed = print_edges(outlines, Recipe(bias_nm=3, corner_radius_nm=12), 3.0, np.random.default_rng(1))
    start = np.concatenate(outlines)[printed.edge]
    normal_distance = np.einsum("ij,ij->i", printed.points_nm - start, printed.normals)
    side = printed.on_side
    assert normal_distance[side] == pytest.approx(printed.epe_nm[side], abs=1e-9)
    gaps = np.hypot(*np.diff(printed.design_nm[: printed.first[1]], axis=0).T)
    assert gaps.max() <= 3.0 + 1e-9


def test_that_outlines_stay_apart_and_keep_their_direction() -> None:
    outlines = logic((600, 600), 40, 1)
    printed = print_edges(outlines, Recipe(corner_radius_nm=12), 3.0, np.random.default_rng(1)).outlines_nm
    assert [np.sign(signed_area(outline)) for outline in printed] == [np.sign(signed_area(o)) for o in outlines]
    assert all(Polygon(outline).is_valid for outline in printed)


def test_that_nothing_drawn_prints_nothing() -> None:
    assert print_edges([], SMOOTH, 1.0, np.random.default_rng(0)).outlines_nm == ()


@pytest.mark.parametrize(("sigma", "xi", "hurst"), [(1.2, 25.0, 0.75), (2.0, 10.0, 0.5)])
def test_that_edges_have_the_standard_deviation_and_the_spectrum_of_the_recipe(
    sigma: float, xi: float, hurst: float
) -> None:
    recipe = Recipe(roughness_sigma_nm=sigma, roughness_xi_nm=xi, roughness_hurst=hurst)
    count, step = 4096, 1.0
    rng = np.random.default_rng(3)
    series = np.array([rough_series(count * step, count, recipe, rng) for _ in range(300)])
    # About its known mean of 0; what lies beyond the Nyquist frequency is 0.3 and 1.8 % of sigma.
    assert np.sqrt(np.mean(series**2)) == pytest.approx(sigma, rel=0.025)
    psd = np.mean(np.abs(np.fft.rfft(series)) ** 2, axis=0) * step / count
    frequency = np.fft.rfftfreq(count, step)
    low = slice(1, 60)
    assert psd[low].mean() == pytest.approx(palasantzas_psd(frequency[low], sigma, xi, hurst).mean(), rel=0.03)
    assert psd[1000:1500].mean() == pytest.approx(
        palasantzas_psd(frequency[1000:1500], sigma, xi, hurst).mean(), rel=0.03
    )


def test_that_the_spectrum_adds_up_to_the_variance() -> None:
    frequency = np.linspace(-20, 20, 2_000_001)
    total = np.trapezoid(palasantzas_psd(frequency, 1.5, 25.0, 0.75), frequency)
    assert total == pytest.approx(1.5**2, rel=1e-3)


def test_that_a_long_printed_line_is_rough_by_the_recipe() -> None:
    recipe = Recipe(roughness_sigma_nm=1.5, roughness_xi_nm=20, corner_radius_nm=5)
    line = rectangle(-10_000, 0, 10_000, 40)
    values = [print_edges([line], recipe, 2.0, np.random.default_rng(seed)).epe_nm for seed in range(20)]
    assert np.std(values) == pytest.approx(1.5, rel=0.03)
