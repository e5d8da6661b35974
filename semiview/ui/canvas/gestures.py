"""What a pressed mouse button means, by the tool in hand and the keys that are held."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from PySide6.QtCore import QPointF, Qt

Tool = Literal[
    "pan", "brush", "eraser", "ignore", "take_design", "take_prediction", "polygon", "ignore_polygon",
    "ignore_brush", "vertices",
    "fill", "register", "landmarks", "measure",
]  # fmt: skip
TOOLS: tuple[Tool, ...] = get_args(Tool)
# With them a drag that is no click moves the picture.
PANNING_TOOLS: tuple[Tool, ...] = ("pan", "landmarks", "polygon", "ignore_polygon", "fill")
STROKE_TOOLS = ("brush", "eraser", "ignore_brush", "take_design", "take_prediction")
BOX_TOOLS = ("take_design", "take_prediction")  # with Ctrl a box instead of a stroke
CURSORS = {
    tool: Qt.CursorShape.BlankCursor
    if tool in STROKE_TOOLS
    else Qt.CursorShape.SizeAllCursor
    if tool == "register"
    else Qt.CursorShape.CrossCursor
    for tool in TOOLS
}

GestureKind = Literal["pan", "box", "stroke", "area", "grab", "register", "turn", "click", "divider", "measure"]


@dataclass(slots=True)
class Gesture:
    """A button that is down, with Ctrl or without: what it does, where it began and where it was last, in screen px."""

    kind: GestureKind
    button: Qt.MouseButton
    start: QPointF
    last: QPointF
    controlled: bool = False
    path: list[tuple[float, float]] = field(default_factory=list)


def dragged(tool: Tool) -> GestureKind:
    """What becomes of a click that is dragged."""
    if tool in PANNING_TOOLS:
        return "pan"
    return "area" if tool == "ignore" else "measure"


def gesture_kind(
    tool: Tool, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, space_held: bool, on_divider: bool
) -> GestureKind | None:
    """What begins where a button goes down; None: nothing."""
    shifted = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
    controlled = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
    if button == Qt.MouseButton.RightButton:
        return "box"
    if button == Qt.MouseButton.MiddleButton:
        return "pan"
    if button != Qt.MouseButton.LeftButton:
        return None
    if space_held or (shifted and tool != "register"):
        return "pan"
    if tool in PANNING_TOOLS and on_divider:
        return "divider"
    return "area" if tool in BOX_TOOLS and controlled else _of_tool(tool, controlled)


def _of_tool(tool: Tool, controlled: bool) -> GestureKind:
    if tool in STROKE_TOOLS:
        return "stroke"
    if tool == "vertices":
        return "grab"
    if tool != "register":
        return "click"
    return "turn" if controlled else "register"
