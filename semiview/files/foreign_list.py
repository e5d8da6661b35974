"""A list of measurement sites as another program wrote it: any separator, lines before the header, a decimal comma."""

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from semiview.files.problem import FileProblem

SEPARATORS = ("\t", ";", ",", "|")


@dataclass(frozen=True, slots=True)
class ForeignLine:
    """One line by column; `number` is its place in the file, counted from 1."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class ForeignList:
    """Columns and lines of a list, as text.

    Attributes
    ----------
    problems
        Lines that are left out, each with its reason.
    """

    path: Path
    columns: tuple[str, ...]
    lines: tuple[ForeignLine, ...]
    problems: tuple[FileProblem, ...] = ()


def read_foreign_list(path: Path) -> ForeignList:
    """Read a list; lines before its header, which have another number of cells, are passed over.

    Raises
    ------
    FileProblem
        If it cannot be read or holds no table.
    """
    text = _text(path)
    separator = max(SEPARATORS, key=lambda sign: _regularity(text, sign))
    if _regularity(text, separator) == 0:
        separator = " "
        text = "\n".join(" ".join(line.split()) for line in text.splitlines())
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise FileProblem(path, f"The list is no table: {error}.", "Save it as CSV.") from None
    rows = [(number, cells) for number, cells in rows if any(cells)]
    widths = Counter(len(_without_tail(cells)) for _, cells in rows if len(_without_tail(cells)) > 1)
    if not widths:
        raise FileProblem(path, "The list holds no table.", "Its first line names the columns; at least two.")
    width = max(widths, key=lambda count: (widths[count], count))
    start = next(number for number, (_, cells) in enumerate(rows) if len(_without_tail(cells)) >= width)
    columns = tuple(_without_tail(rows[start][1]))
    if len(set(columns)) < len(columns) or not all(columns):
        raise FileProblem(path, f"Line {rows[start][0]} names a column twice or not at all.", "Name each column once.")
    lines, problems = [], []
    for number, cells in rows[start + 1 :]:
        cells = _without_tail(cells, len(columns))
        if len(cells) > len(columns):
            reason = f"line {number}: it has {len(cells)} cells for {len(columns)} columns."
            problems.append(FileProblem(path, reason, "The line is left out."))
            continue
        cells += [""] * (len(columns) - len(cells))
        lines.append(ForeignLine(number, dict(zip(columns, cells, strict=True))))
    if not lines:
        raise FileProblem(path, "The list names its columns and no site.", "Export it again.")
    return ForeignList(path, columns, tuple(lines), tuple(problems))


def number_of(text: str) -> float:
    """A number with a decimal point or comma; NaN for a blank; raises ValueError for anything else.

    >>> number_of("-1,5e3"), number_of(" 7.25 ")
    (-1500.0, 7.25)
    """
    if not text.strip():
        return math.nan
    plain = text.strip()
    value = float(plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain)
    if not math.isfinite(value):
        raise ValueError(f'"{text}" is no number')
    return value


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileProblem(path, "There is no such list.", "Choose the file with the coordinates.") from None
    except OSError as error:
        raise FileProblem(path, f"The list cannot be read ({error.strerror}).") from error
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileProblem(path, "The list is no text.", "Save it from the table program as CSV.")
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileProblem(path, "The list is in no encoding that is read here.", 'Save it as "CSV UTF-8".')


def _regularity(text: str, sign: str) -> int:
    """Number of lines that hold the sign as often as most of those that hold it."""
    counts = Counter(line.count(sign) for line in text.splitlines() if sign in line)
    return max(counts.values(), default=0)


def _without_tail(cells: list[str], keep: int = 0) -> list[str]:
    """Without the empty cells that a separator at the end of a line makes."""
    end = len(cells)
    while end > keep and not cells[end - 1]:
        end -= 1
    return cells[:end]
