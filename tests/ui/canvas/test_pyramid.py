import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.ui.canvas.pyramid import Pyramid

SHAPES = st.tuples(st.integers(1, 70), st.integers(1, 70))


def random_pixels(shape: tuple[int, int], dtype: type = np.float32) -> np.ndarray:
    values = np.random.default_rng(7).integers(0, 256, shape)
    return values.astype(dtype)


def test_that_every_level_holds_the_means_of_its_blocks() -> None:
    pixels = random_pixels((64, 96))
    pyramid = Pyramid(pixels)
    for number in range(1, 5):
        block = 2**number
        means = pixels.reshape(64 // block, block, 96 // block, block).mean(axis=(1, 3))
        np.testing.assert_allclose(pyramid.level(number), means, rtol=1e-5)


@given(shape=SHAPES)
def test_that_levels_of_any_shape_end_in_one_value_within_the_range_of_the_picture(shape: tuple[int, int]) -> None:
    pixels = random_pixels(shape)
    pyramid = Pyramid(pixels)
    number = int(np.ceil(np.log2(max(shape)))) if max(shape) > 1 else 0
    last = pyramid.level(number)
    assert last.shape == (1, 1)
    assert pixels.min() <= last[0, 0] <= pixels.max()


@given(shape=SHAPES, data=st.data())
def test_that_a_replaced_patch_gives_the_same_levels_as_a_new_pyramid(
    shape: tuple[int, int], data: st.DataObject
) -> None:
    height, width = shape
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom, right = data.draw(st.integers(top + 1, height)), data.draw(st.integers(left + 1, width))
    pixels = random_pixels(shape)
    pyramid = Pyramid(pixels.copy())
    pyramid.level(6)
    patch = np.full((bottom - top, right - left), 999, np.float32)
    pyramid.replace(top, left, patch)
    pixels[top:bottom, left:right] = patch
    fresh = Pyramid(pixels)
    for number in range(7):
        np.testing.assert_array_equal(pyramid.level(number), fresh.level(number))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("zoom", [2.0, 3.0, 7.31, 32.0])
def test_that_an_enlarged_pixel_fills_the_square_of_half_a_pixel_about_its_centre(zoom: float, dtype: type) -> None:
    pixels = random_pixels((20, 30), dtype)
    origin = (zoom / 2 + 3, zoom / 2 + 5)  # the picture's corner lies on screen px (3, 5)
    drawn = Pyramid(pixels).sample(0, 0, 200, 160, zoom, origin)
    columns = np.clip(np.floor((np.arange(200) + 0.5 - 3) / zoom), 0, 29).astype(int)
    rows = np.clip(np.floor((np.arange(160) + 0.5 - 5) / zoom), 0, 19).astype(int)
    np.testing.assert_array_equal(drawn, pixels[np.ix_(rows, columns)])


def test_that_at_one_to_one_every_screen_px_is_its_image_pixel() -> None:
    pixels = random_pixels((40, 50), np.uint8)
    drawn = Pyramid(pixels).sample(4, 3, 30, 20, 1.0, (0.5, 0.5))
    np.testing.assert_array_equal(drawn, pixels[3:23, 4:34])


@pytest.mark.parametrize("zoom", [0.5, 0.25, 0.2, 0.13])
def test_that_a_reduced_dot_keeps_its_place_and_its_weight(zoom: float) -> None:
    pixels = np.zeros((256, 256), np.float32)
    pixels[121, 134] = 1000.0
    drawn = Pyramid(pixels).sample(0, 0, 130, 130, zoom, (0.7, 1.2)).astype(np.float64)
    v, u = np.mgrid[:130, :130] + 0.5
    weight = drawn.sum()
    # Bilinear taking of one value in 1/zoom**2 keeps the sum only nearly.
    assert weight / (1000.0 * zoom**2) == pytest.approx(1.0, abs=0.25)
    block = 2 ** int(np.log2(1 / zoom) + 1e-9)
    assert (drawn * u).sum() / weight == pytest.approx(0.7 + zoom * 134, abs=0.5 * block * zoom)
    assert (drawn * v).sum() / weight == pytest.approx(1.2 + zoom * 121, abs=0.5 * block * zoom)


@pytest.mark.parametrize("zoom", [0.031, 0.07, 0.12, 0.19, 0.33, 0.5, 0.61, 0.83, 0.99, 1.0, 1.3, 1.9, 2.0, 5.3, 17.0])
@pytest.mark.parametrize("crisp", [True, False])
def test_that_a_slope_is_drawn_where_it_is(zoom: float, crisp: bool) -> None:
    # Grey value = column: the screen shows the image coordinate of each of its px.
    ramp = np.broadcast_to(np.arange(3000, dtype=np.float32), (200, 3000)).copy()
    x, origin = 40, 11.3
    drawn = Pyramid(ramp).sample(x, 0, 60, 3, zoom, (origin, 2.0), crisp)
    places = (x + np.arange(60) + 0.5 - origin) / zoom
    inner = (places > 3 / zoom) & (places < 2999 - 3 / zoom)
    assert inner.any()
    tolerance = (
        0.5001 if crisp and (zoom >= 2 or zoom == 1) else 0.05 / min(zoom, 1)
    )  # a nearest pixel; else a twentieth of a screen px
    np.testing.assert_allclose(drawn[1][inner], places[inner], atol=tolerance)


@pytest.mark.parametrize("zoom", [0.02, 0.031, 0.0427, 0.061, 0.083, 0.1, 0.117])
def test_that_a_grating_of_14_px_too_fine_for_the_screen_draws_no_false_lines(zoom: float) -> None:
    columns = np.arange(8192)
    pixels = np.broadcast_to(np.where(columns % 14 < 7, 230, 20).astype(np.uint8), (512, 8192)).copy()
    width = int(8192 * zoom) - 10
    drawn = Pyramid(pixels).sample(5, 2, width, int(512 * zoom) - 4, zoom, (0.5, 0.5)).astype(float)
    every_nth = pixels[256, ((np.arange(5, 5 + width)) / zoom).astype(int)].astype(float)

    def false_contrast(row: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft((row - row.mean()) * np.hanning(len(row)))) / len(row)
        return float(4 * spectrum.max() / 105)  # amplitude of the strongest line over the grating's own

    assert false_contrast(every_nth) > 0.8
    assert false_contrast(drawn[drawn.shape[0] // 2]) < 0.25
    assert drawn.mean() == pytest.approx(125, abs=2)


def test_that_outside_the_picture_its_border_goes_on() -> None:
    pixels = random_pixels((8, 8), np.uint8)
    drawn = Pyramid(pixels).sample(-4, 0, 4, 8, 1.0, (0.5, 0.5))
    np.testing.assert_array_equal(drawn, np.repeat(pixels[:, :1], 4, axis=1))


@pytest.mark.parametrize(
    "pixels", [np.zeros((3, 3, 3), np.uint8), np.zeros((0, 4), np.uint8), np.zeros((4, 4), np.int64)]
)
def test_that_what_cannot_be_drawn_is_refused_with_its_shape_and_type(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8, uint16 or float32"):
        Pyramid(pixels)
