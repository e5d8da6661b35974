"""What the child printed, in words."""

from semiview.ui.aligning import summary


def test_that_verdicts_are_counted_and_what_was_kept_is_said() -> None:
    found = {"a": {"verdict": "unique"}, "b": {"verdict": "unique"}, "c": {"verdict": "failed"}}
    document = {"registrations": found, "kept": ["d"], "failed": {"c": "flat", "e": "no file"}}
    assert summary(document) == "All cases aligned: 2 unique, 1 failed, 1 not read, 1 set by hand and kept."
