from itertools import count

import pytest

from semiview.feedback.lineage import heads, review
from semiview.feedback.record_file import RecordHeader

_numbers = count()


def header(kind: str, reviewer: str, supersedes: tuple[RecordHeader, ...] = (), shape: str = "s", **more: str):
    values = dict.fromkeys(RecordHeader.__slots__, "")
    values |= {"kind": kind, "reviewer": reviewer, "approved_sha256": shape if kind in ("accept", "correct") else ""}
    values |= {"record_id": f"{next(_numbers):06d}", "supersedes": tuple(old.record_id for old in supersedes), **more}
    return RecordHeader(**values)


def test_that_a_case_without_records_is_undecided() -> None:
    assert review([]).state == "undecided"
    assert heads([]) == ()


@pytest.mark.parametrize(
    ("kind", "state"),
    [("accept", "accepted"), ("correct", "corrected"), ("reject", "rejected"), ("skip", "skipped")],
)
def test_that_one_decision_sets_the_state(kind: str, state: str) -> None:
    only = header(kind, "Ada", reason="why")
    found = review([only])
    assert (found.state, found.record_id, found.reviewer, found.reason) == (state, only.record_id, "Ada", "why")


def test_that_a_reviewers_newer_decision_replaces_the_older() -> None:
    history = [header("accept", "Ada"), header("reject", "Ada")]
    assert review(history).state == "rejected"
    assert heads(history) == (history[1],)


def test_that_a_note_changes_no_state() -> None:
    first = header("accept", "Ada")
    assert review([first, header("note", "Ada", (first,)), header("note", "Bob")]).record_id == first.record_id


def test_that_two_reviewers_who_differ_make_a_dispute_and_an_arbitration_ends_it() -> None:
    one, other = header("accept", "Ada"), header("reject", "Bob")
    disputed = review([one, other])
    assert disputed.state == "disputed"
    assert disputed.reviewer == "Ada, Bob"
    assert disputed.reason == "Ada: accepted; Bob: rejected"
    settled = header("correct", "Cy", (one, other), "t")
    assert review([one, other, settled]).state == "corrected"


def test_that_two_approved_shapes_that_differ_are_a_dispute_and_equal_ones_are_not() -> None:
    assert review([header("accept", "Ada", shape="s"), header("accept", "Bob", shape="t")]).state == "disputed"
    assert review([header("accept", "Ada", shape="s"), header("accept", "Bob", shape="s")]).state == "accepted"


def test_that_a_record_that_names_the_other_ends_the_dispute_before_it_begins() -> None:
    one = header("accept", "Ada")
    assert review([one, header("reject", "Bob", (one,))]).state == "rejected"


def test_that_a_skip_disputes_nothing() -> None:
    assert review([header("accept", "Ada"), header("skip", "Bob")]).state == "accepted"
    assert review([header("accept", "Ada"), header("skip", "Ada")]).state == "skipped"


def test_that_a_retraction_leaves_the_case_undecided_and_wakes_nothing_older() -> None:
    first = header("accept", "Ada")
    second = header("correct", "Ada")
    for who in ("Ada", "Bob"):
        assert review([first, second, header("retract", who, (second,))]).state == "undecided"


def test_that_a_retraction_leaves_the_other_reviewers_word() -> None:
    one, other = header("accept", "Ada"), header("reject", "Bob")
    assert review([one, other, header("retract", "Bob", (other,))]).record_id == one.record_id


def test_that_a_damaged_head_leaves_the_case_undecided_and_what_it_replaced_stays_replaced() -> None:
    one, other = header("accept", "Ada"), header("reject", "Ada")
    found = review([one, other], damaged={other.record_id})
    assert found.state == "undecided"
    assert "damaged" in found.reason
    assert review([one, other], damaged={one.record_id}).state == "rejected"
