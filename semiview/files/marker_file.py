"""EPE as markers for KLayout: a report database (.lyrdb) by state and class, in um of the layout.

The format is KLayout's documented XML: categories, cells, and items with their category's path, their cell and values;
coordinates are um, names of more than letters, digits and underscores are quoted in a path.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from semiview.core.outline import Points
from semiview.files.durable_file import write_durably
from semiview.metrology.epe import EpeTable, Source

UM_PER_NM = 1e-3
STRAIGHT = 0.02  # change of a normal's component below which two points lie on one straight edge
LEAST_BAR_NM = 10.0  # a marker of an edge that was not found is as long as this to each side
SEVERITIES: Mapping[str, str] = {
    "critical": "A feature is missing, joined to its neighbour, or was not drawn",
    "error": "An edge lies farther from the design than the tolerance",
    "warning": "An edge lies farther from the design than half the tolerance",
    "information": "An edge lies within half the tolerance",
}
STATES: Mapping[str, str] = {
    "missing": "No printed edge within reach of the design's",
    "bridge": "Printed material joins this feature to its neighbour",
    "extra": "A printed shape that no design edge claims",
    "unobserved": "Outside the picture, ignored, or along the axis that the registration cannot see",
}
CLASSES: Mapping[str, str] = {"edge": "Edges", "corner": "Corners"}
SIDES: Mapping[str, str] = {
    "outside the tolerance": "Printed outside the design, beyond the tolerance",
    "inside the tolerance": "Printed inside the design, beyond the tolerance",
    "outside": "Printed outside the design, within the tolerance",
    "inside": "Printed inside the design, within the tolerance",
}


@dataclass(frozen=True, slots=True, eq=False)
class MarkedCase:
    """What the markers of one field need.

    Attributes
    ----------
    cell
        Cell of the layout that the coordinates belong to; the design's top cell.
    epe
        Points in design nm.
    """

    case_id: str
    cell: str
    epe: EpeTable
    tolerance_nm: float


def write_markers(
    path: Path,
    cases: Sequence[MarkedCase],
    source: Source | None = None,
    layout: str = "",
    every_point: bool = False,
) -> int:
    """Write a report database that KLayout's marker browser opens; returns the number of markers.

    Parameters
    ----------
    source
        Which contours' rows; None: of each case the SEM's if it has any, else the prediction's, else the approved
        shape's.
    layout
        Path of the design, shown as the database's original file.
    every_point
        Also points within half the tolerance and unobserved ones.

    Raises
    ------
    FileProblem
        If the file cannot be written.
    """
    root = ET.Element("report-database")
    _text(root, "description", f"Edge placement error of {len(cases)} field{'' if len(cases) == 1 else 's'}")
    _text(root, "original-file", layout)
    _text(root, "generator", f"SemiView {version('semiview')}")
    cells = sorted({case.cell or "TOP" for case in cases})
    _text(root, "top-cell", cells[0] if cells else "")
    _tags(root)
    _categories(root)
    listed = ET.SubElement(root, "cells")
    for name in cells:
        cell = ET.SubElement(listed, "cell")
        _text(cell, "name", name)
        _text(cell, "variant", "")
        _text(cell, "layout-name", "")
        ET.SubElement(cell, "references")
    items = ET.SubElement(root, "items")
    count = 0
    for case in cases:
        for item in _items(case, source, every_point):
            items.append(item)
            count += 1
    write_durably(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
    return count


def severity_of(state: str, epe_nm: float, tolerance_nm: float) -> str:
    """How bad a point is: critical, error, warning or information.

    >>> severity_of("valid", -9.0, 15.0), severity_of("missing", float("nan"), 15.0)
    ('warning', 'critical')
    """
    if state in ("missing", "bridge", "extra"):
        return "critical"
    if state != "valid" or math.isnan(epe_nm) or abs(epe_nm) <= tolerance_nm / 2:
        return "information"
    return "error" if abs(epe_nm) > tolerance_nm else "warning"


def _tags(root: ET.Element) -> None:
    tags = ET.SubElement(root, "tags")
    for name, description in SEVERITIES.items():
        tag = ET.SubElement(tags, "tag")
        _text(tag, "name", name)
        _text(tag, "description", description)


def _categories(root: ET.Element) -> None:
    top = ET.SubElement(root, "categories")
    for name, description in STATES.items():
        _category(top, name, description)
    for name, description in CLASSES.items():
        inner = ET.SubElement(_category(top, name, description), "categories")
        for side, what in SIDES.items():
            _category(inner, side, what)


def _category(parent: ET.Element, name: str, description: str) -> ET.Element:
    category = ET.SubElement(parent, "category")
    _text(category, "name", name)
    _text(category, "description", description)
    return category


def _items(case: MarkedCase, source: Source | None, every_point: bool) -> Iterator[ET.Element]:
    """Worst first: what is missing, then by |EPE|."""
    present = set(case.epe.source.tolist())
    chosen = source or next((name for name in ("sem", "prediction", "approved") if name in present), "sem")
    table = case.epe.where(case.epe.source == chosen)
    for part in _stretches(table):
        state = str(table.state[part[0]])
        many = f"{len(part)} points" if len(part) > 1 else str(table.reason[part[0]]) or state
        feature = int(table.feature_id[part[0]])
        where = f"feature {feature}" if feature >= 0 else "no feature"
        said = f"{case.case_id}: {chosen} {state}, {many}, {where}, critical"
        yield _item(case, (state,), "critical", [*_outline_values(table, part), f"text: {_quoted(said)}"], len(part))
    size = np.where(np.isnan(table.epe_nm), -1.0, np.abs(table.epe_nm))
    for index in np.argsort(-size, kind="stable").tolist():
        state, epe = str(table.state[index]), float(table.epe_nm[index])
        severity = severity_of(state, epe, case.tolerance_nm)
        if severity == "critical" or (severity == "information" and not every_point):
            continue
        path: tuple[str, ...] = (state,)
        said, values = str(table.reason[index]) or state, [_geometry(table, index)]
        if state == "valid":
            beyond = " the tolerance" if abs(epe) > case.tolerance_nm else ""
            path = (str(table.feature_class[index]), f"{'outside' if epe > 0 else 'inside'}{beyond}")
            sigma = float(table.sigma_nm[index])
            error = f" (sigma {sigma:.2f} nm)" if math.isfinite(sigma) else ""
            said = f"{epe:+.2f} nm{error}"
            values.append(f"float: {epe:.6g}")
        words = f"{case.case_id}: {chosen} {said}, feature {int(table.feature_id[index])}, {severity}"
        yield _item(case, path, severity, [*values, f"text: {_quoted(words)}"])


def _stretches(table: EpeTable) -> list[list[int]]:
    """Rows of what is missing, bridged or extra: neighbours along one edge, and whole features, are one marker."""
    found: list[list[int]] = []
    for state in ("missing", "bridge"):
        rows = np.flatnonzero(table.state == state)
        for feature in np.unique(table.feature_id[rows]).tolist():
            own = rows[table.feature_id[rows] == feature]
            seen = (table.feature_id == feature) & (table.state != "unobserved")
            if len(own) == np.count_nonzero(seen):
                found.append(own.tolist())
            else:
                breaks = np.flatnonzero((np.diff(own) > 1) | (table.feature_class[own][1:] == "corner")) + 1
                found += [part.tolist() for part in np.split(own, breaks)]
    found.sort(key=len, reverse=True)
    return found + [[index] for index in np.flatnonzero(table.state == "extra").tolist()]


def _outline_values(table: EpeTable, part: list[int]) -> list[str]:
    """Edges along the design where the print is absent, straight ones in one; of a single point one across it."""
    if len(part) == 1:
        return [_geometry(table, part[0])]
    edges = [index for index in part if table.feature_class[index] == "edge"] or part
    points = np.column_stack([table.x_nm[edges], table.y_nm[edges]])
    normals = np.column_stack([table.normal_x[edges], table.normal_y[edges]])
    turns = np.flatnonzero((np.abs(np.diff(normals, axis=0)) > STRAIGHT).any(axis=1)) + 1
    values = []
    for side in np.split(points, turns):
        first, last = side[0], side[-1]
        values.append(_edge(first, last) if len(side) > 1 else _box(first))
    return values


def _item(
    case: MarkedCase, path: tuple[str, ...], severity: str, values: Sequence[str], multiplicity: int = 1
) -> ET.Element:
    item = ET.Element("item")
    _text(item, "tags", severity)
    _text(item, "category", ".".join(_word(name) for name in path))
    _text(item, "cell", case.cell or "TOP")
    _text(item, "visited", "false")
    _text(item, "multiplicity", str(multiplicity))
    listed = ET.SubElement(item, "values")
    for value in values:
        _text(listed, "value", value)
    return item


def _geometry(table: EpeTable, index: int) -> str:
    """From the design's edge to the printed one; across the edge where there is none; a box for a stray shape."""
    point = np.array([table.x_nm[index], table.y_nm[index]])
    normal, epe = np.array([table.normal_x[index], table.normal_y[index]]), float(table.epe_nm[index])
    if not np.isfinite(normal).all():
        return _box(point)
    if math.isnan(epe):
        return _edge(point - LEAST_BAR_NM * normal, point + LEAST_BAR_NM * normal)
    return _edge(point, point + epe * normal)


def _edge(first_nm: Points, last_nm: Points) -> str:
    (x0, y0), (x1, y1) = (end.tolist() for end in (first_nm * UM_PER_NM, last_nm * UM_PER_NM))
    return f"edge: ({x0:.6f},{y0:.6f};{x1:.6f},{y1:.6f})"


def _box(middle_nm: Points) -> str:
    low, high = (middle_nm - LEAST_BAR_NM) * UM_PER_NM, (middle_nm + LEAST_BAR_NM) * UM_PER_NM
    return f"box: ({low[0]:.6f},{low[1]:.6f};{high[0]:.6f},{high[1]:.6f})"


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = "".join(sign for sign in text if sign.isprintable()) or None


def _word(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain else _quoted(name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
