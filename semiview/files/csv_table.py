"""Tables as CSV text: the C locale, NaN and None as empty cells."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from semiview.files.problem import FileProblem

DIGITS = 10  # 14 mm to a thousandth of a nanometre


def cell_text(value: Any, exact: bool = False) -> str:
    """One cell; a float with ten digits, or with all that bring it back unchanged.

    >>> cell_text(float("nan")), cell_text(-13294220.123456), cell_text(0.1 + 0.2, exact=True)
    ('', '-13294220.12', '0.30000000000000004')
    """
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return repr(float(value)) if exact else f"{value:.{DIGITS}g}"
    return str(value)


def table_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A header and rows of cells as UTF-8 CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def read_table(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file by column; none if the file is not there.

    Raises
    ------
    FileProblem
        If it cannot be read or lacks a needed column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(path, f"The table cannot be read ({error}).", "Put it right or move it away.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    missing = [column for column in needed if column not in (reader.fieldnames or ())]
    if missing:
        raise FileProblem(path, f"The column {missing[0]} is missing.", "Put it right or move the table away.")
    try:
        return [{name: cell for name, cell in row.items() if isinstance(name, str)} for row in reader]
    except csv.Error as error:
        raise FileProblem(path, f"The table is no CSV ({error}).", "Put it right or move it away.") from error
