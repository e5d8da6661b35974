"""Only the newest answer counts, and nothing blocks the window."""

import threading
import time

import pytest
from pytestqt.qtbot import QtBot

from semiview.ui.latest import Errands, Latest


def failing(problem: Exception) -> None:
    raise AssertionError(f"unexpected: {problem}")


def test_that_of_many_questions_the_first_is_begun_and_only_the_newest_is_answered(qtbot: QtBot) -> None:
    errands = Errands(1)
    latest = Latest(errands)
    begun: list[int] = []
    answers: list[int] = []
    gate = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        gate.wait(10)
        return number

    for number in range(20):
        latest.ask(lambda number=number: work(number), answers.append, failing)
    gate.set()
    qtbot.waitUntil(lambda: not latest.busy)
    assert answers == [19]
    assert begun == [0, 19]
    errands.close()


def test_that_a_forgotten_question_gets_no_answer(qtbot: QtBot) -> None:
    errands = Errands(1)
    latest = Latest(errands)
    answers: list[int] = []
    latest.ask(lambda: 1, answers.append, failing)
    latest.forget()
    qtbot.waitUntil(lambda: not latest.busy)
    assert answers == []
    errands.close()


def test_that_a_failure_reaches_the_window_and_the_next_question_is_answered(qtbot: QtBot) -> None:
    errands = Errands(1)
    latest = Latest(errands)
    problems: list[Exception] = []
    answers: list[str] = []
    latest.ask(lambda: 1 / 0, answers.append, problems.append)
    qtbot.waitUntil(lambda: not latest.busy)
    latest.ask(lambda: "fine", answers.append, failing)
    qtbot.waitUntil(lambda: not latest.busy)
    assert [type(problem) for problem in problems] == [ZeroDivisionError]
    assert answers == ["fine"]
    errands.close()


def test_that_an_error_in_showing_an_answer_does_not_stop_the_next(qtbot: QtBot) -> None:
    errands = Errands(1)
    latest = Latest(errands)
    answers: list[int] = []

    def show_badly(_: int) -> None:
        raise RuntimeError("a slot failed")

    with qtbot.captureExceptions() as caught:
        latest.ask(lambda: 1, show_badly, failing)
        qtbot.waitUntil(lambda: not latest.busy)
    assert [kind for kind, _, _ in caught] == [RuntimeError]
    latest.ask(lambda: 2, answers.append, failing)
    qtbot.waitUntil(lambda: not latest.busy)
    assert answers == [2]
    errands.close()


def test_that_answers_come_on_the_windows_thread_and_work_runs_on_another(qtbot: QtBot) -> None:
    errands = Errands(2)
    threads: list[str] = []
    errands.run(
        threading.current_thread, lambda thread: threads.extend((thread.name, threading.current_thread().name)), failing
    )
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0].startswith("errand")
    assert threads[1] == threading.main_thread().name
    errands.close()


def test_that_one_thread_keeps_the_order(qtbot: QtBot) -> None:
    errands = Errands(1)
    done: list[int] = []
    for number in range(50):
        errands.run(lambda number=number: number, done.append, failing)
    qtbot.waitUntil(lambda: len(done) == 50)
    assert done == list(range(50))
    errands.close()


@pytest.mark.parametrize("way", ["close", "finish"])
def test_that_nothing_is_handed_over_after_the_end(qtbot: QtBot, way: str) -> None:
    errands = Errands(1)
    done: list[int] = []
    written: list[int] = []

    def work(number: int) -> int:
        time.sleep(0.05)
        written.append(number)
        return number

    for number in range(3):
        errands.run(lambda number=number: work(number), done.append, failing)
    getattr(errands, way)()
    qtbot.wait(50)
    assert done == []
    assert (written == [0, 1, 2]) if way == "finish" else (len(written) < 3)
