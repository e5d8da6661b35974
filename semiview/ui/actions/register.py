"""Putting the design over the image: by hand, by landmarks, automatically."""

from semiview.ui.actions.spec import ActionSpec, Gesture


def _nudges() -> tuple[ActionSpec, ...]:
    steps = (("", "1 px", ""), ("Shift+", "10 px", "_far"), ("Alt+", "0.1 px", "_fine"))
    return tuple(
        ActionSpec(
            f"register.{way.lower()}{suffix}", f"Nudge {way.lower()} {step}", "register", (prefix + way,), repeats=True
        )
        for prefix, step, suffix in steps
        for way in ("Left", "Right", "Up", "Down")
    )


REGISTER_ACTIONS: tuple[ActionSpec, ...] = (
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

REGISTER_GESTURES: tuple[Gesture, ...] = (
    Gesture("Shift the design", "register", "Drag"),
    Gesture("Place in the SEM, then in the design", "landmarks", "Click, click"),
    Gesture("Turn and scale the design", "register", "Ctrl and drag"),
)
