"""What happened, newest last; what goes wrong anywhere ends here too."""

import logging

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

KEPT_LINES = 2000
LOGGER = "semiview"


class _Lines(QObject):
    line = Signal(str)


class _PanelHandler(logging.Handler):
    """Log records from any thread as lines on the window's."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = _Lines()
        self.setFormatter(logging.Formatter("%(asctime)s  %(levelname)s  %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.line.emit(self.format(record))


class LogPanel(QWidget):
    """The program's log. `close_log` must be called before the panel goes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setObjectName("log")
        self.text.setMaximumBlockCount(KEPT_LINES)
        self.text.setPlaceholderText("What happens is written here.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.text)
        self._handler = _PanelHandler()
        self._handler.lines.line.connect(self.text.appendPlainText, Qt.ConnectionType.QueuedConnection)
        logger = logging.getLogger(LOGGER)
        logger.setLevel(logging.INFO)
        logger.addHandler(self._handler)

    def close_log(self) -> None:
        """Listen no more."""
        logging.getLogger(LOGGER).removeHandler(self._handler)
