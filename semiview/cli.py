"""The program of the shell: one command per user verb; a first word that is no command is a project to open.

With --json exactly one document goes to stdout; progress and messages go to stderr. Exit codes: 0 done, 1 done with
failures (each named), 2 wrong use.
"""

import json
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from semiview.commands.terminal import FAILURES, WRONG_USE, say
from semiview.files.problem import FileProblem

# Verb -> module of `commands`, in the order of --help. Only what is asked for is loaded: the window does not wait for
# the libraries of the other verbs.
COMMANDS = {
    "open": "window",
    "demo": "demo",
    "info": "importing",
    "import": "importing",
    "align": "registering",
    "calibrate": "registering",
    "predict": "teaching",
    "measure": "measuring",
    "report": "measuring",
    "remeasure": "measuring",
    "train": "teaching",
    "checkpoints": "teaching",
    "drift": "teaching",
    "store": "store",
    "files": "files",
    "simulate": "simulating",
    "selftest": "simulating",
}


class Verbs(TyperGroup):
    """The group of all commands, each loaded when it is asked for."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """Every verb, in the order of --help."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """The command of a verb; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        found: Any = typer.main.get_command(import_module(f"semiview.commands.{COMMANDS[cmd_name]}").app)
        return found.commands[cmd_name] if isinstance(found, TyperGroup) else found


app = typer.Typer(
    cls=Verbs,
    name="semiview",
    help="Review SEM images against their design and a network's prediction; teach the network what you approve.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command of sys.argv; without one, open the window."""
    arguments = sys.argv[1:]
    first = next((word for word in arguments if not word.startswith("-")), None)
    asks_help = any(word in ("--help", "--version") for word in arguments)
    if first not in COMMANDS and not (first is None and asks_help):
        arguments = ["open", *arguments]
    try:
        app(arguments)
    except FileProblem as problem:
        if "--json" in arguments:
            print(
                json.dumps({"error": {"path": str(problem.path), "reason": problem.reason, "advice": problem.advice}})
            )
        say(str(problem), "red")
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
