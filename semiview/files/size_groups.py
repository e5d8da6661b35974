"""Pixel sizes that a person told for images that bring none: one answer for all of one magnification and image size."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semiview.core.case import CaseInfo
from semiview.core.sem_image import PixelSize, SemImage
from semiview.files.durable_file import exclusive_lock, write_durably
from semiview.files.problem import FileProblem

KEYS = ("width_px", "height_px", "magnification", "nm_per_px")
# What a magnification is called in a case list (in small letters), and in the files of the vendors.
COLUMNS = ("magnification", "mag")
TAGS = ("Magnification", "$CM_MAG", "ap_mag")


@dataclass(frozen=True, slots=True)
class SizeGroup:
    """Images that share one pixel size: of one magnification and one size of the file's image.

    `magnification` is as the case list or the file tells it, else the recipe's name; empty if neither tells.
    """

    width_px: int
    height_px: int
    magnification: str = ""

    @classmethod
    def of(cls, sem: SemImage, info: CaseInfo) -> "SizeGroup":
        """The group that a case belongs to."""
        listed = {name.lower(): text for name, text in info.metadata.items()}
        told = [*(listed.get(name, "") for name in COLUMNS), *(sem.metadata.get(name, "") for name in TAGS)]
        magnification = next((text.strip() for text in told if text.strip()), info.recipe)
        height, width = sem.file_shape
        return cls(width, height, magnification)

    @property
    def in_words(self) -> str:
        """What its images have in common."""
        also = f" at {self.magnification}" if self.magnification else ""
        return f"{self.width_px} x {self.height_px} px{also}"


@dataclass(frozen=True, slots=True)
class GroupSize:
    """The pixel size of a group, nm."""

    group: SizeGroup
    nm_per_px: float


def group_sizes_in(value: Any) -> tuple[GroupSize, ...]:
    """The entries under `pixel_size` of project.toml.

    Raises
    ------
    ValueError, TypeError
        If one cannot be used.
    """
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise TypeError("each is a table of its own: [[pixel_size]]")
    return tuple(_entry(entry, number) for number, entry in enumerate(value, 1))


def size_of_group(sizes: tuple[GroupSize, ...], group: SizeGroup) -> PixelSize | None:
    """What was told of a group last; None if nothing was."""
    found = next((each for each in reversed(sizes) if each.group == group), None)
    return None if found is None else PixelSize(found.nm_per_px, found.nm_per_px, f"told for {group.in_words}")


def add_group_size(path: Path, told: GroupSize) -> None:
    """Append an entry to project.toml, durably; every other line stays as it is.

    Raises
    ------
    FileProblem
        If the file cannot be read as TOML or not be written.
    """
    group = told.group
    lines = ["[[pixel_size]]", f"width_px = {group.width_px}", f"height_px = {group.height_px}"]
    if group.magnification:
        lines.append(f"magnification = {json.dumps(group.magnification, ensure_ascii=False)}")
    lines.append(f"nm_per_px = {float(told.nm_per_px)!r}")
    with exclusive_lock(path):
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            new = f"{text.rstrip()}\n\n" if text.strip() else ""
            new += "\n".join(lines) + "\n"
            tomllib.loads(text)
            group_sizes_in(tomllib.loads(new)["pixel_size"])
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, TypeError) as error:
            raise FileProblem(path, f"The settings cannot be read ({error}).", "Put it right first.") from error
        write_durably(path, new.encode())


def _entry(entry: Mapping[str, Any], number: int) -> GroupSize:
    unknown = sorted(entry.keys() - set(KEYS))
    if unknown:
        raise ValueError(f"in entry {number} the key {unknown[0]} is not known; keys are {', '.join(KEYS)}.")
    width, height, size = (entry.get(key) for key in ("width_px", "height_px", "nm_per_px"))
    for name, value in (("width_px", width), ("height_px", height)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"in entry {number} {name} is a whole number of px, not {value!r}.")
    if isinstance(size, bool) or not isinstance(size, int | float) or not 0 < size < float("inf"):
        raise ValueError(f"in entry {number} nm_per_px is a positive number, not {size!r}.")
    magnification = entry.get("magnification", "")
    if not isinstance(magnification, str):
        raise TypeError(f"in entry {number} magnification is text in quotes, not {magnification!r}.")
    return GroupSize(SizeGroup(int(width or 0), int(height or 0), magnification), float(size))
