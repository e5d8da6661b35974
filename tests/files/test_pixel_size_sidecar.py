from pathlib import Path

import numpy as np
import pytest
import tifffile

from semiview.files.pixel_size_sidecar import sidecar_tags
from semiview.files.sem_image_file import load_sem_image

SHAPE = (1024, 1280)
HITACHI = "[SemImageFile]\r\nInstructName=S-4800\r\nPixelSize=1.984375\r\nDataSize=1280x960\r\nMagnification=50000\r\n"
JEOL = (
    "$CM_FORMAT JEOL-SEM\r\n$CM_MAG 5000\r\n$CM_FULL_SIZE 1280 960\r\n$$SM_MICRON_BAR 160\r\n$$SM_MICRON_MARKER 5um\r\n"
)
TESCAN = "[MAIN]\nDevice=MIRA3\nImageStripSize=64\nPixelSizeX=1.2e-009\nPixelSizeY=1.25e-009\n[SEM]\nHV=5000\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "site [1].tif"
    pixels = np.random.default_rng(0).integers(60, 180, SHAPE).astype(np.uint8)
    tifffile.imwrite(path, pixels)
    return path


@pytest.mark.parametrize(
    ("ending", "text", "encoding", "vendor", "size_nm", "rows"),
    [
        (".txt", HITACHI, "utf-8", "Hitachi", (1.984375, 1.984375), None),
        (".txt", HITACHI, "utf-16", "Hitachi", (1.984375, 1.984375), None),
        (".tif.txt", HITACHI, "utf-16-le", "Hitachi", (1.984375, 1.984375), None),
        (".TXT", JEOL, "utf-8", "JEOL", (31.25, 31.25), 960),
        (".txt", JEOL.replace("5um", "5µm"), "latin-1", "JEOL", (31.25, 31.25), 960),
        (".txt", JEOL.replace("5um", "500nm"), "utf-8", "JEOL", (3.125, 3.125), 960),
        ("-tif.hdr", TESCAN, "utf-8", "TESCAN", (1.2, 1.25), 960),
        (".hdr", TESCAN, "utf-8", "TESCAN", (1.2, 1.25), 960),
    ],
)
def test_that_the_text_beside_an_image_tells_its_pixel(
    image: Path, ending: str, text: str, encoding: str, vendor: str, size_nm: tuple[float, float], rows: int | None
) -> None:
    image.with_name(f"site [1]{ending}").write_bytes(text.encode(encoding))
    sem, info = load_sem_image(image)
    assert info.vendor == vendor
    assert (sem.pixel_size.x_nm, sem.pixel_size.y_nm) == pytest.approx(size_nm)
    assert vendor in sem.pixel_size.source
    assert info.warnings == ()
    assert sem.shape == (rows or SHAPE[0], SHAPE[1])
    assert info.area_source == ("file metadata" if rows else "whole file")


@pytest.mark.parametrize(
    ("ending", "text", "said"),
    [
        (".txt", HITACHI.replace("1280x960", "640x480"), "640 x 480 px, the image has 1280 x 1024"),
        (".txt", JEOL.replace("1280 960", "2560 1920"), "2560 x 1920 px, the image has 1280 x 1024"),
        (".txt", JEOL.replace("$$SM_MICRON_BAR 160", ""), "only a magnification of 5000"),
        (".txt", JEOL.replace("5um", "5 parsec"), "names no pixel size"),
        ("-tif.hdr", TESCAN.replace("1.2e-009", "0"), "names no pixel size"),
        (".txt", HITACHI.replace("1.984375", "?"), "names no pixel size"),
    ],
)
def test_that_a_text_of_another_image_or_without_a_size_is_said_and_not_used(
    image: Path, ending: str, text: str, said: str
) -> None:
    image.with_name(f"site [1]{ending}").write_text(text)
    sem, info = load_sem_image(image)
    assert not sem.pixel_size.known
    assert said in " ".join(info.warnings)


def test_that_a_text_that_is_no_description_is_left_alone(image: Path) -> None:
    for text in ("Notes of the day", "", "\0" * 64):
        image.with_name("site [1].txt").write_text(text)
        found = sidecar_tags(image, SHAPE)
        assert (found.vendor, found.warnings) == ("", ())
    image.with_name("site [1].txt").write_bytes(HITACHI.encode() + bytes(2_000_000))
    assert not sidecar_tags(image, SHAPE).pixel_size.known


def test_that_the_files_own_size_wins_and_a_difference_is_flagged(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    comment = "PixelSize=2.0\r\n".encode("utf-16-le")
    tifffile.imwrite(path, np.zeros(SHAPE, np.uint8), extratags=[(40092, 1, len(comment), comment, True)])
    (tmp_path / "a.txt").write_text(HITACHI.replace("DataSize=1280x960", "DataSize=1280x1024"))
    sem, info = load_sem_image(path)
    assert sem.pixel_size.x_nm == 2.0
    assert info.warnings == ()
    (tmp_path / "a.txt").write_text(JEOL)
    sem, info = load_sem_image(path)
    assert sem.pixel_size.x_nm == 2.0
    assert "Two pixel sizes: 2 nm (Hitachi PixelSize) and 31.25 nm (JEOL micron bar in a.txt)" in info.warnings[0]


def test_that_a_tescan_tag_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    blocks = b"\x30\0\0\0\x02\0" + TESCAN.encode() + b"\x02\0\0\0\0\0"
    tifffile.imwrite(path, np.zeros(SHAPE, np.uint8), extratags=[(50431, 1, len(blocks), blocks, True)])
    sem, info = load_sem_image(path)
    assert (info.vendor, sem.pixel_size.x_nm, sem.pixel_size.y_nm) == (
        "TESCAN",
        pytest.approx(1.2),
        pytest.approx(1.25),
    )
    assert sem.shape == (960, 1280)
