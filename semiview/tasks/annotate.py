"""Notes on a case that change no decision: a remark, and the wish that somebody else has a second look."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version

from semiview.feedback.record import Record
from semiview.feedback.record_file import RecordHeader
from semiview.tasks.workspace import Workspace

SECOND_LOOK, LOOKED = "second look", "second look no longer wanted"
DECISIONS = ("accept", "correct", "reject")


def annotate(workspace: Workspace, case_id: str, reviewer: str, note: str = "", reason: str = "") -> str:
    """Write a note; durable when this returns.

    Parameters
    ----------
    reason
        SECOND_LOOK, LOOKED, or empty for a mere remark.

    Raises
    ------
    FileProblem
        If it could not be made durable.
    """
    info = workspace.project.row(case_id).info
    return workspace.store.append(
        Record(kind="note", case_id=case_id, reviewer=reviewer, reason=reason, note=note,
               time_utc=datetime.now(UTC).isoformat(timespec="milliseconds"), pattern_type=info.pattern_type,
               group=info.group, program_version=version("semiview"))
    )  # fmt: skip


def second_look(history: Sequence[RecordHeader]) -> str:
    """Who wants a second look at a case; empty: nobody, or somebody else has decided since.

    Parameters
    ----------
    history
        All records of the case, oldest first.
    """
    wanted = ""
    for record in history:
        if record.kind == "note" and record.reason == SECOND_LOOK:
            wanted = record.reviewer
        elif (record.kind == "note" and record.reason == LOOKED) or (
            record.kind in DECISIONS and record.reviewer != wanted
        ):
            wanted = ""
    return wanted


def remarks(history: Sequence[RecordHeader]) -> tuple[RecordHeader, ...]:
    """The records of a case that carry a note, newest first."""
    return tuple(record for record in reversed(history) if record.note)


def decided_on(day: date, histories: Collection[Sequence[RecordHeader]], reviewer: str) -> int:
    """Number of cases that a reviewer accepted, corrected or rejected on a day of the local calendar."""
    return sum(
        any(
            record.reviewer == reviewer and record.kind in DECISIONS and _day(record.time_utc) == day
            for record in history
        )
        for history in histories
    )


def _day(time_utc: str) -> date | None:
    try:
        return datetime.fromisoformat(time_utc).astimezone().date()
    except ValueError:
        return None
