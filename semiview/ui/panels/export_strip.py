"""A running export: a bar and a way to stop; nothing is seen of it otherwise."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from semiview.ui.exporting import Exporting
from semiview.ui.time_left import TimeLeft
from semiview.ui.window_actions import Actions


class ExportStrip(QWidget):
    """Stands under the case list."""

    def __init__(self, exporting: Exporting, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exporting, self._left = exporting, TimeLeft()
        self.stop = QToolButton()
        self.stop.setDefaultAction(actions["app.export_stop"])
        self.bar = QProgressBar()
        self.bar.setObjectName("export_bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 6)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        exporting.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        exporting = self._exporting
        self.setVisible(exporting.running)
        self.bar.setRange(0, exporting.total)
        self.bar.setValue(exporting.done)
        if not exporting.running:
            self._left.begin()
        left = self._left.words(exporting.done, exporting.total)
        self.bar.setFormat(f"%v of %m for {exporting.out.name}{left}")
        self.bar.setToolTip(str(exporting.out))
