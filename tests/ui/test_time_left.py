import time

import pytest

from semiview.ui.time_left import TimeLeft, in_words


def test_that_the_pace_since_the_first_case_tells_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    left = TimeLeft()
    assert left.words(0, 21) == ""
    now[0] += 30.0  # the start is no pace
    assert left.words(1, 21) == ""
    now[0] += 10.0
    assert left.words(2, 21) == in_words(190.0) == ", 4 min left"
    left.begin()
    assert left.words(2, 21) == ""


@pytest.mark.parametrize(("seconds", "words"), [(1, ", 10 s left"), (59, ", 60 s left"), (7200, ", 2.0 h left")])
def test_that_a_time_is_said_as_one_says_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
