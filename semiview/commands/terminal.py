"""How commands speak: one JSON document or tables on stdout, everything else on stderr."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from semiview.feedback.reports import Watch
from semiview.files.problem import FileProblem

DONE, FAILURES, WRONG_USE = 0, 1, 2

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

messages = Console(stderr=True)


def progress_bar() -> Progress:
    """A bar on stderr that goes when it is done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=messages, transient=True)


@contextmanager
def watched(name: str) -> Iterator[Watch]:
    """A bar for something that tells how much of it is done."""
    with progress_bar() as bar:
        line = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)


def wrong_use(sentence: str) -> NoReturn:
    """Say what was wrong and end with 2."""
    say(sentence, "red")
    raise typer.Exit(WRONG_USE)


def warn(problems: Sequence[FileProblem]) -> None:
    """A line for each problem."""
    for problem in problems:
        say(str(problem), "yellow")


def say(sentence: str, style: str = "") -> None:
    """A line on stderr; brackets in names and paths are no markup."""
    messages.print(sentence, style=style or None, markup=False, highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """The one document on stdout."""
    print(json.dumps(_plain(document), indent=2, allow_nan=False))


def print_table(head: list[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout; nothing without rows."""
    if not rows:
        return
    table = Table(*head, show_header=any(head))
    table.columns[0].no_wrap = True  # what a row is about: cut names tell nothing
    for row in rows:
        table.add_row(*[Text(str(cell)) for cell in row])
    Console().print(table)


def in_words(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "unknown"
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {in_words(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(in_words(entry) for entry in value) or "none"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else "unknown"
    return str(value)


def _plain(value: Any) -> Any:
    """JSON values only: NaN is null, paths and numpy scalars are what they stand for."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
