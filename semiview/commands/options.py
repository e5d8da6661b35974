"""Arguments that many commands share, and how a command runs a task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from semiview.commands.terminal import progress_bar, say, wrong_use
from semiview.tasks import progress as events

ProjectArgument = Annotated[Path, typer.Argument(help="Project folder.", metavar="PROJECT")]
CaseOption = Annotated[list[str] | None, typer.Option("--case", help="Only this case; may be given several times.")]
JobsOption = Annotated[int, typer.Option(help="Number of processes; 0: one per core.", min=0)]


def watch(task: events.Task[events.Result], name: str) -> events.Result:
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
                say(f"{event.case_id}: {event.reason}", "yellow")
            elif isinstance(event, events.CaseWarned):
                say(f"{event.case_id}: doubtful: {event.warning}", "yellow")
            else:
                say(f"{event.case_id}: {event.text}")


def known_cases(wanted: Sequence[str] | None, known: Sequence[str]) -> Sequence[str] | None:
    """The cases asked for, None for all of them; a name that no case has is wrong use."""
    unknown = sorted(set(wanted or ()) - set(known))
    if unknown:
        wrong_use(f"no such case: {', '.join(unknown)}")
    return wanted or None
