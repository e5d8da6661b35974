"""Work off the window's thread, and of several questions only the newest one's answer."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

Work = Callable[[], Any]
Done = Callable[[Any], None]
Failed = Callable[[Exception], None]


class Errands(QObject):
    """A few threads; what they bring back, or the exception that stopped them, is handed over on the window's thread.

    One thread keeps the order in which errands were given.
    """

    _back = Signal(object)

    def __init__(self, threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="errand")
        self._open = True
        self._pending = 0
        self._back.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def pending(self) -> int:
        """Number of errands whose answer has not been handed over."""
        return self._pending

    def run(self, work: Work, done: Done, failed: Failed) -> None:
        """Call `work` on another thread, then `done(answer)` or `failed(exception)` on this one."""
        if not self._open:
            return
        self._pending += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda finished: self._back.emit((finished, done, failed)))

    def close(self, wait: bool = True) -> None:
        """Take no more errands and hand over nothing more; what has not begun is dropped.

        With `wait` the threads have ended when it returns.
        """
        self._open = False
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def finish(self) -> None:
        """Do everything that was asked for, without handing it over, and close."""
        self._open = False
        self._pool.shutdown(wait=True)

    def _deliver(self, answer: tuple[Future[Any], Done, Failed]) -> None:
        future, done, failed = answer
        self._pending -= 1
        if not self._open or future.cancelled():
            return
        problem = future.exception()
        if problem is None:
            done(future.result())
        elif isinstance(problem, Exception):
            failed(problem)
        else:
            raise problem


class Latest(QObject):
    """One question at a time; one asked while another is worked on waits, and a newer one takes its place.

    Attributes
    ----------
    busy_changed
        True when a question is being worked on.
    """

    busy_changed = Signal(bool)

    def __init__(self, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._errands = errands
        self._running = False
        self._number = 0
        self._waiting: tuple[Work, Done, Failed] | None = None

    @property
    def busy(self) -> bool:
        """True while an answer is awaited."""
        return self._running

    def ask(self, work: Work, done: Done, failed: Failed) -> None:
        """Ask; an earlier question's answer is no longer wanted."""
        self._number += 1
        self._waiting = (work, done, failed)
        if not self._running:
            self._next()

    def forget(self) -> None:
        """Want no answer to what was asked."""
        self._number += 1
        self._waiting = None

    def _next(self) -> None:
        if self._waiting is None:
            if self._running:
                self._running = False
                self.busy_changed.emit(False)
            return
        work, done, failed = self._waiting
        self._waiting = None
        number = self._number
        if not self._running:
            self._running = True
            self.busy_changed.emit(True)

        def deliver(answer: Any, to: Callable[[Any], None]) -> None:
            if not isValid(self):
                return  # who asked is gone: a dialog was closed meanwhile
            try:
                if number == self._number:
                    to(answer)
            finally:
                self._next()

        self._errands.run(work, lambda answer: deliver(answer, done), lambda problem: deliver(problem, failed))
