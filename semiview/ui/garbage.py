"""Cyclic garbage goes on the window's thread only.

Python collects wherever an allocation happens to be one too many, so also in a thread that measures. Qt objects that
belong to a cycle would be destroyed there, which Qt forbids ("Timers cannot be started from another thread", or worse).
"""

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 1_000


class Garbage(QObject):
    """Collects from the event loop of the thread it is made in, and nowhere else, until it is stopped."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self.collect_what_is_due)
        self._timer.start()

    def collect_what_is_due(self) -> None:
        """Collect the oldest generation whose threshold is passed, as Python would by itself."""
        counts, limits = gc.get_count(), gc.get_threshold()
        due = [generation for generation in range(3) if counts[generation] > limits[generation] > 0]
        if due:
            gc.collect(max(due))

    def stop(self) -> None:
        """Collect all there is; from now on Python collects by itself again."""
        self._timer.stop()
        gc.collect()
        gc.enable()
