"""Everything that must not be lost is written here: in order, off the window's thread, and said truthfully."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, Signal

from semiview.ui.latest import Done, Errands, Work


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is not on the disk: what, why, and how to try again."""

    what: str
    why: str
    retry: Callable[[], None]


class Saving(QObject):
    """A queue of writes with one thread.

    Attributes
    ----------
    changed
        Something began, ended or failed: read `state`.
    failed
        The Failure, once; the same write failing again for the same reason is not said again.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._errands = Errands(1, self)
        self._pending: dict[str, int] = {}
        self._failures: dict[str, Failure] = {}

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What is not on the disk."""
        return tuple(self._failures.values())

    @property
    def pending(self) -> bool:
        """True while something is being written."""
        return bool(self._pending)

    @property
    def state(self) -> str:
        """One sentence for the status bar."""
        if self._pending:
            return "saving…"
        if self._failures:
            first = next(iter(self._failures.values()))
            return f"not saved: {first.what}"
        return "saved"

    def write(
        self,
        key: str,
        what: str,
        work: Work,
        done: Done = lambda _: None,
        failed: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """Write something. `key` names the thing: a later success takes an earlier failure of it away.

        Parameters
        ----------
        what
            Its name in a sentence: "the decision about LL_131".
        work
            Called on the writing thread; durable when it returns.
        """
        self._pending[key] = self._pending.get(key, 0) + 1
        self.changed.emit()

        def over() -> None:
            self._pending[key] -= 1
            if not self._pending[key]:
                del self._pending[key]

        def succeeded(answer: Any) -> None:
            over()
            self._failures.pop(key, None)
            done(answer)
            self.changed.emit()

        def gone_wrong(problem: Exception) -> None:
            over()
            failure = Failure(what, str(problem), lambda: self.write(key, what, work, done, failed))
            known = self._failures.get(key)
            self._failures[key] = failure
            failed(problem)
            self.changed.emit()
            if known is None or known.why != failure.why:
                self.failed.emit(failure)

        self._errands.run(work, succeeded, gone_wrong)

    def retry(self) -> None:
        """Try everything again that failed."""
        for failure in self.failures:
            failure.retry()

    def forget_failures(self) -> None:
        """The person knows and goes on without."""
        self._failures.clear()
        self.changed.emit()

    def settle(self) -> None:
        """Return when everything that was asked for is on the disk or has failed; timers and paints go on meanwhile."""
        loop = QEventLoop()
        self.changed.connect(loop.quit)
        while self._pending:
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        self.changed.disconnect(loop.quit)

    def finish(self) -> None:
        """Write what is queued, then end the thread."""
        self._errands.finish()
