"""Write what `measure` found: CSV tables, summary.json, manifest.json, and an Excel workbook on request."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from semiview.files.csv_table import cell_text, table_bytes
from semiview.files.durable_file import make_folder, write_durably
from semiview.files.measured_case import MeasuredCase
from semiview.files.registration_table import registration_columns
from semiview.files.summary import SUMMARY, finite, summarised
from semiview.files.table import CARRIED, Table
from semiview.files.table_rows import tables_of
from semiview.files.workbook import write_workbook

PACKAGES = ("semiview", "numpy", "scipy", "contourpy", "scikit-image", "gdstk", "shapely", "tifffile")
WORKBOOK = "measurements.xlsx"


def write_measurements(
    folder: Path,
    measured: Sequence[MeasuredCase],
    failed: Mapping[str, str],
    case_count: int,
    seconds: float,
    inputs: Mapping[str, str] | None = None,
    excel: bool = False,
) -> dict[str, Any]:
    """Write all tables of `measure` into a folder.

    Parameters
    ----------
    failed
        Reason by case: not measured, or measured without what was asked for.
    case_count
        Number of cases that were wanted.
    inputs
        sha256 by path of what was read beside the cases' own files: the case list, the settings.
    excel
        Also one workbook with all tables.

    Returns
    -------
    What summary.json holds.

    Raises
    ------
    FileProblem
        If a table could not be written.
    """
    make_folder(folder)
    tables = tables_of(measured)
    for table in tables:
        write_table(folder / f"{table.name}.csv", table)
    summary = summarised(measured, failed, case_count, seconds)
    manifest = manifest_of(measured, inputs or {})
    if excel:
        write_workbook(folder / WORKBOOK, workbook_tables(tables), {"summary": summary, "manifest": manifest})
    write_durably(folder / SUMMARY, _json(summary))
    write_durably(folder / "manifest.json", _json(manifest))
    return summary


def workbook_tables(tables: Sequence[Table]) -> list[Table]:
    """The tables as they stand in a workbook: EPE points without what the other sheets tell of their case.

    A project has hundreds of thousands of them; with every column a workbook takes minutes to write, and to open.
    """
    repeated = set(CARRIED) - {"status", "reason"}

    def own(table: Table) -> Table:
        return replace(table, columns=tuple(name for name in table.columns if name not in repeated))

    return [own(table) if table.name == "epe" else table for table in tables]


def write_table(path: Path, table: Table) -> None:
    """Write one table as CSV; an empty cell where there is no value."""
    cells = ([cell_text(row[name]) for name in table.columns] for row in table.rows)
    write_durably(path, table_bytes(table.columns, cells))


def manifest_of(measured: Sequence[MeasuredCase], inputs: Mapping[str, str]) -> dict[str, Any]:
    """Where the numbers come from: settings, versions, hashes of the inputs, scale and registration of each case."""
    settings = [asdict(each.settings) for each in measured]
    manifest: dict[str, Any] = finite(
        {
            "settings": settings[0] if settings else {},
            "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            "inputs": {**inputs, **{path: sha256 for each in measured for path, sha256 in each.inputs.items()}},
            "cases": {
                each.case_id: {
                    "pixel_size_source": each.pixel_size.source,
                    "scale": asdict(each.measurement.scale),
                    "registration": each.registration.method,
                    "registration_row": dict(registration_columns(each.registration)),
                    "record_id": each.record_id,
                    "warnings": list(each.warnings),
                    "measured_at": each.measured_at,
                    "taken_over": each.taken_over,
                }
                for each in measured
            },
        }
    )
    return manifest


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
