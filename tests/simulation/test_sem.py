import dataclasses

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import erf, erfc

from semiview.core.design import Tone
from semiview.core.outline import Points, rectangle, signed_area
from semiview.core.raster import coverage
from semiview.core.registration import Registration, nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.simulation.patterns import logic
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import expected_signal, simulate

SHAPE = (128, 160)
RECIPE = Recipe(nm_per_px=2.0, bias_nm=2.0)


def nominal(centre_nm: tuple[float, float] = (0.0, 0.0), nm_per_px: float = 2.0) -> Registration:
    return nominal_registration(SHAPE, PixelSize(nm_per_px, nm_per_px, "given"), centre_nm)


def decay_seen_by_beam(x: np.ndarray, decay: float, sigma: float) -> np.ndarray:
    """exp(-x / decay) for x > 0, blurred by a Gaussian."""
    return 0.5 * np.exp(sigma**2 / (2 * decay**2) - x / decay) * erfc((sigma / decay - x / sigma) / np.sqrt(2))


def closed_form(x_px: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Signal across a long straight edge, material at x > 0, averaged over a pixel."""
    within = np.linspace(-0.5, 0.5, 41)
    x = (x_px[:, None] + within) * recipe.nm_per_px
    sigma = recipe.beam_sigma_nm
    step = 0.5 * (1 + erf(x / (sigma * np.sqrt(2))))
    ground = recipe.ground_yield * (
        1 - step - recipe.shadow_depth * decay_seen_by_beam(-x, recipe.shadow_decay_nm, sigma)
    )
    rim = recipe.rim_height * decay_seen_by_beam(x, recipe.rim_decay_nm, sigma)
    bloom = recipe.bloom_height * decay_seen_by_beam(x, recipe.bloom_decay_nm, sigma)
    values = step + rim + bloom + ground
    return np.trapezoid(values, within, axis=1)


RECIPES = [
    Recipe(),
    Recipe(beam_sigma_nm=1.6, rim_decay_nm=4, rim_height=1.4),
    Recipe(rim_height=0, shadow_depth=0, beam_sigma_nm=4),
    Recipe(ground_yield=0.85, rim_decay_nm=10, shadow_decay_nm=12),
    Recipe(rim_height=0.8, bloom_height=0.6, bloom_decay_nm=60),
]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("shift_px", [0.0, 0.1, 0.25, 0.5, 0.77])
def test_that_a_straight_edge_lies_where_the_truth_says_and_looks_as_written(recipe: Recipe, shift_px: float) -> None:
    edge = 150 + shift_px
    share = coverage([np.array([(edge, -1.0), (350.0, -1.0), (350.0, 9.0), (edge, 9.0)])], (8, 512))
    signal = expected_signal(share, recipe)[4, 120:180].astype(float)
    x = np.arange(120.0, 180.0)
    # The sharpest beam here is 0.8 px: what lies beyond the Nyquist frequency is the error that is left.
    assert np.abs(signal - closed_form(x - edge, recipe)).max() < 0.06
    found = minimize_scalar(
        lambda at: np.sum((signal - closed_form(x - at, recipe)) ** 2), bounds=(edge - 1, edge + 1), method="bounded"
    )
    assert found.x == pytest.approx(edge, abs=0.035)


@pytest.mark.parametrize("angle_deg", [10.0, 30.0, 45.0])
def test_that_a_tilted_edge_lies_where_the_truth_says(angle_deg: float) -> None:
    recipe, size = Recipe(), 256
    normal = np.array([np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))])
    along = np.array([-normal[1], normal[0]])
    middle = np.array([127.3, 127.6])
    ends = np.array([middle - 600 * along, middle + 600 * along])
    share = coverage([np.concatenate([ends, ends[::-1] + 600 * normal])], (size, size))
    signal = expected_signal(share, recipe)[100:156, 100:156].astype(float)
    v, u = np.mgrid[100:156, 100:156]
    distance = ((u - middle[0]) * normal[0] + (v - middle[1]) * normal[1]).ravel()
    near = np.abs(distance) < 15
    values = signal.ravel()[near]
    found = minimize_scalar(
        lambda at: np.sum((values - closed_form(distance[near] - at, recipe)) ** 2), bounds=(-1, 1), method="bounded"
    )
    assert found.x == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("tone", ["raised", "opening"])
def test_that_outlines_and_coverage_tell_the_same_shape(tone: Tone) -> None:
    field = simulate(logic((400, 400), 30, 2), tone, nominal(), SHAPE, RECIPE, 5)
    assert field.coverage.shape == SHAPE
    assert np.abs(coverage(field.printed_px, SHAPE) - field.coverage).max() < 1e-5
    assert 0.2 < field.coverage.mean() < 0.8


def test_that_an_opening_is_the_complement_of_what_is_raised() -> None:
    raised, opening = (
        simulate(logic((400, 400), 30, 2), tone, nominal(), SHAPE, RECIPE, 5) for tone in ("raised", "opening")
    )
    assert np.allclose(raised.coverage + opening.coverage, 1, atol=1e-6)
    brighter = raised.coverage > 0.99
    assert raised.pixels[brighter].mean() > 1.5 * opening.pixels[brighter].mean()


def test_that_inside_is_on_the_left_as_seen_on_the_screen() -> None:
    hole = simulate([rectangle(-40, -40, 40, 40)], "opening", nominal(), SHAPE, RECIPE, 5)
    box, printed = hole.printed_px
    # Rows run down: an outer boundary has a negative shoelace sum, a hole a positive one.
    assert signed_area(box) < 0 < signed_area(printed)
    line = simulate([rectangle(-40, -40, 40, 40)], "raised", nominal(), SHAPE, RECIPE, 5)
    assert signed_area(line.printed_px[0]) < 0


def test_that_the_registration_says_where_the_design_lies() -> None:
    registration = dataclasses.replace(
        nominal((14_000_000.0, -9_000_000.0)),
        shift_x_nm=30,
        shift_y_nm=-14,
        rotation_deg=1.5,
        scale_x=1.01,
        shear=0.002,
    )
    square = rectangle(13_999_980, -9_000_050, 14_000_040, -8_999_990)
    smooth = Recipe(roughness_sigma_nm=0)
    field = simulate([square], "raised", registration, SHAPE, smooth, 1)
    v, u = np.mgrid[: SHAPE[0], : SHAPE[1]]
    centroid = np.array([(field.coverage * u).sum(), (field.coverage * v).sum()]) / field.coverage.sum()
    assert centroid == pytest.approx(registration.to_px([[14_000_010.0, -9_000_020.0]])[0], abs=0.01)
    area = abs(np.linalg.det(registration.linear_px())) * signed_area(field.printed.outlines_nm[0])
    assert field.coverage.sum() == pytest.approx(area, rel=1e-4)


def test_that_the_same_seed_gives_the_same_picture_and_another_only_the_same_design() -> None:
    first, again, other = (
        simulate(logic((400, 400), 30, 2), "raised", nominal(), SHAPE, RECIPE, seed) for seed in (5, 5, 6)
    )
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.coverage, again.coverage)
    assert not np.array_equal(first.coverage, other.coverage)
    assert np.abs(first.coverage - other.coverage).mean() < 0.06


@pytest.mark.parametrize("dose", [5.0, 20.0, 200.0])
def test_that_flat_material_shows_its_grey_level_and_the_noise_of_its_electrons(dose: float) -> None:
    recipe = Recipe(dose=dose, shading=0, detector_noise=1.5, bits=16)
    field = simulate([rectangle(-1e5, -1e5, 1e5, 1e5)], "raised", nominal(), SHAPE, recipe, 2)
    electrons = (field.pixels / 65535 - recipe.black) / (recipe.flat - recipe.black) * dose
    sigma = np.sqrt(dose + 1.5**2)
    assert electrons.mean() == pytest.approx(dose, abs=5 * sigma / np.sqrt(electrons.size))
    assert electrons.var() == pytest.approx(sigma**2, rel=0.05)


def test_that_shading_is_slow_and_of_the_strength_asked_for() -> None:
    recipe = Recipe(dose=1e5, detector_noise=0, shading=0.05, bits=16)
    spread = []
    for seed in range(15):
        field = simulate([rectangle(-1e5, -1e5, 1e5, 1e5)], "raised", nominal(), SHAPE, recipe, seed)
        signal = (field.pixels / 65535 - recipe.black) / (recipe.flat - recipe.black)
        spread.append(np.mean((signal - 1) ** 2))
        assert np.abs(signal[:, 1:] - signal[:, :-1]).mean() < 0.01
    assert np.sqrt(np.mean(spread)) == pytest.approx(0.05, rel=0.25)


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (16, np.uint16)])
def test_that_the_image_has_the_bits_asked_for_and_uses_them(bits: int, kind: type) -> None:
    field = simulate(logic((400, 400), 30, 2), "raised", nominal(), SHAPE, Recipe(bits=bits), 5)
    assert field.pixels.dtype == kind
    assert 0.05 * 2**bits < field.pixels.mean() < 0.6 * 2**bits
    assert np.mean(field.pixels == 2**bits - 1) < 0.01


def test_that_what_lies_outside_the_picture_still_shines_in() -> None:
    wall = rectangle(SHAPE[1] * 2 / 2 + 1, -1000, 1000, 1000)  # its edge lies half a pixel right of the picture
    recipe = Recipe(dose=1e6, detector_noise=0, shading=0, roughness_sigma_nm=0, bits=16)
    near = simulate([wall], "raised", nominal(), SHAPE, recipe, 1).pixels
    none: list[Points] = []
    empty = simulate(none, "raised", nominal(), SHAPE, recipe, 1).pixels
    assert near[64, -1] > empty[64, -1] + 1000
    assert near[64, -20] < empty[64, -20]
    assert abs(int(near[64, 20]) - int(empty[64, 20])) < 150


def test_that_two_pixel_sizes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"for 1\.5 nm per px but the recipe for 2\.0"):
        simulate([], "raised", nominal(nm_per_px=1.5), SHAPE, RECIPE, 1)
