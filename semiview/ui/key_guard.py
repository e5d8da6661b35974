"""Keys belong to the field that has the focus: no letter acts while a person types."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QWidget

_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)
_LEAVING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
_FOREIGN = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class KeyGuard(QObject):
    """Watches fields and tables of a window. Return, Enter and Esc in a field give the focus back to `home`."""

    def __init__(self, home: QWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home

    def watch(self, root: QWidget) -> None:
        """Watch every field and table below `root`, and those of its menus and bars."""
        for kind in (QLineEdit, QAbstractSpinBox, QPlainTextEdit, QAbstractItemView, QComboBox):
            for widget in root.findChildren(kind):
                widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt."""
        if not isinstance(event, QKeyEvent):
            return False
        typing = isinstance(watched, QLineEdit | QAbstractSpinBox | QPlainTextEdit)
        if event.type() == QEvent.Type.ShortcutOverride:
            plain = not event.modifiers() & _FOREIGN
            text = typing and plain and (bool(event.text()) or event.key() in _ARROWS)
            if text or (plain and event.key() in _ARROWS):
                event.accept()
                return True
        elif event.type() == QEvent.Type.KeyPress and typing and event.key() in _LEAVING:
            # After the field has taken the key.
            QTimer.singleShot(0, self._home, self._home.setFocus)
        return False
