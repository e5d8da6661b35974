"""Which actions are ticked, and what undo and redo are called."""

from semiview.ui.actions.looking import OVERLAYS
from semiview.ui.compare_modes import COMPARE_MODES, PAIRS
from semiview.ui.desk import Desk
from semiview.ui.window_actions import Actions


def tick(actions: Actions, desk: Desk) -> None:
    """Tick what is on, and name what undo and redo would do."""
    session = desk.session
    view = session.view
    ticked = {f"overlays.{name}": getattr(view, name) for name, _ in OVERLAYS}
    ticked |= {f"mode.{mode}": view.compare_mode == mode for mode in COMPARE_MODES}
    ticked |= {f"pair.{pair}": view.pair == pair for pair in PAIRS}
    ticked |= {
        "compare.blink": view.blink,
        "view.still": view.still,
        "tools.snap": view.snap,
        "review.second_look": bool(desk.annotating.said.second_look),
        "app.export_accepted": desk.exporting.only_accepted,
        "app.predict_always": desk.predicting.automatic,
        "app.predict_average": desk.predicting.averaged,
        "register.before": session.before,
        f"tools.{session.tool}": True,
    }
    for name, on in ticked.items():
        actions[name].setChecked(bool(on))
    history = session.history
    for name, label in (("Undo", history and history.undo_label), ("Redo", history and history.redo_label)):
        actions[f"app.{name.lower()}"].setText(f"{name} {label[0].lower()}{label[1:]}" if label else name)
