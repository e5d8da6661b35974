"""The example project: in the window, or the whole loop without one."""

import math
from pathlib import Path
from typing import Annotated

import typer

from semiview.commands.options import watch
from semiview.commands.terminal import DONE, FAILURES, JsonOption, print_json, print_table, say
from semiview.commands.window import missing_library
from semiview.tasks.demo import DemoResult, run_demo, unpack_example

app = typer.Typer()


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
            problem: str | None = missing_library(error)
        else:
            problem = display_problem()
            if problem is None:
                raise typer.Exit(start(unpack_example(folder)))
        say(f"{problem} Running the loop without a window instead.")
    result = watch(run_demo(unpack_example(folder, headless=True)), "demo")
    if as_json:
        print_json(result.as_json())
    else:
        _print_demo(result)
    raise typer.Exit(FAILURES if result.failed else DONE)


def _print_demo(result: DemoResult) -> None:
    print_table(
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
        print_table(
            ["epoch", "training loss", "validation loss"],
            [[str(each.epoch), f"{each.train_loss:.4f}", f"{each.validation_loss:.4f}"] for each in training.epochs],
        )
    if gate is not None:
        rows = [figure for figure in gate.figures if not figure.pattern_type]
        print_table(
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
