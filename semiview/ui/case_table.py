"""The table of the case list: Tab reaches it, arrows move in it, Return opens a row; a click leaves the keys alone."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QTableView, QWidget

ENTERS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class CaseTable(QTableView):
    """Holds the focus only when somebody went there by Tab.

    Attributes
    ----------
    chosen
        Row on which Return was pressed.
    left
        The focus is elsewhere now.
    """

    chosen = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setTabKeyNavigation(False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in ENTERS:
            event.accept()  # here Return opens, and accepts nothing
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTERS and self.currentIndex().isValid():
            if not event.isAutoRepeat():
                self.chosen.emit(self.currentIndex().row())
        elif event.text():
            event.ignore()  # a letter is a command, and looks for no case
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()
