"""What foreign files say, and a project made of them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

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
from semiview.files.import_recipe import read_recipe, with_changes
from semiview.files.information import describe
from semiview.tasks.import_guess import guessed_recipe
from semiview.tasks.import_project import find_sources, plan_import, write_project

PREVIEWED = 5  # rows of a case list to be

app = typer.Typer()


@app.command()
def info(file: Annotated[Path, typer.Argument(help="SEM image, GDS or OASIS.")], as_json: JsonOption = False) -> None:
    """Tell what a file says of itself."""
    description = describe(file)
    if as_json:
        print_json(description)
    else:
        print_table(["", ""], [[key, in_words(value)] for key, value in description.items()])


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
        wrong_use(f"{error}.")
    plan = plan_import(sources, used)
    problems = list(plan.problems)
    if out is not None:
        problems += write_project(plan, used, out)
    left = [f"{path.name}: {why}" for path, why in plan.images_left]
    if as_json:
        print_json(
            {"project": out, "recipe": asdict(used), "cases": plan.rows, "images_left": left,
             "lines_left": plan.lines_left, "problems": [str(problem) for problem in problems]}
        )  # fmt: skip
    else:
        head = list(plan.columns)
        print_table(head, [[row.get(name, "") for name in head] for row in plan.rows[:PREVIEWED]])
        print_table(["", ""], [[key, in_words(value)] for key, value in asdict(used).items()])
        warn(problems)
        for sentence in left:
            say(f"no case: {sentence}", "yellow")
        for sentence in plan.lines_left:
            say(f"no image: {sentence}", "yellow")
        say(f"{len(plan.rows)} cases" + ("; --out writes them" if out is None else f" in {out}: semiview {out}"))
    raise typer.Exit(FAILURES if left or plan.lines_left or problems or not plan.rows else DONE)


def _pairs(option: str, entries: Sequence[str] | None) -> dict[str, str]:
    for entry in entries or ():
        if "=" not in entry:
            wrong_use(f"{option} {entry}: it is NAME=TEXT.")
    return {name.strip(): text.strip() for name, _, text in (entry.partition("=") for entry in entries or ())}
