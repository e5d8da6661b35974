import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.alignment.align import align
from semiview.alignment.landmarks import Landmarks, fit_landmarks, snap_to_design, snap_to_image, transform_of
from semiview.core.registration import Registration, nominal_registration, with_linear_nm
from semiview.core.sem_image import PixelSize
from tests.alignment.formed_fields import CENTRE_NM, contacts, formed_field, logic

SQUARE = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])
SPREAD_NM = np.array(CENTRE_NM) + np.array([[-300.0, -200.0], [310.0, -150.0], [20.0, 260.0], [-180.0, 190.0]])


def nominal(mirrored: bool = False) -> Registration:
    return nominal_registration((512, 512), PixelSize(2.0, 2.0, "case list"), CENTRE_NM, mirrored=mirrored)


def true_registration(mirrored: bool, turn_deg: float, scale: tuple[float, float], shear: float) -> Registration:
    turn = np.deg2rad(turn_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.array([[scale[0], shear * scale[1]], [0, scale[1]]])
    return with_linear_nm(nominal(mirrored), linear @ nominal(mirrored).linear_nm(), (40.0, -25.0), "affine")


@given(
    mirrored=st.booleans(),
    turn_deg=st.floats(-20, 20),
    scales=st.tuples(st.floats(0.8, 1.2), st.floats(0.8, 1.2)),
    shear=st.floats(-0.05, 0.05),
)
def test_that_exact_landmarks_give_the_transform_back(
    mirrored: bool, turn_deg: float, scales: tuple[float, float], shear: float
) -> None:
    truth = true_registration(mirrored, turn_deg, scales, shear)
    fit = fit_landmarks(nominal(mirrored), Landmarks(SPREAD_NM, truth.to_px(SPREAD_NM)))
    np.testing.assert_allclose(fit.registration.parameters, truth.parameters, atol=1e-5)
    assert fit.rms_nm < 1e-5
    assert np.abs(fit.left_out_px).max() < 1e-5


@pytest.mark.parametrize("mirrored", [False, True])
def test_that_two_pairs_give_a_similarity_and_one_a_shift(mirrored: bool) -> None:
    truth = true_registration(mirrored, 5.0, (1.02, 1.02), 0.0)
    two = fit_landmarks(nominal(mirrored), Landmarks(SPREAD_NM[:2], truth.to_px(SPREAD_NM[:2]))).registration
    assert two.transform == "similarity"
    np.testing.assert_allclose(two.parameters, truth.parameters, atol=1e-6)
    one = fit_landmarks(nominal(mirrored), Landmarks(SPREAD_NM[:1], truth.to_px(SPREAD_NM[:1]))).registration
    assert (one.rotation_deg, one.scale_x) == (0.0, pytest.approx(1.0))
    np.testing.assert_allclose(one.to_px(SPREAD_NM[:1]), truth.to_px(SPREAD_NM[:1]))
    assert [transform_of(count) for count in (1, 2, 3, 9)] == ["shift", "similarity", "affine", "affine"]


def test_that_a_wrong_pair_is_named_and_residuals_point_to_the_image() -> None:
    more = np.array(CENTRE_NM) + np.array([[250.0, 250.0], [0.0, -280.0]])
    points = np.concatenate([SPREAD_NM, more])
    seen = nominal().to_px(points)
    seen[4] += [6.0, 0.0]
    fit = fit_landmarks(nominal(), Landmarks(points, seen), "shift")
    assert int(np.argmax(fit.left_out_px)) == 4
    assert fit.left_out_px[4] == pytest.approx(6.0)
    np.testing.assert_allclose(fit.residual_px[4], [5.0, 0.0])  # less the mean of 1 px
    assert fit.rms_nm == pytest.approx(2 * np.sqrt(np.mean([25, 1, 1, 1, 1, 1])))
    assert fit.registration.trust.verdict == "manual"
    assert "landmark 5 lies 6.00 px" in fit.registration.trust.grounds[1]
    assert fit.registration.trust.registration_class == "significant"


def test_that_pairs_which_hold_nothing_are_refused_with_the_reason() -> None:
    row = np.array(CENTRE_NM) + np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]])
    for points, transform, words in (
        (row, None, "in a row"),
        (np.repeat(row[:1], 2, axis=0), None, "on one spot"),
        (row[:2], "affine", "do not determine"),
        (row[:0], None, "at least one"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_landmarks(nominal(), Landmarks(points, nominal().to_px(points)), transform)
    flipped = nominal().to_px(SPREAD_NM) * [-1, 1]
    with pytest.raises(ValueError, match="turn the design over"):
        fit_landmarks(nominal(), Landmarks(SPREAD_NM, flipped))
    with pytest.raises(ValueError, match="do not match"):
        Landmarks(SPREAD_NM, flipped[:2])


def test_that_align_takes_landmarks_and_says_when_there_are_none() -> None:
    field = formed_field(logic(1, 900), size=(128, 128))
    points = np.array(CENTRE_NM) + np.array([[-60.0, -50.0], [70.0, -40.0], [10.0, 80.0]])
    seen = field.truth.to_px(points) + 3.0
    found = align(field.case, "landmarks", landmarks=Landmarks(points, seen))
    assert found.method == "landmarks"
    np.testing.assert_allclose(found.to_px(points), seen)
    missing = align(field.case, "landmarks")
    assert missing.trust.verdict == "failed"
    assert "no landmarks" in missing.trust.grounds[0]


def test_that_a_click_snaps_to_a_corner_before_an_edge_and_to_nothing_far_off() -> None:
    np.testing.assert_array_equal(snap_to_design((96.0, 5.0), (SQUARE,), 8.0), (100.0, 0.0))
    np.testing.assert_allclose(snap_to_design((50.0, 5.0), (SQUARE,), 8.0), (50.0, 0.0))
    assert snap_to_design((50.0, 40.0), (SQUARE,), 8.0) is None
    assert snap_to_design((500.0, 40.0), (SQUARE,), 8.0) is None


def test_that_a_click_on_the_image_snaps_to_corner_and_edge_within_a_tenth_pixel() -> None:
    picture = np.zeros((120, 120), np.float32)
    picture[:60, :60] = 100.0  # the corner lies at (59.5, 59.5)
    rng = np.random.default_rng(0)
    noisy = cv2.GaussianBlur(picture, (0, 0), 1.2) + rng.normal(0, 1.0, picture.shape)
    np.testing.assert_allclose(snap_to_image((62.0, 57.5), noisy, 6.0), (59.5, 59.5), atol=0.6)
    edge = snap_to_image((20.0, 62.0), noisy, 6.0)
    np.testing.assert_allclose(edge, (20.0, 59.5), atol=0.1)
    assert snap_to_image((95.0, 95.0), noisy, 6.0) is None


def test_that_a_landmark_tells_the_automatic_alignment_which_lattice_place_is_meant() -> None:
    field = formed_field(contacts(100.0, 1700), shift_nm=(90.0, -75.0), rotation_deg=0.4, tone="opening")
    assert align(field.case).trust.verdict == "periodic"
    point = field.truth.to_nm([[200.0, 260.0]])
    pair = Landmarks(point, np.array([[203.0, 258.0]]))  # clicked 3.6 px off
    found = align(field.case, landmarks=pair)
    assert (found.method, found.trust.verdict, found.trust.alternatives) == ("auto", "manual", ())
    assert "1 landmark says which of" in found.trust.grounds[0]
    assert np.isfinite(found.trust.residual_nm)
    assert np.median(field.error_px(found)) < 0.25


def test_that_landmarks_are_where_the_automatic_alignment_begins_and_no_more() -> None:
    field = formed_field(logic(5, 1700), shift_nm=(280.0, -240.0), rotation_deg=1.0)  # beyond 20 % of the field
    points = field.truth.to_nm([[100.0, 120.0], [400.0, 410.0]])
    found = align(field.case, landmarks=Landmarks(points, np.array([[102.0, 121.0], [399.0, 408.0]])))
    assert found.trust.verdict == "unique", found.trust.grounds
    assert np.median(field.error_px(found)) < 0.25
