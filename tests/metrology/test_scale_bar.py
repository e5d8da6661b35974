from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from semiview.files.data_bar import picture_height
from semiview.files.sem_image_file import read_file_pixels
from semiview.metrology.scale_bar import Ends, ScaleBar, proposed_bar, refined_bar

DATA = Path(__file__).parents[2].parent / "shared/data"

# Length that is written beside the bar, and what else is known of the pixel: the file's own metadata, the width of the
# field that the bar names, or the case list.
KNOWN = {
    "smile2/Ctest1.tif": (100.0, 0.9009, "ticks"),
    "smile2/Test01.tif": (400.0, 0.827009, "dots"),
    "nynra_litho/test_stack1.jpg": (10_000.0, 32_700 / 2048, "ticks"),
    "vendor/fei-sem-rbc.tif": (4000.0, 7.708, "ticks"),
    "openebl/LL_145.jpg": (1000.0, 3.2813, "ticks"),
    "siepic_pdk/sem_contra_directional_coupler.png": (200.0, 114.3e6 / 20_410 / 791, "ticks"),
    "siepic_pdk/sem_y_branch.png": (2000.0, 114.3e6 / 8_500 / 792, "ticks"),
}


def drawn(kind: Ends, begin: int = 60, end: int = 361, light: float = 255.0, dark: float = 0.0) -> np.ndarray:
    """A bar in a band under a noisy picture; its ends are what `begin` and `end` say."""
    pixels = np.random.default_rng(3).normal(110, 12, (200, 480)).clip(0, 255)
    pixels[150:] = dark
    if kind == "edges":
        pixels[172:178, begin:end] = light
    elif kind == "ticks":
        pixels[174:176, begin : end + 1] = light
        for middle in (begin, (begin + end) // 2, end):
            half = 8 if middle in (begin, end) else 3
            pixels[175 - half : 175 + half, middle - 1 : middle + 2] = light
    else:
        for middle in np.linspace(begin, end, 8):
            pixels[170:178, round(middle) - 1 : round(middle) + 2] = light
    return pixels.astype(np.float32)


@pytest.mark.parametrize("kind", ["ticks", "dots"])
@pytest.mark.parametrize("miss", [(0.0, 0.0), (4.0, -3.0), (-4.0, 2.0)])
@pytest.mark.parametrize("inverted", [False, True])
def test_that_clicks_beside_the_ends_come_to_lie_on_them(kind: Ends, miss: tuple[float, float], inverted: bool) -> None:
    light, dark = (0.0, 255.0) if inverted else (255.0, 0.0)
    bar = refined_bar(drawn(kind, light=light, dark=dark), (60 + miss[0], 174 + miss[1]), (361 - miss[0], 174))
    assert (bar.first_px[0], bar.second_px[0]) == pytest.approx((60, 361), abs=0.01)
    assert bar.ends == kind
    size, sigma = bar.pixel_size(602.0)
    assert size == pytest.approx(2.0, rel=1e-4)
    assert 0.001 < sigma < 0.02


def test_that_a_plain_bar_is_measured_from_rim_to_rim() -> None:
    bar = refined_bar(drawn("edges"), (58, 175), (364, 175))
    assert bar.ends == "edges"
    assert (bar.first_px[0], bar.second_px[0]) == pytest.approx((59.5, 360.5), abs=0.01)
    assert bar.length_px == pytest.approx(301, abs=0.01)


def test_that_an_upright_bar_and_the_other_order_of_clicks_give_the_same_length() -> None:
    pixels = drawn("ticks")
    there = refined_bar(pixels, (60, 175), (361, 175))
    back = refined_bar(pixels, (361, 175), (60, 175))
    upright = refined_bar(np.ascontiguousarray(pixels.T), (175, 60), (175, 361))
    assert there.length_px == pytest.approx(301, abs=0.01)
    assert back.length_px == pytest.approx(there.length_px, abs=1e-9)
    assert upright.length_px == pytest.approx(there.length_px, abs=1e-9)


def test_that_a_bar_of_a_resampled_screenshot_is_found_at_sub_pixel() -> None:
    pixels = ndimage.zoom(drawn("ticks"), 0.8, order=1, grid_mode=True, mode="nearest")
    bar = refined_bar(pixels, (47, 140), (290, 140))
    assert bar.length_px == pytest.approx(301 * 0.8, abs=0.1)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ((60.0, 175.0), (62.0, 175.0), "closer than 8 px"),
        ((60.0, 100.0), (361.0, 100.0), "no"),
        ((120.0, 175.0), (361.0, 175.0), "within"),
        ((60.0, 190.0), (361.0, 190.0), "no scale bar"),
    ],
)
def test_that_clicks_on_no_bar_are_a_sentence(
    first: tuple[float, float], second: tuple[float, float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        refined_bar(drawn("ticks"), first, second)


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf")])
def test_that_a_length_is_a_positive_number(length: float) -> None:
    with pytest.raises(ValueError, match="positive number of nm"):
        ScaleBar((0, 0), (10, 0), "ticks", 1, 1).pixel_size(length)


@pytest.mark.parametrize("kind", ["ticks", "dots", "edges"])
def test_that_the_bar_is_proposed_and_none_where_there_is_none(kind: Ends) -> None:
    bar = proposed_bar(drawn(kind), 150)
    assert bar is not None
    assert bar.length_px == pytest.approx(301, abs=0.01)
    assert proposed_bar(drawn(kind)[:150], 150) is None
    assert proposed_bar(np.zeros((50, 50)), 20) is None


@pytest.mark.parametrize("name", KNOWN)
def test_that_the_bars_of_real_microscopes_agree_with_what_else_is_known(name: str) -> None:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    length_nm, nm_per_px, kind = KNOWN[name]
    pixels = read_file_pixels(path)
    bar = proposed_bar(pixels, picture_height(pixels))
    assert bar is not None
    assert bar.ends == kind
    (u0, v0), (u1, v1) = bar.first_px, bar.second_px
    clicked = refined_bar(pixels, (u0 - 2, v0 + 2), (u1 + 3, v1 - 1))
    for each in (bar, clicked):
        size, sigma = each.pixel_size(length_nm)
        assert abs(size - nm_per_px) < max(2.5 * sigma, 0.003 * nm_per_px)
