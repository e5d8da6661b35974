"""How a foreign list becomes a case list: what its columns mean, in which units, and which image a line belongs to."""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from semiview.core.equality import same_values
from semiview.files.case_list import COLUMNS
from semiview.files.durable_file import write_durably
from semiview.files.problem import FileProblem

PositionUnit = Literal["nm", "um", "mm", "px"]
PixelUnit = Literal["nm", "um"]
NM_IN: Mapping[str, float] = {"nm": 1.0, "um": 1e3, "mm": 1e6}
POSITION_COLUMNS, PIXEL_COLUMNS = ("x_nm", "y_nm"), ("nm_per_px", "nm_per_px_x", "nm_per_px_y")
_FIELD = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class ImportRecipe:
    """A mapping that can be kept and used again for the next lot.

    Attributes
    ----------
    file_name
        Template of image names without their ending, such as "{lot}_{wafer}_{field}_{recipe}". Its fields become
        columns; those named in `join` say which line an image belongs to.
    join
        Column of the list that a field of the file name equals, by field. Empty: fields and columns of one name.
    columns
        Column of the list by column of cases.csv: {"x_nm": "X", "pattern_type": "Structure"}. `x_nm` and `y_nm` are
        read in `position_unit`, the pixel sizes in `pixel_unit` per px.
    position_unit
        px: pixels of the image, so that the pixel size of each line is needed.
    origin_nm
        Design coordinate, nm, of the list's origin.
    x_sign, y_sign
        -1 where the list counts against the design's x (right) or y (up).
    fixed
        Cells that are the same for every case, by column of cases.csv.

    Raises
    ------
    ValueError
        If it contradicts itself; the message says where.
    """

    file_name: str = "{case_id}"
    join: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    position_unit: PositionUnit = "um"
    pixel_unit: PixelUnit = "nm"
    origin_nm: tuple[float, float] = (0.0, 0.0)
    x_sign: Literal[1, -1] = 1
    y_sign: Literal[1, -1] = 1
    fixed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = name_fields(self.file_name)
        if not found:
            raise ValueError(f'the file name "{self.file_name}" has no field in braces, such as {{case_id}}')
        if len(set(found)) < len(found):
            raise ValueError(f'a field stands twice in the file name "{self.file_name}"')
        strange = sorted(set(self.join) - set(found))
        if strange:
            raise ValueError(f'the field {strange[0]} does not stand in the file name "{self.file_name}"')
        for name, value, known in (
            ("position_unit", self.position_unit, get_args(PositionUnit)),
            ("pixel_unit", self.pixel_unit, get_args(PixelUnit)),
            ("x_sign", self.x_sign, (1, -1)),
            ("y_sign", self.y_sign, (1, -1)),
        ):
            if value not in known:
                raise ValueError(f"{name} is one of {', '.join(str(one) for one in known)}, not {value!r}")
        if [math.isfinite(value) for value in self.origin_nm] != [True, True]:
            raise ValueError(f"the origin is two numbers in nm, not {self.origin_nm!r}")
        if "image" in self.columns or "image" in self.fixed:
            raise ValueError("the image is found by its file name; give a template instead of a column")

    def __eq__(self, other: object) -> bool:
        return same_values(self, other)

    def to_nm(self, x: float, y: float, nm_per_px: tuple[float, float] = (math.nan, math.nan)) -> tuple[float, float]:
        """Design coordinate, nm, of a position in the list; NaN where the unit is px and the pixel size unknown.

        Examples
        --------
        >>> ImportRecipe(position_unit="um", y_sign=-1, origin_nm=(0.0, 500.0)).to_nm(1.5, 2.0)
        (1500.0, -1500.0)
        """
        sizes = nm_per_px if self.position_unit == "px" else (NM_IN[self.position_unit],) * 2
        placed = (
            self.origin_nm[0] + self.x_sign * x * sizes[0],
            self.origin_nm[1] + self.y_sign * y * sizes[1],
        )
        return round(placed[0], 3), round(placed[1], 3)  # the noise of 13294.220000000003 um is no position


def name_fields(template: str) -> tuple[str, ...]:
    """Fields of a file-name template, in order.

    >>> name_fields("{lot}_{wafer}-x")
    ('lot', 'wafer')
    """
    return tuple(_FIELD.findall(template))


def name_pattern(template: str) -> re.Pattern[str]:
    """Matches names that follow the template; group n holds its n-th field. A field takes as little as it can."""
    parts = _FIELD.split(template)
    return re.compile("".join(re.escape(part) if number % 2 == 0 else "(.+?)" for number, part in enumerate(parts)))


def read_recipe(path: Path) -> ImportRecipe:
    """Read a recipe.

    Raises
    ------
    FileProblem
        If it cannot be read, or a key or value is not known.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileProblem(path, f"The recipe cannot be read ({error}).", "Put it right or make a new one.") from error
    known = [each.name for each in fields(ImportRecipe)]
    unknown = sorted(table.keys() - set(known))
    if unknown:
        raise FileProblem(path, f"The key {unknown[0]} is not known in a recipe.", f"Keys are {', '.join(known)}.")
    try:
        for name in ("join", "columns", "fixed"):
            table[name] = _texts(name, table.get(name, {}))
        if "origin_nm" in table:
            table["origin_nm"] = tuple(float(value) for value in table["origin_nm"])
        return ImportRecipe(**table)
    except (TypeError, ValueError) as error:
        raise FileProblem(path, f"The recipe is wrong: {error}.", "Put it right or make a new one.") from None


def write_recipe(path: Path, recipe: ImportRecipe) -> None:
    """Keep a recipe as TOML, durably; raises FileProblem if it cannot be written."""
    lines = ["# How a list and its images became a case list. Use it again: semiview import LIST --recipe THIS"]
    tables = []
    for each in fields(recipe):
        value = getattr(recipe, each.name)
        if isinstance(value, Mapping):
            cells = [f"{_quoted(name)} = {_quoted(text)}" for name, text in value.items()]
            tables += ["", f"[{each.name}]", *cells] if cells else []
        else:
            lines.append(f"{each.name} = {json.dumps(value)}")
    write_durably(path, ("\n".join([*lines, *tables]) + "\n").encode())


def with_changes(recipe: ImportRecipe, **changes: Any) -> ImportRecipe:
    """The recipe with other values; mappings are added to, and an empty text takes an entry out."""
    for name in ("join", "columns", "fixed"):
        if name in changes:
            merged = {**getattr(recipe, name), **changes[name]}
            changes[name] = {key: text for key, text in merged.items() if text}
    return replace(recipe, **changes)


def _quoted(text: str) -> str:
    """A basic string of TOML: as in JSON, but signs beyond ASCII stand for themselves."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _texts(name: str, table: Any) -> dict[str, str]:
    if not isinstance(table, Mapping) or not all(isinstance(text, str) for text in table.values()):
        raise TypeError(f'[{name}] holds lines such as {COLUMNS[0]} = "text"')
    return dict(table)
