"""What is written, what is not, and that it is said truthfully and once."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from semiview.files.problem import FileProblem
from semiview.ui.saving import Failure, Saving


class Disk:
    """A disk that is full until it is not."""

    def __init__(self) -> None:
        self.full = True
        self.written: list[str] = []

    def write(self, text: str) -> str:
        if self.full:
            raise FileProblem(Path("/project/feedback"), "No space left on device.", "Free some space.")
        self.written.append(text)
        return text


def test_that_it_says_saving_and_then_saved(qtbot: QtBot) -> None:
    saving, disk, states = Saving(), Disk(), []
    disk.full = False
    saving.changed.connect(lambda: states.append(saving.state))
    saving.write("a", "the decision about a", lambda: disk.write("a"))
    qtbot.waitUntil(lambda: not saving.pending)
    assert (states[0], states[-1]) == ("saving…", "saved")
    assert disk.written == ["a"]
    saving.finish()


def test_that_a_full_disk_is_said_once_and_stays_until_it_is_written(qtbot: QtBot) -> None:
    saving, disk, told = Saving(), Disk(), []
    saving.failed.connect(told.append)
    saving.write("a", "the decision about a", lambda: disk.write("a"))
    qtbot.waitUntil(lambda: not saving.pending)
    saving.retry()
    qtbot.waitUntil(lambda: not saving.pending)
    assert len(told) == 1
    assert isinstance(told[0], Failure)
    assert "No space left" in told[0].why
    assert saving.state == "not saved: the decision about a"
    disk.full = False
    saving.retry()
    qtbot.waitUntil(lambda: not saving.pending)
    assert (saving.state, disk.written) == ("saved", ["a"])
    saving.finish()


def test_that_a_newer_write_of_the_same_thing_takes_the_failure_away(qtbot: QtBot) -> None:
    saving, disk = Saving(), Disk()
    saving.write("draft", "the draft", lambda: disk.write("old"))
    qtbot.waitUntil(lambda: not saving.pending)
    disk.full = False
    saving.write("draft", "the draft", lambda: disk.write("new"))
    qtbot.waitUntil(lambda: not saving.pending)
    assert saving.failures == ()
    saving.finish()


def test_that_settling_waits_for_the_failures_too(qtbot: QtBot) -> None:
    saving, disk = Saving(), Disk()
    saving.write("a", "the decision about a", lambda: disk.write("a"))
    saving.write("b", "the decision about b", lambda: disk.write("b"))
    saving.settle()
    assert [failure.what for failure in saving.failures] == ["the decision about a", "the decision about b"]
    disk.full = False
    saving.retry()
    saving.settle()
    assert (saving.failures, sorted(disk.written)) == ((), ["a", "b"])
    saving.finish()


def test_that_the_end_waits_for_what_is_queued(qtbot: QtBot) -> None:
    saving, disk = Saving(), Disk()
    disk.full = False
    for number in range(20):
        saving.write(str(number), "something", lambda number=number: disk.write(str(number)))
    saving.finish()
    assert disk.written == [str(number) for number in range(20)]
