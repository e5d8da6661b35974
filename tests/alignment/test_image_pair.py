from pathlib import Path

import cv2
import numpy as np
import pytest

from semiview.alignment.image_pair import align_images

PEERS = Path(__file__).parents[3] / "shared" / "data" / "peers_registration"
needs_peers = pytest.mark.skipif(not PEERS.exists(), reason=f"no image pairs at {PEERS}")


def grey(name: str) -> np.ndarray:
    picture = cv2.imread(str(PEERS / name), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


def blobs(seed: int, shape: tuple[int, int] = (160, 200)) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(shape)
    return cv2.GaussianBlur(noise, (0, 0), 2.5)


@needs_peers
@pytest.mark.parametrize(
    ("name", "expected"), [("X75Y75", (-75, 75)), ("X-130Y130", (130, 130)), ("X130Y130", (-130, 130))]
)
def test_that_masked_pairs_are_solved_to_the_pixel(name: str, expected: tuple[int, int]) -> None:
    fixed, moving = grey(f"skimage_padfield/Original{name}.png"), grey(f"skimage_padfield/Transformed{name}.png")
    found = align_images(fixed, moving, fixed != 0, moving != 0, turn=False)
    assert found.shift_px == expected
    assert found.clear


@needs_peers
@pytest.mark.parametrize(
    ("fixed", "moving", "rotation_deg", "scale"),
    [
        ("sample1.png", "sample2.png", 0.0, 1.0),
        ("sample1.png", "sample3.png", -30.0, 1.25),
        ("sample3.png", "sample1.png", 30.0, 0.8),
        ("sample1.png", "sample3n.jpg", -30.0, 1.25),
    ],
)
def test_that_turned_and_enlarged_pairs_are_solved(fixed: str, moving: str, rotation_deg: float, scale: float) -> None:
    found = align_images(grey(f"imreg_dft/{fixed}"), grey(f"imreg_dft/{moving}"))
    assert found.rotation_deg == pytest.approx(rotation_deg, abs=1.0)
    assert found.scale == pytest.approx(scale, abs=0.02)
    assert found.clear


@needs_peers
def test_that_a_shifted_pair_reads_the_same_backwards() -> None:
    there = align_images(grey("imreg_dft/sample1.png"), grey("imreg_dft/sample2.png"))
    back = align_images(grey("imreg_dft/sample2.png"), grey("imreg_dft/sample1.png"))
    np.testing.assert_allclose(there.shift_px, (-19, 79), atol=1.0)
    np.testing.assert_allclose(back.shift_px, (19, -79), atol=1.0)


@needs_peers
def test_that_an_object_partly_out_of_the_frame_is_found() -> None:
    found = align_images(grey("imreg_dft/sample1.png"), grey("imreg_dft/sample4.png"))
    assert not found.clear or abs(found.rotation_deg + 30) < 1


def test_that_a_known_turn_size_and_shift_come_back() -> None:
    picture = blobs(1, (240, 240))
    turn = cv2.getRotationMatrix2D((119.5, 119.5), 20.0, 1.2) + np.array([[0, 0, 7.0], [0, 0, -4.0]])
    fixed = cv2.warpAffine(picture, turn, (240, 240))
    found = align_images(fixed, picture)
    assert found.rotation_deg == pytest.approx(20.0, abs=0.2)
    assert found.scale == pytest.approx(1.2, abs=0.005)
    np.testing.assert_allclose(found.shift_px, (7.0, -4.0), atol=0.3)
    np.testing.assert_allclose(found.matrix, turn, atol=0.5)


def test_that_images_of_different_sizes_meet_where_one_was_cut_from_the_other() -> None:
    whole = blobs(2)
    found = align_images(whole, whole[30:110, 50:150], turn=False)
    np.testing.assert_array_equal(found.matrix, [[1, 0, 50], [0, 1, 30]])
    assert found.score == pytest.approx(1.0, abs=1e-6)


def test_that_strangers_and_repetitions_are_not_clear() -> None:
    assert not align_images(blobs(3), blobs(4), turn=False).clear
    waves = np.tile(np.sin(np.arange(200) / 3.0), (160, 1))
    assert not align_images(waves, waves, turn=False).clear


def test_that_unusable_images_are_refused_with_the_reason() -> None:
    good = blobs(5)
    for fixed, mask, words in (
        (np.zeros((160, 200)), None, "fixed image is flat"),
        (good[:8], None, "at least 16 px"),
        (np.where(good > 2, np.nan, good) * np.inf, None, "not finite"),
        (good, np.zeros(good.shape, bool), "masked altogether"),
        (good, np.ones((3, 3), bool), "mask of the fixed image is"),
    ):
        with pytest.raises(ValueError, match=words), np.errstate(invalid="ignore"):
            align_images(fixed, good, mask)
