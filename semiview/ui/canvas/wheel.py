"""What the wheel does with which keys held, by the preset of the mouse."""

from collections.abc import Mapping
from typing import Literal

from PySide6.QtCore import Qt

from semiview.ui.view_settings import MousePreset

WheelDeed = Literal["zoom", "brush", "adjust", "sideways", "up and down"]
STEP = 120  # Qt's units of one notch

_SHIFT, _CTRL, _ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
_DEEDS: Mapping[MousePreset, tuple[tuple[Qt.KeyboardModifier, WheelDeed], ...]] = {
    "semiview": ((_CTRL, "brush"), (_SHIFT, "adjust")),
    "klayout": ((_CTRL | _ALT, "brush"), (_ALT, "adjust"), (_CTRL, "up and down"), (_SHIFT, "sideways")),
}


def wheel_deed(mouse: MousePreset, held: Qt.KeyboardModifier) -> WheelDeed:
    """What a turn of the wheel does; without a key it zooms."""
    return next((deed for keys, deed in _DEEDS[mouse] if held & keys == keys), "zoom")


class Notches:
    """Whole notches out of the small turns that touch pads send."""

    def __init__(self) -> None:
        self._rest = 0

    def turned(self, angle: int) -> int:
        """Notches that this turn completes; negative backwards."""
        self._rest += angle
        whole = int(self._rest / STEP)
        self._rest -= whole * STEP
        return whole
