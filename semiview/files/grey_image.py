"""Grey values from the bytes of a TIFF, PNG, JPEG or BMP file."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from semiview.files.problem import FileProblem

IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp")

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
BMP_START = b"BM"
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True, slots=True, eq=False)
class GreyImage:
    """One page of an image file as grey values.

    Attributes
    ----------
    pixels
        (H, W) uint8, uint16 or float32.
    bits
        Bits per sample in the file.
    page_shapes
        (H, W) of every page in the file.
    tags
        TIFF tags by their number, as tifffile parses them; empty for other formats.
    """

    pixels: npt.NDArray[Any]
    bits: int
    page_shapes: tuple[tuple[int, int], ...]
    tags: Mapping[int, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_bytes(path: Path) -> bytes:
    """The whole file.

    Raises
    ------
    FileProblem
        If the file is not there, is empty or cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileProblem(path, "The file is not there.", "Put it back or correct its name in the case list.") from None
    except OSError as error:
        raise FileProblem(path, f"The file cannot be read ({error.strerror}).") from error
    if not data:
        raise FileProblem(path, "The file is empty.", "Export it again from the microscope.")
    return data


def grey_image(path: Path, data: bytes, page: int = 0) -> GreyImage:
    """Decode one page, counted from 0; the format is told from the bytes, not from the name.

    Raises
    ------
    FileProblem
        If the bytes are no such image, are cut short, hold no such page or hold values that are not finite.
    """
    try:
        if data.startswith(TIFF_STARTS):
            image = _from_tiff(path, data, page)
        else:
            if page:
                raise FileProblem(path, f"There is no page {page + 1}: only a TIFF has more than one.")
            image = _from_other(path, data)
    except FileProblem:
        raise
    # A damaged file makes a decoder raise nearly anything (ValueError, struct.error, RuntimeError, KeyError).
    except Exception as error:
        raise FileProblem(path, f"The image is damaged or cut short ({error}).", "Copy or export it again.") from error
    if image.pixels.dtype.kind == "f" and not np.isfinite(image.pixels).all():
        raise FileProblem(path, "The image has grey values that are not finite.", "Export it as 8 or 16 bit.")
    return image


def _from_tiff(path: Path, data: bytes, number: int) -> GreyImage:
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        pages = list(tiff.pages)
        if not 0 <= number < len(pages):
            raise FileProblem(path, f"There is no page {number + 1}: the file has {len(pages)}.")
        page = pages[number].aspage()
        shapes = tuple((each.aspage().imagelength, each.aspage().imagewidth) for each in pages)
        tags = {tag.code: tag.value for tag in pages[0].aspage().tags.values()}
        pixels = page.asarray()
        if page.axes.startswith("S"):  # planar colours
            pixels = np.moveaxis(pixels, 0, -1)
        if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
            pixels = _through_palette(pixels, np.asarray(page.colormap))
        elif page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and pixels.dtype.kind == "u":
            pixels = np.iinfo(pixels.dtype).max - pixels
        bits = page.bitspersample
    grey, warnings = _one_channel(pixels)
    return GreyImage(_usual_type(grey), int(bits), shapes, tags, warnings)


def _from_other(path: Path, data: bytes) -> GreyImage:
    if data.startswith(PNG_START):
        pixels = np.asarray(imagecodecs.png_decode(data))
    elif data.startswith(JPEG_START):
        # Decoders fill what is missing with grey and say nothing. Within the scan only the end marker reads FF D9.
        if data.rfind(JPEG_END) < data.rfind(JPEG_SCAN):
            raise FileProblem(path, "The JPEG is cut short.", "Copy or export it again.")
        pixels = np.asarray(imagecodecs.jpeg8_decode(data, outcolorspace="GRAYSCALE"))
    elif data.startswith(BMP_START):
        if int.from_bytes(data[2:6], "little") > len(data):
            raise FileProblem(path, "The BMP is cut short.", "Copy or export it again.")
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if decoded is None:
            raise FileProblem(path, "The BMP cannot be decoded.", "Export it as TIFF or PNG.")
        pixels = np.asarray(decoded)[..., ::-1] if decoded.ndim == 3 else np.asarray(decoded)
    else:
        raise FileProblem(path, "This is no TIFF, PNG, JPEG or BMP image.", "Export it in one of these formats.")
    grey, warnings = _one_channel(pixels)
    grey = _usual_type(grey)
    return GreyImage(grey, grey.dtype.itemsize * 8, (grey.shape,), warnings=warnings)


def _through_palette(indices: npt.NDArray[Any], palette: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Colours of a palette image, 8 bit; untouched if the palette is the grey ramp, which is how Zeiss writes grey."""
    colours = (palette >> 8).astype(np.uint8).T
    ramp = np.arange(len(colours), dtype=np.int64)
    if len(colours) == 256 and (colours == ramp[:, None]).all():
        return indices
    return np.asarray(colours[indices])


def _one_channel(pixels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """(H, W) of (H, W) or (H, W, C); alpha is dropped, equal colours are one, other colours become their luma."""
    if pixels.ndim == 2:
        return pixels, ()
    if pixels.ndim != 3:
        raise ValueError(f"a page of shape {pixels.shape}")
    if pixels.shape[2] in (1, 2):
        return np.ascontiguousarray(pixels[..., 0]), ()
    red, green, blue = (pixels[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red), ()
    luma = pixels[..., :3].astype(np.float32) @ np.array(LUMA, dtype=np.float32)
    grey = np.rint(luma).astype(pixels.dtype) if pixels.dtype.kind == "u" else luma
    return grey, ("The image is in colour; its brightness is used.",)


def _usual_type(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same values as uint8, uint16 or float32."""
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype in (np.uint8, np.uint16, np.float32):
        return np.asarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    if pixels.dtype.kind == "i" and pixels.dtype.itemsize <= 2 and pixels.size and pixels.min() >= 0:
        return pixels.astype(np.uint16)
    return pixels.astype(np.float32)
