"""A report leaves the window in the background: it can be stopped, and what goes wrong is a sentence."""

import math
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import gdstk
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from semiview.tasks.workspace import open_workspace
from semiview.ui.case_line import EPE
from semiview.ui.desk import case_lines
from semiview.ui.exporting import KINDS
from tests.e2e.conftest import children

SEM_LAYER = 1000
KIND_OF = {ending: kind for kind, ending in KINDS.items()}


def choose(monkeypatch: pytest.MonkeyPatch, path: Path, kind: str = KIND_OF[".html"]) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))


def test_that_a_report_is_written_beside_the_review_with_what_is_in_hand(
    user, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = user.window
    assert window.actions_["app.export"].toolTip().endswith("no project is open")
    user.open_project(small)
    assert not window.export_strip.isVisible()
    choose(monkeypatch, tmp_path / "ticket")  # without an ending: that of the chosen kind
    window.actions_["app.export"].trigger()
    user.until(window.export_strip.isVisible)
    assert not window.actions_["app.export"].isEnabled()
    user.until(lambda: not window.desk.exporting.running)
    page = (tmp_path / "ticket.html").read_text(encoding="utf-8")
    assert "c0" in page
    assert window.desk.exporting.done == window.desk.exporting.total == 4
    assert not window.export_strip.isVisible()
    assert children() == []


def test_that_measuring_all_cases_fills_the_list_and_the_next_window_has_it_too(user, small: Path) -> None:
    window, cases = user.window, user.window.desk.cases
    user.open_project(small)
    for case_id, how in (("c1", Qt.KeyboardModifier.ShiftModifier), ("c2", Qt.KeyboardModifier.NoModifier)):
        user.open_case(case_id)
        user.key(Qt.Key.Key_R)
        user.key(Qt.Key.Key_Right, how)
    user.open_project(small)  # a new list: nothing is measured in it but what is open
    user.open_case("c0")
    assert math.isnan(cases.line("c1").worst_epe_nm)
    user.click(window.align_strip.measure)
    user.until(lambda: not window.desk.exporting.running)
    user.until(lambda: math.isfinite(cases.line("c1").worst_epe_nm))
    assert cases.line("c1").worst_epe_nm > cases.line("c2").worst_epe_nm > 0.0
    cases.sort(EPE, Qt.SortOrder.DescendingOrder)
    assert cases.case_ids[:2] == ("c1", "c2")
    again = {line.case_id: line for line in case_lines(open_workspace(small, read_only=True))}
    assert again["c1"].worst_epe_nm == cases.line("c1").worst_epe_nm
    assert children() == []


def export_one_case(user, small: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Case c1, its design moved 20 nm to the right by key, accepted and alone exported to `path`."""
    user.open_project(small)
    user.register("c1", Qt.KeyboardModifier.ShiftModifier)
    user.key(Qt.Key.Key_Return)
    user.until(lambda: user.window.desk.cases.line("c1").state == "accepted")
    user.window.actions_["app.export_accepted"].trigger()
    choose(monkeypatch, path.with_suffix(""), KIND_OF[path.suffix])
    user.window.actions_["app.export"].trigger()
    user.until(lambda: not user.window.desk.exporting.running and path.exists())
    return path


def test_that_markers_for_klayout_say_the_epe_of_what_was_accepted(user, small, tmp_path, monkeypatch) -> None:
    root = ET.parse(export_one_case(user, small, tmp_path / "epe.lyrdb", monkeypatch)).getroot()
    assert root.tag == "report-database"
    items = root.findall("items/item")
    assert items
    assert all("c1" in ET.tostring(item, encoding="unicode") for item in items)


@pytest.mark.parametrize("ending", [".gds", ".oas"])
def test_that_contours_leave_as_a_layout_in_the_designs_frame(user, small, tmp_path, monkeypatch, ending) -> None:
    path = export_one_case(user, small, tmp_path / f"contours{ending}", monkeypatch)
    read = gdstk.read_gds if ending == ".gds" else gdstk.read_oas
    cells = [cell for cell in read(str(path), unit=1e-9).cells if cell.polygons]
    assert [cell.name for cell in cells] == ["c1"]
    printed = [polygon.points[:, 0] for polygon in cells[0].polygons if polygon.layer == SEM_LAYER]
    whole = [column for column in printed if np.ptp(column) > 60]  # the picture's border cuts the others
    assert len(whole) >= 2
    assert np.median([np.ptp(column) for column in whole]) == pytest.approx(80, abs=2)
    # Lines are drawn at multiples of 160 nm; the design was moved 20 nm to the right of what is printed.
    middles = np.array([(column.min() + column.max()) / 2 for column in whole])
    assert (middles + 20 + 80) % 160 - 80 == pytest.approx(np.zeros(len(whole)), abs=2)


def test_that_the_tables_leave_as_a_workbook(user, small, tmp_path, monkeypatch) -> None:
    path = export_one_case(user, small, tmp_path / "tables.xlsx", monkeypatch)
    with zipfile.ZipFile(path) as book:
        sheets = ET.fromstring(book.read("xl/workbook.xml"))
        names = [
            one.get("name") for one in sheets.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}sheet")
        ]
        words = b"".join(book.read(name) for name in book.namelist() if "worksheets/sheet" in name)
    assert {"gauges", "epe"} <= set(names)
    assert b">c1<" in words
    assert b">c2<" not in words  # nobody accepted it


def test_that_a_stopped_export_writes_nothing_and_leaves_no_child(
    user, make_small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.open_project(make_small(count=40))
    choose(monkeypatch, tmp_path / "ticket.html")
    user.window.actions_["app.export"].trigger()
    user.until(lambda: user.window.desk.exporting.done >= 2)
    user.click(user.window.export_strip.stop)
    user.until(lambda: not user.window.desk.exporting.running)
    assert not (tmp_path / "ticket.html").exists()
    assert children() == []
    assert user.window.actions_["app.export"].isEnabled()


def test_that_a_place_that_cannot_be_written_is_a_sentence(
    user, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.expects_trouble = True
    user.open_project(small)
    choose(monkeypatch, tmp_path / "no such folder" / "ticket.pdf")
    user.window.actions_["app.export"].trigger()
    user.until(lambda: "exporting" in user.window.questions_bar.names())
    assert not user.window.desk.exporting.running
