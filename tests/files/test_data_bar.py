import cv2
import numpy as np
import numpy.typing as npt
import pytest

from semiview.files.data_bar import picture_height


def with_bar(paper: int, ink: int, top: int = 400, below: int = 0, seed: int = 0) -> npt.NDArray[np.uint8]:
    pixels = np.random.default_rng(seed).normal(110, 18, (480, 640)).clip(0, 255).astype(np.uint8)
    pixels[top : 480 - below] = paper
    cv2.putText(pixels, "15.00 kV  x50.0k  400 nm", (12, top + 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, ink, 2)
    return pixels


@pytest.mark.parametrize(("paper", "ink"), [(0, 255), (255, 0), (46, 255)])
@pytest.mark.parametrize("below", [0, 3])
def test_that_the_picture_ends_where_the_bar_begins(paper: int, ink: int, below: int) -> None:
    assert picture_height(with_bar(paper, ink, below=below)) == 400


def test_that_a_bar_is_found_in_16_bit_and_after_jpeg() -> None:
    pixels = with_bar(0, 255)
    assert picture_height(pixels.astype(np.uint16) * 257) == 400
    packed = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_GRAYSCALE)
    assert picture_height(np.asarray(packed)) == 400


def test_that_a_bar_under_a_nearly_uniform_picture_is_found() -> None:
    pixels = with_bar(0, 255)
    pixels[:400] = np.random.default_rng(0).normal(64, 2, (400, 640))
    assert picture_height(pixels) == 400


def test_that_a_picture_without_a_bar_is_whole() -> None:
    noisy = np.random.default_rng(0).normal(110, 18, (480, 640)).clip(0, 255).astype(np.uint8)
    lines = noisy.copy()
    lines[300:330] = noisy[300:330] // 3
    lines[420:470] = noisy[420:470] // 3
    for pixels in (noisy, lines, np.zeros((480, 640), np.uint8), noisy[:10]):
        assert picture_height(pixels) == len(pixels)


def test_that_a_flat_strip_without_text_is_no_bar() -> None:
    pixels = np.random.default_rng(0).normal(110, 18, (480, 640)).clip(0, 255).astype(np.uint8)
    pixels[400:] = 0
    assert picture_height(pixels) == 480


def test_that_a_drawing_without_noise_is_whole() -> None:
    drawing = np.zeros((480, 640), np.uint8)
    drawing[100:200] = 200
    drawing[380:400] = 200
    drawing[420:450, 100:300] = 200
    assert picture_height(drawing) == 480
