"""Every command by its name: type some of its letters, see its key and why it cannot be done now, press Return."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from semiview.ui.actions.spec import SCOPE_TITLES, native
from semiview.ui.window_actions import Actions

_MOVING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_ID = Qt.ItemDataRole.UserRole


class CommandPalette(QDialog):
    """Closes with Esc or once a command was chosen, which then acts as its menu entry would."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Command palette")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = actions
        self.entry = QLineEdit()
        self.entry.setPlaceholderText("Name of a command, or some of its letters")
        self.entry.setAccessibleName("Name of a command")
        self.entry.installEventFilter(self)
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setColumnCount(3)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemActivated.connect(self._choose)
        self.list.itemClicked.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.addWidget(self.entry)
        layout.addWidget(self.list)
        self.entry.textChanged.connect(self._fill)
        self.resize(760, 420)
        self._fill("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows in the field walk through the list; Return takes the chosen one."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            # What is typed here is no key of the window below, Return least of all.
            event.accept()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in _MOVING:
                self.list.event(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if not event.isAutoRepeat():
                    self._choose(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _fill(self, text: str) -> None:
        self.list.clear()
        ranked = []
        for number, spec in enumerate(self._actions.specs()):
            name = f"{SCOPE_TITLES[spec.scope]}: {spec.text}"
            # The command's own name counts more than that of its group.
            scores = [(match_score(text, spec.text), 0.0), (match_score(text, name), 0.5)]
            fitting = [score - less for score, less in scores if score is not None]
            if fitting:
                ranked.append((-max(fitting), number, spec, name))
        for _, _, spec, name in sorted(ranked, key=lambda entry: entry[:2]):
            why = self._actions.why_not(spec.id)
            item = QTreeWidgetItem([name, native(spec.keys), "" if why is None else f"Not now: {why}"])
            item.setData(0, _ID, spec.id)
            item.setToolTip(0, self._actions[spec.id].toolTip())
            if why is not None:
                # Greyed by hand: a disabled item could not be chosen to read why.
                for column in range(3):
                    item.setForeground(column, self.palette().placeholderText())
            self.list.addTopLevelItem(item)
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)
        self.list.setColumnWidth(0, 320)
        self.list.setColumnWidth(1, 150)

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        action_id = str(item.data(0, _ID))
        if self._actions.why_not(action_id) is not None:
            return  # the row says why
        self.accept()
        self._actions[action_id].trigger()


def match_score(typed: str, name: str) -> float | None:
    """How well the typed letters fit a name, None if they do not: all of them in order, the closer together the better.

    Examples
    --------
    >>> match_score("nxt", "Next case") is not None, match_score("zz", "Next case")
    (True, None)
    >>> match_score("case", "Next case") > match_score("case", "Cursor as edge")
    True
    """
    wanted, text = typed.lower().replace(" ", ""), name.lower()
    if not wanted:
        return 0.0
    best = None
    for begin in range(len(text)):
        if text[begin] != wanted[0]:
            continue
        score, place = 0.0, begin - 1
        for letter in wanted:
            found = text.find(letter, place + 1)
            if found < 0:
                break
            gap = found - place - 1
            starts_word = found == 0 or not text[found - 1].isalnum()
            score += 2.5 if gap == 0 and found > begin else 2.0 if starts_word else 0.0
            score -= 0.1 * min(gap, 10)
            place = found
        else:
            score -= 0.01 * len(text) + 0.02 * begin
            best = score if best is None else max(best, score)
    return best
