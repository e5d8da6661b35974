"""Tables, reports, and records measured again."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from semiview.commands.options import CaseOption, JobsOption, ProjectArgument, known_cases, watch
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
from semiview.core.document import Scale
from semiview.files.gauge_file import read_gauges, read_template
from semiview.tasks.align import NOMINAL
from semiview.tasks.measure import MeasureOptions, measure_project
from semiview.tasks.remeasure import remeasure
from semiview.tasks.report import check_suffix, report_project
from semiview.tasks.workspace import open_workspace

app = typer.Typer()


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
    resume: Annotated[
        bool, typer.Option("--resume", help="Take over what an earlier run into the same folder measured alike.")
    ] = False,
    case: CaseOption = None,
    scale: Annotated[str, typer.Option(help=f"{', '.join(get_args(Scale))}; blank: the project's setting.")] = "",
    jobs: JobsOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure CD and EPE and write the tables."""
    options = _measure_options(only, method, scale, jobs)
    columns = None if template is None else read_template(template)
    listed = () if gauges is None else read_gauges(gauges, columns)
    options = replace(options, gauges=listed, template=columns, excel=excel, resume=resume)
    workspace = open_workspace(project, read_only=True)
    warn(workspace.project.remarks)
    wanted = known_cases(case, [row.case_id for row in workspace.project.rows])
    try:
        summary = watch(measure_project(workspace, out, options, wanted), "measure")
    except KeyboardInterrupt:
        say(f"Stopped. What was measured is in {out}; --resume goes on from there.", "yellow")
        raise typer.Exit(FAILURES) from None
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)
        say(f"Tables in {out}")
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
    warn(workspace.project.remarks)
    wanted = known_cases(case, [row.case_id for row in workspace.project.rows])
    result = watch(report_project(workspace, out, options, wanted), "report")
    if as_json:
        print_json(asdict(result))
    else:
        say(f"{result.cases} cases in {result.path} ({result.size_bytes / 1e6:.1f} MB)")
        for case_id, reason in result.failed.items():
            say(f"{case_id}: {reason}", "yellow")
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
        print_json(result.as_json())
    else:
        head = ["", "recorded", "now"]
        print_table(head, [[each.what, each.recorded, each.now] for each in result.conditions if each.differs])
        columns = ["table", "column", "source", "rows", "largest", "where", "recorded", "now"]
        print_table(
            columns,
            [
                [
                    *(each.table, each.column, each.source, f"{each.rows} of {each.of}", f"{each.largest:.4g}"),
                    *(each.where, in_words(each.recorded), in_words(each.now)),
                ]
                for each in result.deviations
            ],
        )
        for sentence in result.unmatched:
            print(sentence)
        outcome = "every number is reproduced" if result.same else "differs"
        print(f"{result.case_id}, record {result.record_id}: {outcome} ({result.compared} compared)")
    raise typer.Exit(DONE if result.same else FAILURES)


def _print_summary(summary: Mapping[str, Any]) -> None:
    """Figures of each pattern type and of all, narrow enough for a terminal; what failed was told by its case."""
    rows = []
    for name, group in {**summary["per_pattern_type"], "all": summary}.items():
        epe, cd = group["epe"], group["cd"]
        spread = "  ".join((_nm(epe["mean_nm"], "+.2f"), _nm(epe["sigma3_nm"]), _nm(epe["max_nm"])))
        widths = f"{_nm(cd['bias_mean_nm'], '+.2f')}  {_nm(cd['bias_sigma_nm'])} ({cd['n']})" if cd["n"] else ""
        rows.append([f"{name or 'no type'}, {group['cases']}", spread, str(epe["missing"]), widths])
    if any(row[1].strip() or row[3] for row in rows):
        print_table(["type, cases", "EPE mean, 3 sigma, max", "missing", "CD bias, sigma (n)"], rows)
    parts = [f"{summary['ok']} of {summary['cases']} cases without reservation"]
    parts += [f"{len(summary['warned'])} with doubtful input"] if summary["warned"] else []
    parts += [f"{summary['taken_over']} taken over"] if summary["taken_over"] else []
    of = summary["cd"]["mode"].replace("_", " ")
    print(f"nm, of {summary['source']} edges{f', CD of the mode {of}' if of else ''}. {', '.join(parts)}.")
    if "static_precision" in summary:
        found = summary["static_precision"]
        print(f"Static precision: 3 sigma {_nm(found['sigma3_nm'])} nm of {found['gauges']} gauges with repeats.")
    if "matching" in summary:
        told = ", ".join(f"{key} {in_words(value)}" for key, value in summary["matching"].items())
        print(f"Against the other tool: {told}")


def _nm(value: float | None, form: str = ".2f") -> str:
    return "" if value is None else format(value, form)


def _measure_options(only: str, method: str, scale: str, jobs: int) -> MeasureOptions:
    if scale not in ("", *get_args(Scale)):
        wrong_use(f"--scale {scale}: it is {', '.join(get_args(Scale))}, or left out.")
    if only not in ("", "accepted"):
        wrong_use(f"--only {only}: it is accepted, or left out.")
    if method not in ("", NOMINAL):
        wrong_use(f"--method {method}: it is {NOMINAL}, or left out.")
    return MeasureOptions(only == "accepted", method == NOMINAL, jobs, cast(Scale, scale) if scale else None)
