"""The one table of everything a person can do with a key or a menu, and the QActions made from it.

Keys exist on US, German and French layouts and on a keypad; Return and Enter are both bound.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from semiview.ui.theme import icon

Scope = Literal["app", "view", "compare", "overlays", "review", "tools", "register", "landmarks"]

# Scopes whose keys are live together; those of `register` only while that tool is in hand.
SCOPE_TITLES: dict[Scope, str] = {
    "review": "Review",
    "view": "View",
    "compare": "Compare",
    "overlays": "Overlays",
    "tools": "Tools",
    "register": "While registering",
    "landmarks": "While setting landmarks",
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
        The tool that must be in hand for it; empty: any.
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
    tool: str = ""

    @property
    def key_text(self) -> str:
        """The keys as this platform writes them."""
        return ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in self.keys)


@dataclass(frozen=True, slots=True)
class Gesture:
    """Something the mouse does, for the key sheet."""

    text: str
    scope: Scope
    gesture: str


def _nudges() -> tuple[ActionSpec, ...]:
    steps = (("", "1 px", ""), ("Shift+", "10 px", "_far"), ("Alt+", "0.1 px", "_fine"))
    return tuple(
        ActionSpec(
            f"register.{way.lower()}{suffix}", f"Nudge {way.lower()} {step}", "register", (prefix + way,), repeats=True
        )
        for prefix, step, suffix in steps
        for way in ("Left", "Right", "Up", "Down")
    )


OVERLAYS: tuple[tuple[str, str], ...] = (
    ("design", "Design"),
    ("prediction_contour", "Prediction contour"),
    ("prediction_heat", "Prediction as heat"),
    ("sem_contour", "SEM contour"),
    ("correction", "Correction"),
    ("epe_vectors", "EPE vectors"),
    ("gauges", "Gauges"),
    ("ignore", "Ignore region"),
    ("residuals", "Edge residuals × 10"),
)

TABLE: tuple[ActionSpec, ...] = (
    ActionSpec(
        "app.open",
        "Open project…",
        "app",
        ("Ctrl+O",),
        "Open a folder with cases.csv, or with images and designs that pair by name",
        "open",
    ),
    ActionSpec("app.save", "Save now", "app", ("Ctrl+S",), "Write the draft and the registration now", "save"),
    ActionSpec("app.undo", "Undo", "app", ("Ctrl+Z",), "Take back the last edit of this case", "undo", repeats=True),
    ActionSpec("app.redo", "Redo", "app", ("Ctrl+Shift+Z", "Ctrl+Y"), "Do it again", "redo", repeats=True),
    ActionSpec(
        "app.predict",
        "Predict this case",
        "app",
        ("Ctrl+P",),
        "Run the current checkpoint on it, in the background",
        "predict",
    ),
    ActionSpec(
        "app.predict_always",
        "Predict by itself",
        "app",
        (),
        "Predict a case that has no prediction when it is opened",
        checkable=True,
    ),
    ActionSpec("app.reviewer", "Reviewer…", "app", (), "The name that stands in your decisions"),
    ActionSpec("app.keys", "Keys", "app", ("F1",), "All keys on one sheet", "keys"),
    ActionSpec("app.quit", "Quit", "app", ("Ctrl+Q",)),
    ActionSpec("view.fit", "Fit", "view", ("F2", "Home"), "The whole picture", "fit"),
    ActionSpec("view.one_to_one", "One to one", "view", ("Ctrl+1",), "One image pixel on one screen pixel"),
    ActionSpec("compare.next", "Next compare mode", "compare", ("C",), "Side by side, overlay, blink", "compare"),
    ActionSpec(
        "compare.blink",
        "Blink",
        "compare",
        ("Shift+F",),
        "Overlays on and off, twice a second",
        "blink",
        checkable=True,
    ),
    ActionSpec("compare.hold", "Hide the overlays while held", "compare", ("F",), held=True),
    *(
        ActionSpec(f"overlays.{name}", text, "overlays", (str(number),), f"Show or hide: {text}", checkable=True)
        for number, (name, text) in enumerate(OVERLAYS, 1)
    ),
    *(
        ActionSpec(f"overlays.{name}.alone", f"{text} alone", "overlays", (f"Alt+{number}",))
        for number, (name, text) in enumerate(OVERLAYS, 1)
    ),
    ActionSpec("review.next", "Next case", "review", ("D",), "The next case of the list", "next", repeats=True),
    ActionSpec("review.previous", "Previous case", "review", ("A",), "The case before", "previous", repeats=True),
    ActionSpec(
        "review.next_undecided", "Next undecided", "review", ("Ctrl+Shift+D",), "The next case without a decision"
    ),
    ActionSpec(
        "review.previous_undecided",
        "Previous undecided",
        "review",
        ("Ctrl+Shift+A",),
        "The last case without a decision before this one",
    ),
    ActionSpec(
        "review.accept",
        "Accept",
        "review",
        ("Return", "Enter"),
        "Accept the shape as it stands (the correction, if there is one) and go on",
        "accept",
        tool="pan",
    ),
    ActionSpec("review.reject", "Reject…", "review", ("X",), "Choose a reason and reject", "reject"),
    ActionSpec("review.skip", "Skip", "review", ("S",), "Leave it undecided for now and go on", "skip"),
    ActionSpec(
        "review.retract",
        "Take back",
        "review",
        ("U",),
        "Go back to the last decision made here and take it back",
        "retract",
    ),
    ActionSpec("tools.pan", "Look", "tools", ("Esc",), "Pan and zoom", "pan", checkable=True),
    ActionSpec("tools.brush", "Brush", "tools", ("B",), "Paint standing material", "brush", checkable=True),
    ActionSpec("tools.eraser", "Eraser", "tools", ("E",), "Take standing material away", "eraser", checkable=True),
    ActionSpec(
        "tools.ignore",
        "Ignore region",
        "tools",
        ("I",),
        "Paint what enters no measurement and no training; Ctrl erases",
        "ignore",
        checkable=True,
    ),
    ActionSpec(
        "tools.register",
        "Register",
        "tools",
        ("R",),
        "Put the design over the image: drag, arrow keys, typed numbers",
        "register",
        checkable=True,
    ),
    ActionSpec(
        "tools.landmarks",
        "Landmarks",
        "tools",
        ("L",),
        "Name the same places in the SEM and in the design, by turns",
        "landmarks",
        checkable=True,
    ),
    ActionSpec(
        "landmarks.apply",
        "Apply the landmarks",
        "landmarks",
        ("Return", "Enter"),
        "Lay the design by them; one pair shifts, two turn and scale, three do all",
        short="Apply",
        tool="landmarks",
    ),
    ActionSpec(
        "landmarks.back",
        "Last landmark off",
        "landmarks",
        ("Backspace",),
        "Take the last click back",
        short="Last off",
        repeats=True,
        tool="landmarks",
    ),
    ActionSpec("tools.smaller", "Smaller brush", "tools", ("-",), repeats=True),
    ActionSpec("tools.larger", "Larger brush", "tools", ("+", "="), repeats=True),
    ActionSpec(
        "tools.uncorrect",
        "Drop the correction",
        "tools",
        (),
        "Back to the prediction as it was; undo brings the correction again",
    ),
    *_nudges(),
    ActionSpec("register.turn_left", "Turn left 0.1°", "register", (",",), repeats=True),
    ActionSpec("register.turn_right", "Turn right 0.1°", "register", (".",), repeats=True),
    ActionSpec("register.shrink", "Scale down 0.1 %", "register", ("Shift+,",), repeats=True),
    ActionSpec("register.enlarge", "Scale up 0.1 %", "register", ("Shift+.",), repeats=True),
    ActionSpec(
        "register.align",
        "Align automatically",
        "app",
        ("Ctrl+R",),
        "Find the registration; undo brings back the one before",
        "align",
        short="Align",
    ),
    ActionSpec(
        "register.align_all",
        "Align all cases",
        "app",
        (),
        "In the background, those that nobody has set by hand; the review goes on meanwhile",
        short="Align all",
    ),
    ActionSpec("register.align_stop", "Stop aligning all", "app", (), "End early; what is aligned stays", short="Stop"),
    ActionSpec(
        "register.copy",
        "Copy from the previous case",
        "app",
        ("Ctrl+Shift+R",),
        "Take over what was found for the case that was open before this one",
        short="Copy previous",
    ),
    ActionSpec(
        "register.next_alternative",
        "Next alternative",
        "register",
        ("J",),
        "The next shift that fits as well",
        short="Next",
    ),
    ActionSpec(
        "register.previous_alternative",
        "Previous alternative",
        "register",
        ("Shift+J",),
        "The one before",
        short="Back",
    ),
    ActionSpec(
        "register.before",
        "Before and after",
        "register",
        ("T",),
        "Show where the stage claims the design to be",
        short="Before",
        checkable=True,
    ),
)

GESTURES: tuple[Gesture, ...] = (
    Gesture("Zoom at the cursor", "view", "Wheel"),
    Gesture("Pan", "view", "Middle drag, Space and drag, Shift and drag"),
    Gesture("Zoom box, up and left zooms out", "view", "Right drag"),
    Gesture("Brush size", "tools", "Ctrl and wheel"),
    Gesture("Shift the design", "register", "Drag"),
    Gesture("Place in the SEM, then in the design", "landmarks", "Click, click"),
    Gesture("Turn and scale the design", "register", "Ctrl and drag"),
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What an action does, and why it cannot be done now (None: it can)."""

    run: Callable[[], object]
    why_not: Callable[[], str | None] = lambda: None


class Actions(QObject):
    """QActions of the whole table on one widget.

    Raises
    ------
    ValueError
        If the bindings and the table do not name the same actions.
    """

    def __init__(self, owner: QWidget, bindings: Mapping[str, Binding]) -> None:
        super().__init__(owner)
        wanted = {spec.id for spec in TABLE if not spec.held}
        if wanted != set(bindings):
            raise ValueError(f"actions without a binding or the reverse: {sorted(wanted ^ set(bindings))}")
        self._bindings = dict(bindings)
        self._actions: dict[str, QAction] = {}
        self._specs = {spec.id: spec for spec in TABLE if not spec.held}
        for spec in self._specs.values():
            action = QAction(spec.text, owner)
            action.setObjectName(spec.id)
            action.setShortcuts([QKeySequence(key) for key in spec.keys])
            action.setAutoRepeat(spec.repeats)
            action.setCheckable(spec.checkable)
            action.setIconText(spec.short or spec.text)
            if spec.icon:
                action.setIcon(icon(spec.icon))
            action.triggered.connect(self._runner(spec.id))
            owner.addAction(action)
            self._actions[spec.id] = action

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def refresh(self) -> None:
        """Enable what can be done now; the others say why not in their tip."""
        for action_id, action in self._actions.items():
            spec, why = self._specs[action_id], self._bindings[action_id].why_not()
            action.setEnabled(why is None)
            keys = f" ({spec.key_text})" if spec.keys else ""
            tip = f"{spec.tip or spec.text}{keys}"
            tip = tip if why is None else f"{tip}\nNot now: {why}"
            action.setToolTip(tip)
            action.setStatusTip(tip.replace("\n", " "))

    def refresh_icons(self) -> None:
        """Draw the icons in the colours of the palette as it is now."""
        for action_id, spec in self._specs.items():
            if spec.icon:
                self._actions[action_id].setIcon(icon(spec.icon))

    def _runner(self, action_id: str) -> Callable[[], None]:
        def run() -> None:
            # A state may have changed since the last refresh: ask again before acting.
            binding = self._bindings[action_id]
            if binding.why_not() is None:
                binding.run()

        return run


def clashes(table: tuple[ActionSpec, ...] = TABLE) -> list[str]:
    """Keys that mean two things at the same time, in words; an empty list is the law."""
    seen: dict[str, list[ActionSpec]] = {}
    found = []
    for spec in table:
        for key in spec.keys:
            name = QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
            others = seen.setdefault(name, [])
            # Two tools are never in hand at once.
            found += [f"{name}: {other.id} and {spec.id}" for other in others if not _apart(other, spec)]
            others.append(spec)
    return found


def _apart(one: ActionSpec, other: ActionSpec) -> bool:
    return bool(one.tool and other.tool and one.tool != other.tool)
