"""Predict, fine-tune, watch for drift, choose the checkpoint."""

from typing import Annotated

import typer

from semiview.commands.options import CaseOption, ProjectArgument, known_cases, watch
from semiview.commands.terminal import (
    DONE,
    FAILURES,
    JsonOption,
    in_words,
    print_json,
    print_table,
    say,
    warn,
    wrong_use,
)
from semiview.learning.messages import Answers, TrainingOptions
from semiview.tasks.drift import watch_project
from semiview.tasks.expect import expect_project
from semiview.tasks.predict import PredictOptions, predict_project
from semiview.tasks.train import train_project
from semiview.tasks.trigger import look_for_trigger
from semiview.tasks.workspace import open_workspace

app = typer.Typer()
checkpoints_app = typer.Typer(help="List, promote or roll back checkpoints.", no_args_is_help=True)
app.add_typer(checkpoints_app, name="checkpoints")


@app.command()
def predict(
    project: ProjectArgument,
    all_cases: Annotated[bool, typer.Option("--all", help="Also the cases that have a prediction.")] = False,
    average: Annotated[
        bool,
        typer.Option(help="Average over the turns and mirror images: steadier, with an uncertainty; 8 times slower."),
    ] = False,
    predictor: Annotated[
        str, typer.Option("--with", help="In place of the checkpoint: classical, onnx:FILE, or an installed package's.")
    ] = "",
    direction: Annotated[
        Answers,
        typer.Option(help="sem: what the registered design should look like in the SEM, for comparison alone."),
    ] = "pattern",
    case: CaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the current checkpoint and write predictions/."""
    if direction == "sem" and (average or predictor):
        wrong_use("--direction sem takes the network that was trained for it, and averages nothing")
    workspace = open_workspace(project, read_only=True)
    warn(workspace.project.remarks)
    wanted = known_cases(case, [row.case_id for row in workspace.project.rows])
    if direction == "sem":
        result = watch(expect_project(workspace, all_cases, wanted), "predict")
    else:
        result = watch(predict_project(workspace, PredictOptions(all_cases, average, predictor), wanted), "predict")
    if as_json:
        print_json(
            {
                "checkpoint": result.checkpoint_id,
                "predicted": result.paths,
                "failed": result.failed,
                "contour_sigma_px": result.uncertainty_px,
            }
        )
    else:
        unsure = {key: f"{value:.2f}" for key, value in result.uncertainty_px.items()}
        rows = [[key, str(value), unsure.get(key, "")] for key, value in sorted(result.paths.items())]
        print_table(["case", "prediction", "contour ± px"], rows)
    raise typer.Exit(FAILURES if result.failed or workspace.project.problems else DONE)


@app.command()
def train(
    project: ProjectArgument,
    epochs: Annotated[int, typer.Option(help="At most so many epochs.", min=1)] = TrainingOptions().epochs,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    promote: Annotated[bool, typer.Option(help="Promote by itself where the gate permits it.")] = True,
    if_triggered: Annotated[
        bool, typer.Option("--if-triggered", help="Only if corrections or drift say that it is time; else end with 0.")
    ] = False,
    direction: Annotated[
        Answers,
        typer.Option(help="sem: the way back, from registered designs to SEM pictures; it is never promoted."),
    ] = "pattern",
    bidirectional: Annotated[
        bool, typer.Option(help="Train the way back beside it, each held to what the other makes of its answer.")
    ] = False,
    adversarial: Annotated[
        bool, typer.Option(help="An opponent judges the generated pictures: with --direction sem or --bidirectional.")
    ] = False,
    processes: Annotated[int, typer.Option(help="Processes that train together, one a GPU.", min=1)] = 1,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune from the feedback store; same worker, same gate as the window."""
    try:
        options = TrainingOptions(
            epochs=epochs, seed=seed, answers=direction, bidirectional=bidirectional, adversarial=adversarial
        )
    except ValueError as error:
        wrong_use(str(error))
    workspace = open_workspace(project)
    trigger = watch(look_for_trigger(workspace), "trigger") if if_triggered else None
    if trigger is not None:
        for sentence in (*trigger.advice.reasons, trigger.advice.waits, *trigger.advice.asks):
            say(sentence)
        if not trigger.advice.train:
            say("No run was begun: nothing says that it is time." if not trigger.advice.reasons else "Not yet.")
            if as_json:
                print_json({"run": None, "trigger": trigger.as_json()})
            return
    result = watch(train_project(workspace, options, promote, processes), "train")
    if as_json:
        said = {} if trigger is None else {"trigger": trigger.as_json()}
        print_json({**result.as_json(), **said})
    else:
        print_table(["", ""], [[key, in_words(value)] for key, value in result.as_json().items()])
    raise typer.Exit(FAILURES if result.failed else DONE)


@app.command()
def drift(
    project: ProjectArgument,
    new_reference: Annotated[
        bool, typer.Option("--new-reference", help="Make a further reference of what is accepted now.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Hold the project's pictures against the accepted ones; ends with 1 where something drifts."""
    workspace = open_workspace(project)
    report = watch(watch_project(workspace, new_reference), "drift")
    if as_json:
        print_json(report.as_json())
    else:
        rows = [[one.stratum.words, str(len(one.windows)), one.words, one.note] for one in report.strata]
        print_table(["stratum", "windows", "says", "of the reference"], rows)
        for stratum, count in report.unknown.items():
            say(f"{stratum.words}: {count} images, and the reference knows none; accept some and make a new reference.")
        if not report.reference:
            say("There is no reference yet: accept at least two images of one tool, layer, type and pixel size.")
        for one in report.drifting:
            say(f"{one.stratum.words}: see {', '.join(one.examples)}; reference {', '.join(one.reference_examples)}")
    raise typer.Exit(FAILURES if report.failed or report.drifting or not report.reference else DONE)


@checkpoints_app.command("list")
def checkpoints_list(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """List checkpoints; the current one is marked."""
    registry = open_workspace(project, read_only=True).registry
    current = registry.current().id
    entries, damaged = registry.list(), registry.damaged()
    if as_json:
        rows = [{"id": each.id, "current": each.id == current, "card": dict(each.card)} for each in entries]
        faults = [{"path": problem.path, "reason": problem.reason} for problem in damaged]
        print_json({"current": current, "checkpoints": rows, "damaged": faults})
    else:
        marked = [["*" if each.id == current else "", each.id, str(each.card.get("made", ""))] for each in entries]
        print_table(["", "checkpoint", "made"], marked)
        warn(damaged)
    raise typer.Exit(FAILURES if damaged else DONE)


@checkpoints_app.command("promote")
def checkpoints_promote(
    project: ProjectArgument,
    checkpoint: Annotated[str, typer.Argument(help="Id as `checkpoints list` prints it.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the history.")] = "by hand",
    as_json: JsonOption = False,
) -> None:
    """Make a checkpoint the current one."""
    registry = open_workspace(project, read_only=True).registry
    registry.promote(checkpoint, by="command line", reason=reason)
    _say_current(registry.current().id, as_json)


@checkpoints_app.command("rollback")
def checkpoints_rollback(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """Go back to the checkpoint before the current one."""
    registry = open_workspace(project, read_only=True).registry
    registry.rollback()
    _say_current(registry.current().id, as_json)


def _say_current(checkpoint_id: str, as_json: bool) -> None:
    if as_json:
        print_json({"current": checkpoint_id})
    else:
        print(f"current checkpoint: {checkpoint_id}")
