"""One command per user verb. A first word that is no command is a project to open.

With --json exactly one document goes to stdout; progress and messages go to stderr. Exit codes: 0 done, 1 done with
failures (each named), 2 wrong use.
"""

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from semiview.alignment.align import METHODS
from semiview.alignment.calibration import Calibration
from semiview.cli_store import store_app
from semiview.core.document import Scale
from semiview.core.registration import Transform
from semiview.files.gauge_file import read_gauges, read_template
from semiview.files.import_recipe import read_recipe, with_changes
from semiview.files.information import describe
from semiview.files.landmark_file import read_landmarks
from semiview.files.layer_roles import parse_layers
from semiview.files.problem import FileProblem
from semiview.files.project_settings import parse_tone
from semiview.files.registration_table import registration_columns
from semiview.learning.messages import TrainingOptions
from semiview.tasks import progress as events
from semiview.tasks.align import NOMINAL, AlignOptions, align_project, verdict_in_words
from semiview.tasks.calibrate import calibrate_project, keep
from semiview.tasks.calibrate import in_words as calibration_in_words
from semiview.tasks.demo import DemoResult, run_demo, unpack_example
from semiview.tasks.drift import watch_project
from semiview.tasks.import_guess import guessed_recipe
from semiview.tasks.import_project import find_sources, plan_import, write_project
from semiview.tasks.measure import MeasureOptions, measure_project
from semiview.tasks.predict import PredictOptions, predict_project
from semiview.tasks.remeasure import remeasure
from semiview.tasks.report import check_suffix, report_project
from semiview.tasks.selftest import selftest as run_selftest
from semiview.tasks.selftest_metrology import MetrologyBudget, selftest_metrology
from semiview.tasks.simulate import SimulateOptions, simulate_project, with_numbers
from semiview.tasks.train import train_project
from semiview.tasks.trigger import look_for_trigger
from semiview.tasks.workspace import open_workspace
from semiview.terminal import DONE, FAILURES, WRONG_USE, JsonOption, progress_bar
from semiview.terminal import in_words as _in_words
from semiview.terminal import print_json as _print_json
from semiview.terminal import print_table as _print_table
from semiview.terminal import say as _say
from semiview.terminal import warn as _warn
from semiview.terminal import wrong_use as _wrong_use

PREVIEWED = 5  # rows of a case list to be
# Libraries of the system that Qt is linked to and that a bare machine lacks.
DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}

app = typer.Typer(
    name="semiview",
    help="Review SEM images against their design and a network's prediction; teach the network what you approve.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)
checkpoints_app = typer.Typer(help="List, promote or roll back checkpoints.", no_args_is_help=True)
app.add_typer(checkpoints_app, name="checkpoints")
app.add_typer(store_app, name="store")

ProjectArgument = Annotated[Path, typer.Argument(help="Project folder.", metavar="PROJECT")]
CaseOption = Annotated[list[str] | None, typer.Option("--case", help="Only this case; may be given several times.")]
JobsOption = Annotated[int, typer.Option(help="Number of processes; 0: one per core.", min=0)]


def main() -> None:
    """Run the command of sys.argv; without one, open the window."""
    arguments = sys.argv[1:]
    group: Any = typer.main.get_command(app)
    first = next((word for word in arguments if not word.startswith("-")), None)
    asks_help = any(word in ("--help", "--version") for word in arguments)
    if first not in group.commands and not (first is None and asks_help):
        arguments = ["open", *arguments]
    try:
        app(arguments)
    except FileProblem as problem:
        if "--json" in arguments:
            print(
                json.dumps({"error": {"path": str(problem.path), "reason": problem.reason, "advice": problem.advice}})
            )
        _say(str(problem), "red")
        sys.exit(FAILURES if problem.path.exists() else WRONG_USE)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"semiview {version('semiview')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command(name="open")
def open_window(project: Annotated[Path | None, typer.Argument(help="Project folder.")] = None) -> None:
    """Open the window."""
    try:
        from semiview.ui.start import start
    except ImportError as error:
        _wrong_use(_missing_library(error))
    raise typer.Exit(start(project))


@app.command()
def info(file: Annotated[Path, typer.Argument(help="SEM image, GDS or OASIS.")], as_json: JsonOption = False) -> None:
    """Tell what a file says of itself."""
    description = describe(file)
    if as_json:
        _print_json(description)
    else:
        _print_table(["", ""], [[key, _in_words(value)] for key, value in description.items()])


@app.command()
def demo(
    headless: Annotated[bool, typer.Option(help="Run the whole loop without a window and print the tables.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where the example project goes; asked for nothing if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Open the example project, or run the whole loop on it."""
    if not headless and not as_json:
        try:
            from semiview.ui.start import display_problem, start
        except ImportError as error:
            problem: str | None = _missing_library(error)
        else:
            problem = display_problem()
            if problem is None:
                raise typer.Exit(start(unpack_example(folder)))
        _say(f"{problem} Running the loop without a window instead.")
    result = _watch(run_demo(unpack_example(folder, headless=True)), "demo")
    if as_json:
        _print_json(result.as_json())
    else:
        _print_demo(result)
    raise typer.Exit(FAILURES if result.failed else DONE)


@app.command(name="import")
def import_(
    sites: Annotated[Path, typer.Argument(help="List of sites, or a folder of images alone.", metavar="LIST")],
    out: Annotated[Path | None, typer.Option(help="Folder of the new project; left out: a preview only.")] = None,
    images: Annotated[
        list[Path] | None, typer.Option(help="Folder of images; left out: the list's own. May be given several times.")
    ] = None,
    design: Annotated[Path | None, typer.Option(help="GDS or OASIS of all cases.")] = None,
    more: Annotated[
        list[Path] | None, typer.Option("--with", help="A further table about the same sites, joined alike.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="A recipe kept from an earlier import.")] = None,
    file_name: Annotated[str, typer.Option(help="Names of the images, such as {lot}_{wafer}_{field}_{recipe}.")] = "",
    join: Annotated[
        list[str] | None, typer.Option(help="FIELD=COLUMN: the field of the file name that equals a column.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="NAME=COLUMN: what a column is in cases.csv, such as x_nm=X.")
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=TEXT: the same for every case, such as tone=raised.")
    ] = None,
    unit: Annotated[str, typer.Option(help="Of the positions: nm, um, mm or px.")] = "",
    pixel_unit: Annotated[str, typer.Option(help="Of the pixel sizes: nm or um.")] = "",
    origin: Annotated[str, typer.Option(help="X,Y: design coordinate in nm of the list's origin.")] = "",
    flip_x: Annotated[bool | None, typer.Option("--flip-x/--no-flip-x", help="The list counts x to the left.")] = None,
    flip_y: Annotated[bool | None, typer.Option("--flip-y/--no-flip-y", help="The list counts y downwards.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a project of a list of sites and a folder of images; what nobody says is guessed and shown."""
    alone = sites.is_dir()
    places = images or [sites if alone else sites.absolute().parent]
    sources = find_sources(places, None if alone else sites, more or (), design)
    changes: dict[str, Any] = {
        "join": _pairs("--join", join), "columns": _pairs("--column", column), "fixed": _pairs("--set", fixed),
    }  # fmt: skip
    given = {"file_name": file_name, "position_unit": unit, "pixel_unit": pixel_unit}
    changes |= {name: text for name, text in given.items() if text}
    flips = (("x_sign", flip_x), ("y_sign", flip_y))
    changes |= {name: -1 if flip else 1 for name, flip in flips if flip is not None}
    try:
        if origin:
            changes["origin_nm"] = tuple(float(part) for part in origin.split(","))
        base = guessed_recipe(sources) if recipe is None else read_recipe(recipe)
        if file_name:
            changes["join"] = dict.fromkeys(base.join, "") | changes["join"]  # of another name's fields
        used = with_changes(base, **changes)
    except ValueError as error:
        _wrong_use(f"{error}.")
    plan = plan_import(sources, used)
    problems = list(plan.problems)
    if out is not None:
        problems += write_project(plan, used, out)
    left = [f"{path.name}: {why}" for path, why in plan.images_left]
    if as_json:
        _print_json(
            {"project": out, "recipe": asdict(used), "cases": plan.rows, "images_left": left,
             "lines_left": plan.lines_left, "problems": [str(problem) for problem in problems]}
        )  # fmt: skip
    else:
        head = list(plan.columns)
        _print_table(head, [[row.get(name, "") for name in head] for row in plan.rows[:PREVIEWED]])
        _print_table(["", ""], [[key, _in_words(value)] for key, value in asdict(used).items()])
        _warn(problems)
        for sentence in left:
            _say(f"no case: {sentence}", "yellow")
        for sentence in plan.lines_left:
            _say(f"no image: {sentence}", "yellow")
        _say(f"{len(plan.rows)} cases" + ("; --out writes them" if out is None else f" in {out}: semiview {out}"))
    raise typer.Exit(FAILURES if left or plan.lines_left or problems or not plan.rows else DONE)


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
        _wrong_use(f"--method {method}: it is {', '.join(METHODS)} or {NOMINAL}.")
    if transform not in get_args(Transform):
        _wrong_use(f"--transform {transform}: it is {', '.join(get_args(Transform))}.")
    if (method == "landmarks") != (landmarks is not None):
        _wrong_use("--method landmarks and --landmarks FILE belong together.")
    pairs = {} if landmarks is None else read_landmarks(landmarks)
    workspace = open_workspace(project, read_only=True)
    _warn(workspace.project.problems)
    wanted = _known_cases(case, [row.case_id for row in workspace.project.rows])
    if landmarks is not None and wanted is None:
        wanted = _known_cases(list(pairs), [row.case_id for row in workspace.project.rows])
    options = AlignOptions(method, all_cases, jobs, cast(Transform, transform), pairs, resume)
    result = _watch(align_project(workspace, options, wanted), "align")
    if as_json:
        found = {case_id: registration_columns(registration) for case_id, registration in result.found.items()}
        _print_json({"registrations": found, "kept": result.kept, "failed": result.failed})
    else:
        _print_table(
            ["case", "verdict"], [[key, verdict_in_words(value)] for key, value in sorted(result.found.items())]
        )
        for case_id in result.kept:
            _say(f"{case_id}: kept as it was registered (--all aligns also what was registered by hand)")
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
    _warn(workspace.project.problems)
    wanted = _known_cases(case, [row.case_id for row in workspace.project.rows])
    result = calibrate_project(workspace, wanted)
    kept: tuple[Calibration, ...] = ()
    if write and result.worth_keeping:
        _, kept = keep(workspace, result.worth_keeping, date.today())
    if as_json:
        proposals = [
            {**asdict(each), "keep": number not in result.held_back, "why_not": result.held_back.get(number, "")}
            for number, each in enumerate(result.proposals)
        ]
        _print_json({"proposals": proposals, "written": [asdict(each) for each in kept], "left_out": result.left_out})
    else:
        for case_id, reason in result.left_out.items():
            _say(f"{case_id}: left out, {reason}")
        told = [
            [f"{calibration_in_words(each)}; skew {each.skew:+.5f}", result.held_back.get(number, "worth keeping")]
            for number, each in enumerate(result.proposals)
        ]
        _print_table(["calibration", ""], told)
        if not result.proposals:
            _say("No case has a sure registration with all six parameters: align the project first.")
        elif kept:
            _say(f"{len(kept)} written to {workspace.project.settings_path}; take an entry out to undo it.")
        elif result.worth_keeping:
            _say("Nothing is written; --write keeps what is worth keeping.")
    raise typer.Exit(DONE if result.proposals and not workspace.project.problems else FAILURES)


@app.command()
def selftest(
    fields: Annotated[int, typer.Option(help="Simulated fields a line; more are steadier and slower.", min=1)] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the fields.")] = 0,
    only: Annotated[str, typer.Option(help="registration or metrology: only that part.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Align and measure simulated fields and print this installation's own error budget."""
    if only not in ("", "registration", "metrology"):
        _wrong_use(f"--only {only}: it is registration or metrology, or left out.")
    rows = () if only == "metrology" else _watch(run_selftest(fields, seed), "selftest")
    budget = None if only == "registration" else _watch(selftest_metrology(seed), "selftest")
    if as_json:
        metrology = None if budget is None else asdict(budget)
        registration = [asdict(row) for row in rows]
        _print_json({"version": version("semiview"), "registration": registration, "metrology": metrology})
        return
    _print_table(
        ["error in px", "right", "median", "worst", "rms", "bound", "rms/σ", "s"],
        [
            [
                f"{row.varied} {row.value}",
                f"{row.right} of {row.fields}",
                *(
                    f"{value:.{digits}f}" if math.isfinite(value) else ""
                    for value, digits in (
                        (row.median_px, 3),
                        (row.worst_px, 3),
                        (row.error_px, 3),
                        (row.bound_px, 3),
                        (row.pull, 2),
                        (row.seconds, 1),
                    )
                ),
            ]
            for row in rows
        ],
    )
    if budget is not None:
        _print_budget(budget)


def _print_budget(budget: MetrologyBudget) -> None:
    _print_table(
        ["edges", "dose", "found %", "offset px", "sigma px", "least px", "ratio", "CD moved px"],
        [
            [
                each.algorithm,
                f"{each.dose:g}",
                f"{100 * each.found:.0f}",
                f"{each.bias_px:+.3f}",
                f"{each.sigma_px:.3f}",
                f"{each.bound_px:.3f}",
                f"{each.ratio:.2f}",
                f"{each.cd_change_px:+.3f}",
            ]
            for each in budget.edges
        ],
    )
    _print_table(
        ["EPE printed px", "read px", "points", "missing"],
        [[f"{each.bias_px:+.2f}", f"{each.read_px:+.4f}", str(each.points), str(each.missing)] for each in budget.epe],
    )
    _print_table(
        ["roughness: noise in sigma", "runs", "read of true", "spread %", "claimed %"],
        [
            [
                f"{each.noise:g}",
                str(each.runs),
                f"{each.mean_ratio:.4f}",
                f"{each.spread_percent:.2f}",
                f"{each.claimed_percent:.2f}",
            ]
            for each in budget.roughness
        ],
    )


@app.command()
def simulate(
    design: Annotated[str, typer.Argument(help="GDS or OASIS file, or grating.", metavar="DESIGN")],
    out: Annotated[Path, typer.Option(help="Folder for the new project.")],
    cell: Annotated[str, typer.Option(help="Cell; blank: the one top cell.")] = "",
    layers: Annotated[str, typer.Option(help="role:layer/datatype, separated by ;; blank: all layers.")] = "",
    tone: Annotated[
        str, typer.Option(help="raised: what is drawn stands; opening: it is a hole or trench.")
    ] = "raised",
    fields: Annotated[int, typer.Option(help="How many pictures.", min=1)] = 1,
    size: Annotated[int, typer.Option(help="Width and height of a picture in px.", min=64, max=8192)] = 1024,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn by lot.", min=0)] = 0,
    shift_nm: Annotated[float, typer.Option(help="The stage misses by up to this along each axis.", min=0)] = 40.0,
    rotation_deg: Annotated[float, typer.Option(help="The scan is turned by up to this.", min=0, max=10)] = 0.5,
    scale_percent: Annotated[float, typer.Option(help="The pixel size is off by up to this.", min=0, max=5)] = 0.4,
    numbers: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=number of the recipe or the scan, for example dose=8; several times."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a project of simulated fields with what they really show beside it."""
    try:
        options = SimulateOptions(
            cell, parse_layers(layers), parse_tone(tone) or "raised", fields, size, seed, shift_nm, rotation_deg,
            scale_percent / 100,
        )  # fmt: skip
        options = with_numbers(options, numbers or ())
    except ValueError as error:
        _wrong_use(str(error))
    truth = _watch(simulate_project(design, out, options), "simulate")
    if as_json:
        _print_json(truth)
    else:
        _say(f"{len(truth['cases'])} fields in {out}; what they really show is in {out / 'truth'}")


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
    case: CaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the current checkpoint and write predictions/."""
    workspace = open_workspace(project, read_only=True)
    _warn(workspace.project.problems)
    wanted = _known_cases(case, [row.case_id for row in workspace.project.rows])
    result = _watch(predict_project(workspace, PredictOptions(all_cases, average, predictor), wanted), "predict")
    if as_json:
        _print_json(
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
        _print_table(["case", "prediction", "contour ± px"], rows)
    raise typer.Exit(FAILURES if result.failed or workspace.project.problems else DONE)


@app.command()
def measure(
    project: ProjectArgument,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")],
    only: Annotated[str, typer.Option(help="accepted: only what was accepted or corrected.")] = "",
    method: Annotated[str, typer.Option(help="nominal: take the nominal frame where no registration stands.")] = "",
    gauges: Annotated[
        Path | None,
        typer.Option(help="CSV of gauges to measure too: gauges.csv, opc_gauges.csv, any by a template."),
    ] = None,
    template: Annotated[Path | None, typer.Option(help="TOML that maps the columns of another program.")] = None,
    excel: Annotated[bool, typer.Option("--excel", help="Also one workbook, measurements.xlsx.")] = False,
    case: CaseOption = None,
    scale: Annotated[str, typer.Option(help=f"{', '.join(get_args(Scale))}; blank: the project's setting.")] = "",
    jobs: JobsOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure CD and EPE and write the tables."""
    options = _measure_options(only, method, scale, jobs)
    columns = None if template is None else read_template(template)
    listed = () if gauges is None else read_gauges(gauges, columns)
    options = replace(options, gauges=listed, template=columns, excel=excel)
    workspace = open_workspace(project, read_only=True)
    _warn(workspace.project.problems)
    wanted = _known_cases(case, [row.case_id for row in workspace.project.rows])
    summary = _watch(measure_project(workspace, out, options, wanted), "measure")
    if as_json:
        _print_json(summary)
    else:
        _print_table(["", ""], [[key, _in_words(value)] for key, value in summary.items()])
        _say(f"Tables in {out}")
    raise typer.Exit(FAILURES if summary["failed"] or workspace.project.problems else DONE)


@app.command()
def report(
    project: ProjectArgument,
    out: Annotated[
        Path, typer.Option(help=".html or .pdf: a page; .lyrdb: EPE markers; .gds, .oas: contours; .xlsx: tables.")
    ],
    only: Annotated[str, typer.Option(help="accepted: only what was accepted or corrected.")] = "",
    method: Annotated[str, typer.Option(help="nominal: take the nominal frame where no registration stands.")] = "",
    scale: Annotated[str, typer.Option(help=f"{', '.join(get_args(Scale))}; blank: the project's setting.")] = "",
    case: CaseOption = None,
    jobs: JobsOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a page with pictures and tables for a ticket, EPE markers for KLayout, or contours as a layout."""
    options = _measure_options(only, method, scale, jobs)
    check_suffix(out)
    workspace = open_workspace(project, read_only=True)
    _warn(workspace.project.problems)
    wanted = _known_cases(case, [row.case_id for row in workspace.project.rows])
    result = _watch(report_project(workspace, out, options, wanted), "report")
    if as_json:
        _print_json(asdict(result))
    else:
        _say(f"{result.cases} cases in {result.path} ({result.size_bytes / 1e6:.1f} MB)")
        for case_id, reason in result.failed.items():
            _say(f"{case_id}: {reason}", "yellow")
    raise typer.Exit(FAILURES if result.failed or workspace.project.problems else DONE)


@app.command(name="remeasure")
def remeasure_record(
    project: ProjectArgument,
    record: Annotated[str, typer.Argument(help="Id of a record, its beginning, or a case that was decided.")],
    as_json: JsonOption = False,
) -> None:
    """Measure again what a feedback record holds: 0 if every number is reproduced, 1 if something differs."""
    result = remeasure(open_workspace(project, read_only=True), record)
    if as_json:
        _print_json(result.as_json())
    else:
        head = ["", "recorded", "now"]
        _print_table(head, [[each.what, each.recorded, each.now] for each in result.conditions if each.differs])
        columns = ["table", "column", "source", "rows", "largest", "where", "recorded", "now"]
        _print_table(
            columns,
            [
                [
                    *(each.table, each.column, each.source, f"{each.rows} of {each.of}", f"{each.largest:.4g}"),
                    *(each.where, _in_words(each.recorded), _in_words(each.now)),
                ]
                for each in result.deviations
            ],
        )
        for sentence in result.unmatched:
            print(sentence)
        outcome = "every number is reproduced" if result.same else "differs"
        print(f"{result.case_id}, record {result.record_id}: {outcome} ({result.compared} compared)")
    raise typer.Exit(DONE if result.same else FAILURES)


@app.command()
def train(
    project: ProjectArgument,
    epochs: Annotated[int, typer.Option(help="At most so many epochs.", min=1)] = TrainingOptions().epochs,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    promote: Annotated[bool, typer.Option(help="Promote by itself where the gate permits it.")] = True,
    if_triggered: Annotated[
        bool, typer.Option("--if-triggered", help="Only if corrections or drift say that it is time; else end with 0.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune from the feedback store; same worker, same gate as the window."""
    workspace = open_workspace(project)
    trigger = _watch(look_for_trigger(workspace), "trigger") if if_triggered else None
    if trigger is not None:
        for sentence in (*trigger.advice.reasons, trigger.advice.waits, *trigger.advice.asks):
            _say(sentence)
        if not trigger.advice.train:
            _say("No run was begun: nothing says that it is time." if not trigger.advice.reasons else "Not yet.")
            if as_json:
                _print_json({"run": None, "trigger": trigger.as_json()})
            return
    result = _watch(train_project(workspace, TrainingOptions(epochs=epochs, seed=seed), promote), "train")
    if as_json:
        said = {} if trigger is None else {"trigger": trigger.as_json()}
        _print_json({**result.as_json(), **said})
    else:
        _print_table(["", ""], [[key, _in_words(value)] for key, value in result.as_json().items()])
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
    report = _watch(watch_project(workspace, new_reference), "drift")
    if as_json:
        _print_json(report.as_json())
    else:
        rows = [[one.stratum.words, str(len(one.windows)), one.words, one.note] for one in report.strata]
        _print_table(["stratum", "windows", "says", "of the reference"], rows)
        for stratum, count in report.unknown.items():
            _say(
                f"{stratum.words}: {count} images, and the reference knows none; accept some and make a new reference."
            )
        if not report.reference:
            _say("There is no reference yet: accept at least two images of one tool, layer, type and pixel size.")
        for one in report.drifting:
            _say(f"{one.stratum.words}: see {', '.join(one.examples)}; reference {', '.join(one.reference_examples)}")
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
        _print_json({"current": current, "checkpoints": rows, "damaged": faults})
    else:
        marked = [["*" if each.id == current else "", each.id, str(each.card.get("made", ""))] for each in entries]
        _print_table(["", "checkpoint", "made"], marked)
        _warn(damaged)
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
        _print_json({"current": checkpoint_id})
    else:
        print(f"current checkpoint: {checkpoint_id}")


def _measure_options(only: str, method: str, scale: str, jobs: int) -> MeasureOptions:
    if scale not in ("", *get_args(Scale)):
        _wrong_use(f"--scale {scale}: it is {', '.join(get_args(Scale))}, or left out.")
    if only not in ("", "accepted"):
        _wrong_use(f"--only {only}: it is accepted, or left out.")
    if method not in ("", NOMINAL):
        _wrong_use(f"--method {method}: it is {NOMINAL}, or left out.")
    return MeasureOptions(only == "accepted", method == NOMINAL, jobs, cast(Scale, scale) if scale else None)


def _watch(task: events.Task[events.Result], name: str) -> events.Result:
    """Run a task with a bar on stderr and hand back its result."""
    with progress_bar() as bar:
        line = bar.add_task(name, total=None)
        while True:
            try:
                event = next(task)
            except StopIteration as stop:
                result: events.Result = stop.value
                return result
            if isinstance(event, events.Progress):
                bar.update(line, completed=event.done, total=event.total, description=f"{name} {event.text}")
            elif isinstance(event, events.CaseFailed):
                _say(f"{event.case_id}: {event.reason}", "yellow")
            else:
                _say(f"{event.case_id}: {event.text}")


def _pairs(option: str, entries: Sequence[str] | None) -> dict[str, str]:
    for entry in entries or ():
        if "=" not in entry:
            _wrong_use(f"{option} {entry}: it is NAME=TEXT.")
    return {name.strip(): text.strip() for name, _, text in (entry.partition("=") for entry in entries or ())}


def _known_cases(wanted: Sequence[str] | None, known: Sequence[str]) -> Sequence[str] | None:
    unknown = sorted(set(wanted or ()) - set(known))
    if unknown:
        _wrong_use(f"no such case: {', '.join(unknown)}")
    return wanted or None


def _missing_library(error: ImportError) -> str:
    """What to install so that Qt can be loaded; an error that has nothing to do with it is raised again."""
    library = str(error).partition(": cannot open shared object file")[0]
    if library == str(error):
        raise error
    package = DEBIAN_PACKAGES.get(library, f"the package that holds {library}")
    return f"The window cannot be opened: {library} is missing. Install it: apt-get install {package}"


def _print_demo(result: DemoResult) -> None:
    _print_table(
        ["against truth", "verdict", "median, worst px", "EPE nm", "CD nm"],
        [
            [
                error.case_id,
                error.verdict,
                ", ".join(_figures(error.registration_px, error.registration_worst_px, form=".2f")),
                " ± ".join(_figures(error.epe_mean_nm, form="+.2f") + _figures(error.epe_sigma_nm, form=".2f")),
                " ± ".join(_figures(error.cd_mean_nm, form="+.2f") + _figures(error.cd_sigma_nm, form=".2f")),
            ]
            for error in result.errors
        ],
    )
    training, gate = result.training, result.training.gate
    if training.epochs:
        _print_table(
            ["epoch", "training loss", "validation loss"],
            [[str(each.epoch), f"{each.train_loss:.4f}", f"{each.validation_loss:.4f}"] for each in training.epochs],
        )
    if gate is not None:
        rows = [figure for figure in gate.figures if not figure.pattern_type]
        _print_table(
            ["held out", "current", "candidate", "gain", "5 % bound"],
            [
                [row.metric, f"{row.current:.4f}", f"{row.candidate:.4f}", f"{row.gain:+.4f}", f"{row.lower:+.4f}"]
                for row in rows
            ],
        )
        print(f"Gate: {gate.verdict}; {'; '.join(gate.reasons)}")
    print(f"{result.records} records written to {result.folder / 'feedback'}; tables in {result.folder / 'tables'}")
    print(", ".join(f"{name} {seconds:.0f} s" for name, seconds in result.seconds.items()))


def _figures(*values: float, form: str) -> list[str]:
    """What is a number, written; what is none is left out."""
    return [format(value, form) for value in values if math.isfinite(value)]
