from dataclasses import replace
from pathlib import Path

from semiview.core.marker import MarkedPlace
from semiview.feedback.store import FeedbackStore
from semiview.tasks.mark_places import Marks, read_marks, write_marks

HERE = MarkedPlace("sem", 3, 10.5, -2.25, visited=True, important=True)
THERE = MarkedPlace("prediction", -1, 1.0, 2.0, waived=True)


def test_that_marks_are_read_as_they_were_written_and_decide_nothing(tmp_path: Path) -> None:
    store = FeedbackStore.open(tmp_path)
    assert read_marks(store, "a") == Marks()
    written = write_marks(store, "a", "me", Marks(), [HERE, THERE, MarkedPlace("sem", 1, 0.0, 0.0)])
    assert written.places == (HERE, THERE)  # a place without a mark is no mark
    assert read_marks(store, "a") == written
    assert read_marks(store, "b") == Marks()
    assert store.review("a").state == "undecided"


def test_that_two_windows_do_not_take_each_others_marks_away(tmp_path: Path) -> None:
    store = FeedbackStore.open(tmp_path)
    both_read = read_marks(store, "a")
    write_marks(store, "a", "one", both_read, [HERE])
    later = write_marks(store, "a", "other", both_read, [THERE])
    assert set(later.places) == {HERE, THERE}


def test_that_a_mark_taken_back_stays_away(tmp_path: Path) -> None:
    store = FeedbackStore.open(tmp_path)
    first = write_marks(store, "a", "me", Marks(), [HERE, THERE])
    bare = replace(HERE, visited=False, important=False)
    second = write_marks(store, "a", "me", first, [bare, THERE])
    assert second.places == read_marks(store, "a").places == (THERE,)
    assert write_marks(store, "a", "me", first, [bare, THERE]).places == (THERE,)
