"""How the pictures are looked at: zoom, compare modes, overlays."""

from semiview.ui.actions.spec import ActionSpec, Gesture
from semiview.ui.compare_modes import COMPARE_MODES, PAIRS, pair_title

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
    ("uncertainty", "Uncertainty ± 2σ"),
)

LOOKING_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("view.fit", "Fit", "view", ("F2", "Home"), "The whole picture", "fit"),
    ActionSpec("view.still", "Reduced motion", "view", (), "Nothing blinks by itself", checkable=True),
    ActionSpec("view.one_to_one", "One to one", "view", ("Ctrl+1",), "One image pixel on one screen pixel"),
    ActionSpec("compare.next", "Next compare mode", "compare", ("C",), "The next way to compare", "compare"),
    ActionSpec("compare.previous", "Previous compare mode", "compare", ("Shift+C",), "The way before"),
    ActionSpec(
        "compare.pair",
        "Compare other pictures",
        "compare",
        ("Ctrl+Shift+C",),
        "The next two of SEM, design, prediction, another checkpoint's, predicted SEM",
    ),
    ActionSpec(
        "compare.predict_other",
        "Predict with the other checkpoint",
        "compare",
        (),
        "Run the checkpoint that is chosen under Display on this case, beside the current one",
        short="Predict",
    ),
    ActionSpec(
        "compare.predict_sem",
        "Predict the SEM picture",
        "compare",
        (),
        "What the design, as it is registered, should look like in the SEM; for comparison alone",
        short="Predict",
    ),
    *(
        ActionSpec(f"mode.{name}", mode.title, "compare", (f"Shift+F{number}",), mode.tip, checkable=True)
        for number, (name, mode) in enumerate(COMPARE_MODES.items(), 3)
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
        ActionSpec(f"overlays.{name}", text, "overlays", (str(number % 10),), f"Show or hide: {text}", checkable=True)
        for number, (name, text) in enumerate(OVERLAYS, 1)
    ),
    *(
        ActionSpec(f"overlays.{name}.alone", f"{text} alone", "overlays", (f"Alt+{number % 10}",))
        for number, (name, text) in enumerate(OVERLAYS, 1)
    ),
)

LOOKING_GESTURES: tuple[Gesture, ...] = (
    Gesture("Zoom at the cursor", "view", "Wheel"),
    Gesture("Pan", "view", "Middle drag, Space and drag, Shift and drag"),
    Gesture("Zoom box, up and left zooms out", "view", "Right drag"),
    Gesture("Move the divider, the blend or the size of the fields", "compare", "Shift and wheel"),
    Gesture("Move the divider", "compare", "Drag it"),
)
