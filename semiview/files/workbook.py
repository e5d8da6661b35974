"""All tables of a measurement as one Excel workbook."""

import io
import math
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from semiview.files.durable_file import write_durably
from semiview.files.table import Row, Table

MOST_ROWS = 1_048_575  # of a sheet, without its header
WIDTHS = 8, 40  # of a column, in characters
LOOKED_AT = 200  # rows that a column's width is taken from


def write_workbook(path: Path, tables: Sequence[Table], facts: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a sheet of facts for each of `facts`, then one for each table, more where a table is too long for one.

    Raises
    ------
    FileProblem
        If the file cannot be written.
    """
    buffer = io.BytesIO()
    # Nothing in a table is a formula or a link, whatever a case is called.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    options["constant_memory"] = True  # a row at a time: a field has ten thousand points
    with xlsxwriter.Workbook(buffer, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for name, fact in facts.items():
            _write_facts(book.add_worksheet(name), fact, head)
        for table in tables:
            rows = iter(table.rows)
            for number in range(1, max(math.ceil(len(table) / MOST_ROWS), 1) + 1):
                sheet = book.add_worksheet(table.name if number == 1 else f"{table.name} {number}")
                _write_sheet(sheet, table.columns, list(islice(rows, MOST_ROWS)), head)
    write_durably(path, buffer.getvalue())


def _write_sheet(sheet: Worksheet, columns: Sequence[str], rows: Sequence[Row], head: Format) -> None:
    sheet.write_row(0, 0, columns, head)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    for column, name in enumerate(columns):
        widest = max((len(str(row[name])) for row in rows[:LOOKED_AT]), default=0)
        sheet.set_column(column, column, min(max(WIDTHS[0], len(name) + 3, widest + 1), WIDTHS[1]))
    for number, row in enumerate(rows, start=1):
        for column, name in enumerate(columns):
            _write(sheet, number, column, row[name])


def _write_facts(sheet: Worksheet, facts: Mapping[str, Any], head: Format) -> None:
    sheet.set_column(0, 0, 48)
    sheet.set_column(1, 1, 72)
    sheet.write_row(0, 0, ("what", "value"), head)
    for number, (name, value) in enumerate(_flat(facts, ""), start=1):
        _write(sheet, number, 0, name)
        _write(sheet, number, 1, value)


def _flat(value: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in _flat(inner, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list):
        return [pair for number, inner in enumerate(value, start=1) for pair in _flat(inner, f"{name}.{number}")]
    return [(name, value)]


def _write(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    """One cell; nothing for what is not a number."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif str(value):
        sheet.write_string(row, column, str(value)[:32_767])
