"""`model` on simulated fields whose edges and noise are known: METROLOGY 3."""

from dataclasses import replace

import numpy as np
import pytest

from semiview.core.document import EdgeAlgorithm, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.edge_profile import Edges, find_edges, sample_profiles
from semiview.metrology.line_scan import LineScan
from semiview.metrology.noise import NoiseModel, estimate_noise
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import expected_signal, simulate

SHAPE = (420, 820)
CD_NM, BIAS_NM, PITCH_NM = 43.3, 1.3, 80.0
SCAN = LineScan((1.3, 2.5, 8.0), (100.0, 40.0, 80.0, 10.0))


def edges_of(
    recipe: Recipe, rows: int, algorithm: EdgeAlgorithm, seed: int = 1, heights: int = 10, cd_nm: float = CD_NM
) -> Edges:
    """Of straight lines, as wide as their spaces and tilted by 2 degrees, at their true edges: offsets are errors."""
    recipe = replace(recipe, roughness_sigma_nm=0.0, bias_nm=BIAS_NM)
    half = cd_nm / 2 - BIAS_NM
    pitch = PITCH_NM if cd_nm == CD_NM else 2 * cd_nm
    middles = np.arange(-12, 13) * pitch
    lines = [rectangle(x - half, -2000, x + half, 2000) for x in middles]
    registration = nominal_registration(SHAPE, PixelSize(2.0, 2.0, "test"), (0.0, 0.0), 2.0)
    field = simulate(lines, "raised", registration, SHAPE, recipe, seed)
    side, height = np.array([-1.0, 1.0]), np.linspace(-360, 360, heights)
    x = (middles[:, None] + side * cd_nm / 2).ravel()
    points = registration.to_px(np.column_stack([np.repeat(x, len(height)), np.tile(height, len(x))]))
    normal = np.repeat(np.tile(side, len(middles)), len(height))
    normals = registration.directions_to_px(np.column_stack([normal, 0 * normal]))
    whole = ((points > 14) & (points < np.array(SHAPE[::-1]) - 15)).all(axis=1)
    profiles = sample_profiles(field.pixels, points[whole], normals[whole], 14.0, rows)
    noise = estimate_noise(field.pixels).averaged(rows)
    settings = MeasureSettings(edge_algorithm=algorithm)
    facing = np.tile(np.array([cd_nm, pitch - cd_nm]) / 2.0, (len(profiles), 1))
    room = np.minimum(9.0, facing.min(axis=1) / 2)
    return find_edges(profiles, settings, noise, room, facing_px=facing)


def true_bound_px(recipe: Recipe, rows: int) -> float:
    """Of the simulated signal itself, on a grid twenty times finer, under the recipe's own noise."""
    fine = replace(recipe, nm_per_px=0.1)
    place = np.arange(round(PITCH_NM / 0.1)) * 0.1
    line = (place > 20) & (place < 20 + CD_NM)
    signal = expected_signal(np.tile(line.astype(np.float32), (8, 3)), fine)[4, 800:1600] * recipe.dose
    grey_per_electron = (recipe.flat - recipe.black) * recipe.full_scale / recipe.dose
    variance = signal + recipe.detector_noise**2 + 1 / 12 / grey_per_electron**2
    edge = round((20 + CD_NM) / 0.1)
    near = slice(edge - 160, edge + 160)
    return float(1 / np.sqrt(rows * np.sum(np.gradient(signal, 0.05)[near] ** 2 / variance[near]) * 0.05))


@pytest.mark.parametrize(("dose", "rows"), [(5.0, 4), (5.0, 8), (10.0, 2), (20.0, 1), (40.0, 2)])
def test_that_the_model_reaches_the_bound_without_bias(dose: float, rows: int) -> None:
    recipe = Recipe(dose=dose)
    edges = edges_of(recipe, rows, "model")
    assert len(edges.offset_px) >= 400
    assert np.isfinite(edges.offset_px).mean() > 0.98
    assert abs(np.nanmean(edges.offset_px)) < 0.1
    bound = true_bound_px(recipe, rows)
    assert np.nanstd(edges.offset_px) < 1.2 * bound
    assert np.nanmedian(edges.bound_px) == pytest.approx(bound, rel=0.08)


@pytest.mark.parametrize(
    ("algorithm", "rows", "limit_px"),
    [("model", 4, 0.1), ("sigmoid", 4, 0.1), ("threshold", 16, 0.2), ("derivative", 32, 0.1), ("linear", 32, 0.2),
     ("peak", 32, 0.2)],
)  # fmt: skip
def test_that_a_cd_does_not_move_with_dose(algorithm: EdgeAlgorithm, rows: int, limit_px: float) -> None:
    heights = 95 if rows == 4 else 10
    edges = [edges_of(Recipe(dose=dose), rows, algorithm, heights=heights) for dose in (5.0, 10.0, 40.0)]
    assert min(np.isfinite(each.offset_px).mean() for each in edges) > 0.97
    # A line has two edges.
    assert 2 * np.ptp([np.nanmean(each.offset_px) for each in edges]) < limit_px


@pytest.mark.parametrize("algorithm", ["model", "sigmoid"])
def test_that_the_offset_of_a_cd_does_not_move_with_the_cd(algorithm: EdgeAlgorithm) -> None:
    """Lines as wide as their spaces, 15 to 60 px: rims reach over. Edges 2 px apart, as a contour's are."""
    recipe = Recipe(dose=100.0)
    offsets = [
        2 * np.nanmean(edges_of(recipe, 4, algorithm, heights=180, cd_nm=cd_nm).offset_px)
        for cd_nm in (30.0, 36.0, 60.0, 120.0)
    ]
    assert np.ptp(offsets) < 0.05


def test_that_the_rim_and_shadow_of_facing_edges_are_in_the_signal() -> None:
    t, facing = np.linspace(-6, 6, 121), np.array([[14.0, 11.0]])
    beam, rim, shadow = SCAN.lengths
    behind = SCAN.levels[2] * np.exp(-(14.0 + t) / rim) * (t < 0)
    ahead = SCAN.levels[3] * np.exp(-(11.0 - t) / shadow) * (t > 0)
    fine = np.linspace(-16, 16, 6401)
    kernel = np.exp(-0.5 * (np.arange(-2000, 2001) * 0.005 / beam) ** 2)
    extra = np.interp(fine, t, behind - ahead, left=0, right=0)
    seen = np.interp(t, fine, np.convolve(extra, kernel / kernel.sum(), "same"))
    inner = np.abs(t) < 2  # farther out the window's ends show
    got = SCAN.signal(t[None], facing)[0] - SCAN.signal(t)
    assert np.abs(got - seen)[inner].max() < 0.1
    slope = np.gradient(SCAN.signal(t[None], facing)[0], t, edge_order=2)
    assert np.abs(SCAN.fall(t[None], facing)[0] + slope)[1:-1].max() < 0.5


@pytest.mark.parametrize(("algorithm", "offset_px"), [("model", 0.0), ("sigmoid", 0.31), ("threshold", 0.39)])
def test_that_the_offset_of_an_edge_is_the_one_that_is_said(algorithm: EdgeAlgorithm, offset_px: float) -> None:
    edges = edges_of(Recipe(dose=100.0), 4, algorithm, heights=40)
    assert np.nanmean(edges.offset_px) == pytest.approx(offset_px, abs=0.03)


def test_that_the_fall_is_the_signal_s_slope_and_the_signal_keeps_its_levels() -> None:
    t = np.linspace(-8, 8, 321)
    assert np.abs(SCAN.fall(t) + np.gradient(SCAN.signal(t), t, edge_order=2))[1:-1].max() < 0.2
    flat = replace(SCAN, levels=(100.0, 40.0, 0.0, 0.0))
    assert flat.signal(np.array([-30.0, 0.0, 30.0])) == pytest.approx([100.0, 70.0, 40.0])


def test_that_the_bound_of_a_plain_step_is_the_closed_form() -> None:
    flat = replace(SCAN, levels=(100.0, 40.0, 0.0, 0.0))
    expected = 3.0 * np.sqrt(2 * np.sqrt(np.pi) * 1.3) / 60
    assert flat.bound_px(NoiseModel(9.0, 0.0)) == pytest.approx(expected, rel=1e-3)
