import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from semiview.core.sem_image import PictureArea, PixelSize
from semiview.files.problem import FileProblem
from semiview.files.sem_image_file import describe_sem_image, load_sem_image, read_sem_image


def hitachi(path: Path, size_nm: float, pages: int = 1) -> Path:
    comment = f"PixelSize={size_nm}\r\n".encode("utf-16-le")
    pixels = np.random.default_rng(0).integers(0, 4096, (pages, 60, 80), dtype=np.uint16)
    tags = [(40092, "B", len(comment), comment, True)]
    tifffile.imwrite(path, pixels, extratags=tags, photometric="minisblack", metadata=None)
    return path


def test_that_the_case_list_wins_over_the_file_and_a_difference_is_said(tmp_path: Path) -> None:
    path = hitachi(tmp_path / "a.tif", 2.0)
    own, info = load_sem_image(path)
    assert (own.pixel_size.x_nm, own.pixel_size.source) == (2.0, "Hitachi PixelSize")
    assert info.warnings == ()
    given, info = load_sem_image(path, pixel_size=PixelSize(2.1, 2.1, "case list"))
    assert given.pixel_size == PixelSize(2.1, 2.1, "case list")
    assert info.warnings == ("Two pixel sizes: 2.1 nm (case list) and 2 nm (Hitachi PixelSize); the first is used.",)
    assert load_sem_image(path, pixel_size=PixelSize(2.01, 2.01, "case list"))[1].warnings == ()
    assert load_sem_image(path, pixel_size=PixelSize())[0].pixel_size.source == "Hitachi PixelSize"


def test_that_a_given_area_is_cut_out_and_one_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = hitachi(tmp_path / "a.tif", 2.0)
    whole = read_sem_image(path)
    part = read_sem_image(path, PictureArea(10, 5, 70, 50))
    assert np.array_equal(part.pixels, whole.pixels[5:50, 10:70])
    assert (part.shape, part.file_shape) == ((45, 60), (60, 80))
    with pytest.raises(FileProblem, match=r"0,0,81,60 reaches out of the image of 80 x 60 px. Correct `crop`"):
        read_sem_image(path, PictureArea(0, 0, 81, 60))


def test_that_further_pages_are_said_until_one_is_chosen(tmp_path: Path) -> None:
    path = hitachi(tmp_path / "a.tif", 2.0, pages=3)
    first, info = load_sem_image(path)
    assert info.pages == 3
    assert "3 pages" in info.warnings[0]
    second, info = load_sem_image(path, page=1)
    assert info.warnings == ()
    assert not np.array_equal(first.pixels, second.pixels)
    assert second.pixel_size.x_nm == 2.0


def test_that_the_hash_is_the_files_own(tmp_path: Path) -> None:
    path = hitachi(tmp_path / "a.tif", 2.0)
    assert read_sem_image(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_that_a_plain_picture_has_no_pixel_size(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30), np.uint8))
    info = describe_sem_image(tmp_path / "a.png")
    assert not info.pixel_size.known
    assert (info.bits, info.pages, info.area_source) == (8, 1, "whole file")


def test_real_hitachi_lines(shared_data: Path) -> None:
    sem, info = load_sem_image(shared_data / "smile2" / "Test01.tif")
    assert sem.pixel_size.x_nm == pytest.approx(0.827, abs=1e-3)
    assert sem.shape == (896, 1280)
    assert info.vendor == "Hitachi"


def test_real_zeiss_contacts(shared_data: Path) -> None:
    sem, info = load_sem_image(shared_data / "smile2" / "Ctest1.tif")
    assert sem.pixel_size == PixelSize(0.9009, 0.9009, "Zeiss AP_IMAGE_PIXEL_SIZE")
    assert info.vendor == "Zeiss"
    # The bar lies in the picture, 20 rows above its end; above it begins.
    assert sem.shape == (676, 1024)
    assert sem.pixels.max() < 255


def test_real_fei_with_its_data_bar(shared_data: Path) -> None:
    sem, info = load_sem_image(shared_data / "vendor" / "fei-sem-rbc.tif")
    assert sem.pixel_size.x_nm == pytest.approx(7.708, abs=1e-3)
    assert (sem.shape, sem.file_shape) == ((1024, 1536), (1094, 1536))
    assert info.area_source == "file metadata"


def test_real_data_bars_are_found_without_help(shared_data: Path) -> None:
    folder = shared_data / "openebl"
    for path in sorted(folder.glob("*.jpg")):
        info = describe_sem_image(path)
        assert info.area_source == "data bar found", path.name
        assert 1368 <= info.area.bottom <= 1373, path.name
        assert (info.area.left, info.area.top, info.area.right) == (0, 0, 2048)
