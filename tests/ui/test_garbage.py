"""Where cyclic garbage goes."""

import gc
import threading

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from semiview.ui.garbage import Garbage

KNOTS = 2_000  # more than Python leaves lying about


class Knot:
    """Part of a cycle with a Qt object; tells on which thread it went."""

    def __init__(self, went: list[threading.Thread]) -> None:
        self.itself, self.part, self._went = self, QObject(), went

    def __del__(self) -> None:
        self._went.append(threading.current_thread())


def test_that_cycles_go_on_the_windows_thread_however_busy_others_are(qapp: QApplication) -> None:
    gc.enable()  # as in a program that has none yet
    garbage = Garbage()
    went: list[threading.Thread] = []

    def busy() -> None:
        kept = [[number] for number in range(50_000)]  # enough to be due many times over
        assert len(kept) == 50_000

    for _ in range(KNOTS):
        Knot(went)
    worker = threading.Thread(target=busy)
    worker.start()
    worker.join()
    assert went == []
    garbage.collect_what_is_due()
    assert len(went) == KNOTS
    assert set(went) == {threading.main_thread()}
    garbage.stop()
    assert gc.isenabled()
