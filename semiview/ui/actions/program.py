"""Commands of the program: files, undo, predictions, help."""

from semiview.ui.actions.spec import ActionSpec

PROGRAM_ACTIONS: tuple[ActionSpec, ...] = (
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
        "Report and export…",
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
    ActionSpec("app.backups", "Backups…", "app", (), "Copies of every decision: make one, bring one back"),
    ActionSpec("app.palette", "Command palette…", "app", ("Ctrl+Shift+P",), "Find any command by its name"),
    ActionSpec("app.keys", "Keys", "app", ("F1", "?"), "What the keys do with this tool in hand", "keys"),
    ActionSpec("app.shortcuts", "Change keys…", "app", (), "Other keys for any command, and how the mouse works"),
    ActionSpec("app.quit", "Quit", "app", ("Ctrl+Q",)),
)
