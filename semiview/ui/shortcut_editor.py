"""Other keys for any command, with a warning where a key is taken, and how the mouse works."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from semiview.ui.actions.spec import SCOPE_TITLES, ActionSpec, native, portable
from semiview.ui.key_map import KeyMap
from semiview.ui.view_settings import MOUSE_PRESETS, MousePreset

_ID = Qt.ItemDataRole.UserRole
SEPARATOR = ", "


class ShortcutEditor(QDialog):
    """Changes act at once.

    Attributes
    ----------
    changed
        The `KeyMap` with a change.
    mouse_changed
        The `MousePreset` that was chosen.
    """

    changed = Signal(object)
    mouse_changed = Signal(str)

    def __init__(self, keys: KeyMap, mouse: MousePreset, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._keys = keys
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find a command or a key")
        self.filter.setAccessibleName("Find a command or a key")
        self.filter.textChanged.connect(self._fill)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Command", "Keys", ""])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.currentItemChanged.connect(self._show)
        self.entry = QKeySequenceEdit()
        self.entry.setMaximumSequenceLength(1)
        self.entry.setClearButtonEnabled(True)
        self.entry.setAccessibleName("Press the new key")
        self.entry.keySequenceChanged.connect(self._warn)
        self.set_key, self.add_key = QPushButton("Set"), QPushButton("Add")
        self.no_key, self.reset = QPushButton("No key"), QPushButton("Reset")
        self.set_key.setToolTip("This key alone starts the command")
        self.add_key.setToolTip("This key starts the command too")
        self.no_key.setToolTip("The command stays in the menus and the palette")
        self.reset.setToolTip("The keys that the command came with")
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        self.mouse = QComboBox()
        self.mouse.setAccessibleName("How the mouse works")
        for name, (title, tip) in MOUSE_PRESETS.items():
            self.mouse.addItem(title, name)
            self.mouse.setItemData(self.mouse.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.mouse_words = QLabel()
        self.mouse_words.setWordWrap(True)
        self.mouse_words.setProperty("dim", True)
        self.mouse.currentIndexChanged.connect(self._mouse_chosen)
        self.mouse.setCurrentIndex(list(MOUSE_PRESETS).index(mouse))
        self.mouse_words.setText(MOUSE_PRESETS[mouse][1])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.reset_all = buttons.addButton("Reset all keys", QDialogButtonBox.ButtonRole.ResetRole)
        self.set_key.clicked.connect(lambda: self._assign(add=False))
        self.add_key.clicked.connect(lambda: self._assign(add=True))
        self.no_key.clicked.connect(lambda: self._take(()))
        self.reset.clicked.connect(self._reset)
        self.reset_all.clicked.connect(lambda: self._change(KeyMap()))
        for button in (self.set_key, self.add_key, self.no_key, self.reset, self.reset_all):
            button.setAutoDefault(False)

        new = QHBoxLayout()
        new.addWidget(QLabel("New key"))
        new.addWidget(self.entry, 1)
        for button in (self.set_key, self.add_key, self.no_key, self.reset):
            new.addWidget(button)
        mouse_row = QHBoxLayout()
        mouse_row.addWidget(QLabel("Mouse"))
        mouse_row.addWidget(self.mouse)
        mouse_row.addWidget(self.mouse_words, 1)
        column = QVBoxLayout(self)
        column.addWidget(self.filter)
        column.addWidget(self.tree, 1)
        column.addLayout(new)
        column.addWidget(self.warning)
        column.addLayout(mouse_row)
        column.addWidget(buttons)
        self.resize(760, 560)
        self._fill()

    @property
    def chosen(self) -> str:
        """Id of the command that is being changed; empty: none is chosen."""
        item = self.tree.currentItem()
        return "" if item is None else str(item.data(0, _ID))

    def choose(self, action_id: str) -> None:
        """Change that command's keys."""
        for number in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(number)
            if item is not None and item.data(0, _ID) == action_id:
                self.tree.setCurrentItem(item)

    def _fill(self) -> None:
        chosen, wanted = self.chosen, self.filter.text().lower()
        self.tree.clear()
        for spec in self._keys.table():
            name, keys = f"{SCOPE_TITLES[spec.scope]}: {spec.text}", native(spec.keys)
            if wanted in name.lower() or (wanted and wanted in keys.lower()):
                item = QTreeWidgetItem([name, keys, "changed" if spec.id in self._keys.changed else ""])
                item.setData(0, _ID, spec.id)
                self.tree.addTopLevelItem(item)
        self.tree.setColumnWidth(0, 380)
        self.tree.setColumnWidth(1, 220)
        self.choose(chosen)
        first = self.tree.topLevelItem(0)
        if not self.chosen and first is not None:
            self.tree.setCurrentItem(first)
        self._show()

    def _show(self, *_: object) -> None:
        self.entry.clear()
        known = bool(self.chosen)
        self.entry.setEnabled(known)
        self.no_key.setEnabled(known and bool(self._keys.keys(self.chosen)))
        self.reset.setEnabled(known and self.chosen in self._keys.changed)
        self.reset_all.setEnabled(bool(self._keys.changed))
        self._warn()

    def _warn(self, *_: object) -> None:
        key = self._typed()
        taken = self._keys.taken_by(self.chosen, key) if key and self.chosen else []
        self.set_key.setEnabled(bool(key))
        self.add_key.setEnabled(bool(key))
        self.warning.setText(_in_words(key, taken) if taken else " ")

    def _typed(self) -> str:
        return self.entry.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _assign(self, add: bool) -> None:
        """The key goes to this command; whoever had it loses it, so that no key ever means two things."""
        key, mine = self._typed(), self.chosen
        if not key or not mine:
            return
        keys = self._keys
        for other in keys.taken_by(mine, key):
            keys = keys.with_keys(other.id, tuple(kept for kept in other.keys if portable(kept) != portable(key)))
        self._change(keys.with_keys(mine, (*keys.keys(mine), key) if add else (key,)))

    def _take(self, own: tuple[str, ...]) -> None:
        if self.chosen:
            self._change(self._keys.with_keys(self.chosen, own))

    def _reset(self) -> None:
        """The command's own keys again, taken back from whoever has them now."""
        mine = self.chosen
        keys = self._keys
        for key in KeyMap().keys(mine) if mine else ():
            for other in keys.taken_by(mine, key):
                keys = keys.with_keys(other.id, tuple(kept for kept in other.keys if portable(kept) != portable(key)))
        if mine:
            self._change(keys.with_keys(mine, KeyMap().keys(mine)))

    def _change(self, keys: KeyMap) -> None:
        self._keys = keys
        self._fill()
        self.changed.emit(keys)

    def _mouse_chosen(self, _index: int) -> None:
        name = str(self.mouse.currentData())
        self.mouse_words.setText(self.mouse.itemData(self.mouse.currentIndex(), Qt.ItemDataRole.ToolTipRole))
        self.mouse_changed.emit(name)


def _in_words(key: str, taken: list[ActionSpec]) -> str:
    names = SEPARATOR.join(f"“{spec.text}”" for spec in taken)
    return f"{native((key,))} starts {names} now. Set or Add takes it away there."
