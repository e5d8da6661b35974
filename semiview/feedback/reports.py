"""What the store answers with: a record and its id, and what a check or a merge found."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from semiview.feedback.record import Record
from semiview.files.problem import FileProblem

# Told after each step: so many of so many are done.
Watch = Callable[[int, int], None]


def unwatched(_done: int, _total: int) -> None:
    """Nobody looks."""


class StoredRecord(NamedTuple):
    """A record and the id it is stored under."""

    record_id: str
    record: Record


class Damage(NamedTuple):
    """A record whose bytes are not those that were written: where it lies now, and what is wrong."""

    path: Path
    reason: str

    @property
    def record_id(self) -> str:
        """The id it was stored under."""
        return self.path.stem


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of every byte found.

    Attributes
    ----------
    checked
        Number of records, the damaged ones among them.
    damaged
        Those found now and those that lay in quarantine before. All are in quarantine, unless the store is read-only.
    problems
        Files that could not be read, or are no records.
    """

    checked: int
    damaged: tuple[Damage, ...]
    problems: tuple[FileProblem, ...]

    @property
    def ok(self) -> bool:
        """True if every record is whole and nothing waits in quarantine."""
        return not (self.damaged or self.problems)


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge took over.

    Attributes
    ----------
    damaged
        Ids of records that the other store holds no whole copy of.
    split_conflicts
        Groups that the other store had assigned differently; the assignment here stands.
    """

    added: int
    already_here: int
    damaged: tuple[str, ...]
    split_conflicts: tuple[str, ...]
