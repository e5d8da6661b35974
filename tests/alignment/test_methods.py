from dataclasses import replace

import cv2
import numpy as np
import pytest
import shapely
from shapely.geometry import box

from semiview.alignment.align import align
from semiview.alignment.coarse import CoarseSearch, placed_design
from semiview.alignment.fourier import phase_shifts, turn_and_size
from semiview.alignment.hints import fitting_size
from semiview.alignment.trial import Trial, TrialSettings, make_trial
from semiview.core.coverage import Coverage
from semiview.core.design import Design, DesignLayer
from semiview.simulation.recipe import Recipe
from tests.alignment.formed_fields import CENTRE_NM, Field, formed_field, logic, outlines_of

SMOOTH = Recipe(bias_nm=2.0, roughness_sigma_nm=0.4)


@pytest.mark.parametrize("method", ["ncc", "phase", "features"])
@pytest.mark.parametrize("pattern", ["logic", "random_contact"])
def test_that_every_method_leads_to_the_same_place(method: str, pattern: str) -> None:
    trial = make_trial(TrialSettings(pattern=pattern, recipe=SMOOTH), 3)
    found = align(trial.case, method)
    assert found.method == method
    assert found.trust.verdict == "unique", found.trust.grounds
    assert np.median(trial.error_px(found)) < 0.2


@pytest.mark.parametrize(
    "settings",
    [
        TrialSettings(recipe=SMOOTH, tone="opening"),
        TrialSettings(recipe=SMOOTH, mirrored=True),
        TrialSettings(recipe=replace(SMOOTH, ground_yield=2.2, rim_height=0.0, shadow_depth=0.0)),  # dark material
        TrialSettings(recipe=replace(SMOOTH, ground_yield=1.0, shadow_depth=0.0)),  # rims alone
        TrialSettings(recipe=replace(SMOOTH, bits=16)),
    ],
    ids=["opening", "mirrored", "dark material", "rims alone", "16 bits"],
)
def test_that_tone_contrast_and_mirror_of_simulated_fields_are_met(settings: TrialSettings) -> None:
    trial = make_trial(settings, 1)
    found = align(trial.case)
    assert found.trust.verdict == "unique", found.trust.grounds
    assert np.median(trial.error_px(found)) < 0.2


def test_that_a_region_to_ignore_is_not_looked_at() -> None:
    trial = make_trial(TrialSettings(recipe=SMOOTH), 2)
    pixels = trial.case.sem.pixels.copy()
    pixels[:, :250] = np.roll(pixels[:, :250], 7, axis=1)  # a torn picture: half of it lies 14 nm too far right
    torn = replace(trial.case, sem=replace(trial.case.sem, pixels=pixels))
    hidden = np.zeros(pixels.shape, np.uint8)
    hidden[:, :262] = 255
    error = trial.error_px(align(torn, ignore=Coverage.from_array(hidden)))
    seen = trial.truth.to_px(trial.points_nm)[:, 0] > 262
    assert np.median(error[seen]) < 0.25
    assert np.median(trial.error_px(align(torn))) > 0.5
    everything = Coverage.from_array(np.full(pixels.shape, 255, np.uint8))
    failed = align(torn, ignore=everything)
    assert failed.trust.grounds == ("nearly all of the picture is ignored",)


def with_ignored_layer(trial: Trial, region: shapely.Geometry) -> Design:
    design = trial.case.design
    assert design is not None
    return replace(design, layers=(*design.layers, DesignLayer("9/0", "ignore", outlines_of(region))))


def test_that_a_layer_to_ignore_is_left_out() -> None:
    trial = make_trial(TrialSettings(recipe=SMOOTH, rotation_deg=0.0, shift_nm=10.0), 2)
    pixels = trial.case.sem.pixels.copy()
    pixels[:, :250] = np.roll(pixels[:, :250], 7, axis=1)
    left = with_ignored_layer(trial, box(-2000, -2000, 10, 2000))
    torn = replace(trial.case, sem=replace(trial.case.sem, pixels=pixels), design=left)
    seen = trial.truth.to_px(trial.points_nm)[:, 0] > 262
    assert np.median(trial.error_px(align(torn))[seen]) < 0.25


def test_that_a_failed_field_says_at_which_pixel_size_the_design_would_fit() -> None:
    field = formed_field(logic(4, 2600), shift_nm=(20.0, -10.0))
    frame = replace(field.case.nominal.frame, nm_per_px=1.4)
    found = align(replace(field.case, nominal=replace(field.case.nominal, frame=frame)))
    assert found.trust.verdict == "failed"
    assert "nm per px instead of 1.4" in found.trust.grounds[0]
    fitted = float(found.trust.grounds[0].split("fits at ")[1].split(" nm")[0])
    assert fitted == pytest.approx(2.0, rel=0.01)


def test_that_a_right_pixel_size_is_not_doubted() -> None:
    field = formed_field(logic(4, 1700))
    assert fitting_size(search_of(field), 2.0) is None


def search_of(field: Field) -> CoarseSearch:
    case = field.case
    assert case.design is not None
    return CoarseSearch(case.sem.pixels, placed_design(case.design, case.nominal), case.nominal.frame.nm_per_px)


def test_that_a_failed_field_says_that_it_fits_mirrored() -> None:
    field = formed_field(logic(6, 1700), shift_nm=(20.0, -10.0), mirrored=True)
    frame = replace(field.case.nominal.frame, mirrored=False)
    found = align(replace(field.case, nominal=replace(field.case.nominal, frame=frame)))
    assert found.trust.verdict == "failed"
    assert "fits mirrored" in found.trust.grounds[0]


def test_that_turn_and_size_of_a_picture_are_read_from_its_spectrum() -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(0).standard_normal((256, 256)), (0, 0), 2.0)
    matrix = cv2.getRotationMatrix2D((127.5, 127.5), 12.0, 1.15)
    seen = cv2.warpAffine(noise, matrix, (256, 256))
    best = turn_and_size(noise, seen, 30.0, 1.5, 1)[0]
    assert best.turn_deg == pytest.approx(12.0, abs=0.3)
    assert best.size == pytest.approx(1.15, abs=0.01)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_that_phase_correlation_reads_a_shift_either_way_up(sign: float) -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(1).standard_normal((200, 240)), (0, 0), 1.5)
    moved = sign * np.roll(noise, (5, -9), (0, 1))
    shift, sigmas = phase_shifts(noise.astype(np.float32), moved.astype(np.float32), (20, 20), 1, True)[0]
    np.testing.assert_allclose(shift, (-9.0, 5.0), atol=0.1)
    assert sigmas > 20


def test_that_polygons_far_from_the_field_do_not_slow_it_down() -> None:
    near = formed_field(logic(1, 1700), shift_nm=(20.0, -10.0))
    design = near.case.design
    assert design is not None
    corners = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 40.0], [0.0, 40.0]]) + np.array(CENTRE_NM) + 50_000
    far = tuple(corners + np.array([100.0 * (i % 300), 100.0 * (i // 300)]) for i in range(20_000))
    crowded = replace(near.case, design=replace(design, target=design.target + far))
    found, alone = align(crowded), align(near.case)
    np.testing.assert_allclose(found.parameters, alone.parameters, atol=1e-6)
