"""The one table of everything a person can do with a key, a menu or the mouse.

Menus, toolbar, command palette, key sheet, the editor of keys and docs/keys.md are made from it. Keys exist on US,
German and French layouts and on a keypad; Return and Enter are both bound.
"""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QKeySequence

from semiview.ui.compare_modes import COMPARE_MODES, PAIRS, pair_title

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


def _nudges() -> tuple[ActionSpec, ...]:
    steps = (("", "1 px", ""), ("Shift+", "10 px", "_far"), ("Alt+", "0.1 px", "_fine"))
    return tuple(
        ActionSpec(
            f"register.{way.lower()}{suffix}", f"Nudge {way.lower()} {step}", "register", (prefix + way,), repeats=True
        )
        for prefix, step, suffix in steps
        for way in ("Left", "Right", "Up", "Down")
    )


TOOLS: tuple[str, ...] = (
    "pan", "brush", "eraser", "polygon", "vertices", "fill", "take_design", "take_prediction", "ignore",
    "ignore_polygon", "register", "landmarks", "measure",
)  # fmt: skip

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
    ActionSpec(
        "app.export",
        "Export…",
        "app",
        ("Ctrl+E",),
        "A report as HTML or PDF, tables as Excel, EPE markers for KLayout, contours as GDS or OASIS",
    ),
    ActionSpec("app.export_tables", "Export tables as CSV…", "app", (), "gauges, epe, roughness, scores into a folder"),
    ActionSpec(
        "app.export_accepted",
        "Export only accepted",
        "app",
        (),
        "Leave out what nobody accepted or corrected",
        checkable=True,
    ),
    ActionSpec("app.export_stop", "Stop the export", "app", (), "Nothing is written then", short="Stop"),
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
    ActionSpec(
        "app.predict_average",
        "Average over turns",
        "app",
        (),
        "Predict every turn and mirror image of a picture: steadier, with an uncertainty, and eight times slower",
        checkable=True,
    ),
    ActionSpec(
        "app.copy", "Copy the rows", "app", ("Ctrl+C",), "The chosen rows of the table in sight, for a spreadsheet"
    ),
    ActionSpec(
        "app.new", "New project…", "app", ("Ctrl+N",), "From images, a layout and a list of sites; or drop them here"
    ),
    ActionSpec("app.example", "Example project", "app", (), "Simulated fields with known truth, to try everything on"),
    ActionSpec("app.tour", "Tour", "app", (), "Five steps through a review"),
    ActionSpec("app.guide", "User guide", "app", (), "One page for each thing to do, with pictures"),
    ActionSpec("app.settings", "Settings…", "app", ("Ctrl+,",), "Your name, colours, size, autosave, keys"),
    ActionSpec("app.palette", "Command palette…", "app", ("Ctrl+Shift+P",), "Find any command by its name"),
    ActionSpec("app.keys", "Keys", "app", ("F1", "?"), "What the keys do with this tool in hand", "keys"),
    ActionSpec("app.shortcuts", "Change keys…", "app", (), "Other keys for any command, and how the mouse works"),
    ActionSpec("app.quit", "Quit", "app", ("Ctrl+Q",)),
    ActionSpec("view.fit", "Fit", "view", ("F2", "Home"), "The whole picture", "fit"),
    ActionSpec("view.still", "Reduced motion", "view", (), "Nothing blinks by itself", checkable=True),
    ActionSpec("view.one_to_one", "One to one", "view", ("Ctrl+1",), "One image pixel on one screen pixel"),
    ActionSpec("compare.next", "Next compare mode", "compare", ("C",), "The next way to compare", "compare"),
    ActionSpec("compare.previous", "Previous compare mode", "compare", ("Shift+C",), "The way before"),
    ActionSpec("compare.pair", "Compare other pictures", "compare", ("Ctrl+Shift+C",), "SEM, design, prediction"),
    *(
        ActionSpec(f"mode.{name}", mode.title, "compare", (), mode.tip, checkable=True)
        for name, mode in COMPARE_MODES.items()
    ),
    *(
        ActionSpec(f"pair.{pair}", pair_title(pair), "compare", (), "Compare these two", checkable=True)
        for pair in PAIRS
    ),
    ActionSpec(
        "compare.blink",
        "Blink by itself",
        "compare",
        ("Shift+F",),
        "Twice a second: the two pictures in the mode Blink, else the overlays",
        "blink",
        checkable=True,
    ),
    ActionSpec(
        "compare.hold",
        "Blink while held",
        "compare",
        ("F",),
        held=True,
    ),
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
        "review.next_valuable",
        "Most valuable next",
        "review",
        ("N",),
        "The case whose look is worth the most; the review panel says why",
    ),
    ActionSpec(
        "review.second_look",
        "Second look",
        "review",
        ("Q",),
        "Ask that somebody else looks at it too, or ask it no longer; kept with your note",
        short="⚑ Second look",
        checkable=True,
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
        "tools.polygon",
        "Polygon",
        "tools",
        ("P",),
        "Click the corners; Return fills it, Ctrl+Return takes it away",
        "polygon",
        checkable=True,
    ),
    ActionSpec(
        "tools.vertices",
        "Vertices",
        "tools",
        ("V",),
        "Click an outline, then drag its vertices; drag an edge for a new one, Ctrl+click takes one off",
        "vertices",
        checkable=True,
    ),
    ActionSpec(
        "tools.fill",
        "Fill hole, remove island",
        "tools",
        ("G",),
        "Click into a hole to fill it, on an island to take it away",
        "fill",
        checkable=True,
    ),
    ActionSpec(
        "tools.take_design",
        "Take the design's outline here",
        "tools",
        ("O",),
        "Brush where the design's outline shall stand instead; Ctrl and drag for a box",
        "take_design",
        checkable=True,
    ),
    ActionSpec(
        "tools.take_prediction",
        "Take the prediction back here",
        "tools",
        ("Shift+O",),
        "Brush where the prediction shall stand again; Ctrl and drag for a box",
        "take_prediction",
        checkable=True,
    ),
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
        "tools.ignore_polygon",
        "Ignore polygon",
        "tools",
        ("Shift+I",),
        "The same by a polygon; Return adds it, Ctrl+Return takes it away",
        checkable=True,
    ),
    ActionSpec(
        "tools.snap",
        "Snap to SEM edges",
        "tools",
        ("Shift+S",),
        "What is brushed or drawn moves onto the edges of the image nearby",
        "snap",
        checkable=True,
    ),
    ActionSpec(
        "polygon.finish",
        "Fill the polygon",
        "tools",
        ("Return", "Enter"),
        "Add what the polygon encloses",
        tool=("polygon", "ignore_polygon"),
    ),
    ActionSpec(
        "polygon.erase",
        "Take the polygon away",
        "tools",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Erase what the polygon encloses",
        tool=("polygon", "ignore_polygon"),
    ),
    ActionSpec(
        "polygon.back",
        "Last corner off",
        "tools",
        ("Backspace",),
        "Take the last click back",
        repeats=True,
        tool=("polygon", "ignore_polygon"),
    ),
    ActionSpec(
        "vertices.delete",
        "Take the vertex off",
        "tools",
        ("Backspace", "Del"),
        "The one touched last",
        tool="vertices",
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
        "tools.measure",
        "Measure",
        "tools",
        ("M",),
        "Click between two edges for a gauge across them; drag for a ruler",
        "measure",
        checkable=True,
    ),
    ActionSpec(
        "measure.delete",
        "Delete the gauge",
        "measure",
        ("Delete",),
        "Take away the gauge in hand, if it was placed by hand, or the last ruler",
        tool="measure",
    ),
    ActionSpec(
        "measure.load", "Load gauges…", "measure", (), "From gauges.csv, or any list with the columns that it has"
    ),
    ActionSpec("measure.save", "Save gauges…", "measure", (), "gauges.csv of this case, with what was measured"),
    ActionSpec(
        "measure.scale_bar",
        "Scale bar…",
        "measure",
        (),
        "Find the pixel size by two clicks on the bar that is burnt into the image",
    ),
    ActionSpec(
        "markers.next",
        "Next marker",
        "markers",
        ("K",),
        "The next place in the EPE list",
        short="▼",
        repeats=True,
    ),
    ActionSpec(
        "markers.previous",
        "Previous marker",
        "markers",
        ("Shift+K",),
        "The place before in the EPE list",
        short="▲",
        repeats=True,
    ),
    ActionSpec(
        "markers.important",
        "Important",
        "markers",
        ("Y",),
        "Mark the chosen places as important, or take the mark away",
        short="★",
    ),
    ActionSpec(
        "markers.waive",
        "Waive",
        "markers",
        ("W",),
        "Mark the chosen places as known and tolerated, or take the mark away",
        short="✕",
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
    ActionSpec("register.shrink", "Scale down 0.1 %", "register", ("PgDown",), repeats=True),
    ActionSpec("register.enlarge", "Scale up 0.1 %", "register", ("PgUp",), repeats=True),
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
    ActionSpec(
        "register.calibrate",
        "Calibrate the pixel size",
        "app",
        (),
        "Pixel size along both axes, with the design as the ruler, from the registrations that stand",
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
    Gesture("Move the divider, the blend or the size of the fields", "compare", "Shift and wheel"),
    Gesture("Move the divider", "compare", "Drag it"),
    Gesture("Brush size", "tools", "Ctrl and wheel"),
    Gesture("Take the design or the prediction in a box", "tools", "Ctrl and drag"),
    Gesture("Shift the design", "register", "Drag"),
    Gesture("Place in the SEM, then in the design", "landmarks", "Click, click"),
    Gesture("Turn and scale the design", "register", "Ctrl and drag"),
    Gesture("Gauge across the two facing edges", "measure", "Click"),
    Gesture("Ruler", "measure", "Drag, or Ctrl and click twice"),
)


# What stands on the toolbar, in groups.
TOOLBAR: tuple[tuple[str, ...], ...] = (
    ("app.open", "app.save", "app.undo", "app.redo"),
    (
        "tools.pan",
        "tools.brush",
        "tools.eraser",
        "tools.polygon",
        "tools.vertices",
        "tools.fill",
        "tools.take_design",
        "tools.take_prediction",
        "tools.ignore",
        "tools.snap",
    ),
    (
        "tools.register",
        "tools.landmarks",
        "tools.measure",
        "register.align",
        "app.predict",
    ),
    ("view.fit", "compare.blink"),
    ("review.previous", "review.next"),
)
# Ids in the order of each menu; an empty one is a line between groups.
MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("&Project", ("app.open", "app.new", "app.example", "", "app.save", "", "app.export", "app.export_tables",
                  "app.export_accepted", "app.export_stop", "", "app.predict", "app.predict_always",
                  "app.predict_average", "", "app.settings", "", "app.quit")),
    ("&Edit", ("app.undo", "app.redo", "", "app.copy", "", *(f"tools.{tool}" for tool in TOOLS), "tools.smaller",
               "tools.larger", "tools.snap", "",
               "polygon.finish", "polygon.erase", "polygon.back", "vertices.delete", "", "tools.uncorrect")),
    ("&View", ("view.fit", "view.one_to_one", "", "view.still", "",
               *(f"overlays.{name}" for name, _ in OVERLAYS))),
    ("&Compare", (*(f"mode.{name}" for name in COMPARE_MODES), "", *(f"pair.{pair}" for pair in PAIRS), "",
                  "compare.next",
                  "compare.previous", "compare.pair", "compare.blink")),
    ("&Register", ("register.align", "register.copy", "tools.landmarks", "", "register.align_all",
                   "register.align_stop", "register.calibrate", "", "register.next_alternative",
                   "register.previous_alternative", "register.before")),
    ("&Measure", ("tools.measure", "measure.delete", "", "measure.load", "measure.save", "measure.scale_bar", "",
                  "markers.next", "markers.previous", "markers.important", "markers.waive")),
    ("&Review", ("review.accept", "review.reject", "review.skip", "review.retract", "", "review.next",
                 "review.previous", "review.next_undecided", "review.previous_undecided", "review.next_valuable", "",
                 "review.second_look")),
    ("&Help", ("app.guide", "app.tour", "", "app.palette", "app.keys", "app.shortcuts")),
)  # fmt: skip


def native(keys: tuple[str, ...]) -> str:
    """Keys as this platform writes them."""
    return ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)


def portable(key: str) -> str:
    """One spelling for one key."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def clashes(table: tuple[ActionSpec, ...] = TABLE) -> list[str]:
    """Keys that mean two things at the same time, in words; an empty list is the law."""
    seen: dict[str, list[ActionSpec]] = {}
    found = []
    for spec in table:
        for name in map(portable, spec.keys):
            others = seen.setdefault(name, [])
            found += [f"{name}: {other.id} and {spec.id}" for other in others if together(other, spec)]
            others.append(spec)
    return found


def together(one: ActionSpec, other: ActionSpec) -> bool:
    """True if both can act at once: two tools are never in hand together."""
    return not (one.hands and other.hands) or bool(set(one.hands) & set(other.hands))
