"""What each action of the table does, and why it cannot be done now."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from semiview.ui.actions.looking import OVERLAYS
from semiview.ui.actions.table import TOOLS
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.compare_modes import COMPARE_MODES, PAIRS, CompareMode, Pair, pair_title
from semiview.ui.desk import Desk
from semiview.ui.panels.review import ReviewPanel
from semiview.ui.registering import SCALE_STEP, TURN_DEG
from semiview.ui.window_actions import Binding

BLEND_STEP, DIVIDER_STEP, CHECKER_STEP = 0.1, 0.05, 1.25
CHECKER_PX = (8, 512)
SPAN_STEP, LEAST_SPAN = 1.25, 0.02
BRUSH_STEP = 1.25
ON_A_PREDICTION = ("brush", "eraser", "polygon", "vertices", "fill")  # these go on from what was predicted
BRUSH_PX = (0.5, 500.0)


def desk_bindings(desk: Desk, views: LinkedViews, review: ReviewPanel) -> dict[str, Binding]:
    """Bindings of everything but what opens a dialog of the window."""
    session = desk.session

    def no_case() -> str | None:
        return "no case is open" if session.case is None else None

    def no_edit() -> str | None:
        return no_case() or desk.opening.why_not()

    def still() -> str | None:
        return "motion is reduced (View, Reduced motion); hold F instead" if session.view.still else None

    return {
        "app.save": Binding(desk.save_now, no_case),
        "app.undo": Binding(session.undo, lambda: no_edit() or _nothing("undo", desk)),
        "app.redo": Binding(session.redo, lambda: no_edit() or _nothing("redo", desk)),
        "app.predict": Binding(desk.predicting.predict_open, lambda: no_edit() or desk.predicting.why_not()),
        "app.predict_always": Binding(desk.predicting.toggle),
        "app.predict_average": Binding(desk.predicting.toggle_average),
        "view.fit": Binding(views.fit, no_case),
        "view.one_to_one": Binding(views.one_to_one, no_case),
        "compare.next": Binding(lambda: next_mode(desk), no_case),
        "compare.previous": Binding(lambda: next_mode(desk, -1), no_case),
        "compare.pair": Binding(lambda: next_pair(desk), no_case),
        "compare.blink": Binding(
            lambda: toggle(desk, "blink"),
            lambda: no_case() or still(),
        ),
        "view.still": Binding(lambda: toggle(desk, "still")),
        **{f"mode.{mode}": Binding(_chosen(desk, mode), no_case) for mode in COMPARE_MODES},
        **{f"pair.{pair}": _pair(desk, pair) for pair in PAIRS},
        "compare.predict_sem": Binding(
            lambda: desk.keeping.then(desk.comparing.expect), lambda: no_edit() or desk.comparing.why_not_expect()
        ),
        "compare.predict_other": Binding(desk.comparing.predict, lambda: no_edit() or desk.comparing.why_not_predict()),
        **_overlays(desk, no_case),
        **_review(desk, review),
        **_tools(desk, no_edit),
        **_register(desk),
    }


def change_brush(desk: Desk, factor: float) -> None:
    """Brush radius times `factor`, within limits."""
    view = desk.session.view
    radius = min(max(view.brush_radius_px * factor, BRUSH_PX[0]), BRUSH_PX[1])
    desk.session.set_view(replace(view, brush_radius_px=radius))
    desk.session.said.emit(f"Brush radius {radius:.1f} px")


def set_mode(desk: Desk, mode: CompareMode) -> None:
    """Compare in another way; two pictures that blink do so by themselves, unless nothing may."""
    view = desk.session.view
    blink = mode == "blink" and not view.still
    desk.session.set_view(replace(view, compare_mode=mode, blink=blink))
    desk.session.said.emit(f"{COMPARE_MODES[mode].title}. {COMPARE_MODES[mode].tip}.")


def _chosen(desk: Desk, mode: CompareMode) -> Callable[[], None]:
    return lambda: set_mode(desk, mode)


def next_mode(desk: Desk, step: int = 1) -> None:
    """The next way to compare."""
    modes = list(COMPARE_MODES)
    set_mode(desk, modes[(modes.index(desk.session.view.compare_mode) + step) % len(modes)])


def set_pair(desk: Desk, pair: Pair) -> None:
    """Compare two other pictures."""
    desk.session.set_view(replace(desk.session.view, pair=pair))
    desk.session.said.emit(f"Comparing {pair_title(pair)}.")


def _pair(desk: Desk, pair: Pair) -> Binding:
    return Binding(lambda: set_pair(desk, pair), lambda: desk.comparing.why_not(pair))


def next_pair(desk: Desk) -> None:
    """The next two pictures of those that there are."""
    here = desk.session.view.pair
    pairs = [pair for pair in PAIRS if pair == here or desk.comparing.why_not(pair) is None]
    set_pair(desk, pairs[(pairs.index(desk.session.view.pair) + 1) % len(pairs)])


def adjust_mode(desk: Desk, steps: int) -> None:
    """What the compare mode adjusts, more or less: the divider, the blend, the size of the fields."""
    view = desk.session.view
    adjusts = COMPARE_MODES[view.compare_mode].adjusts
    if adjusts == "divider":
        view = replace(view, divider=min(max(view.divider + DIVIDER_STEP * steps, 0.0), 1.0))
    elif adjusts == "blend":
        view = replace(view, blend=min(max(view.blend + BLEND_STEP * steps, 0.0), 1.0))
    elif adjusts == "checker":
        side = round(view.checker_px * CHECKER_STEP**steps)
        view = replace(view, checker_px=min(max(side, CHECKER_PX[0]), CHECKER_PX[1]))
    elif adjusts == "span":
        view = replace(view, span=min(max(view.span / SPAN_STEP**steps, LEAST_SPAN), 1.0))
    desk.session.set_view(view)


def toggle(desk: Desk, name: str) -> None:
    """Turn a flag of the view settings."""
    view = desk.session.view
    turned: dict[str, Any] = {name: not getattr(view, name)}
    desk.session.set_view(replace(view, **turned))


def _alone(desk: Desk, name: str) -> None:
    """One overlay alone; if it is alone already, the usual ones again."""
    names = [other for other, _ in OVERLAYS]
    wanted: dict[str, Any] = {other: other == name for other in names}
    view = desk.session.view
    if all(getattr(view, other) == on for other, on in wanted.items()):
        defaults = type(view)()
        wanted = {other: getattr(defaults, other) for other in names}
    desk.session.set_view(replace(view, **wanted))


def _overlays(desk: Desk, no_case: Callable[[], str | None]) -> dict[str, Binding]:
    found = {}
    for name, _ in OVERLAYS:
        why_not = desk.doubting.why_not if name == "uncertainty" else no_case
        found[f"overlays.{name}"] = Binding(lambda name=name: toggle(desk, name), why_not)  # type: ignore[misc]
        found[f"overlays.{name}.alone"] = Binding(lambda name=name: _alone(desk, name), why_not)  # type: ignore[misc]
    return found


def _review(desk: Desk, panel: ReviewPanel) -> dict[str, Binding]:
    reviewing, opening = desk.reviewing, desk.opening

    def busy() -> str | None:
        return opening.why_not() or ("finish the stroke first" if desk.painting.painting else None)

    def why_not_accept() -> str | None:
        # Return accepts only with the hand free: while painting it would be a slip.
        hands = "put the tool away first (Esc)" if desk.session.tool != "pan" else None
        return busy() or reviewing.why_not_accept() or hands

    def step(way: int, undecided: bool = False) -> Binding:
        def neighbour() -> str | None:
            return desk.cases.neighbour(opening.current, way, undecided)

        def go() -> None:
            case_id = neighbour()
            if case_id is not None:
                opening.open(case_id)

        def why_not() -> str | None:
            if not desk.cases.lines:
                return "no project is open"
            what = "undecided case" if undecided else "case"
            return (
                None if neighbour() is not None else f"there is no {what} {'below' if way > 0 else 'above'} in the list"
            )

        return Binding(go, why_not)

    def why_not_valuable() -> str | None:
        if not desk.cases.lines:
            return "no project is open"
        return None if desk.cases.most_valuable(opening.current) else "every case in the list has its decision"

    return {
        "review.next_valuable": Binding(desk.open_most_valuable, why_not_valuable),
        "review.second_look": Binding(
            lambda: desk.annotating.toggle_second_look(panel.taken_note()), desk.annotating.why_not
        ),
        "review.next": step(1),
        "review.previous": step(-1),
        "review.next_undecided": step(1, undecided=True),
        "review.previous_undecided": step(-1, undecided=True),
        "review.accept": Binding(reviewing.accept, why_not_accept),
        "review.reject": Binding(panel.open_reasons, lambda: busy() or reviewing.why_not()),
        "review.skip": Binding(reviewing.skip, lambda: busy() or reviewing.why_not()),
        "review.retract": Binding(reviewing.retract, lambda: busy() or reviewing.why_not_retract()),
    }


def _tools(desk: Desk, no_edit: Callable[[], str | None]) -> dict[str, Binding]:
    session = desk.session

    def take(tool: str) -> Callable[[], None]:
        return lambda: session.set_tool(tool)

    def put_away() -> None:
        # The draft first, the tool next time.
        if desk.landmarking.drafting:
            desk.landmarking.clear()
        elif desk.gauging.drafting:
            desk.gauging.put_down()
        elif desk.drafting.drafting:
            desk.drafting.cancel()
        elif len(desk.reshaping.outline):
            desk.reshaping.forget()
        else:
            session.set_tool("pan")

    def why_not_register() -> str | None:
        return no_edit() or desk.registering.why_not()

    def why_not_uncorrect() -> str | None:
        document = session.document
        return no_edit() or (None if document is not None and document.correction is not None else "there is none")

    def no_correction() -> str | None:
        return no_edit() or desk.predicting.why_not_correct()

    found = {f"tools.{tool}": Binding(take(tool), no_edit) for tool in TOOLS}
    found |= {f"tools.{tool}": Binding(take(tool), no_correction) for tool in ON_A_PREDICTION}
    found["tools.register"] = Binding(take("register"), why_not_register)
    found["tools.landmarks"] = Binding(take("landmarks"), why_not_register)
    for tool in ("take_design", "take_prediction"):
        found[f"tools.{tool}"] = Binding(take(tool), _taking(desk, tool, no_edit))
    drafting, reshaping = desk.drafting, desk.reshaping
    found["polygon.finish"] = Binding(lambda: drafting.finish("add"), lambda: no_edit() or drafting.why_not_finish())
    found["polygon.erase"] = Binding(lambda: drafting.finish("erase"), lambda: no_edit() or drafting.why_not_finish())
    found["polygon.back"] = Binding(drafting.back, drafting.why_not_back)
    found["vertices.delete"] = Binding(reshaping.delete, lambda: no_edit() or reshaping.why_not_delete())
    found["tools.snap"] = Binding(lambda: toggle(desk, "snap"), no_edit)
    found["tools.pan"] = Binding(put_away, no_edit)
    found["tools.smaller"] = Binding(lambda: change_brush(desk, 1 / BRUSH_STEP), no_edit)
    found["tools.larger"] = Binding(lambda: change_brush(desk, BRUSH_STEP), no_edit)
    found["tools.uncorrect"] = Binding(desk.painting.drop_correction, why_not_uncorrect)
    return found


def _taking(desk: Desk, tool: str, no_edit: Callable[[], str | None]) -> Callable[[], str | None]:
    return lambda: no_edit() or desk.painting.why_not_take(tool)


def _register(desk: Desk) -> dict[str, Binding]:
    registering, session = desk.registering, desk.session

    def why_not() -> str | None:
        if session.tool != "register":
            return "take Register in hand first (R)"
        return desk.opening.why_not() or registering.why_not()

    def why_not_turn() -> str | None:
        return why_not() or registering.why_not_turn()

    found = {}
    ways = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}
    for suffix, size in (("", 1.0), ("_far", 10.0), ("_fine", 0.1)):
        for way, (right, up) in ways.items():
            found[f"register.{way}{suffix}"] = Binding(
                lambda right=right * size, up=up * size: registering.nudge(right, up),  # type: ignore[misc]
                why_not,
            )

    def alternative(step: int) -> Binding:
        return Binding(lambda: registering.alternative(step), lambda: why_not() or registering.why_no_alternative())

    def before() -> None:
        session.set_before(not session.before)

    return found | {
        "register.turn_left": Binding(lambda: registering.turn(TURN_DEG), why_not_turn),
        "register.turn_right": Binding(lambda: registering.turn(-TURN_DEG), why_not_turn),
        "register.shrink": Binding(lambda: registering.scale(1 / SCALE_STEP), why_not_turn),
        "register.enlarge": Binding(lambda: registering.scale(SCALE_STEP), why_not_turn),
        "register.align": Binding(
            lambda: registering.align(desk.landmarking.pairs),
            lambda: desk.opening.why_not() or registering.why_not_align(),
        ),
        "register.align_all": Binding(desk.align_all, desk.aligning.why_not_start),
        "register.calibrate": Binding(lambda: desk.calibrating.look(), desk.calibrating.why_not),
        "register.align_stop": Binding(desk.aligning.stop, desk.aligning.why_not_stop),
        "landmarks.apply": Binding(desk.landmarking.apply, desk.landmarking.why_not_apply),
        "landmarks.back": Binding(desk.landmarking.back, desk.landmarking.why_not_back),
        "register.copy": Binding(
            registering.copy_previous, lambda: desk.opening.why_not() or registering.why_not_copy()
        ),
        "register.next_alternative": alternative(1),
        "register.previous_alternative": alternative(-1),
        "register.before": Binding(before, why_not),
    }


def _nothing(what: str, desk: Desk) -> str | None:
    history = desk.session.history
    label = None if history is None else history.undo_label if what == "undo" else history.redo_label
    return f"there is nothing to {what}" if label is None else None
