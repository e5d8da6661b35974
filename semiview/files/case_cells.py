"""Cells of one row of cases.csv changed, everything else left as it is."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from semiview.files.durable_file import exclusive_lock, write_durably
from semiview.files.problem import FileProblem

MARK = "\ufeff"  # Excel begins a CSV in UTF-8 with it


def set_case_cells(path: Path, case_id: str, cells: Mapping[str, str]) -> None:
    """Write cells into a case's row, durably and under a lock; a column that is not there yet is added at the end.

    Raises
    ------
    FileProblem
        If the list cannot be read or written, or has no such case.
    """
    with exclusive_lock(path):
        try:
            data = path.read_bytes().decode("utf-8")
            text = data.removeprefix(MARK)
            delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise FileProblem(path, f"The case list cannot be read ({error}).", "Put it right first.") from error
        columns = [column.strip() for column in lines[0]] if lines else []
        id_place = columns.index("case_id") if "case_id" in columns else len(columns)
        own = [row for row in lines[1:] if len(row) > id_place and row[id_place].strip() == case_id]
        if not own:
            raise FileProblem(path, f"The case list has no row of {case_id}.", "Open the project again.")
        for name, value in cells.items():
            if name not in columns:
                columns.append(name)
                lines[0].append(name)
            place = columns.index(name)
            own[0].extend([""] * (place + 1 - len(own[0])))
            own[0][place] = value
        new = io.StringIO(newline="")
        csv.writer(new, delimiter=delimiter, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(lines)
        write_durably(path, ((MARK if data.startswith(MARK) else "") + new.getvalue()).encode())
