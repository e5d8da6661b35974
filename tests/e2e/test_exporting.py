"""A report leaves the window in the background: it can be stopped, and what goes wrong is a sentence."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

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
