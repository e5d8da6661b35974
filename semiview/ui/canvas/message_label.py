"""The sentence of a view that has nothing to show."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QLabel, QWidget

MARGIN_PX = 12


class MessageLabel(QLabel):
    """In the middle of the view; the mouse goes through it."""

    def __init__(self, viewport: QWidget) -> None:
        super().__init__("", viewport)
        self._viewport = viewport
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setStyleSheet(
            "color: rgb(230, 230, 230); background: rgba(0, 0, 0, 170); border-radius: 6px; padding: 14px"
        )
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def say(self, text: str) -> None:
        """Show a text; empty: nothing."""
        self.setText(text)
        self.setVisible(bool(text))
        self.place()

    def place(self) -> None:
        """Go to the middle of the view as it is now."""
        room = self._viewport.rect()
        width = min(self.sizeHint().width(), room.width() - 2 * MARGIN_PX)
        box = QRect(0, 0, width, self.heightForWidth(width))
        box.moveCenter(room.center())
        self.setGeometry(box)
