"""The QActions of the table on one window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from semiview.ui.actions.spec import ActionSpec, native, portable
from semiview.ui.actions.table import TABLE
from semiview.ui.key_map import KeyMap
from semiview.ui.theme import icon


@dataclass(frozen=True, slots=True)
class Binding:
    """What an action does, and why it cannot be done now (None: it can)."""

    run: Callable[[], object]
    why_not: Callable[[], str | None] = lambda: None


class Actions(QObject):
    """QActions of the whole table on one widget, with a person's own keys.

    Attributes
    ----------
    keys_changed
        The keys are others.

    Raises
    ------
    ValueError
        If the bindings and the table do not name the same actions.
    """

    keys_changed = Signal()

    def __init__(self, owner: QWidget, bindings: Mapping[str, Binding], keys: KeyMap | None = None) -> None:
        super().__init__(owner)
        wanted = {spec.id for spec in TABLE if not spec.held}
        if wanted != set(bindings):
            raise ValueError(f"actions without a binding or the reverse: {sorted(wanted ^ set(bindings))}")
        self._bindings = dict(bindings)
        self._actions: dict[str, QAction] = {}
        self._keys = KeyMap() if keys is None else keys
        self._specs = {spec.id: spec for spec in TABLE}
        self._tips: dict[str, str] = {}
        self._said: dict[str, str] = {}
        for spec in self.specs():
            action = QAction(spec.text, owner)
            action.setObjectName(spec.id)
            action.setAutoRepeat(spec.repeats)
            action.setCheckable(spec.checkable)
            action.setIconText(spec.short or spec.text)
            if spec.icon:
                action.setIcon(icon(spec.icon))
            action.triggered.connect(self._runner(spec.id))
            owner.addAction(action)
            self._actions[spec.id] = action
        self.set_keys(self._keys)

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    @property
    def keys(self) -> KeyMap:
        """The keys as they are now."""
        return self._keys

    def specs(self) -> list[ActionSpec]:
        """What can be done, with the keys as they are now; without what acts while a key is held."""
        return [spec for spec in self._specs.values() if not spec.held]

    def spec(self, action_id: str) -> ActionSpec:
        """What the table says of it, with the keys as they are now."""
        return self._specs[action_id]

    def set_keys(self, keys: KeyMap) -> None:
        """Act on other keys."""
        self._keys = keys
        self._specs = {spec.id: spec for spec in keys.table()}
        self._tips = {spec.id: _tip(spec) for spec in self._specs.values()}
        for spec in self.specs():
            self._actions[spec.id].setShortcuts([QKeySequence(key) for key in spec.keys])
        self.refresh()
        self.keys_changed.emit()

    def holds(self, action_id: str, event: QKeyEvent) -> bool:
        """True if a key event is that of an action that acts while its key is held."""
        return _key_of(event) in map(portable, self._specs[action_id].keys)

    def refused(self, event: QKeyEvent) -> str | None:
        """Why the command of a key that nothing acted on cannot be done now; None: it is no command's key."""
        key = _key_of(event)
        for spec in self.specs():
            why = self.why_not(spec.id) if key in map(portable, spec.keys) else None
            if why is not None:
                return f"{spec.text.rstrip('…')}: not now, {why}."
        return None

    def why_not(self, action_id: str) -> str | None:
        """Why it cannot be done now; None: it can."""
        return self._bindings[action_id].why_not()

    def refresh(self) -> None:
        """Enable what can be done now; the others say why not in their tip."""
        for action_id, action in self._actions.items():
            tip, why = self._tips[action_id], self.why_not(action_id)
            action.setEnabled(why is None)
            tip = tip if why is None else f"{tip}\nNot now: {why}"
            if tip != self._said.get(action_id):  # it is asked after every edit, and changes seldom
                self._said[action_id] = tip
                action.setToolTip(tip)
                action.setStatusTip(tip.replace("\n", " "))

    def refresh_icons(self) -> None:
        """Draw the icons in the colours of the palette as it is now."""
        for action_id, spec in self._specs.items():
            if spec.icon and not spec.held:
                self._actions[action_id].setIcon(icon(spec.icon))

    def _runner(self, action_id: str) -> Callable[[], None]:
        def run() -> None:
            # A state may have changed since the last refresh: ask again before acting.
            binding = self._bindings[action_id]
            if binding.why_not() is None:
                binding.run()

        return run


def _tip(spec: ActionSpec) -> str:
    keys = f" ({native(spec.keys)})" if spec.keys else ""
    return f"{spec.tip or spec.text}{keys}"


def _key_of(event: QKeyEvent) -> str:
    return portable(QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText))
