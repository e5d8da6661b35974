"""A project from foreign lists and folders: what goes with what, what is left over, and the case list that comes of it.

Images stay where they are; cases.csv names them relative to the project. Nothing is written before `write_project`.
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from semiview.files.case_list import COLUMNS, read_case_list
from semiview.files.csv_table import cell_text, table_bytes
from semiview.files.design_file import DesignLibrary
from semiview.files.durable_file import make_folder, write_durably
from semiview.files.foreign_list import ForeignLine, ForeignList, number_of, read_foreign_list
from semiview.files.grey_image import IMAGE_SUFFIXES
from semiview.files.import_recipe import (
    PIXEL_COLUMNS,
    POSITION_COLUMNS,
    ImportRecipe,
    name_fields,
    name_pattern,
    write_recipe,
)
from semiview.files.layer_roles import parse_layers
from semiview.files.problem import FileProblem
from semiview.files.project import Project
from semiview.files.project_settings import ProjectSettings

RECIPE_NAME = "import.toml"
NM_IN_PIXEL_UNIT: Mapping[str, float] = {"nm": 1.0, "um": 1e3}
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportSources:
    """What is there to make a project of.

    Attributes
    ----------
    images
        SEM images, sorted.
    listed
        The list of sites, or None: the images alone.
    more
        Further tables about the same sites, joined by the same columns.
    library
        The GDS or OASIS file for all cases, parsed, or None.
    """

    images: tuple[Path, ...]
    listed: ForeignList | None = None
    more: tuple[ForeignList, ...] = ()
    library: DesignLibrary | None = None

    @property
    def design(self) -> Path | None:
        """The file of the layout, or None."""
        return None if self.library is None else self.library.path

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the list and of the further tables."""
        tables = (*([self.listed] if self.listed else ()), *self.more)
        return tuple(dict.fromkeys(column for table in tables for column in table.columns))


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The case list as it would be written, and what found no partner.

    Attributes
    ----------
    rows
        Cells by column of cases.csv; `image` and `design` are full paths here.
    images_left
        Images that no line belongs to, with why.
    lines_left
        Lines of the list that no image belongs to, in words.
    problems
        Lines that cannot be used, and what is doubtful about the whole.
    """

    rows: tuple[Mapping[str, str], ...]
    images_left: tuple[tuple[Path, str], ...] = ()
    lines_left: tuple[str, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    columns: tuple[str, ...] = field(default=())


def find_sources(
    images: Iterable[Path], listed: Path | None = None, more: Sequence[Path] = (), design: Path | None = None
) -> ImportSources:
    """Read the tables and look for images in folders (their own files only) and among files.

    Raises
    ------
    FileProblem
        If a table cannot be read, a folder is not there, or there is no image.
    """
    found: list[Path] = []
    places = list(images)
    for place in places:
        try:
            inside = sorted(place.iterdir()) if place.is_dir() else [place]
        except OSError as error:
            raise FileProblem(place, f"The folder cannot be read ({error.strerror}).") from error
        found += [each.absolute() for each in inside if each.suffix.lower() in IMAGE_SUFFIXES and each.is_file()]
    if not found:
        where = places[0] if places else Path()
        raise FileProblem(where, "There is no SEM image.", f"Name a folder with {', '.join(IMAGE_SUFFIXES)} files.")
    tables = tuple(read_foreign_list(path) for path in more)
    return ImportSources(
        tuple(dict.fromkeys(found)),
        None if listed is None else read_foreign_list(listed),
        tables,
        None if design is None else DesignLibrary.open(design.absolute()),
    )


def plan_import(sources: ImportSources, recipe: ImportRecipe) -> ImportPlan:
    """Put images, lines and further tables together by the recipe. Nothing is written, no image is opened."""
    problems = [problem for table in (sources.listed, *sources.more) if table for problem in table.problems]
    columns = set(sources.columns)
    missing = sorted({*recipe.columns.values(), *recipe.join.values()} - columns)
    if missing and sources.listed is not None:
        reason = f"The column {missing[0]} is not in the list, which has {', '.join(sources.columns)}."
        problems.append(FileProblem(sources.listed.path, reason, "Correct the recipe."))
        return ImportPlan((), problems=tuple(problems))
    pattern, fields = name_pattern(recipe.file_name), name_fields(recipe.file_name)
    join = _join(recipe, fields, sources.columns)
    if sources.listed is not None and not join:
        reason = "Nothing says which line an image belongs to."
        advice = "Name in `join` the column that equals a field of the file name."
        problems.append(FileProblem(sources.listed.path, reason, advice))
        return ImportPlan((), problems=tuple(problems))
    by_key, double = _lines_by_key(sources, join)
    problems += double
    rows: list[dict[str, str]] = []
    images_left: list[tuple[Path, str]] = []
    met: set[Key] = set()
    for image in sources.images:
        match = pattern.fullmatch(image.stem)
        if match is None:
            images_left.append((image, f"its name does not follow {recipe.file_name}"))
            continue
        named = dict(zip(fields, match.groups(), strict=True))
        line: ForeignLine | None = None
        if sources.listed is not None:
            key = tuple(_same(named[each]) for each in join)
            line = by_key.get(key)
            if line is None:
                images_left.append((image, f"no line has {_in_words(join, named)}"))
                continue
            met.add(key)
        try:
            rows.append(_row(image, named, line, recipe, join, sources))
        except ValueError as error:
            where = image if line is None or sources.listed is None else sources.listed.path
            number = "" if line is None else f"line {line.number}: "
            problems.append(FileProblem(where, f"{number}{error}", "The case is left out."))
    lines_left = tuple(
        f"line {line.number}: " + ", ".join(f"{column} {line.cells.get(column, '')}" for column in join.values())
        for key, line in by_key.items()
        if key not in met
    )
    rows = _with_unique_names(rows)
    problems += _outside(sources, rows)
    return ImportPlan(tuple(rows), tuple(images_left), lines_left, tuple(problems), _columns_of(rows))


def write_project(plan: ImportPlan, recipe: ImportRecipe, folder: Path) -> tuple[FileProblem, ...]:
    """Write cases.csv and the recipe, and read the list back as the window will; returns what it finds doubtful.

    Raises
    ------
    FileProblem
        If there is a case list already, no case was found, or the folder cannot be written.
    """
    path = folder.absolute() / "cases.csv"
    if path.exists():
        raise FileProblem(path, "There is a project already.", "Name a new folder, or move the case list away.")
    if not plan.rows:
        raise FileProblem(path, "Not written: no image found its line.", "Correct the recipe; see what did not match.")
    make_folder(path.parent)
    write_recipe(path.with_name(RECIPE_NAME), recipe)
    write_durably(path, case_list_bytes(plan, path.parent))
    return read_case_list(path)[1]


def preview_project(plan: ImportPlan, before: Project | None = None) -> Project:
    """The project as it would be, to look at its cases before anything is written.

    Parameters
    ----------
    before
        An earlier preview: the designs that it has parsed are not parsed again.
    """
    with tempfile.TemporaryDirectory(prefix="semiview-import-") as name:
        folder = Path(name)
        (folder / "cases.csv").write_bytes(case_list_bytes(plan, None))
        rows, problems = read_case_list(folder / "cases.csv")
    if before is None:
        return Project(folder, ProjectSettings(), rows, problems)
    return replace(before, rows=rows, problems=problems)


def with_places(plan: ImportPlan, places: Mapping[str, tuple[float, float]]) -> ImportPlan:
    """The plan with design coordinates (x_nm, y_nm) that somebody pointed at, by case."""
    rows = [
        row
        if row["case_id"] not in places
        else {**row, **dict(zip(POSITION_COLUMNS, map(repr, places[row["case_id"]]), strict=True))}
        for row in plan.rows
    ]
    return replace(plan, rows=tuple(rows), columns=_columns_of(rows))


def case_list_bytes(plan: ImportPlan, folder: Path | None) -> bytes:
    """The case list of a plan as CSV, its paths relative to the folder of the project; None: in full."""

    def cell(row: Mapping[str, str], column: str) -> str:
        text = row.get(column, "")
        if folder is None or not text or column not in ("image", "design", "prediction"):
            return text
        return _relative(Path(text), folder)

    return table_bytes(plan.columns, [[cell(row, column) for column in plan.columns] for row in plan.rows])


def _row(
    image: Path,
    named: Mapping[str, str],
    line: ForeignLine | None,
    recipe: ImportRecipe,
    join: Mapping[str, str],
    sources: ImportSources,
) -> dict[str, str]:
    """Cells of one case; raises ValueError with what is wrong."""
    listed = {} if line is None else line.cells
    cells = {column: listed.get(source, "") for column, source in recipe.columns.items()}
    used = {*recipe.columns.values(), *join.values()}
    cells = {name: text for name, text in named.items() if name not in join or name in COLUMNS} | cells
    # What nobody mapped is kept; under a name that acts in cases.csv it would act unasked.
    cells |= {name: text for name, text in listed.items() if name not in used and name not in COLUMNS}
    cells |= recipe.fixed
    for column in PIXEL_COLUMNS:
        if column in recipe.columns:
            size = _number(cells.get(column, ""), recipe.columns[column]) * NM_IN_PIXEL_UNIT[recipe.pixel_unit]
            cells[column] = cell_text(size)
    if any(column in recipe.columns for column in POSITION_COLUMNS):
        texts = [cells.get(column, "") for column in POSITION_COLUMNS]
        x, y = (
            _number(text, recipe.columns.get(column, column))
            for text, column in zip(texts, POSITION_COLUMNS, strict=True)
        )
        both = _number(cells.get("nm_per_px", ""), "nm_per_px")
        sizes = [_number(cells.get(f"nm_per_px_{axis}", ""), f"nm_per_px_{axis}") for axis in "xy"]
        across, along = (both if np.isnan(size) else size for size in sizes)
        placed = recipe.to_nm(x, y, (across, along))
        if recipe.position_unit == "px" and np.isnan(placed).any() and not np.isnan([x, y]).any():
            raise ValueError("a position in px needs a pixel size; map a column to nm_per_px or fix one.")
        cells["x_nm"], cells["y_nm"] = (cell_text(value, exact=True) for value in placed)
    if sources.design is not None and not cells.get("design"):
        cells["design"] = str(sources.design)
    return {**cells, "case_id": cells.get("case_id") or image.stem, "image": str(image)}


def _join(recipe: ImportRecipe, fields: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Column of the list by field of the file name."""
    if recipe.join:
        return dict(recipe.join)
    plain = {plain_name(column): column for column in columns}
    found = {}
    for each in fields:
        column = recipe.columns.get(each) or plain.get(plain_name(each))
        if column:
            found[each] = column
    return found


def _lines_by_key(sources: ImportSources, join: Mapping[str, str]) -> tuple[dict[Key, ForeignLine], list[FileProblem]]:
    """Lines of the list by what joins them, with the cells of the further tables; the first of several counts."""
    if sources.listed is None:
        return {}, []
    problems: list[FileProblem] = []
    further: dict[Key, dict[str, str]] = defaultdict(dict)
    for table in sources.more:
        for column in join.values():
            if column not in table.columns:
                raise FileProblem(table.path, f"The column {column}, which joins the tables, is missing.")
        for line in table.lines:
            further[tuple(_same(line.cells[column]) for column in join.values())] |= line.cells
    found: dict[Key, ForeignLine] = {}
    for line in sources.listed.lines:
        key = tuple(_same(line.cells.get(column, "")) for column in join.values())
        if key in found:
            reason = f"line {line.number}: the same site stands in line {found[key].number} already."
            problems.append(FileProblem(sources.listed.path, reason, "The first counts."))
            continue
        found[key] = replace(line, cells=further.get(key, {}) | line.cells)
    return found, problems


def _outside(sources: ImportSources, rows: Sequence[Mapping[str, str]]) -> list[FileProblem]:
    """A sentence where sites lie outside the design: a wrong unit, origin or sign of y."""
    if sources.design is None:
        return []
    layers = rows[0].get("layers", "") if rows else ""
    try:
        box = design_bounds_nm(sources, ImportRecipe(fixed={"layers": layers}))
    except (FileProblem, ValueError) as problem:
        return [FileProblem(sources.design, f"The layers cannot be used: {problem}")]
    placed = [(float(row["x_nm"]), float(row["y_nm"])) for row in rows if row.get("x_nm") and row.get("y_nm")]
    out = 0 if box is None else sum(not is_within(box, place) for place in placed)
    if not out or box is None:
        return []
    span = f"x {box[0]:.0f} to {box[2]:.0f}, y {box[1]:.0f} to {box[3]:.0f} nm"
    reason = f"{out} of {len(placed)} sites lie outside the design ({span})."
    return [FileProblem(sources.design, reason, "Check the unit, the origin and the sign of y.")]


def design_bounds_nm(sources: ImportSources, recipe: ImportRecipe) -> tuple[float, float, float, float] | None:
    """Bounds, nm, of the design's target layers; None without a design, or while it is open which cell is meant."""
    library = sources.library
    if library is None:
        return None
    cell = recipe.fixed.get("cell", "")
    if not cell and len(library.top_cells) > 1 and not recipe.fixed.get("layers"):
        return None  # which of them is meant is asked later
    return library.bounds_nm(parse_layers(recipe.fixed.get("layers", "")), cell)


def is_within(box: Sequence[float], place: tuple[float, float]) -> bool:
    """True for a place (x, y) in a box (x_min, y_min, x_max, y_max)."""
    return box[0] <= place[0] <= box[2] and box[1] <= place[1] <= box[3]


def _with_unique_names(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Cases of one name take the name of their image, and then a number."""
    result, taken = [], set()
    names = [row["case_id"] for row in rows]
    for row in rows:
        name = row["case_id"] if names.count(row["case_id"]) == 1 else Path(row["image"]).stem
        number = 2
        while name in taken:
            name = f"{Path(row['image']).stem}_{number}"
            number += 1
        taken.add(name)
        result.append(row | {"case_id": name})
    return result


def _columns_of(rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Columns of cases.csv that some row fills: the known ones first."""
    filled = dict.fromkeys(name for row in rows for name, text in row.items() if text)
    return (*(name for name in COLUMNS if name in filled), *(name for name in filled if name not in COLUMNS))


def _number(text: str, column: str) -> float:
    try:
        return number_of(text)
    except ValueError:
        raise ValueError(f'{column} is a number, not "{text}".') from None


def _same(text: str) -> str:
    """Text to compare by: 007, 7 and 7.0 are one number."""
    try:
        value = number_of(text)
        return text.strip().lower() if np.isnan(value) else repr(value)
    except ValueError:
        return text.strip().lower()


def plain_name(column: str) -> str:
    """Column titles without unit and punctuation: "X [um]" and "x" are x, "Image #" is image."""
    words = "".join(sign if sign.isalnum() or sign in "/_" else " " for sign in column.lower()).split()
    if len(words) > 1 and words[-1] in ("nm", "um", "µm", "mm", "px"):
        words = words[:-1]
    return "_".join(words)


def _in_words(join: Mapping[str, str], named: Mapping[str, str]) -> str:
    return ", ".join(f"{column} {named[each]}" for each, column in join.items())


def _relative(path: Path, folder: Path) -> str:
    """Relative to the folder with forward slashes; the full path on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.as_posix()
