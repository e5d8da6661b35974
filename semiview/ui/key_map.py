"""Which keys a person has given to which action, in place of the table's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QSettings
from PySide6.QtGui import QKeySequence

from semiview.ui.actions.spec import ActionSpec, portable, together
from semiview.ui.actions.table import TABLE

SETTING = "keys"


@dataclass(frozen=True, slots=True)
class KeyMap:
    """The table's keys, but for `changed`: action id to its keys (none: no key at all)."""

    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: QSettings) -> "KeyMap":
        """What the user has stored; what is not an action or not a key any more is left out."""
        try:
            stored = json.loads(str(settings.value(SETTING, "{}")))
        except json.JSONDecodeError:
            return cls()
        known = {spec.id for spec in TABLE}
        changed = {}
        for action_id, keys in stored.items() if isinstance(stored, dict) else ():
            if action_id in known and isinstance(keys, list) and all(isinstance(key, str) for key in keys):
                changed[action_id] = tuple(key for key in keys if not QKeySequence(key).isEmpty())
        return cls(changed)

    def write(self, settings: QSettings) -> None:
        """Keep it for the next time."""
        settings.setValue(SETTING, json.dumps({name: list(keys) for name, keys in self.changed.items()}))

    def table(self) -> tuple[ActionSpec, ...]:
        """The whole table with these keys; a person's own key is taken from whichever other action came with it."""
        if not self.changed:
            return TABLE
        own = [replace(spec, keys=self.changed[spec.id]) for spec in TABLE if spec.id in self.changed]
        return tuple(
            replace(spec, keys=self.changed[spec.id] if spec.id in self.changed else self._left(spec, own))
            for spec in TABLE
        )

    @staticmethod
    def _left(spec: ActionSpec, own: list[ActionSpec]) -> tuple[str, ...]:
        """The keys of an action that came with it and that nobody else has been given."""
        taken = {portable(key) for other in own if together(spec, other) for key in other.keys}
        return tuple(key for key in spec.keys if portable(key) not in taken)

    def keys(self, action_id: str) -> tuple[str, ...]:
        """The keys of one action."""
        return next(spec.keys for spec in self.table() if spec.id == action_id)

    def with_keys(self, action_id: str, keys: tuple[str, ...]) -> "KeyMap":
        """With other keys for one action."""
        own = next(spec.keys for spec in TABLE if spec.id == action_id)
        wanted = tuple(dict.fromkeys(portable(key) for key in keys))
        changed = {name: kept for name, kept in self.changed.items() if name != action_id}
        return KeyMap(changed if wanted == tuple(map(portable, own)) else changed | {action_id: wanted})

    def taken_by(self, action_id: str, key: str) -> list[ActionSpec]:
        """The other actions that `key` would start at the same time as this one."""
        table = self.table()
        mine = next(spec for spec in table if spec.id == action_id)
        return [
            spec
            for spec in table
            if spec.id != action_id and portable(key) in map(portable, spec.keys) and together(spec, mine)
        ]
