"""Every project is in one row of the table, and the row says what its own figures ask for."""

import pytest

from semiview.monitoring.decision_table import Holdings, table_row


@pytest.mark.parametrize(("pairs", "row"), [(5, "under 100"), (100, "100 to"), (1000, "1,000 to"), (10_000, "over")])
def test_that_there_is_a_row_for_every_amount(pairs: int, row: str) -> None:
    assert table_row(Holdings(pairs, 30)).amount.startswith(row)


def test_that_few_groups_and_loose_registrations_are_mentioned() -> None:
    assert "1 group so far" in "; ".join(table_row(Holdings(50, 1, 1.0)).advice)
    assert "groups so far" not in "; ".join(table_row(Holdings(50, 10, 1.0)).advice)
    assert "not sub-pixel" in "; ".join(table_row(Holdings(50, 20, 0.2)).advice)
    assert "not sub-pixel" not in "; ".join(table_row(Holdings(50, 20)).advice)
    assert table_row(Holdings(50, 20)).alignment == "no registration approved"


def test_that_the_thinnest_imaging_condition_is_named() -> None:
    row = table_row(Holdings(200, 20, 1.0, {"CD1 · 2 nm/px": 150, "CD2 · 1 nm/px": 47, "CD2 · 4 nm/px": 3}))
    assert row.conditions == "3 imaging conditions"
    assert "CD2 · 4 nm/px (3)" in "; ".join(row.advice)
    even = table_row(Holdings(200, 20, 1.0, {"CD1 · 2 nm/px": 100, "CD2 · 1 nm/px": 100}))
    assert "look there first" not in "; ".join(even.advice)
    assert "look there first" not in "; ".join(table_row(Holdings(5, 20, 1.0, {"CD1 · 2 nm/px": 5})).advice)


def test_that_the_judge_is_said_and_what_it_cannot_use() -> None:
    assert table_row(Holdings(50, 20, 1.0, unknown_size=4)).judge == "judged by IoU"
    row = table_row(Holdings(50, 20, 1.0, unknown_size=4, judge="edges"))
    assert row.judge == "judged by EPE"
    assert "4 pairs have no pixel size" in row.advice[-1]
