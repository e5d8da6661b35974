import io
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from semiview.files.grey_image import grey_image, read_bytes
from semiview.files.problem import FileProblem

HERE = Path("image")


def tiff(pixels: npt.NDArray[np.generic], **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def noise(shape: tuple[int, ...], dtype: type[np.generic]) -> npt.NDArray[np.generic]:
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"compression": "zlib", "predictor": True}])
@pytest.mark.parametrize("order", ["<", ">"])
def test_that_a_tiff_gives_back_its_grey_values(
    dtype: type[np.generic], options: dict[str, object], order: str
) -> None:
    pixels = noise((37, 51), dtype)
    image = grey_image(HERE, tiff(pixels, byteorder=order, **options))
    assert image.pixels.dtype == dtype
    assert np.array_equal(image.pixels, pixels)
    assert image.bits == 8 * np.dtype(dtype).itemsize


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_that_lossless_pictures_give_back_their_grey_values(suffix: str) -> None:
    pixels = noise((37, 51), np.uint8)
    assert np.array_equal(grey_image(HERE, cv2.imencode(suffix, pixels)[1].tobytes()).pixels, pixels)


def test_that_a_16_bit_png_keeps_16_bits() -> None:
    pixels = noise((37, 51), np.uint16)
    image = grey_image(HERE, cv2.imencode(".png", pixels)[1].tobytes())
    assert image.bits == 16
    assert np.array_equal(image.pixels, pixels)


def test_that_a_jpeg_comes_within_its_compression() -> None:
    smooth = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)
    image = grey_image(HERE, cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes())
    assert np.abs(image.pixels.astype(int) - smooth).max() <= 3


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_that_a_grey_written_as_colour_is_one_channel(planar: str) -> None:
    pixels = noise((20, 30), np.uint8)
    stacked = np.stack([pixels] * 3, axis=-1 if planar == "contig" else 0)
    image = grey_image(HERE, tiff(stacked, photometric="rgb", planarconfig=planar))
    assert np.array_equal(image.pixels, pixels)
    assert image.warnings == ()


def test_that_true_colour_is_said_and_becomes_brightness() -> None:
    colours = np.zeros((20, 30, 3), np.uint8)
    colours[..., 0] = 200
    for data in (tiff(colours, photometric="rgb"), cv2.imencode(".bmp", colours[..., ::-1])[1].tobytes()):
        image = grey_image(HERE, data)
        assert image.pixels[0, 0] == round(0.299 * 200)
        assert "colour" in image.warnings[0]


def test_that_white_is_zero_is_turned_round() -> None:
    pixels = noise((20, 30), np.uint8)
    assert np.array_equal(grey_image(HERE, tiff(pixels, photometric="miniswhite")).pixels, 255 - pixels)


def test_that_a_page_is_chosen_and_a_page_that_is_not_there_is_refused() -> None:
    pages = noise((3, 20, 30), np.uint16)
    data = tiff(pages, photometric="minisblack")
    image = grey_image(HERE, data, 2)
    assert np.array_equal(image.pixels, pages[2])
    assert image.page_shapes == ((20, 30),) * 3
    with pytest.raises(FileProblem, match="no page 4: the file has 3"):
        grey_image(HERE, data, 3)
    with pytest.raises(FileProblem, match="no page 2"):
        grey_image(HERE, cv2.imencode(".png", pages[0])[1].tobytes(), 1)


@pytest.mark.parametrize("kind", ["tiff", "lzw", ".png", ".jpg", ".bmp"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_that_an_image_cut_short_is_refused_at_any_length(kind: str, share: float) -> None:
    pixels = noise((200, 300), np.uint8)
    if kind in ("tiff", "lzw"):
        data = tiff(pixels, compression="lzw" if kind == "lzw" else None, rowsperstrip=16)
    else:
        data = cv2.imencode(kind, pixels)[1].tobytes()
    with pytest.raises(FileProblem, match="cut short"):
        grey_image(HERE, data[: int(len(data) * share)])


def test_that_other_bytes_are_no_image() -> None:
    with pytest.raises(FileProblem, match=r"no TIFF, PNG, JPEG or BMP image. Export it"):
        grey_image(HERE, b"case_id,image\n")


def test_that_grey_values_that_are_not_finite_are_refused() -> None:
    pixels = np.ones((8, 8), np.float32)
    assert grey_image(HERE, tiff(pixels)).pixels.dtype == np.float32
    pixels[3, 3] = np.nan
    with pytest.raises(FileProblem, match="not finite"):
        grey_image(HERE, tiff(pixels))


def test_that_a_missing_and_an_empty_file_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"not there.*case list"):
        read_bytes(tmp_path / "gone.tif")
    (tmp_path / "empty.tif").touch()
    with pytest.raises(FileProblem, match="empty"):
        read_bytes(tmp_path / "empty.tif")
