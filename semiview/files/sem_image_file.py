"""A SEM image from its file: grey values of the picture, its pixel size with its source, and what is doubtful."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from semiview.core.sem_image import PictureArea, PixelSize, SemImage
from semiview.files.data_bar import picture_height
from semiview.files.grey_image import GreyImage, grey_image, read_bytes
from semiview.files.pixel_size_sidecar import sidecar_tags
from semiview.files.pixel_size_tags import VendorTags, differ, vendor_tags
from semiview.files.problem import FileProblem

AreaSource = Literal["whole file", "file metadata", "data bar found", "given"]


@dataclass(frozen=True, slots=True)
class SemFileInfo:
    """What a file says of itself, and what is doubtful about it.

    Attributes
    ----------
    file_shape
        (H, W) of the file's image in px, data bar included.
    pages
        Number of pages; 1 for all but TIFF.
    pixel_size
        From the file's own metadata, or those in a text file beside it; or unknown.
    area
        The picture without its data bar, and how that was told.
    metadata
        The vendor's own fields.
    warnings
        Sentences for a person.
    """

    file_shape: tuple[int, int]
    bits: int
    pages: int
    pixel_size: PixelSize
    area: PictureArea
    area_source: AreaSource
    vendor: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def load_sem_image(
    path: Path, area: PictureArea | None = None, pixel_size: PixelSize | None = None, page: int | None = None
) -> tuple[SemImage, SemFileInfo]:
    """Read a TIFF (8 or 16 bit, several pages), PNG, JPEG or BMP.

    Parameters
    ----------
    area
        The picture within the file's image, px; None: the data bar is looked for.
    pixel_size
        What the case list says: it wins over the file's own, and a difference of over 1 % is a warning. None or
        unknown: the file's own.
    page
        Counted from 0; None: the first, and further pages of the same size are a warning.

    Raises
    ------
    FileProblem
        If the file is missing, damaged, no image, or the area does not fit into it.
    """
    data = read_bytes(path)
    image = grey_image(path, data, page or 0)
    tags = _with_sidecar(vendor_tags(image.tags, image.page_shapes[0]), sidecar_tags(path, image.page_shapes[0]))
    info = _information(path, image, tags, area, page)
    size = info.pixel_size
    if pixel_size is not None and pixel_size.known:
        info = _with_warnings(info, size_differences(pixel_size, size))
        size = pixel_size
    within = info.area
    pixels = np.ascontiguousarray(image.pixels[within.top : within.bottom, within.left : within.right])
    sem = SemImage(
        pixels, size, within, info.file_shape, str(path), hashlib.sha256(data).hexdigest(), dict(info.metadata)
    )
    return sem, info


def read_file_pixels(path: Path, page: int | None = None) -> npt.NDArray[Any]:
    """(H, W) grey values of the whole file's image, the data bar included: where a scale bar is looked for.

    `SemImage.area` tells where the picture lies in it. Raises FileProblem like `load_sem_image`.
    """
    return grey_image(path, read_bytes(path), page or 0).pixels


def read_sem_image(
    path: Path, area: PictureArea | None = None, pixel_size: PixelSize | None = None, page: int | None = None
) -> SemImage:
    """The image of `load_sem_image`, without what is doubtful about it."""
    return load_sem_image(path, area, pixel_size, page)[0]


def describe_sem_image(path: Path) -> SemFileInfo:
    """What a file says of itself; raises FileProblem like `load_sem_image`."""
    return load_sem_image(path)[1]


def _information(
    path: Path, image: GreyImage, tags: VendorTags, given: PictureArea | None, page: int | None
) -> SemFileInfo:
    height, width = image.pixels.shape
    area, source = _area(path, image, tags, given)
    warnings = [*image.warnings, *tags.warnings]
    alike = sum(shape == image.page_shapes[0] for shape in image.page_shapes)
    if page is None and alike > 1:
        warnings.append(f"The file has {alike} pages of one size; the first is used (column `page` chooses another).")
    return SemFileInfo(
        (height, width),
        image.bits,
        len(image.page_shapes),
        tags.pixel_size,
        area,
        source,
        tags.vendor,
        tags.metadata,
        tuple(warnings),
    )


def _area(path: Path, image: GreyImage, tags: VendorTags, given: PictureArea | None) -> tuple[PictureArea, AreaSource]:
    height, width = image.pixels.shape
    if given is not None:
        if given.right > width or given.bottom > height:
            box = f"{given.left},{given.top},{given.right},{given.bottom}"
            raise FileProblem(
                path,
                f"The picture area {box} reaches out of the image of {width} x {height} px.",
                "Correct `crop`: left,top,right,bottom in px, right and bottom exclusive; or leave it blank.",
            )
        return given, "given"
    if tags.picture_shape is not None and tags.picture_shape[0] < height:
        return PictureArea(0, 0, width, tags.picture_shape[0]), "file metadata"
    rows = picture_height(image.pixels)
    return PictureArea(0, 0, width, rows), "whole file" if rows == height else "data bar found"


def _with_sidecar(tags: VendorTags, beside: VendorTags) -> VendorTags:
    """What the file says of itself, completed by what a text file beside it says."""
    warnings = (*tags.warnings, *beside.warnings)
    if not tags.pixel_size.known:
        picture = tags.picture_shape or beside.picture_shape
        vendor = beside.vendor or tags.vendor
        return VendorTags(vendor, beside.pixel_size, picture, {**beside.metadata, **tags.metadata}, warnings)
    warnings += size_differences(tags.pixel_size, beside.pixel_size)
    return replace(tags, picture_shape=tags.picture_shape or beside.picture_shape, warnings=warnings)


def size_differences(given: PixelSize, own: PixelSize) -> tuple[str, ...]:
    """A sentence if two sources tell sizes that differ by over 1 %; the first is the one in use."""
    if not own.known or not (differ(given.x_nm, own.x_nm) or differ(given.y_nm, own.y_nm)):
        return ()
    return (
        f"Two pixel sizes: {given.x_nm:.5g} nm ({given.source}) and {own.x_nm:.5g} nm ({own.source}); "
        "the first is used.",
    )


def _with_warnings(info: SemFileInfo, more: tuple[str, ...]) -> SemFileInfo:
    return info if not more else replace(info, warnings=(*info.warnings, *more))
