"""A report leaves the window in the background: it can be stopped, and what goes wrong is a sentence."""

import math
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from semiview.tasks.workspace import open_workspace
from semiview.ui.case_line import EPE
from semiview.ui.desk import case_lines
from semiview.ui.exporting import KINDS
from tests.e2e.conftest import children

HTML = next(kind for kind, ending in KINDS.items() if ending == ".html")


def choose(monkeypatch: pytest.MonkeyPatch, path: Path, kind: str = HTML) -> None:
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
