import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from semiview.metrology.scores import ScoreRow
from semiview.ui.column_model import Column, ColumnModel, Rows, natural, signed_nanometres
from semiview.ui.measurement_models import score_columns, score_rows

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
COLUMNS = (Column("Gauge", str, rank=natural), Column("Δ nm", signed_nanometres))


def model(values: list[float]) -> ColumnModel:
    count = len(values)
    names = [f"line-{number}" for number in range(count)]
    numbers = np.array(values, np.float64)
    worst = np.argsort(-np.where(np.isnan(numbers), np.inf, np.abs(numbers)), kind="stable")
    found = ColumnModel(COLUMNS)
    found.set_rows(Rows((np.array(names, np.str_), numbers), np.zeros((count, 2)), worst, names, ["" for _ in names]))
    return found


def shown(found: ColumnModel) -> list[str]:
    return [str(found.key(row)) for row in range(found.rowCount())]


@given(st.lists(st.floats(-1e3, 1e3) | st.just(float("nan")), max_size=30), st.booleans())
def test_that_what_is_not_a_number_stands_last_whichever_way_a_person_sorts(values: list[float], up: bool) -> None:
    found = model(values)
    found.sort(1, UP if up else DOWN)
    sorted_values = [values[found.number(row)] for row in range(found.rowCount())]
    known = [value for value in sorted_values if value == value]
    assert known == sorted(known, reverse=not up)
    assert all(value != value for value in sorted_values[len(known) :])


def test_that_the_worst_stands_first_until_a_person_sorts_and_again_afterwards() -> None:
    found = model([1.0, -30.0, float("nan"), 2.0])
    assert shown(found) == ["line-2", "line-1", "line-3", "line-0"]
    found.sort(1)
    assert shown(found) == ["line-1", "line-0", "line-3", "line-2"]
    found.sort(-1)
    assert shown(found) == ["line-2", "line-1", "line-3", "line-0"]


def test_that_numbers_in_names_sort_as_numbers() -> None:
    found = model([0.0] * 12)
    found.sort(0)
    assert shown(found) == [f"line-{number}" for number in range(12)]


def test_that_a_filter_leaves_the_order_and_a_row_is_found_by_its_key() -> None:
    found = model([1.0, -30.0, 5.0, 2.0])
    found.show_only(np.array([True, False, True, True]))
    assert shown(found) == ["line-2", "line-3", "line-0"]
    assert (found.row_of("line-3"), found.row_of("line-1")) == (1, None)
    found.show_only(None)
    assert found.rowCount() == 4


def test_that_a_copied_row_holds_more_digits_than_are_shown_and_nothing_for_nan() -> None:
    found = model([1.23456, float("nan")])
    assert found.index(1, 1).data() == "+1.2"
    lines = found.as_text([0, 1]).splitlines()
    assert lines[0] == "Gauge\tΔ nm\tx nm\ty nm\treason"
    assert lines[1] == "line-1\t\t0\t0\t"
    assert lines[2] == "line-0\t1.2346\t0\t0\t"


def test_that_scores_stand_in_columns_of_their_own_and_the_domains_figures_before_the_images() -> None:
    scores = [ScoreRow(name, 0.1, 0.9, 20.0, 0.8, 0.88, 3.0, 0.5, 4.0, bias, "") for name, bias in
              (("approved", -1.25), ("design", float("nan")))]  # fmt: skip
    found = ColumnModel(score_columns(scores))
    found.set_rows(score_rows(scores))
    assert [column.title for column in found.columns] == ["Score", "against approved", "against design"]
    cells = [[found.index(row, column).data() for column in range(3)] for row in range(found.rowCount())]
    assert cells[0] == ["CD bias, nm", "-1.25", ""]
    assert [cell[0] for cell in cells[1:5]] == ["EPE mean, nm", "EPE 3σ, nm", "Hausdorff 95 %, nm", "IoU"]
    assert score_rows(()).values[0].shape == (0,)
