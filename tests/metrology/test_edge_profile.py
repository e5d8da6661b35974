import numpy as np
import pytest
from scipy.special import erf, expit

from semiview.core.document import EdgeAlgorithm, MeasureSettings
from semiview.metrology.edge_profile import dark_material, find_edges, offsets_px, sample_profiles
from semiview.metrology.noise import NoiseModel

REACH = 14.0
OFFSETS = offsets_px(REACH)
PLACES = np.linspace(-4.3, 4.4, 41)


def blurred_steps(places: np.ndarray, high: float = 150, low: float = 50, sigma: float = 1.5) -> np.ndarray:
    return low + (high - low) * 0.5 * (1 - erf((OFFSETS - places[:, None]) / (np.sqrt(2) * sigma)))


def found(profiles: np.ndarray, algorithm: EdgeAlgorithm, noise: float = 0.3, **settings: float) -> np.ndarray:
    chosen = MeasureSettings(edge_algorithm=algorithm, **settings)  # type: ignore[arg-type]
    return find_edges(profiles, chosen, NoiseModel(noise**2, 0.0), np.full(len(profiles), 6.0)).offset_px


@pytest.mark.parametrize("algorithm", ["threshold", "derivative", "sigmoid", "model"])
def test_that_a_blurred_step_is_found_where_it_is(algorithm: EdgeAlgorithm) -> None:
    assert np.abs(found(blurred_steps(PLACES), algorithm) - PLACES).max() < 0.03


def test_that_the_threshold_is_a_share_between_the_local_minimum_and_maximum() -> None:
    profiles = 50 + 100 * expit((PLACES[:, None] - OFFSETS) / 0.8)
    at_20 = found(profiles, "threshold", threshold_percent=20.0)
    assert np.abs(at_20 - (PLACES + 0.8 * np.log(4))).max() < 0.05


def test_that_a_sigmoid_fits_its_own_kind_exactly() -> None:
    profiles = 50 + 100 * expit((PLACES[:, None] - OFFSETS) / 0.8)
    assert np.abs(found(profiles, "sigmoid") - PLACES).max() < 1e-3


def test_that_a_bright_rim_s_outer_flank_is_the_edge() -> None:
    fine = np.arange(OFFSETS[0] * 50, OFFSETS[-1] * 50 + 1) / 50
    inside = fine < PLACES[:, None]
    rim = 80 * np.exp(-np.abs(fine - PLACES[:, None]) / 2.5) * inside
    kernel = np.exp(-0.5 * (np.arange(-200, 201) / 50) ** 2)
    blurred = np.array(
        [np.convolve(np.pad(row, 200, "edge"), kernel / kernel.sum(), "valid")[::25] for row in 100 * inside + rim]
    )
    offset = found(blurred, "threshold") - PLACES
    assert np.abs(offset).max() < 0.5
    assert offset.std() < 0.08


@pytest.mark.parametrize("algorithm", ["threshold", "derivative", "linear", "sigmoid", "peak", "model"])
def test_that_profiles_without_an_edge_give_nan(algorithm: EdgeAlgorithm) -> None:
    generator = np.random.default_rng(0)
    noisy = 100 + generator.normal(0, 5, (200, len(OFFSETS)))
    assert np.isnan(found(noisy, algorithm, noise=5.0)).mean() > 0.99
    assert np.isnan(found(np.full((3, len(OFFSETS)), 80.0), algorithm)).all()
    assert np.isnan(found(np.full((3, len(OFFSETS)), np.nan), algorithm)).all()
    assert len(found(np.empty((0, len(OFFSETS))), algorithm)) == 0


def test_that_an_edge_beyond_its_reach_is_none() -> None:
    profiles = blurred_steps(np.array([-3.0, 3.0, 5.0]))
    offset = find_edges(profiles, MeasureSettings(), NoiseModel(0.09, 0.0), np.array([1.0, 4.0, 2.0])).offset_px
    assert np.isnan(offset[[0, 2]]).all()
    assert offset[1] == pytest.approx(3.0, abs=0.05)


def test_that_a_faint_edge_beside_strong_ones_is_none() -> None:
    strong, faint = blurred_steps(np.zeros(9)), blurred_steps(np.zeros(1), high=60)
    offset = found(np.concatenate([strong, faint]), "threshold")
    assert np.isfinite(offset[:9]).all()
    assert np.isnan(offset[9])
    assert np.isfinite(found(faint, "threshold")).all()


def test_that_a_saturated_profile_has_no_edge() -> None:
    profiles = np.minimum(blurred_steps(np.full(4, 5.5), high=900), 255.0)
    edges = find_edges(profiles, MeasureSettings(), NoiseModel(0.09, 0.0), np.full(4, 8.0), saturated_high=255.0)
    assert np.isnan(edges.offset_px).all()


def test_that_sigma_is_the_spread_that_noise_makes() -> None:
    generator = np.random.default_rng(2)
    clean = blurred_steps(np.zeros(400))
    # Noise that two neighbouring samples of half a pixel share, as in a real profile.
    noise = np.repeat(generator.normal(0, 2.0, (400, len(OFFSETS) // 2 + 1)), 2, axis=1)[:, : len(OFFSETS)]
    edges = find_edges(clean + noise, MeasureSettings(), NoiseModel(4.0, 0.0), np.full(400, 6.0))
    assert np.median(edges.sigma_px) == pytest.approx(edges.offset_px.std(), rel=0.35)


def test_that_an_algorithm_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(ValueError, match="threshold, derivative, linear, sigmoid, peak, model"):
        found(blurred_steps(PLACES), "canny")  # type: ignore[arg-type]


def test_that_the_tangent_of_a_blurred_step_meets_the_base_line_where_it_must() -> None:
    # Height over slope of a step under a Gaussian, smoothed once more by 1 px: sqrt(2 pi) / 2 of its sigma.
    expected = PLACES + np.hypot(1.5, 1.0) * np.sqrt(2 * np.pi) / 2
    offset = found(blurred_steps(PLACES), "linear")
    assert np.nanmax(np.abs(offset - expected)) < 0.05
    assert np.isfinite(offset).mean() > 0.8


def test_that_the_centre_of_a_bright_rim_is_found_and_a_step_has_none() -> None:
    rims = 50 + 90 * np.exp(-0.5 * ((OFFSETS - PLACES[:, None] + 2.0) / 1.5) ** 2)
    offset = found(rims, "peak")
    assert np.nanmax(np.abs(offset - (PLACES - 2.0))) < 0.01
    assert np.array_equal(np.isnan(offset), PLACES < -4.0)  # beyond their reach of 6 px
    assert np.isnan(found(blurred_steps(PLACES), "peak")).all()


def test_that_sigma_of_a_threshold_is_above_the_bound() -> None:
    generator = np.random.default_rng(2)
    profiles = blurred_steps(np.zeros(400)) + generator.normal(0, 2.0, (400, len(OFFSETS)))
    edges = find_edges(profiles, MeasureSettings(), NoiseModel(4.0, 0.0), np.full(400, 6.0))
    # A step under a Gaussian of 1.5 px: the integral of its squared slope is 100^2 / (2 sqrt(pi) 1.5).
    assert np.median(edges.bound_px) == pytest.approx(2.0 * np.sqrt(2 * np.sqrt(np.pi) * 1.5) / 100, rel=0.1)
    assert (edges.sigma_px > edges.bound_px).mean() > 0.95


def test_that_profiles_are_the_image_along_the_normal_averaged_along_the_edge() -> None:
    rows, columns = np.indices((40, 50))
    ramp = (3.0 * columns + 2.0 * rows).astype(np.float32)
    normal = np.array([[0.6, 0.8]])
    profile = sample_profiles(ramp, np.array([[20.2, 19.7]]), normal, 5.0, rows_averaged=4)
    expected = 3 * (20.2 + 0.6 * offsets_px(5.0)) + 2 * (19.7 + 0.8 * offsets_px(5.0))
    assert np.abs(profile[0] - expected).max() < 1e-3
    assert np.isnan(sample_profiles(ramp, np.array([[1.0, 1.0]]), -normal, 5.0, 1)[0, -1])
    with pytest.raises(ValueError, match="at least one row"):
        sample_profiles(ramp, np.zeros((1, 2)), normal, 5.0, 0)


def test_that_dark_material_is_told_from_bright() -> None:
    room = np.full(len(PLACES), 10.0)
    assert not dark_material(blurred_steps(PLACES), room)
    assert dark_material(200 - blurred_steps(PLACES), room)
    assert not dark_material(np.full((3, len(OFFSETS)), np.nan), np.full(3, 10.0))


def test_that_dense_lines_are_not_taken_for_dark_material() -> None:
    # 10 px lines and spaces: a quarter of the profile's length away from the edge the tones are swapped.
    lines = np.where(np.floor(OFFSETS / 10.0) % 2 == 1, 150.0, 60.0)[None, :]
    room = np.array([5.0])
    assert not dark_material(lines, room)
    assert dark_material(200 - lines, room)
