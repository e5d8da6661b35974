import numpy as np
import pytest
from shapely.geometry import Polygon, box

from semiview.core.outline import as_outline, rectangle
from semiview.simulation.example_truth import on_design, true_gauges, true_holes
from semiview.simulation.printed import PrintedEdges, print_edges
from semiview.simulation.recipe import Recipe

SMOOTH = Recipe(roughness_sigma_nm=0, corner_radius_nm=10, bias_nm=3)


def printed(outlines: list[np.ndarray], recipe: Recipe = SMOOTH) -> PrintedEdges:
    return print_edges(outlines, recipe, 2.0, np.random.default_rng(0))


def test_that_two_lines_have_two_widths_and_one_space_each_off_by_twice_the_bias() -> None:
    edges = printed([rectangle(0, 0, 40, 500), rectangle(100, 100, 150, 700)])
    gauges = sorted(true_gauges(edges, edges.on_side), key=lambda gauge: gauge.x_nm)
    found = [(g.mode, g.x_nm, g.y_nm, g.angle_deg, g.cd_design_nm) for g in gauges if g.angle_deg == 0]
    assert found == [("line", 20, 250, 0, 40), ("space", 70, 300, 0, 60), ("line", 125, 400, 0, 50)]
    for gauge in gauges:
        assert gauge.cd_nm - gauge.cd_design_nm == pytest.approx(-6 if gauge.mode == "space" else 6)
    # From 10 nm of rounded corner and 20 nm left out, at both ends of what the two edges share.
    assert [g.width_nm for g in gauges if g.angle_deg == 0] == pytest.approx([440, 340, 540], abs=0.1)


def test_that_a_level_line_is_measured_across() -> None:
    edges = printed([rectangle(0, 0, 800, 40)])
    (gauge,) = true_gauges(edges, edges.on_side)
    assert (gauge.mode, gauge.angle_deg, gauge.y_nm, gauge.cd_nm) == ("line", 90, 20, 46)


def test_that_a_rough_line_is_as_wide_as_its_area_says() -> None:
    rough = Recipe(roughness_sigma_nm=3, roughness_xi_nm=60, corner_radius_nm=10)
    edges = printed([rectangle(0, -3000, 60, 3000)], rough)
    (gauge,) = true_gauges(edges, edges.on_side)
    half = gauge.width_nm / 2
    area = Polygon(edges.outlines_nm[0]).intersection(box(-99, -half, 199, half)).area
    assert gauge.cd_nm == pytest.approx(area / gauge.width_nm, abs=0.01)
    assert abs(gauge.cd_nm - 60) > 0.01


def test_that_edges_too_far_apart_or_too_short_are_no_gauge() -> None:
    far = printed([rectangle(0, 0, 301, 500)])
    assert [gauge.angle_deg for gauge in true_gauges(far, far.on_side)] == []
    short = printed([rectangle(0, 0, 90, 90)])
    assert true_gauges(short, short.on_side) == ()


def test_that_a_small_square_is_a_hole_and_a_large_one_is_not() -> None:
    drawn = [rectangle(0, 0, 60, 60), rectangle(500, 0, 700, 200)]
    edges = printed(drawn)
    (hole,) = true_holes(edges, drawn, np.ones(len(edges.epe_nm), bool))
    area = 66**2 - (4 - np.pi) * 13**2
    assert (hole.x_nm, hole.y_nm) == (30, 30)
    assert hole.cd_nm == pytest.approx(2 * np.sqrt(area / np.pi), rel=1e-3)
    assert hole.cd_design_nm == pytest.approx(2 * 60 / np.sqrt(np.pi))
    assert true_holes(edges, drawn, np.zeros(len(edges.epe_nm), bool)) == ()


def test_that_edges_of_a_defect_are_not_edges_of_the_design() -> None:
    drawn = [rectangle(0, 0, 40, 500), rectangle(100, 0, 140, 500)]
    joined = as_outline(
        [
            *((0, 0), (40, 0), (40, 220), (100, 220), (100, 0), (140, 0)),
            *((140, 500), (100, 500), (100, 280), (40, 280), (40, 500), (0, 500)),
        ]
    )
    edges = printed([joined])
    usable = on_design(edges, drawn)
    x, y = edges.design_nm[usable].T
    assert usable.sum() > 500
    assert not ((x > 41) & (x < 99)).any()
    assert ((x == 40) & (y < 200)).any()
