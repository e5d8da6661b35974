"""What a project-wide verb says while it works. Window, shell and tests read the same events."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many are done; `text` names the one at hand."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class CaseDone:
    """A case is finished; `text` is its result in a few words."""

    case_id: str
    text: str


@dataclass(frozen=True, slots=True)
class CaseFailed:
    """A case could not be done; the others go on."""

    case_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class CaseWarned:
    """Something about a case's input is doubtful; it is worked on all the same."""

    case_id: str
    warning: str


TaskEvent = Progress | CaseDone | CaseFailed | CaseWarned

Result = TypeVar("Result")

# A task yields events and returns its result.
Task = Generator[TaskEvent, None, Result]


def result_of(task: Task[Result]) -> Result:
    """Run a task to its end, unwatched, and hand back its result."""
    while True:
        try:
            next(task)
        except StopIteration as stop:
            result: Result = stop.value
            return result
