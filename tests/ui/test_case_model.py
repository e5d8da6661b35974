"""The list: sorted, filtered, frozen, and quick with ten thousand cases."""

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from semiview.core.sem_image import SemImage
from semiview.ui.case_line import CASE, DECISION, EPE, TYPE, CaseLine
from semiview.ui.case_model import CaseModel
from semiview.ui.latest import Errands
from semiview.ui.panels.case_list import CaseList
from semiview.ui.thumbnails import WANTED_AT_MOST, Thumbnails

LINES = (
    CaseLine("a", "line_space", "accepted", worst_epe_nm=3.0),
    CaseLine("b", "contact", worst_epe_nm=20.0),
    CaseLine("c", "logic", worst_epe_nm=5.0, missing=2),
    CaseLine("d", "logic", "skipped"),
)


@pytest.fixture
def errands(qtbot: QtBot) -> Iterator[Errands]:
    result = Errands(1)
    yield result
    result.close()


@pytest.fixture
def model(errands: Errands) -> CaseModel:
    result = CaseModel(Thumbnails(errands))
    result.set_lines(LINES)
    return result


def test_that_the_worst_stands_first_and_missing_contours_before_it(model: CaseModel) -> None:
    model.sort(EPE, Qt.SortOrder.DescendingOrder)
    assert model.case_ids == ("c", "b", "a", "d")


def test_that_no_row_moves_under_the_hand_until_refresh(model: CaseModel) -> None:
    model.sort(EPE, Qt.SortOrder.DescendingOrder)
    model.update("a", worst_epe_nm=99.0, missing=5)
    assert model.case_ids == ("c", "b", "a", "d")
    model.refresh()
    assert model.case_ids == ("a", "c", "b", "d")


def test_that_a_filter_keeps_what_holds_every_word_and_the_state(model: CaseModel) -> None:
    model.choose("logic", "")
    assert model.case_ids == ("c", "d")
    model.choose("logic", "skipped")
    assert model.case_ids == ("d",)
    model.choose("", "")
    assert len(model.case_ids) == 4


def test_that_the_next_undecided_passes_over_decided_and_saving_ones(model: CaseModel) -> None:
    assert model.neighbour(None, 1, undecided=True) == "b"
    model.update("c", saving="saving")
    assert model.neighbour("b", 1, undecided=True) is None
    assert model.neighbour("b", 1) == "c"
    assert model.neighbour("a", -1) is None


def test_that_one_that_is_not_saved_still_waits_for_its_decision(model: CaseModel) -> None:
    model.update("c", saving="not saved")
    assert model.neighbour("b", 1, undecided=True) == "c"
    assert model.index(2, DECISION).data() == "not saved"


def test_that_the_grounds_of_a_look_are_those_of_now_and_its_place_stays(model: CaseModel) -> None:
    before = model.line("b")
    assert "not registered yet" in before.why
    model.update("b", registration="subpixel")
    assert "registered" not in model.line("b").why
    assert model.line("b").rank == before.rank


def test_that_a_line_says_what_is_not_known_by_saying_nothing(model: CaseModel) -> None:
    model.set_lines([CaseLine("x", worst_epe_nm=math.nan)])
    assert [model.index(0, column).data() for column in (CASE, DECISION, EPE, TYPE)] == ["x", "undecided", "", ""]


def test_that_ten_thousand_cases_sort_and_filter_within_a_blink(qtbot: QtBot, errands: Errands) -> None:
    model = CaseModel(Thumbnails(errands))
    panel = CaseList(model)
    qtbot.addWidget(panel)
    rng = np.random.default_rng(1)
    model.set_lines(CaseLine(f"case {n:05}", worst_epe_nm=float(rng.normal(10, 3))) for n in range(10_000))
    panel.resize(320, 600)
    panel.show()
    begun = time.perf_counter()
    model.sort(EPE, Qt.SortOrder.DescendingOrder)
    panel.search.setText("case 0")
    bar = panel.table.verticalScrollBar()
    for step in range(50):
        bar.setValue(bar.maximum() * step // 50)
        panel.table.viewport().repaint()
    spent = time.perf_counter() - begun
    assert spent < 2.5, f"{spent:.2f} s for a sort, a filter and fifty screens"


def test_that_only_rows_that_are_looked_at_are_loaded_and_those_scrolled_past_are_forgotten(
    qtbot: QtBot, errands: Errands
) -> None:
    loaded: list[str] = []

    def load(case_id: str) -> SemImage:
        loaded.append(case_id)
        return SemImage.from_pixels(np.arange(400, dtype=np.uint16).reshape(20, 20))

    thumbnails = Thumbnails(errands)
    thumbnails.set_source(load)
    with qtbot.waitSignal(thumbnails.arrived):
        assert thumbnails.get("seen") is None
    assert thumbnails.get("seen") is not None
    for number in range(10 * WANTED_AT_MOST):
        thumbnails.get(f"case {number}")
    qtbot.waitUntil(lambda: f"case {10 * WANTED_AT_MOST - 1}" in loaded)
    qtbot.waitUntil(lambda: errands.pending == 0)
    assert len(loaded) <= WANTED_AT_MOST + 3
