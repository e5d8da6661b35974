import re
from dataclasses import fields, replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from semiview.files.marker_file import MarkedCase, severity_of, write_markers
from semiview.files.problem import FileProblem
from semiview.metrology.epe import EpeTable

NAN = float("nan")
# The order in which KLayout's reader lists an item's parts.
PARTS = ["tags", "category", "cell", "visited", "multiplicity", "values"]


def table(source: str = "sem") -> EpeTable:
    """At x = 1000 nm, normals up: two points beyond 10 nm, one within, one corner, and one of each other state."""
    epe = np.array([12.0, -15.0, 3.0, 7.0, NAN, NAN, NAN, NAN])
    state = np.array(["valid", "valid", "valid", "valid", "missing", "bridge", "unobserved", "extra"])
    count = len(epe)
    normal_y = np.ones(count)
    normal_y[-1] = NAN
    known = {
        "feature_id": np.array([0, 0, 0, 0, 1, 1, 2, -1]),
        "x_nm": np.full(count, 1000.0),
        "y_nm": np.arange(count) * 100.0,
        "normal_x": np.where(np.isnan(normal_y), NAN, 0.0),
        "normal_y": normal_y,
        "source": np.full(count, source),
        "epe_nm": epe,
        "sigma_nm": np.full(count, 0.5),
        "feature_class": np.array(["edge", "edge", "edge", "corner", "edge", "edge", "edge", "edge"]),
        "state": state,
        "reason": np.where(state == "valid", "", "why"),
    }
    others = {each.name: np.zeros(count) for each in fields(EpeTable) if each.name not in known}
    return EpeTable(**known, **others)


def written(folder: Path, **options: bool) -> ET.Element:
    path = folder / "epe.lyrdb"
    case = MarkedCase("site <1> & 'a'", "TOP.cell", table(), 10.0)
    write_markers(path, [case], layout="chip.gds", **options)
    return ET.fromstring(path.read_bytes())


def test_that_every_item_names_a_category_and_a_cell_that_exist(tmp_path: Path) -> None:
    root = written(tmp_path, every_point=True)
    assert root.tag == "report-database"
    assert [part.tag for part in root] == [
        *("description", "original-file", "generator", "top-cell", "tags", "categories", "cells", "items"),
    ]
    assert root.findtext("original-file") == "chip.gds"
    cells = {cell.findtext("name") for cell in root.iter("cell") if cell.find("name") is not None}
    paths = set()
    for category in root.findall("categories/category"):
        name = category.findtext("name") or ""
        inner = [each.findtext("name") or "" for each in category.findall("categories/category")]
        paths |= {(name, each) for each in inner} if inner else {(name,)}
    tags = {tag.findtext("name") for tag in root.iter("tag")}
    items = root.findall("items/item")
    assert len(items) == 8
    for item in items:
        assert [part.tag for part in item] == PARTS
        assert item.findtext("cell") in cells
        assert item.findtext("tags") in tags
        path = tuple(re.findall(r"'([^']+)'|(\w+)", item.findtext("category") or ""))
        assert tuple(quoted or plain for quoted, plain in path) in paths


def test_that_a_marker_reaches_from_the_design_to_the_printed_edge_in_um(tmp_path: Path) -> None:
    items = written(tmp_path).findall("items/item")
    by_category = {item.findtext("category"): [each.text for each in item.iter("value")] for item in items}
    outside = by_category["edge.'outside the tolerance'"]
    assert outside[0] == "edge: (1.000000,0.000000;1.000000,0.012000)"
    assert outside[1] == "float: 12"
    assert outside[2] is not None
    assert "site <1> & \\'a\\': sem +12.00 nm (sigma 0.50 nm), feature 0, error" in outside[2]
    assert by_category["edge.'inside the tolerance'"][0] == "edge: (1.000000,0.100000;1.000000,0.085000)"
    assert by_category["extra"][0] == "box: (0.990000,0.690000;1.010000,0.710000)"
    assert by_category["missing"][0] == "edge: (1.000000,0.390000;1.000000,0.410000)"


def test_that_the_worst_come_first_and_harmless_points_only_when_asked_for(tmp_path: Path) -> None:
    tags = [item.findtext("tags") for item in written(tmp_path).findall("items/item")]
    assert tags == ["critical", "critical", "critical", "error", "error", "warning"]
    assert len(written(tmp_path, every_point=True).findall("items/item")) == 8


def test_that_the_sem_speaks_unless_another_source_is_wanted(tmp_path: Path) -> None:
    both = EpeTable.concatenated([table("prediction"), table("sem")])
    case = MarkedCase("a", "", both, 10.0)
    assert write_markers(tmp_path / "a.lyrdb", [case]) == 6
    assert b"sem +12.00" in (tmp_path / "a.lyrdb").read_bytes()
    assert write_markers(tmp_path / "a.lyrdb", [case], "approved") == 0
    assert ET.fromstring((tmp_path / "a.lyrdb").read_bytes()).findtext("top-cell") == "TOP"


def test_that_a_missing_stretch_or_feature_is_one_marker(tmp_path: Path) -> None:
    one = table().where(np.arange(8) == 4)  # the missing point
    count = 12
    many = EpeTable.concatenated([one] * count)
    x_nm = np.concatenate([np.arange(6) * 10.0, np.full(6, 50.0)])
    y_nm = np.concatenate([np.zeros(6), np.arange(6) * 10.0])
    first = np.arange(count) < 6
    normals = {"normal_x": np.where(first, 0.0, 1.0), "normal_y": np.where(first, -1.0, 0.0)}
    lost = replace(many, x_nm=x_nm, y_nm=y_nm, **normals)
    path = tmp_path / "a.lyrdb"
    assert write_markers(path, [MarkedCase("a", "TOP", lost, 10.0)]) == 1
    (item,) = ET.fromstring(path.read_bytes()).findall("items/item")
    values = [each.text for each in item.iter("value")]
    assert values[:2] == ["edge: (0.000000,0.000000;0.050000,0.000000)", "edge: (0.050000,0.000000;0.050000,0.050000)"]
    assert values[2] == "text: 'a: sem missing, 12 points, feature 1, critical'"
    assert item.findtext("multiplicity") == "12"
    state = np.where((np.arange(count) == 3) | (np.arange(count) == 7), "valid", "missing")
    epe = np.where(state == "valid", 1.0, NAN)
    broken = replace(lost, state=state, epe_nm=epe)
    assert write_markers(path, [MarkedCase("a", "TOP", broken, 10.0)]) == 3


@pytest.mark.parametrize(
    ("state", "epe", "severity"),
    [("valid", 10.0, "warning"), ("valid", 10.1, "error"), ("valid", -5.0, "information"), ("extra", NAN, "critical")],
)
def test_that_the_tolerance_itself_is_still_within(state: str, epe: float, severity: str) -> None:
    assert severity_of(state, epe, 10.0) == severity


def test_that_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem):
        write_markers(tmp_path / "no such folder" / "a.lyrdb", [])
