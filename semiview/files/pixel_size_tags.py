"""What a microscope wrote into its TIFF about the size of a pixel and of the picture."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from semiview.core.sem_image import PixelSize

FEI_TAGS = (34682, 34680)
ZEISS_TAG = 34118
XP_COMMENT_TAG = 40092
TESCAN_TAG = 50431

NM_PER_UNIT = {"fm": 1e-6, "pm": 1e-3, "nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "mm": 1e6, "m": 1e9}
TOLERANCE = 0.01  # two sizes that differ by more are said to differ


@dataclass(frozen=True, slots=True)
class VendorTags:
    """What the file says of itself.

    Attributes
    ----------
    picture_shape
        (H, W) of the picture without its data bar, px; None if not said.
    metadata
        The vendor's own fields as text.
    """

    vendor: str = ""
    pixel_size: PixelSize = field(default_factory=PixelSize)
    picture_shape: tuple[int, int] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def vendor_tags(tags: Mapping[int, Any], file_shape: tuple[int, int]) -> VendorTags:
    """Read the tags of FEI/Thermo, Zeiss, Hitachi or TESCAN; what cannot be trusted stays unknown and is said.

    Parameters
    ----------
    tags
        TIFF tags by number, as tifffile parses them.
    file_shape
        (H, W) of the file's image, px: a size that speaks of another image is not used.
    """
    for code in FEI_TAGS:
        if isinstance(tags.get(code), Mapping):
            return _fei(tags[code], file_shape)
    if isinstance(tags.get(ZEISS_TAG), Mapping):
        return _zeiss(tags[ZEISS_TAG], file_shape)
    if TESCAN_TAG in tags:
        return tescan_tags(written_fields(_text(tags[TESCAN_TAG], "latin-1")), file_shape, "The TESCAN tag")
    if XP_COMMENT_TAG in tags:
        found = hitachi_tags(written_fields(_text(tags[XP_COMMENT_TAG], "utf-16-le")), file_shape, "The comment")
        return found if found.pixel_size.known or found.warnings else VendorTags(metadata=found.metadata)
    return VendorTags()


def differ(first_nm: float, second_nm: float) -> bool:
    """True if two pixel sizes in nm differ by more than 1 %; never for NaN."""
    return abs(first_nm - second_nm) > TOLERANCE * max(first_nm, second_nm)


def _fei(tag: Mapping[str, Any], file_shape: tuple[int, int]) -> VendorTags:
    """FEI and Thermo Fisher: sections of numbers, lengths in m. `Beam.Scan` names the section of the beam in use."""
    metadata = {
        f"{section}.{key}": str(value)
        for section, content in tag.items()
        if isinstance(content, Mapping)
        for key, value in content.items()
    }
    scan = metadata.get("Beam.Scan", "EScan")
    section = next((name for name in (scan, "Scan", "EScan") if f"{name}.PixelWidth" in metadata), "")
    if not section:
        return VendorTags("FEI/Thermo", metadata=metadata, warnings=("The FEI/Thermo tag names no pixel size.",))
    width_nm, height_nm = (number(metadata.get(f"{section}.Pixel{side}", "")) * 1e9 for side in ("Width", "Height"))
    if not (width_nm > 0 and height_nm > 0):
        return VendorTags("FEI/Thermo", metadata=metadata, warnings=("The FEI/Thermo tag names no pixel size.",))
    columns, rows = (number(metadata.get(f"Image.Resolution{axis}", "")) for axis in "XY")
    height, width = file_shape
    if columns > 0 and (columns != width or rows > height):
        said = f"The FEI/Thermo tag speaks of {columns:.0f} x {rows:.0f} px, the file has {width} x {height}"
        return VendorTags("FEI/Thermo", metadata=metadata, warnings=(f"{said}: its pixel size is not used.",))
    picture = (int(rows), int(columns)) if columns > 0 and rows > 0 else None
    size = PixelSize(width_nm, height_nm, f"FEI/Thermo {section}.PixelWidth")
    return VendorTags("FEI/Thermo", size, picture, metadata)


def _zeiss(tag: Mapping[str, Any], file_shape: tuple[int, int]) -> VendorTags:
    """Zeiss SmartSEM: AP_IMAGE_PIXEL_SIZE is of the stored image, AP_PIXEL_SIZE of the display, maybe coarser."""
    metadata = {
        key: " ".join(str(part) for part in value[1:])
        for key, value in tag.items()
        if key and isinstance(value, tuple) and len(value) > 1
    }
    height, width = file_shape
    stored = re.fullmatch(r"\s*(\d+)\s*\*\s*(\d+)\s*", metadata.get("dp_image_store", ""))
    if stored and int(stored[1]) != width:
        said = f"The Zeiss tag speaks of {stored[1]} x {stored[2]} px, the file has {width} x {height}"
        return VendorTags("Zeiss", metadata=metadata, warnings=(f"{said}: its pixel size is not used.",))
    field_nm = length_nm(metadata.get("ap_width", ""))
    stored_nm = length_nm(metadata.get("ap_image_pixel_size", ""))
    shown_nm = length_nm(metadata.get("ap_pixel_size", ""))
    if stored_nm > 0:
        size = PixelSize(stored_nm, stored_nm, "Zeiss AP_IMAGE_PIXEL_SIZE")
    elif shown_nm > 0 and field_nm > 0 and differ(shown_nm, field_nm / width):
        said = f"Zeiss AP_PIXEL_SIZE {shown_nm:g} nm is of the display, not of this image of {width} px"
        return VendorTags("Zeiss", metadata=metadata, warnings=(f"{said} and {field_nm:g} nm: it is not used.",))
    elif shown_nm > 0:
        size = PixelSize(shown_nm, shown_nm, "Zeiss AP_PIXEL_SIZE")
    else:
        return VendorTags("Zeiss", metadata=metadata, warnings=("The Zeiss tag names no pixel size.",))
    warnings: tuple[str, ...] = ()
    if field_nm > 0 and differ(size.x_nm, field_nm / width):
        warnings = (
            f"{size.source} says {size.x_nm:.5g} nm/px, but AP_WIDTH makes it {field_nm / width:.5g} nm/px: check it.",
        )
    return VendorTags("Zeiss", size, None, metadata, warnings)


def hitachi_tags(fields: Mapping[str, str], file_shape: tuple[int, int], where: str) -> VendorTags:
    """Hitachi: `PixelSize` in nm, of an image of `DataSize` px. `where` names the text in sentences."""
    height, width = file_shape
    said = re.fullmatch(r"(\d+)\s*[x*]\s*(\d+)", fields.get("DataSize", ""))
    if said and (int(said[1]) != width or int(said[2]) > height):
        spoken = f"{where} (Hitachi) speaks of {said[1]} x {said[2]} px, the image has {width} x {height}"
        return VendorTags("Hitachi", metadata=fields, warnings=(f"{spoken}: its pixel size is not used.",))
    size_nm = number(fields.get("PixelSize", ""))
    if not size_nm > 0:
        warnings = (f"{where} (Hitachi) names no pixel size.",) if "InstructName" in fields else ()
        return VendorTags("Hitachi", metadata=fields, warnings=warnings)
    return VendorTags("Hitachi", PixelSize(size_nm, size_nm, "Hitachi PixelSize"), None, fields)


def tescan_tags(fields: Mapping[str, str], file_shape: tuple[int, int], where: str) -> VendorTags:
    """TESCAN: `PixelSizeX` and `PixelSizeY` in m; `ImageStripSize` rows of data bar under the picture."""
    width_nm, height_nm = (number(fields.get(f"PixelSize{axis}", "")) * 1e9 for axis in "XY")
    if not (width_nm > 0 and height_nm > 0):
        return VendorTags("TESCAN", metadata=fields, warnings=(f"{where} (TESCAN) names no pixel size.",))
    strip = number(fields.get("ImageStripSize", ""))
    height, width = file_shape
    picture = (height - int(strip), width) if 0 < strip < height else None
    return VendorTags("TESCAN", PixelSize(width_nm, height_nm, "TESCAN PixelSizeX"), picture, fields)


def written_fields(text: str) -> dict[str, str]:
    """Lines `key=value`, whatever section they stand in; of a key that stands twice the first."""
    fields: dict[str, str] = {}
    for line in text.replace("\0", "").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            fields.setdefault(re.sub(r"^.*[^\w$ .-]", "", key).strip(), value.strip())
    return fields


def _text(value: Any, encoding: str) -> str:
    return value.decode(encoding, errors="replace") if isinstance(value, bytes) else str(value)


def length_nm(text: str) -> float:
    """A number with its unit, such as "900.9 pm" or "10um", in nm; NaN if it is none.

    >>> length_nm("900.9 pm"), length_nm("10um"), length_nm("2 µm")
    (0.9009, 10000.0, 2000.0)
    """
    found = re.fullmatch(r"\s*([-+.\deE]+?)\s*([a-zµμ]+)\s*", text)
    if found is None or found[2] not in NM_PER_UNIT:
        return float("nan")
    return number(found[1]) * NM_PER_UNIT[found[2]]


def number(text: str) -> float:
    """A number, or NaN if the text is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
