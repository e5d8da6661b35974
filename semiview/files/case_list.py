"""cases.csv: one row a field of view; or the same rows from a folder whose files pair by name."""

import csv
import dataclasses
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from semiview.core.case import CaseInfo
from semiview.core.design import Tone
from semiview.core.equality import same_values
from semiview.core.sem_image import PictureArea, PixelSize
from semiview.files.design_file import GDS_SUFFIXES
from semiview.files.grey_image import IMAGE_SUFFIXES
from semiview.files.layer_roles import LayerRole, parse_layers
from semiview.files.probability_grid import ARRAY_SUFFIXES
from semiview.files.problem import FileProblem
from semiview.files.project_settings import parse_tone

INFO_COLUMNS = tuple(each.name for each in dataclasses.fields(CaseInfo) if each.name != "metadata")
COLUMNS = (
    *("case_id", "image", "page", "design", "cell", "layers", "tone", "x_nm", "y_nm", "nm_per_px"),
    *("nm_per_px_x", "nm_per_px_y", "crop", "rotation_deg", "mirrored", "prediction", *INFO_COLUMNS[1:]),
)
NEEDED = ("case_id", "image")
SOURCE = "case list"
TRUE, FALSE = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One field of view as the case list tells it; what the list leaves open is None, NaN or blank.

    Attributes
    ----------
    image, design, prediction
        Full paths.
    page
        Page of the TIFF, counted from 0.
    x_nm, y_nm
        Design coordinate at the picture's centre; NaN: the centre of the design's bounding box.
    pixel_size
        Unknown: the file's own, else the project's default.
    area
        The picture within the file's image; None: the data bar is looked for.
    """

    info: CaseInfo
    image: Path
    page: int | None = None
    design: Path | None = None
    cell: str = ""
    layers: tuple[LayerRole, ...] = ()
    tone: Tone | None = None
    x_nm: float = math.nan
    y_nm: float = math.nan
    pixel_size: PixelSize = dataclasses.field(default_factory=PixelSize)
    area: PictureArea | None = None
    rotation_deg: float = 0.0
    mirrored: bool = False
    prediction: Path | None = None

    def __eq__(self, other: object) -> bool:
        return same_values(self, other)

    @property
    def case_id(self) -> str:
        """The case's unique name."""
        return self.info.case_id


def read_case_list(path: Path) -> tuple[tuple[CaseRow, ...], tuple[FileProblem, ...]]:
    """Read cases.csv. A row that cannot be used is left out and named among the problems.

    Raises
    ------
    FileProblem
        If the file cannot be read or lacks a needed column.
    """
    columns, lines = _lines(path)
    problems = _column_problems(path, columns)
    rows: dict[str, CaseRow] = {}
    first_line: dict[str, int] = {}
    for number, cells in lines:
        where = f"line {number}"
        try:
            if len(cells) > len(columns):
                raise ValueError(
                    f"it has {len(cells)} cells for {len(columns)} columns; quote a cell that holds a comma."
                )
            row = _row(path.parent, dict(zip(columns, (cell.strip() for cell in cells), strict=False)))
        except ValueError as error:
            problems.append(FileProblem(path, f"{where}: {error}", "The row is left out."))
            continue
        if row.case_id in rows:
            problems.append(
                FileProblem(
                    path,
                    f"{where}: the case_id {row.case_id} stands in line {first_line[row.case_id]} already.",
                    "The row is left out; give it a name of its own.",
                )
            )
            continue
        rows[row.case_id], first_line[row.case_id] = row, number
    if not lines:
        problems.append(FileProblem(path, "lists no case.", "Write one row for each field of view."))
    return tuple(rows.values()), tuple(problems)


def paired_by_name(folder: Path) -> tuple[tuple[CaseRow, ...], tuple[FileProblem, ...]]:
    """A case for each image in a folder, with the files of the same name beside it.

    For a.tif: the design a.gds (or .oas), else the mask a_design.png (or .npy), and the prediction a_prediction.npy
    (or .npz or a picture).

    Raises
    ------
    FileProblem
        If there is no image.
    """
    try:
        files = sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    except OSError as error:
        raise FileProblem(folder, f"The folder cannot be read ({error.strerror}).") from error
    by_stem: dict[str, list[Path]] = {}
    for each in files:
        by_stem.setdefault(each.stem, []).append(each)
    attached = ("_design", "_prediction")
    rows: dict[str, CaseRow] = {}
    problems: list[FileProblem] = []
    for each in files:
        base = next((each.stem.removesuffix(end) for end in attached if each.stem.endswith(end)), None)
        if each.suffix.lower() not in IMAGE_SUFFIXES or (base is not None and base in by_stem):
            continue
        if each.stem in rows:
            reason = f"{rows[each.stem].image.name} has the same name and is taken."
            problems.append(FileProblem(each, reason, "Rename one, or write a cases.csv."))
            continue
        design = _beside(by_stem, each.stem, GDS_SUFFIXES)
        mask = _beside(by_stem, f"{each.stem}_design", (*ARRAY_SUFFIXES, *IMAGE_SUFFIXES))
        prediction = _beside(by_stem, f"{each.stem}_prediction", (*ARRAY_SUFFIXES, *IMAGE_SUFFIXES))
        rows[each.stem] = CaseRow(CaseInfo(each.stem), each, design=design or mask, prediction=prediction)
    if not rows:
        kinds = ", ".join(IMAGE_SUFFIXES)
        raise FileProblem(
            folder, f"There is neither a cases.csv nor an image ({kinds}) in the folder.", "Choose another."
        )
    return tuple(rows.values()), tuple(problems)


def _beside(by_stem: Mapping[str, list[Path]], stem: str, suffixes: tuple[str, ...]) -> Path | None:
    return next((each for each in by_stem.get(stem, []) if each.suffix.lower() in suffixes), None)


def _lines(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Column names, and the cells of every line that is not blank with its number in the file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileProblem(path, "The case list is not in UTF-8.", 'Save it as "CSV UTF-8".') from None
    except OSError as error:
        raise FileProblem(path, f"The case list cannot be read ({error.strerror}).") from error
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise FileProblem(
            path, f"The case list is no CSV: line {reader.line_num}: {error}.", "Close its quotes."
        ) from None
    if not lines:
        raise FileProblem(
            path, "The case list is empty.", f"Its first line names the columns, at least {' and '.join(NEEDED)}."
        )
    columns = [column.strip() for column in lines[0][1]]
    for column in NEEDED:
        if column not in columns:
            near = get_close_matches(column, columns, 1)
            hint = f"Is {near[0]} meant to be {column}?" if near else f"It has {', '.join(filter(None, columns))}."
            raise FileProblem(path, f"The column {column} is missing.", hint)
    double = sorted({column for column in columns if column and columns.count(column) > 1})
    if double:
        raise FileProblem(path, f"The column {double[0]} stands there twice.", "Remove one.")
    return columns, [(number, cells) for number, cells in lines[1:] if any(cell.strip() for cell in cells)]


def _column_problems(path: Path, columns: list[str]) -> list[FileProblem]:
    """Columns that are nearly, but not quite, one that acts, such as x_um; others are metadata and no problem."""
    acting = [column for column in COLUMNS if column not in INFO_COLUMNS[1:]]
    problems = []
    for column in columns:
        plain = column.lower().replace(" ", "_")
        near = get_close_matches(plain, acting, 1, cutoff=0.75 if "_" in plain else 0.8)
        if column and column not in COLUMNS and near and near[0] not in columns:
            reason = f"The column {column} is not known and only kept as metadata."
            problems.append(FileProblem(path, reason, f"Is {near[0]} meant?"))
    return problems


def _row(folder: Path, cells: Mapping[str, str]) -> CaseRow:
    """One row; raises ValueError with what is wrong."""
    for column in NEEDED:
        if not cells.get(column):
            raise ValueError(f"the cell {column} is blank.")
    metadata = {name: text for name, text in cells.items() if name and name not in COLUMNS}
    info = CaseInfo(**{name: cells.get(name, "") for name in INFO_COLUMNS}, metadata=metadata)
    both = _number(cells, "nm_per_px", positive=True)
    x_size, y_size = (_number(cells, f"nm_per_px_{axis}", both, positive=True) for axis in "xy")
    if math.isnan(x_size) != math.isnan(y_size):
        raise ValueError("nm_per_px_x and nm_per_px_y go together.")
    x_nm, y_nm = _number(cells, "x_nm"), _number(cells, "y_nm")
    if math.isnan(x_nm) != math.isnan(y_nm):
        raise ValueError("x_nm and y_nm go together.")
    page = _number(cells, "page")
    if not math.isnan(page) and (page < 1 or page != int(page)):
        raise ValueError(f'page is a whole number from 1, not "{cells["page"]}".')
    mirrored = cells.get("mirrored", "").lower()
    if mirrored not in (*TRUE, *FALSE):
        raise ValueError(f'mirrored is yes or no, not "{mirrored}".')
    return CaseRow(
        info,
        _path(folder, cells["image"]),
        page=None if math.isnan(page) else int(page) - 1,
        design=_path(folder, cells["design"]) if cells.get("design") else None,
        cell=cells.get("cell", ""),
        layers=parse_layers(cells.get("layers", "")),
        tone=parse_tone(cells.get("tone", "").lower()),
        x_nm=x_nm,
        y_nm=y_nm,
        pixel_size=PixelSize() if math.isnan(x_size) else PixelSize(x_size, y_size, SOURCE),
        area=_area(cells.get("crop", "")),
        rotation_deg=_number(cells, "rotation_deg", 0.0),
        mirrored=mirrored in TRUE,
        prediction=_path(folder, cells["prediction"]) if cells.get("prediction") else None,
    )


def _path(folder: Path, text: str) -> Path:
    """Relative to the list; either slash, so that a list from Windows opens elsewhere."""
    return folder / text.replace("\\", "/")


def _number(cells: Mapping[str, str], column: str, default: float = math.nan, positive: bool = False) -> float:
    text = cells.get(column, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        hint = " with a decimal point" if "," in text else ""
        raise ValueError(f'{column} is a number{hint}, not "{text}".') from None
    if not math.isfinite(value) or (positive and value <= 0):
        raise ValueError(f'{column} is a {"positive " if positive else ""}number, not "{text}".')
    return value


def _area(text: str) -> PictureArea | None:
    if not text:
        return None
    try:
        left, top, right, bottom = (int(part) for part in text.replace(";", ",").split(","))
        return PictureArea(left, top, right, bottom)
    except ValueError:
        raise ValueError(f'crop is "left,top,right,bottom" in px, right and bottom exclusive, not "{text}".') from None
