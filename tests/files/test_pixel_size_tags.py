from typing import Any

import pytest

from semiview.files.pixel_size_tags import differ, vendor_tags

SHAPE = (768, 1024)


def zeiss(**tags: tuple[Any, ...]) -> dict[int, Any]:
    return {34118: {"": (0, 1), **tags}}


def fei(width_m: object = 2e-9, columns: int = 1024, rows: int = 700, scan: str = "EScan") -> dict[int, Any]:
    return {
        34682: {
            "Beam": {"Scan": scan},
            "Scan": {"PixelWidth": 9e-9, "PixelHeight": 9e-9},
            scan: {"PixelWidth": width_m, "PixelHeight": 2.5e-9},
            "Image": {"ResolutionX": columns, "ResolutionY": rows},
        }
    }


@pytest.mark.parametrize(
    ("value", "unit", "nm"),
    [(900.9, "pm", 0.9009), (3.2813, "nm", 3.2813), (0.0125, "µm", 12.5), (12.5e3, "fm", 0.0125)],
)
def test_that_zeiss_units_become_nm(value: float, unit: str, nm: float) -> None:
    found = vendor_tags(zeiss(ap_image_pixel_size=("Image Pixel Size", value, unit)), SHAPE)
    assert found.pixel_size.x_nm == pytest.approx(nm, rel=1e-12)
    assert found.pixel_size.source == "Zeiss AP_IMAGE_PIXEL_SIZE"
    assert found.warnings == ()


def test_that_the_size_of_the_stored_image_wins_over_that_of_the_display() -> None:
    tags = zeiss(
        ap_pixel_size=("Pixel Size", 2.0, "nm"),
        ap_image_pixel_size=("Image Pixel Size", 1.0, "nm"),
        ap_width=("Width", 1.024, "µm"),
    )
    assert vendor_tags(tags, SHAPE).pixel_size.x_nm == 1.0


def test_that_a_display_size_is_only_taken_if_the_width_agrees() -> None:
    shown = ("Pixel Size", 2.0, "nm")
    right = vendor_tags(zeiss(ap_pixel_size=shown, ap_width=("Width", 2.048, "µm")), SHAPE)
    assert (right.pixel_size.x_nm, right.pixel_size.source) == (2.0, "Zeiss AP_PIXEL_SIZE")
    wrong = vendor_tags(zeiss(ap_pixel_size=shown, ap_width=("Width", 1.024, "µm")), SHAPE)
    assert not wrong.pixel_size.known
    assert "of the display" in wrong.warnings[0]


def test_that_a_zeiss_width_that_contradicts_the_pixel_is_said() -> None:
    tags = zeiss(ap_image_pixel_size=("Image Pixel Size", 1.0, "nm"), ap_width=("Width", 2.0, "µm"))
    assert "AP_WIDTH makes it 1.9531" in vendor_tags(tags, SHAPE).warnings[0]


def test_that_metadata_of_another_image_size_are_not_used() -> None:
    for tags in (
        zeiss(ap_image_pixel_size=("Image Pixel Size", 1.0, "nm"), dp_image_store=("Store resolution", "2048 * 1536")),
        fei(columns=2048),
    ):
        found = vendor_tags(tags, SHAPE)
        assert not found.pixel_size.known
        assert "the file has 1024 x 768" in found.warnings[0]


def test_that_fei_takes_the_beam_in_use_and_tells_the_picture_from_the_bar() -> None:
    found = vendor_tags(fei(), SHAPE)
    assert (found.pixel_size.x_nm, found.pixel_size.y_nm) == pytest.approx((2.0, 2.5))
    assert found.pixel_size.source == "FEI/Thermo EScan.PixelWidth"
    assert found.picture_shape == (700, 1024)
    assert vendor_tags(fei(scan="IScan"), SHAPE).pixel_size.source == "FEI/Thermo IScan.PixelWidth"


@pytest.mark.parametrize("value", ["", 0, -1e-9, "no"])
def test_that_a_fei_size_that_is_none_stays_unknown(value: object) -> None:
    found = vendor_tags(fei(width_m=value), SHAPE)
    assert not found.pixel_size.known
    assert found.warnings


def test_that_hitachi_speaks_utf_16() -> None:
    comment = "SerialNumber=1\r\nPixelSize=0.827009\r\nCondition=Vacc=4.0kV\r\n\0".encode("utf-16-le")
    found = vendor_tags({40092: comment}, SHAPE)
    assert (found.vendor, found.pixel_size.x_nm) == ("Hitachi", 0.827009)
    assert found.metadata["Condition"] == "Vacc=4.0kV"


def test_that_what_nobody_said_stays_unknown() -> None:
    comment = "hello".encode("utf-16-le")
    for tags in ({}, {40092: comment}, {282: (96, 1), 283: (96, 1)}, {34118: b"garbage"}, zeiss()):
        assert not vendor_tags(tags, SHAPE).pixel_size.known


def test_that_sizes_differ_above_one_percent() -> None:
    assert differ(1.0, 1.02)
    assert not differ(1.0, 1.009)
    assert not differ(1.0, float("nan"))
