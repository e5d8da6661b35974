"""Where the review of a case stands, from the headers of its records."""

from collections.abc import Collection, Sequence

from semiview.core.review import STATE_AFTER, Review
from semiview.feedback.record_file import RecordHeader


def heads(history: Sequence[RecordHeader]) -> tuple[RecordHeader, ...]:
    """The records that stand, oldest first.

    Of each reviewer the newest counts; one that any later record supersedes does not, nor does what it replaced
    itself. Notes change nothing. A skip or a retraction stands only where no other statement does.

    Parameters
    ----------
    history
        All records of one case, oldest first: a record comes behind those that it supersedes.
    """
    decisions = [record for record in history if record.kind != "note"]
    replaced: set[str] = set()
    newest: dict[str, RecordHeader] = {}
    for record in decisions:
        replaced.update(record.supersedes)
        earlier = newest.get(record.reviewer)
        if earlier is not None:
            replaced.add(earlier.record_id)
        newest[record.reviewer] = record
    standing = [record for record in decisions if record.record_id not in replaced]
    statements = [record for record in standing if record.kind not in ("skip", "retract")]
    return tuple(statements or standing[-1:])


def review(history: Sequence[RecordHeader], damaged: Collection[str] = ()) -> Review:
    """The state of a case.

    Disputed: two reviewers' standing records differ in what they did or in the approved shape. A standing record
    whose file is damaged leaves the case undecided, and says so: what it replaced does not come back to life.
    """
    standing = heads(history)
    if not standing:
        return Review()
    last = standing[-1]
    if any(record.record_id in damaged for record in standing):
        return Review("undecided", "", "", "The newest record is damaged and in quarantine: decide again.")
    if len({(record.kind, record.approved_sha256) for record in standing}) > 1:
        who = ", ".join(record.reviewer for record in standing)
        what = "; ".join(f"{record.reviewer}: {STATE_AFTER[record.kind]}" for record in standing)
        return Review("disputed", last.record_id, who, what)
    return Review(STATE_AFTER[last.kind], last.record_id, last.reviewer, last.reason)
