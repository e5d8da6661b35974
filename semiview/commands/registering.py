"""Where a picture lies on its design, and how large its pixels are."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from semiview.alignment.align import METHODS
from semiview.alignment.calibration import Calibration
from semiview.commands.options import CaseOption, JobsOption, ProjectArgument, known_cases, watch
from semiview.commands.terminal import DONE, FAILURES, JsonOption, print_json, print_table, say, warn, wrong_use
from semiview.core.registration import Transform
from semiview.files.landmark_file import read_landmarks
from semiview.files.registration_table import registration_columns
from semiview.tasks.align import NOMINAL, AlignOptions, align_project, verdict_in_words
from semiview.tasks.calibrate import calibrate_project, in_words, keep
from semiview.tasks.workspace import open_workspace

app = typer.Typer()


@app.command()
def align(
    project: ProjectArgument,
    method: Annotated[str, typer.Option(help=f"{', '.join(METHODS)}; nominal: the stage at its word.")] = "auto",
    transform: Annotated[str, typer.Option(help="Which parameters are free: shift, similarity, affine.")] = "affine",
    landmarks: Annotated[
        Path | None, typer.Option(help="CSV of case_id, x_nm, y_nm, u_px, v_px, for the method landmarks.")
    ] = None,
    all_cases: Annotated[bool, typer.Option("--all", help="Also the cases that a person registered.")] = False,
    resume: Annotated[bool, typer.Option(help="Leave out the cases that this method registered before.")] = False,
    case: CaseOption = None,
    jobs: JobsOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Find registrations, write registrations.csv, print verdicts."""
    if method not in (*METHODS, NOMINAL):
        wrong_use(f"--method {method}: it is {', '.join(METHODS)} or {NOMINAL}.")
    if transform not in get_args(Transform):
        wrong_use(f"--transform {transform}: it is {', '.join(get_args(Transform))}.")
    if (method == "landmarks") != (landmarks is not None):
        wrong_use("--method landmarks and --landmarks FILE belong together.")
    pairs = {} if landmarks is None else read_landmarks(landmarks)
    workspace = open_workspace(project, read_only=True)
    warn(workspace.project.remarks)
    wanted = known_cases(case, [row.case_id for row in workspace.project.rows])
    if landmarks is not None and wanted is None:
        wanted = known_cases(list(pairs), [row.case_id for row in workspace.project.rows])
    options = AlignOptions(method, all_cases, jobs, cast(Transform, transform), pairs, resume)
    result = watch(align_project(workspace, options, wanted), "align")
    if as_json:
        found = {case_id: registration_columns(registration) for case_id, registration in result.found.items()}
        print_json({"registrations": found, "kept": result.kept, "failed": result.failed})
    else:
        print_table(
            ["case", "verdict"], [[key, verdict_in_words(value)] for key, value in sorted(result.found.items())]
        )
        for case_id in result.kept:
            say(f"{case_id}: kept as it was registered (--all aligns also what was registered by hand)")
    raise typer.Exit(FAILURES if result.failed or workspace.project.problems else DONE)


@app.command()
def calibrate(
    project: ProjectArgument,
    write: Annotated[bool, typer.Option("--write", help="Keep what is worth keeping in project.toml.")] = False,
    case: CaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pixel size along both axes from the registrations that stand, with the design as the ruler."""
    workspace = open_workspace(project, read_only=True)
    warn(workspace.project.remarks)
    wanted = known_cases(case, [row.case_id for row in workspace.project.rows])
    result = calibrate_project(workspace, wanted)
    kept: tuple[Calibration, ...] = ()
    if write and result.worth_keeping:
        _, kept = keep(workspace, result.worth_keeping, date.today())
    if as_json:
        proposals = [
            {**asdict(each), "keep": number not in result.held_back, "why_not": result.held_back.get(number, "")}
            for number, each in enumerate(result.proposals)
        ]
        print_json({"proposals": proposals, "written": [asdict(each) for each in kept], "left_out": result.left_out})
    else:
        for case_id, reason in result.left_out.items():
            say(f"{case_id}: left out, {reason}")
        told = [
            [f"{in_words(each)}; skew {each.skew:+.5f}", result.held_back.get(number, "worth keeping")]
            for number, each in enumerate(result.proposals)
        ]
        print_table(["calibration", ""], told)
        if not result.proposals:
            say("No case has a sure registration with all six parameters: align the project first.")
        elif kept:
            say(f"{len(kept)} written to {workspace.project.settings_path}; take an entry out to undo it.")
        elif result.worth_keeping:
            say("Nothing is written; --write keeps what is worth keeping.")
    raise typer.Exit(DONE if result.proposals and not workspace.project.problems else FAILURES)
