"""The one table of everything a person can do with a key, a menu or the mouse.

Menus, toolbar, command palette, key sheet, the editor of keys and docs/keys.md are made from it. Keys exist on US,
German and French layouts and on a keypad; Return and Enter are both bound.
"""

from semiview.ui.actions.looking import LOOKING_ACTIONS, LOOKING_GESTURES, OVERLAYS
from semiview.ui.actions.measure import MEASURE_ACTIONS, MEASURE_GESTURES
from semiview.ui.actions.program import PROGRAM_ACTIONS
from semiview.ui.actions.register import REGISTER_ACTIONS, REGISTER_GESTURES
from semiview.ui.actions.review import REVIEW_ACTIONS
from semiview.ui.actions.spec import ActionSpec, Gesture, portable, together
from semiview.ui.actions.tools import TOOLS_ACTIONS, TOOLS_GESTURES
from semiview.ui.compare_modes import COMPARE_MODES, PAIRS

TABLE: tuple[ActionSpec, ...] = (
    *PROGRAM_ACTIONS,
    *LOOKING_ACTIONS,
    *REVIEW_ACTIONS,
    *TOOLS_ACTIONS,
    *REGISTER_ACTIONS,
    *MEASURE_ACTIONS,
)

GESTURES: tuple[Gesture, ...] = (
    *LOOKING_GESTURES,
    *TOOLS_GESTURES,
    *REGISTER_GESTURES,
    *MEASURE_GESTURES,
)

TOOLS: tuple[str, ...] = (
    "pan", "brush", "eraser", "polygon", "vertices", "fill", "take_design", "take_prediction", "ignore",
    "ignore_polygon", "ignore_brush", "register", "landmarks", "measure",
)  # fmt: skip

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
                  "app.predict_average", "", "app.backups", "app.settings", "", "app.quit")),
    ("&Edit", ("app.undo", "app.redo", "", "app.copy", "", *(f"tools.{tool}" for tool in TOOLS), "tools.smaller",
               "tools.larger", "tools.snap", "",
               "polygon.finish", "polygon.erase", "polygon.back", "vertices.delete", "", "tools.uncorrect")),
    ("&View", ("view.fit", "view.one_to_one", "", "view.still", "",
               *(f"overlays.{name}" for name, _ in OVERLAYS))),
    ("&Compare", (*(f"mode.{name}" for name in COMPARE_MODES), "", *(f"pair.{pair}" for pair in PAIRS), "",
                  "compare.predict_other", "compare.predict_sem", "", "compare.next",
                  "compare.previous", "compare.pair", "compare.blink")),
    ("&Register", ("register.align", "register.copy", "tools.landmarks", "", "register.align_all",
                   "register.align_stop", "register.calibrate", "", "register.next_alternative",
                   "register.previous_alternative", "register.before")),
    ("&Measure", ("tools.measure", "measure.delete", "", "measure.all", "", "measure.load", "measure.save",
                  "measure.scale_bar", "",
                  "markers.next", "markers.previous", "markers.important", "markers.waive")),
    ("&Review", ("review.accept", "review.reject", "review.skip", "review.retract", "", "review.next",
                 "review.previous", "review.next_undecided", "review.previous_undecided", "review.next_valuable", "",
                 "review.second_look")),
    ("&Help", ("app.guide", "app.tour", "", "app.palette", "app.keys", "app.shortcuts")),
)  # fmt: skip


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
