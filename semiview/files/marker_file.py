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
    ET.indent(root, " ")
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
    size = np.where(np.isin(table.state, ("missing", "bridge", "extra")), np.inf, np.abs(table.epe_nm))
    size = np.where(np.isnan(size), -1.0, size)
    for index in np.argsort(-size, kind="stable").tolist():
        state, epe = str(table.state[index]), float(table.epe_nm[index])
        severity = severity_of(state, epe, case.tolerance_nm)
        if severity == "information" and not every_point:
            continue
        if state == "valid":
            beyond = " the tolerance" if abs(epe) > case.tolerance_nm else ""
            path = [str(table.feature_class[index]), f"{'outside' if epe > 0 else 'inside'}{beyond}"]
        else:
            path = [state]
        item = ET.Element("item")
        _text(item, "tags", severity)
        _text(item, "category", ".".join(_word(name) for name in path))
        _text(item, "cell", case.cell or "TOP")
        _text(item, "visited", "false")
        _text(item, "multiplicity", "1")
        _text(item, "comment", "")
        _text(item, "image", "")
        values = ET.SubElement(item, "values")
        point = np.array([table.x_nm[index], table.y_nm[index]])
        normal = np.array([table.normal_x[index], table.normal_y[index]])
        _text(values, "value", _geometry(point, normal, epe))
        if state == "valid":
            _text(values, "value", f"float: {epe:.6g}")
        where = f"feature {int(table.feature_id[index])}" if table.feature_id[index] >= 0 else "no feature"
        said = f"{epe:+.2f} nm" if state == "valid" else str(table.reason[index]) or state
        sigma = float(table.sigma_nm[index])
        error = f" (sigma {sigma:.2f} nm)" if math.isfinite(sigma) else ""
        _text(values, "value", f"text: {_quoted(f'{case.case_id}: {chosen} {said}{error}, {where}, {severity}')}")
        yield item


def _geometry(point_nm: Points, normal: Points, epe_nm: float) -> str:
    """From the design's edge to the printed one; across the edge where there is none; a box for a stray shape."""
    if not np.isfinite(normal).all():
        low, high = (point_nm - LEAST_BAR_NM) * UM_PER_NM, (point_nm + LEAST_BAR_NM) * UM_PER_NM
        return f"box: ({low[0]:.6f},{low[1]:.6f};{high[0]:.6f},{high[1]:.6f})"
    if math.isnan(epe_nm):
        ends = point_nm - LEAST_BAR_NM * normal, point_nm + LEAST_BAR_NM * normal
    else:
        ends = point_nm, point_nm + epe_nm * normal
    (x0, y0), (x1, y1) = ((end * UM_PER_NM).tolist() for end in ends)
    return f"edge: ({x0:.6f},{y0:.6f};{x1:.6f},{y1:.6f})"


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = "".join(sign for sign in text if sign.isprintable()) or None


def _word(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain else _quoted(name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
