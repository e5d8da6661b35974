"""What the child printed, in words."""

import json

from semiview.ui.aligning import result_in, summary


def test_that_an_error_or_half_a_document_is_no_result() -> None:
    assert result_in(b"") is None
    assert result_in(b'{"registrations": {') is None
    assert result_in(b'{"error": {"path": "p", "reason": "gone", "advice": ""}}') is None


def test_that_verdicts_are_counted_and_what_was_kept_is_said() -> None:
    found = {"a": {"verdict": "unique"}, "b": {"verdict": "unique"}, "c": {"verdict": "failed"}}
    document = {"registrations": found, "kept": ["d"], "failed": {"c": "flat", "e": "no file"}}
    answer = result_in(json.dumps(document).encode())
    assert answer == document
    assert summary(answer) == "All cases aligned: 2 unique, 1 failed, 1 not read, 1 set by hand and kept."
