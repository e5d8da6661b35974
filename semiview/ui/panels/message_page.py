"""What stands in the middle when there is nothing to see: a sentence, and what to do next."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class MessagePage(QWidget):
    """A heading, a sentence and the buttons of some actions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = QLabel()
        font = self.heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.heading.setFont(font)
        self.sentence = QLabel()
        self.sentence.setObjectName("message")
        self._buttons: list[QPushButton] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(40, 20, 40, 20)
        self._layout.setSpacing(12)
        self._layout.addStretch(2)
        for label in (self.heading, self.sentence):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._layout.addWidget(label)
        self._layout.addStretch(3)

    def say(self, heading: str, sentence: str, *actions: QAction) -> None:
        """Show this."""
        self.heading.setText(heading)
        self.sentence.setText(sentence)
        for button in self._buttons:
            button.deleteLater()
        self._buttons = []
        for action in actions:
            button = QPushButton(action.text())
            button.setProperty("main", True)
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
            self._layout.insertWidget(self._layout.count() - 1, button, 0, Qt.AlignmentFlag.AlignHCenter)
            self._buttons.append(button)
