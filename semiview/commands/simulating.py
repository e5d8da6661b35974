"""Fields with known truth, and what this installation reads of them."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from semiview.commands.options import watch
from semiview.commands.terminal import JsonOption, print_json, print_table, say, wrong_use
from semiview.files.layer_roles import parse_layers
from semiview.files.project_settings import parse_tone
from semiview.tasks.selftest import SelftestRow
from semiview.tasks.selftest import selftest as run_selftest
from semiview.tasks.selftest_metrology import MetrologyBudget, selftest_metrology
from semiview.tasks.simulate import SimulateOptions, simulate_project, with_numbers

app = typer.Typer()


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
        wrong_use(str(error))
    truth = watch(simulate_project(design, out, options), "simulate")
    if as_json:
        print_json(truth)
    else:
        say(f"{len(truth['cases'])} fields in {out}; what they really show is in {out / 'truth'}")


@app.command()
def selftest(
    fields: Annotated[int, typer.Option(help="Simulated fields a line; more are steadier and slower.", min=1)] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the fields.")] = 0,
    only: Annotated[str, typer.Option(help="registration or metrology: only that part.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Align and measure simulated fields and print this installation's own error budget."""
    if only not in ("", "registration", "metrology"):
        wrong_use(f"--only {only}: it is registration or metrology, or left out.")
    rows = () if only == "metrology" else watch(run_selftest(fields, seed), "selftest")
    budget = None if only == "registration" else watch(selftest_metrology(seed), "selftest")
    if as_json:
        metrology = None if budget is None else asdict(budget)
        registration = [asdict(row) for row in rows]
        print_json({"version": version("semiview"), "registration": registration, "metrology": metrology})
        return
    _print_registration(rows)
    if budget is not None:
        _print_budget(budget)


def _print_registration(rows: Sequence[SelftestRow]) -> None:
    print_table(
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


def _print_budget(budget: MetrologyBudget) -> None:
    print_table(
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
    print_table(
        ["EPE printed px", "read px", "points", "missing"],
        [[f"{each.bias_px:+.2f}", f"{each.read_px:+.4f}", str(each.points), str(each.missing)] for each in budget.epe],
    )
    print_table(
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
