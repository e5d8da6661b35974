"""What a microscope wrote into a text file beside its image about the size of a pixel: Hitachi, JEOL, TESCAN."""

import re
from collections.abc import Mapping
from pathlib import Path

from semiview.core.sem_image import PixelSize
from semiview.files.pixel_size_tags import VendorTags, hitachi_tags, length_nm, number, tescan_tags, written_fields

LARGEST_BYTES = 1_000_000  # a longer text is no image's description
HITACHI_START, TESCAN_START = "[SemImageFile]", "[MAIN]"
JEOL_KEYS = ("$CM_MAG", "$$SM_MICRON_BAR", "$CM_FORMAT")


def sidecar_tags(image: Path, file_shape: tuple[int, int]) -> VendorTags:
    """Read the first text file beside an image that describes it; nothing where there is none.

    For a.tif these are a.txt and a.tif.txt (Hitachi, JEOL), a-tif.hdr, a.tif.hdr and a.hdr (TESCAN).

    Parameters
    ----------
    file_shape
        (H, W) of the file's image, px: a size that speaks of another image is not used, and that is said.
    """
    for path in _beside(image):
        try:
            if path.stat().st_size > LARGEST_BYTES:
                continue
            text = decoded(path.read_bytes())
        except OSError:
            continue
        found = _read(text, path.name, file_shape)
        if found is not None:
            return found
    return VendorTags()


def decoded(data: bytes) -> str:
    r"""Text as these programs write it: UTF-16 with or without a mark, UTF-8, else Latin-1.

    >>> decoded("PixelSize=1".encode("utf-16-le")), decoded(b"10\xb5m")
    ('PixelSize=1', '10µm')
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if len(data) >= 4 and data[1] == 0 and data[3] == 0:
        return data.decode("utf-16-le", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _beside(image: Path) -> list[Path]:
    """The files of the names in question, whichever way they are capitalised, in the order they are asked."""
    kind = image.suffix.lstrip(".")
    names = [f"{image.stem}.txt", f"{image.name}.txt", f"{image.stem}-{kind}.hdr", f"{image.name}.hdr"]
    names.append(f"{image.stem}.hdr")
    lowered = {name.lower(): number for number, name in reversed(list(enumerate(names)))}
    try:
        found = [path for path in image.parent.glob(f"{_escaped(image.stem)}*") if path.name.lower() in lowered]
    except OSError:
        return []
    return sorted(found, key=lambda path: (lowered[path.name.lower()], path.name))


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _read(text: str, name: str, file_shape: tuple[int, int]) -> VendorTags | None:
    if HITACHI_START in text[:2000]:
        return hitachi_tags(written_fields(text), file_shape, name)
    if any(key in text for key in JEOL_KEYS):
        fields = dict(re.findall(r"^\s*(\${1,2}\w+)[ \t]+(.*?)\s*$", text, re.MULTILINE))
        return _jeol(fields, file_shape, name)
    if TESCAN_START in text[:2000] and "PixelSizeX" in text:
        return tescan_tags(written_fields(text), file_shape, name)
    return None


def _jeol(fields: Mapping[str, str], file_shape: tuple[int, int], name: str) -> VendorTags:
    """JEOL: the length of the micron bar in px and what is written at it, such as "100nm"; the picture's own size."""
    height, width = file_shape
    said = [number(part) for part in fields.get("$CM_FULL_SIZE", "").split()]
    picture = None
    if len(said) == 2 and all(part > 0 for part in said):
        if said[0] != width or said[1] > height:
            spoken = f"{name} speaks of {said[0]:.0f} x {said[1]:.0f} px, the image has {width} x {height}"
            return VendorTags("JEOL", metadata=fields, warnings=(f"{spoken}: its pixel size is not used.",))
        picture = int(said[1]), int(said[0])
    bar_px = number(fields.get("$$SM_MICRON_BAR", ""))
    bar_nm = length_nm(fields.get("$$SM_MICRON_MARKER", "").replace("\\", ""))
    if not (bar_px > 0 and bar_nm > 0):
        magnification = fields.get("$CM_MAG", "")
        also = f", only a magnification of {magnification}, which depends on the display" if magnification else ""
        return VendorTags("JEOL", PixelSize(), picture, fields, (f"{name} (JEOL) names no pixel size{also}.",))
    size = bar_nm / bar_px
    return VendorTags("JEOL", PixelSize(size, size, f"JEOL micron bar in {name}"), picture, fields)
