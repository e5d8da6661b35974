"""What is said of one thing to do: its name, its keys, its scope."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QKeySequence

Scope = Literal["app", "view", "compare", "overlays", "review", "tools", "register", "landmarks", "measure", "markers"]

# Scopes whose keys are live together; those of `register` only while that tool is in hand.
SCOPE_TITLES: dict[Scope, str] = {
    "review": "Review",
    "view": "View",
    "compare": "Compare",
    "overlays": "Overlays",
    "tools": "Tools",
    "register": "While registering",
    "landmarks": "While setting landmarks",
    "measure": "While measuring",
    "markers": "EPE markers",
    "app": "Program",
}


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing to do.

    Attributes
    ----------
    short
        What stands on a narrow button.
    repeats
        Whether holding the key repeats it; never for a decision.
    held
        The key acts while it is down; the window watches it, it is no shortcut.
    tool
        The tool, or one of the tools, that must be in hand for it; empty: any.
    """

    id: str
    text: str
    scope: Scope
    keys: tuple[str, ...] = ()
    tip: str = ""
    icon: str = ""
    short: str = ""
    checkable: bool = False
    repeats: bool = False
    held: bool = False
    tool: str | tuple[str, ...] = ""

    @property
    def hands(self) -> tuple[str, ...]:
        """The tools that must be in hand for it; empty: any."""
        return (self.tool,) if isinstance(self.tool, str) and self.tool else tuple(self.tool)


@dataclass(frozen=True, slots=True)
class Gesture:
    """Something the mouse does, for the key sheet."""

    text: str
    scope: Scope
    gesture: str


def native(keys: tuple[str, ...]) -> str:
    """Keys as this platform writes them."""
    return ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)


def portable(key: str) -> str:
    """One spelling for one key."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def together(one: ActionSpec, other: ActionSpec) -> bool:
    """True if both can act at once: two tools are never in hand together."""
    return not (one.hands and other.hands) or bool(set(one.hands) & set(other.hands))
