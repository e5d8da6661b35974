"""Gauges in and out: gauges.csv, opc_gauges.csv, and lists of other programs through a template of their columns."""

import csv
import io
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from semiview.core.gauge import Gauge, GaugeMode
from semiview.files.csv_table import cell_text, table_bytes
from semiview.files.durable_file import write_durably
from semiview.files.problem import FileProblem
from semiview.files.table import Row

COLUMNS = (
    *("case_id", "gauge_id", "mode", "x_nm", "y_nm", "angle_deg", "x1_nm", "y1_nm", "x2_nm", "y2_nm", "length_nm"),
    *("width_nm", "cd_design_nm", "feature_id", "cd_reference_nm", "cd_reference_sigma_nm"),
)
# What a column may be called without a template; opc_gauges.csv has its own names.
ALSO = {
    "gauge_name": "gauge_id",
    "x1": "x1_nm",
    "y1": "y1_nm",
    "x2": "x2_nm",
    "y2": "y2_nm",
    "drawn_nm": "cd_design_nm",
}
NM_PER_UNIT = {"nm": 1.0, "um": 1e3, "µm": 1e3, "mm": 1e6, "m": 1e9, "A": 0.1}
OVERLAP_NM = 100.0  # a box reaches that far beyond both drawn edges, or half the width, whichever is less


@dataclass(frozen=True, slots=True)
class ListedGauge:
    """A gauge of a file: of one case, or (empty `case_id`) of every case whose picture shows the place."""

    gauge: Gauge
    case_id: str = ""


@dataclass(frozen=True, slots=True)
class GaugeTemplate:
    """How another program's list is read, from a TOML file.

    Attributes
    ----------
    columns
        Their column and the nm in one of its units, by our name for it.
    modes
        Our mode by their word for it.
    mode
        Where there is no column of modes.
    name
        Of the template's file, without its ending.
    """

    columns: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    modes: Mapping[str, GaugeMode] = field(default_factory=dict)
    mode: GaugeMode = "line"
    delimiter: str = ""
    name: str = ""


def read_template(path: Path) -> GaugeTemplate:
    """Read a template such as this one.

        delimiter = ";"
        mode = "line"
        [columns]
        gauge_id = "Name"
        x1_nm = { column = "X1", unit = "um" }
        [modes]
        "1D" = "line"

    Raises
    ------
    FileProblem
        If it cannot be read, or names a column, unit or mode that there is not.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileProblem(
            path, f"The template cannot be read ({error}).", "It is a TOML file with [columns]."
        ) from error
    try:
        columns = {name: _column_of(name, value) for name, value in told.get("columns", {}).items()}
        modes = {str(word): _mode(str(mode)) for word, mode in told.get("modes", {}).items()}
        return GaugeTemplate(
            columns, modes, _mode(str(told.get("mode", "line"))), str(told.get("delimiter", "")), path.stem
        )
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise FileProblem(path, f"The template says what cannot be used: {error}.", "Correct it.") from error


def read_gauges(path: Path, template: GaugeTemplate | None = None) -> tuple[ListedGauge, ...]:
    """Read a list of gauges: gauges.csv or opc_gauges.csv as written here, or any CSV through a template.

    A place is a middle with a direction (x_nm, y_nm, angle_deg) or the two drawn edges (x1, y1, x2, y2). Left out, a
    gauge is a line, its box reaches 100 nm or half the drawn width beyond each edge and is as wide as the drawn width.
    A gauge that stands there several times for one case (once for each source) is read once.

    Raises
    ------
    FileProblem
        If the file cannot be read, lacks a column, or a line of it cannot be used; the line is named.
    """
    template = template or GaugeTemplate()
    columns, lines = _lines(path, template.delimiter)
    theirs = {name: ours for ours, (name, _) in template.columns.items()}
    named = [theirs.get(column, ALSO.get(column, column)) for column in columns]
    absent = [name for name, _ in template.columns.values() if name not in columns]
    if absent:
        raise FileProblem(
            path, f"The column {absent[0]} that the template names is missing.", f"It has {_list(columns)}."
        )
    middle, edges = {"x_nm", "y_nm"} <= set(named), {"x1_nm", "y1_nm", "x2_nm", "y2_nm"} <= set(named)
    if "gauge_id" not in named or not (middle or edges):
        advice = "Needed are gauge_id and either x_nm, y_nm, angle_deg or x1, y1, x2, y2; or a template that maps them."
        raise FileProblem(path, f"These are no gauges: the columns are {_list(columns)}.", advice)
    found: dict[tuple[str, str], ListedGauge] = {}
    for number, cells in lines:
        row = {name: cell.strip() for name, cell in zip(named, cells, strict=False)}
        try:
            listed = _gauge(row, template)
        except ValueError as error:
            raise FileProblem(path, f"line {number}: {error}", "Correct the line or take it out.") from None
        key = listed.case_id, listed.gauge.gauge_id
        held = found.setdefault(key, listed)
        if _place(held.gauge) != _place(listed.gauge):
            reason = f"line {number}: the gauge {listed.gauge.gauge_id} stands there already at another place."
            raise FileProblem(path, reason, "Give it a name of its own.")
        if math.isnan(held.gauge.reference_nm) and not math.isnan(listed.gauge.reference_nm):
            found[key] = listed
    return tuple(found.values())


def write_gauges(path: Path, rows: Iterable[Row], template: GaugeTemplate) -> None:
    """Write rows of gauges.csv under the columns, units and words of a template.

    Columns that the template names and a row has not stay empty; `x1_nm` and its like are made from the middle.

    Raises
    ------
    FileProblem
        If the file cannot be written.
    """
    words = {mode: word for word, mode in template.modes.items()}
    lines = []
    for row in rows:
        known = {**_edges_of(row), **row, "mode": words.get(row["mode"], row["mode"])}
        lines.append([_in_unit(known.get(ours), nm) for ours, (_, nm) in template.columns.items()])
    data = table_bytes([name for name, _ in template.columns.values()], lines)
    if template.delimiter:
        data = _delimited(data, template.delimiter)
    write_durably(path, data)


def _gauge(row: Mapping[str, str], template: GaugeTemplate) -> ListedGauge:
    """One line; raises ValueError with what is wrong."""

    def length(name: str, default: float = math.nan) -> float:
        text = row.get(name, "")
        if not text:
            return default
        _, nm = template.columns.get(name, (name, 1.0))
        value = _number(name, text) * (nm if name.endswith("_nm") else 1.0)
        if not math.isfinite(value):
            raise ValueError(f'{name} is a number, not "{text}".')
        return value

    if not row.get("gauge_id"):
        raise ValueError("the cell gauge_id is blank.")
    word = row.get("mode", "")
    mode = template.modes.get(word) or (_mode(word) if word else template.mode)
    first, second = (np.array([length(f"x{end}_nm"), length(f"y{end}_nm")]) for end in (1, 2))
    drawn = length("cd_design_nm")
    if np.isfinite(first).all() and np.isfinite(second).all():
        middle, across = (first + second) / 2, second - first
        angle = length("angle_deg", math.degrees(math.atan2(across[1], across[0])))
        drawn = drawn if math.isfinite(drawn) else float(np.hypot(*across))
    else:
        middle, angle = np.array([length("x_nm"), length("y_nm")]), length("angle_deg", 0.0)
    if not np.isfinite(middle).all():
        raise ValueError("the place is not told: x_nm and y_nm, or x1, y1, x2, y2.")
    reach = drawn + 2 * min(drawn / 2, OVERLAP_NM) if math.isfinite(drawn) else math.nan
    across_nm, along_nm = length("length_nm", reach), length("width_nm", drawn)
    if not (across_nm > 0 and along_nm > 0):
        raise ValueError("the box is not told: length_nm and width_nm, or the drawn width cd_design_nm.")
    feature = row.get("feature_id", "")
    gauge = Gauge(
        row["gauge_id"], mode, float(middle[0]), float(middle[1]), angle, across_nm, along_nm,
        int(feature) if feature.lstrip("-").isdigit() else -1, drawn, length("cd_reference_nm"),
        length("cd_reference_sigma_nm"),
    )  # fmt: skip
    return ListedGauge(gauge, row.get("case_id", ""))


def _place(gauge: Gauge) -> Gauge:
    return replace(gauge, reference_nm=math.nan, reference_sigma_nm=math.nan)


def _edges_of(row: Row) -> Row:
    half = row["cd_design_nm"] / 2
    angle = math.radians(row["angle_deg"])
    return {
        f"{axis}{end}_nm": row[f"{axis}_nm"] + sign * half * part
        for end, sign in ((1, -1), (2, 1))
        for axis, part in (("x", math.cos(angle)), ("y", math.sin(angle)))
    }


def _in_unit(value: Any, nm: float) -> str:
    return cell_text(value / nm if isinstance(value, float) and nm != 1.0 else value)


def _lines(path: Path, delimiter: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise FileProblem(path, f"The gauges cannot be read ({reason}).", 'Save them as "CSV UTF-8".') from error
    header = text.split("\n", 1)[0]
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter or max(",;\t", key=header.count), strict=True
        )
        lines = [(reader.line_num, cells) for cells in reader]
    except (csv.Error, TypeError) as error:
        raise FileProblem(path, f"The gauges are no CSV ({error}).", "Put the file right.") from error
    if not lines:
        raise FileProblem(path, "The list of gauges is empty.", "Its first line names the columns.")
    return [cell.strip() for cell in lines[0][1]], [(number, cells) for number, cells in lines[1:] if any(cells)]


def _column_of(name: str, value: Any) -> tuple[str, float]:
    if name not in (*COLUMNS, "cd_nm", "cd_sigma_nm", "cd_se_nm", "source", "n", "status", "reason"):
        raise ValueError(f"the column {name} is not known; it may be {', '.join(COLUMNS)}")
    if isinstance(value, str):
        return value, 1.0
    unit = value.get("unit", "nm")
    if unit not in NM_PER_UNIT:
        raise ValueError(f"the unit {unit} is not known; it may be {', '.join(NM_PER_UNIT)}")
    return str(value["column"]), NM_PER_UNIT[unit] * float(value.get("scale", 1.0))


def _mode(word: str) -> GaugeMode:
    mode = next((each for each in get_args(GaugeMode) if each == word), None)
    if mode is None:
        raise ValueError(f'the mode "{word}" is not known; it may be {", ".join(get_args(GaugeMode))}')
    known: GaugeMode = mode
    return known


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        hint = " with a decimal point" if "," in text else ""
        raise ValueError(f'{name} is a number{hint}, not "{text}".') from None


def _delimited(data: bytes, delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(
        csv.reader(io.StringIO(data.decode(), newline=""))
    )
    return text.getvalue().encode()


def _list(columns: Iterable[str]) -> str:
    return ", ".join(filter(None, columns)) or "none"
