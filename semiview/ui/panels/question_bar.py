"""Questions and offers above the views: they wait, and nothing else does."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

Answer = tuple[str, Callable[[], None]]
READABLE_PX = 300  # a sentence in a narrower column is a ladder of words


class QuestionBar(QWidget):
    """A stack of bars, one a question. Asking again under the same name replaces it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: dict[str, QFrame] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self.hide()

    def ask(self, name: str, sentence: str, answers: Sequence[Answer], entry: QLineEdit | None = None) -> None:
        """Show a sentence with buttons; each closes the bar. `entry` stands before them; Return there is the first."""
        self.close_question(name)
        bar = _Bar(sentence)
        bar.setObjectName(f"question_{name}")
        row = bar.controls
        if entry is not None:
            entry.setMaximumWidth(90)
            row.addWidget(entry)
        buttons = []
        for text, act in answers:
            button = QPushButton(text)
            button.clicked.connect(lambda _=False, act=act: self._answer(name, act))
            row.addWidget(button)
            buttons.append(button)
        if entry is not None and buttons:
            entry.returnPressed.connect(buttons[0].click)
        self._bars[name] = bar
        self._layout.addWidget(bar)
        self.show()

    def close_question(self, name: str) -> None:
        """Take a question away; nothing happens if it is not there."""
        bar = self._bars.pop(name, None)
        if bar is not None:
            self._layout.removeWidget(bar)
            bar.hide()
            bar.setObjectName("")  # it is found under its name no more
            bar.deleteLater()
        self.setVisible(bool(self._bars))

    def names(self) -> tuple[str, ...]:
        """Open questions."""
        return tuple(self._bars)

    def _answer(self, name: str, act: Callable[[], None]) -> None:
        self.close_question(name)
        act()


class _Bar(QFrame):
    """A sentence with its controls beside it, or below where there is little room."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.setProperty("bar", True)
        self.controls = QHBoxLayout()
        label = QLabel(sentence)
        label.setWordWrap(True)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(10, 6, 8, 6)
        self._row.addWidget(label, 1)
        self._row.addLayout(self.controls)

    def resizeEvent(self, event: QResizeEvent) -> None:
        narrow = self.width() < self.controls.sizeHint().width() + READABLE_PX
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._row.setDirection(way)
        super().resizeEvent(event)
