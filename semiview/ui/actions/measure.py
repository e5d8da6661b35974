"""Gauges, rulers and the markers of the EPE list."""

from semiview.ui.actions.spec import ActionSpec, Gesture

MEASURE_ACTIONS: tuple[ActionSpec, ...] = (
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
        "measure.all",
        "Measure all cases",
        "measure",
        (),
        "In the background: the worst EPE of every case into the list, all tables into the project's folder tables",
        short="Measure all",
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
)

MEASURE_GESTURES: tuple[Gesture, ...] = (
    Gesture("Gauge across the two facing edges", "measure", "Click"),
    Gesture("Ruler", "measure", "Drag, or Ctrl and click twice"),
)
