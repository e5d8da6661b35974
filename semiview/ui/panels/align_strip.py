"""What is done with all cases: the buttons, and while they are aligned a bar and a way to stop."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from semiview.ui.aligning import Aligning
from semiview.ui.time_left import TimeLeft
from semiview.ui.window_actions import Actions


class AlignStrip(QWidget):
    """Stands under the case list."""

    def __init__(self, aligning: Aligning, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._aligning, self._left = aligning, TimeLeft()
        self.start, self.measure, self.stop = QToolButton(), QToolButton(), QToolButton()
        self.start.setDefaultAction(actions["register.align_all"])
        self.measure.setDefaultAction(actions["measure.all"])
        self.stop.setDefaultAction(actions["register.align_stop"])
        self.bar = QProgressBar()
        self.bar.setObjectName("align_bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 6)
        row.addWidget(self.start)
        row.addWidget(self.measure)
        row.addWidget(self.bar, 100)
        row.addWidget(self.stop)
        row.addStretch(1)
        aligning.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        aligning = self._aligning
        self.start.setVisible(not aligning.running)
        self.measure.setVisible(not aligning.running)
        self.bar.setVisible(aligning.running)
        self.stop.setVisible(aligning.running)
        self.bar.setRange(0, aligning.total)
        self.bar.setValue(aligning.done)
        if not aligning.running:
            self._left.begin()
        self.bar.setFormat(f"%v of %m aligned{self._left.words(aligning.done, aligning.total)}")
