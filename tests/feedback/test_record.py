from dataclasses import replace

import numpy as np
import pytest

from semiview.feedback.record import Record


def test_that_examples_are_valid_and_differ_by_their_seed() -> None:
    one, other = Record.example(1, (40, 60)), Record.example(2, (40, 60))
    assert one.shape == (40, 60)
    assert one.trains
    assert one.case_id != other.case_id
    assert one.group != other.group
    assert not np.array_equal(one.sem, other.sem)


def test_that_arrays_of_a_record_cannot_be_written() -> None:
    record = Record.example(0, (16, 16))
    with pytest.raises(ValueError, match="read-only"):
        record.approved[0, 0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"case_id": " "}, "a record needs a case_id"),
        ({"reviewer": ""}, "a record needs a reviewer"),
        ({"case_id": "a\0b"}, "NUL"),
        ({"note": "half \ud800"}, "half a character"),
        ({"metadata": {"": "x"}}, "no name"),
        ({"time_utc": "yesterday"}, "no ISO 8601 time"),
        ({"time_utc": "2026-01-01T00:00:00"}, "must say UTC"),
        ({"time_utc": "2026-01-01T00:00:00+02:00"}, "must say UTC"),
        ({"kind": "maybe"}, "accept, correct, reject"),
        ({"kind": "reject", "reason": "other"}, "reject approves nothing"),
        ({"kind": "reject", "approves_shape": False, "approves_registration": False}, "a rejection needs a reason"),
        ({"kind": "retract", "approves_shape": False, "approves_registration": False}, "what it takes back"),
        ({"approved": None}, "approved is missing"),
        ({"sem": None}, "sem is missing"),
        ({"registration": None}, "registration is missing"),
        ({"sem": np.zeros((16, 16))}, "sem is uint8 or uint16 or float32, this is float64"),
        ({"sem": np.zeros((16, 16, 3), np.uint8)}, r"sem is \(H, W\)"),
        ({"approved": np.zeros((15, 16), np.uint8)}, r"approved is \(15, 16\) but the picture is \(16, 16\)"),
        ({"approved": np.full((16, 16), 3, np.uint8)}, "approved holds 3; it goes to 2"),
        ({"ignore": np.full((16, 16), 2, np.uint8)}, "ignore holds 2; it goes to 1"),
        ({"prediction": np.full((16, 16), np.nan, np.float16)}, "prediction leaves"),
        ({"prediction": np.full((16, 16), 1.5, np.float16)}, "prediction leaves"),
        ({"free_share": 1.5}, "free_share is a share"),
        ({"approved_outlines_px": (np.zeros((2, 2)),)}, "three points"),
        ({"tables": {"a/b": {}}}, "cannot be named"),
        ({"tables": {"a": {"": np.zeros(1)}}}, "cannot be named"),
        ({"tables": {"a": {"x": np.array([None])}}}, "holds object"),
        ({"tables": {"a": {"x": np.array(1.0)}}}, "a single value"),
        ({"tables": {"a": {"x": np.zeros(2), "y": np.zeros(3)}}}, "not equally long"),
    ],
)
def test_that_a_record_that_contradicts_itself_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Record.example(0, (16, 16)), **changes)
