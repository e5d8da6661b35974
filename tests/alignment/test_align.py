from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely.geometry import box

from semiview.alignment.align import align
from semiview.core.design import Design
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize, SemImage
from tests.alignment.formed_fields import CENTRE_NM, NM_PER_PX, contacts, formed_field, lines, logic


@pytest.mark.parametrize("seed", range(4))
def test_that_an_aperiodic_field_is_found_within_a_quarter_pixel_and_called_unique(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    field = formed_field(
        logic(seed, 1700),
        shift_nm=tuple(rng.uniform(-90, 90, 2)),
        rotation_deg=rng.uniform(-2.5, 2.5),
        scale=tuple(rng.uniform(0.98, 1.02, 2)),
        shear=rng.uniform(-0.004, 0.004),
        seed=seed,
    )
    found = align(field.case)
    assert found.trust.verdict == "unique", found.trust.grounds
    assert found.trust.registration_class == "subpixel"
    error = field.error_px(found)
    assert np.median(error) < 0.15
    assert error.max() < 0.5


@pytest.mark.parametrize(
    "how",
    [
        {"tone": "opening"},
        {"material": 0.0},  # only the rims are bright
        {"material": -0.5, "rim": 0.0},  # dark material without rims
        {"mirrored": True},
        {"dose": 5.0},
    ],
    ids=str,
)
def test_that_tone_contrast_mirroring_and_noise_do_not_hide_the_design(how: dict[str, object]) -> None:
    field = formed_field(logic(7, 1700), shift_nm=(60.0, -80.0), rotation_deg=1.1, scale=(1.01, 0.995), **how)
    found = align(field.case)
    assert found.trust.verdict == "unique", found.trust.grounds
    assert np.median(field.error_px(found)) < 0.25


def test_that_a_process_bias_does_not_become_scale() -> None:
    fields = [formed_field(logic(3, 1700), bias_nm=bias, seed=3) for bias in (-4.0, 6.0)]
    thin, fat = (align(field.case) for field in fields)
    assert abs(thin.scale_x - fat.scale_x) < 5e-4
    assert abs(thin.scale_y - fat.scale_y) < 5e-4
    assert abs(fat.scale_x - 1) < 5e-4


def test_that_the_error_bars_hold_the_truth() -> None:
    pulls = []
    for seed in range(8):
        field = formed_field(logic(seed, 1500), shift_nm=(20.0, -10.0), size=(384, 384), dose=5.0, seed=seed)
        found = align(field.case)
        pulls.append((found.shift_x_nm - 20.0) / found.trust.sigma_x_nm)
        pulls.append((found.shift_y_nm + 10.0) / found.trust.sigma_y_nm)
    # Sixteen pulls of unit variance have an RMS between 0.55 and 1.5 in all but one of a thousand runs.
    assert 0.3 < np.sqrt(np.mean(np.square(pulls))) < 1.8


@pytest.mark.parametrize("pitch_nm", [100.0, 200.0])
@pytest.mark.parametrize("angle_deg", [0.0, 45.0, 90.0])
def test_that_lines_and_spaces_are_never_unique_and_their_free_axis_is_held(pitch_nm: float, angle_deg: float) -> None:
    field = formed_field(lines(pitch_nm, 2600, angle_deg), shift_nm=(30.0, 25.0), rotation_deg=0.4)
    found = align(field.case)
    assert found.trust.verdict == "periodic"
    assert found.trust.registration_class == "ambiguous"
    away = abs((found.trust.free_axis_deg - angle_deg + 90) % 180 - 90)
    assert away < 1.0
    direction = np.array([np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))])
    assert abs(direction @ [found.shift_x_nm, found.shift_y_nm]) < 4.0
    steps = np.hypot(*np.array(found.trust.alternatives).T) / pitch_nm
    np.testing.assert_allclose(steps, np.round(steps), atol=0.02)


def test_that_a_single_line_is_weak_and_right_across_it() -> None:
    line = shapely.affinity.translate(box(-3000, -60, 3000, 60), *CENTRE_NM)
    found = align(formed_field(line, shift_nm=(30.0, 25.0)).case)
    assert found.trust.verdict == "weak"
    assert found.trust.free_axis_deg == pytest.approx(0.0, abs=0.5)
    assert found.shift_x_nm == pytest.approx(0.0, abs=0.1)
    assert found.shift_y_nm == pytest.approx(25.0, abs=0.3)


@pytest.mark.parametrize("pitch_nm", [70.0, 100.0, 200.0])
def test_that_a_contact_array_is_periodic_with_its_pitch_among_the_alternatives(pitch_nm: float) -> None:
    field = formed_field(contacts(pitch_nm, 1700), shift_nm=(30.0, 25.0), rotation_deg=0.4, tone="opening")
    found = align(field.case)
    assert found.trust.verdict == "periodic"
    assert found.trust.peak_ratio > 0.95
    distances = np.hypot(*np.array(found.trust.alternatives).T)
    assert distances.min() == pytest.approx(pitch_nm, abs=0.5)
    # One of the alternatives, or the place itself, is the truth.
    shift = np.array([found.shift_x_nm, found.shift_y_nm])
    places = shift + np.array([(0.0, 0.0), *found.trust.alternatives])
    lattice = (places - np.array([30.0, 25.0])) / pitch_nm
    turned = lattice @ np.array([[1, -np.deg2rad(0.4)], [np.deg2rad(0.4), 1]])
    np.testing.assert_allclose(turned, np.round(turned), atol=0.05)


def test_that_a_pitch_finer_than_the_searched_level_is_flagged() -> None:
    pitch_nm, height_nm = 28.0, 256 * NM_PER_PX * 1.8
    across = np.arange(-3000, 3000, pitch_nm)
    fine = [box(x, -height_nm / 2, x + pitch_nm / 2, height_nm / 2) for x in across]
    grating = shapely.affinity.translate(shapely.MultiPolygon(fine), *CENTRE_NM)
    found = align(formed_field(grating, radius_nm=1.0, bias_nm=0.5, size=(256, 2048)).case)
    assert found.trust.verdict == "periodic"
    assert np.hypot(*found.trust.alternatives[0]) == pytest.approx(pitch_nm, abs=0.3)


def test_that_the_end_of_an_array_makes_it_unique() -> None:
    field = formed_field(contacts(100.0, 600), shift_nm=(30.0, 25.0), rotation_deg=0.4)
    found = align(field.case)
    assert found.trust.verdict == "unique", found.trust.grounds
    assert np.median(field.error_px(found)) < 0.25


@pytest.mark.parametrize("transform", ["shift", "similarity"])
def test_that_only_the_parameters_asked_for_are_free(transform: str) -> None:
    field = formed_field(logic(5, 1700), shift_nm=(40.0, 15.0), rotation_deg=0.0 if transform == "shift" else 0.8)
    found = align(field.case, transform=transform)
    assert found.transform == transform
    assert found.shear == pytest.approx(0.0, abs=1e-9)
    assert found.scale_x == pytest.approx(found.scale_y, rel=1e-9)
    if transform == "shift":
        assert (found.rotation_deg, found.scale_x) == (0.0, pytest.approx(1.0, abs=1e-12))
    assert np.median(field.error_px(found)) < 0.25


def test_that_a_design_of_another_place_fails_and_nothing_moves() -> None:
    field = formed_field(logic(1, 1700))
    other = formed_field(logic(2, 1700))
    found = align(replace(field.case, design=other.case.design))
    assert found.trust.verdict == "failed"
    assert "not found" in found.trust.grounds[0]
    assert (found.parameters == field.case.nominal.parameters).all()
    assert found.trust.alternatives == ()
    assert found.trust.covariance is None


def test_that_a_design_on_the_wrong_layer_fails_and_the_layer_is_named_among_the_causes() -> None:
    field = formed_field(logic(1, 1700))
    other = formed_field(contacts(90.0, 1700), tone="opening")
    found = align(replace(field.case, design=other.case.design))
    assert found.trust.verdict == "failed", found.trust.grounds
    assert "check pixel size, stage position, layer" in " ".join(found.trust.grounds)


def without_polygons(design: Design | None) -> Design | None:
    return None if design is None else replace(design, target=(), layers=())


def test_that_unusable_input_is_said_and_not_guessed() -> None:
    case = formed_field(logic(1, 1700), size=(256, 256)).case
    flat = SemImage.from_pixels(np.full((256, 256), 90, np.uint8), NM_PER_PX)
    white = SemImage.from_pixels(
        np.where(np.random.default_rng(0).random((256, 256)) < 0.7, 255, 100).astype(np.uint8), NM_PER_PX
    )
    unknown = nominal_registration((256, 256), PixelSize(), CENTRE_NM)
    far = formed_field(shapely.affinity.translate(logic(1, 1700), 90_000.0, 0.0), size=(256, 256)).case
    reasons = {
        "no design": replace(case, design=None),
        "no polygons": replace(case, design=without_polygons(case.design)),
        "flat": replace(case, sem=flat),
        "saturated": replace(case, sem=white),
        "pixel size is unknown": replace(case, nominal=unknown),
        "nothing of the design lies in or near the picture": replace(case, design=far.design),
        "too small": replace(case, sem=SemImage.from_pixels(flat.pixels[:40, :40].copy(), NM_PER_PX)),
    }
    for words, broken in reasons.items():
        found = align(broken)
        assert found.trust.verdict == "failed"
        assert words in found.trust.grounds[0]
        assert found.unusable_because == "registration failed"


def test_that_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown alignment method 'orbital'; there are auto"):
        align(formed_field(logic(1, 900), size=(128, 128)).case, method="orbital")


def test_that_a_stop_is_obeyed() -> None:
    found = align(formed_field(logic(1, 1700)).case, should_stop=lambda: True)
    assert found.trust.verdict == "failed"
    assert found.trust.grounds == ("stopped",)
