"""Backups of a feedback store: a second store that only grows, with a dated list of what stood at each backup.

Records never change, so a backup copies what is new and nothing twice. Every byte of the copy is read again and
checked before its list is written. Old lists go, by day, week and month; records stay.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semiview.feedback.reports import MergeReport, Watch, unwatched
from semiview.feedback.store import FeedbackStore
from semiview.files.durable_file import make_folder, write_durably
from semiview.files.problem import FileProblem

FORMAT = 1
OWNER_NAME = "backup_of.json"
LISTS_NAME = "lists"
_TIME_FORMAT = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Keep:
    """How many lists of each kind stay: the newest of so many days, weeks and months."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 12


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup did.

    Attributes
    ----------
    path
        The new list.
    records
        How many records it names; all of them were read again and are whole.
    added
        How many of them are new in the backup.
    damaged
        Records of the store that have no whole copy in the backup either.
    removed
        Older lists that made room.
    """

    path: Path
    records: int
    added: int
    damaged: tuple[str, ...]
    removed: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """What a restore would do.

    Attributes
    ----------
    records
        How many the backup names.
    missing, damaged
        Of them not in the store, and in its quarantine: those come back.
    case_ids
        The cases they belong to.
    """

    records: int
    missing: int
    damaged: int
    case_ids: tuple[str, ...]


def back_up(
    store: FeedbackStore, target: Path, keep: Keep = Keep(), now: datetime | None = None, watch: Watch = unwatched
) -> BackupReport:
    """Copy what is new to `target`, check every byte there, write a list of it and let old lists go.

    Raises
    ------
    FileProblem
        If the target cannot be written, holds backups of another store, lies within the store, or has damage.
    """
    if target.resolve().is_relative_to(store.folder.resolve()):
        raise FileProblem(target, "lies within the store itself.", "Choose a folder on another disk.")
    _claim(target, store.store_id)
    backup = FeedbackStore.open(target)
    merged = backup.merge(store, watch=watch)
    report = backup.verify(watch)
    problems = [*report.problems, *(FileProblem(path, why) for path, why in report.damaged)]
    if problems:
        raise FileProblem(
            problems[0].path,
            f"the backup is damaged: {problems[0].reason} ({len(problems)} such files).",
            "Run the backup again: what is lost there is copied anew. Check the disk.",
        )
    names = backup.record_ids()
    damaged = tuple(sorted(set(merged.damaged) - set(names)))
    path = target / LISTS_NAME / f"{(now or datetime.now(UTC)).strftime(_TIME_FORMAT)}.json"
    make_folder(path.parent)
    write_durably(path, _list_bytes(store.store_id, names))
    backup.close()
    return BackupReport(path, len(names), merged.added, damaged, _rotate(target, keep))


def backup_lists(target: Path) -> tuple[tuple[datetime, Path], ...]:
    """The lists of a backup with their times (UTC), oldest first."""
    found = []
    for path in (target / LISTS_NAME).glob("*.json"):
        try:
            found.append((datetime.strptime(path.stem, _TIME_FORMAT).replace(tzinfo=UTC), path))
        except ValueError:
            continue
    return tuple(sorted(found))


def restore(store: FeedbackStore, target: Path, at: datetime | None = None, watch: Watch = unwatched) -> MergeReport:
    """Bring every record back that a backup names and the store lacks or holds damaged. Nothing is taken away.

    Parameters
    ----------
    at
        The newest list not younger than this; None: the newest of all.

    Raises
    ------
    FileProblem
        If there is no such backup, its list is damaged, or a record cannot be written.
    """
    with FeedbackStore.open(target, read_only=True) as backup:
        return store.merge(backup, _names_at(target, at), watch)


def preview(store: FeedbackStore, target: Path, at: datetime | None = None) -> RestorePreview:
    """What `restore` would bring back; raises as it does. Damage that nobody has met yet is not known here."""
    wanted = _names_at(target, at)
    lacking = wanted - set(store.record_ids())
    damaged = lacking & store.damaged_ids()
    with FeedbackStore.open(target, read_only=True) as backup:
        cases = {backup.header(name).case_id for name in lacking & set(backup.record_ids())}
    return RestorePreview(len(wanted), len(lacking) - len(damaged), len(damaged), tuple(sorted(cases)))


def _names_at(target: Path, at: datetime | None) -> frozenset[str]:
    """The records that the newest list up to a time names."""
    lists = [path for time, path in backup_lists(target) if at is None or time <= at]
    if not lists:
        when = "" if at is None else f" of {at.isoformat()} or before"
        raise FileProblem(target, f"there is no backup{when} here.", "`semiview store backup` makes one.")
    return _read_list(lists[-1])


def lists_to_keep(times: Sequence[datetime], keep: Keep) -> set[datetime]:
    """The newest of each of the last so many days, weeks and months that have one; always the newest of all."""
    newest_first = sorted(times, reverse=True)
    kept = set(newest_first[:1])
    kinds: tuple[tuple[int, Callable[[datetime], object]], ...] = (
        (keep.daily, lambda time: time.date()),
        (keep.weekly, lambda time: time.isocalendar()[:2]),
        (keep.monthly, lambda time: (time.year, time.month)),
    )
    for number, period in kinds:
        first_of: dict[object, datetime] = {}
        for time in newest_first:
            first_of.setdefault(period(time), time)
        kept.update(list(first_of.values())[:number])
    return kept


def _claim(target: Path, store_id: str) -> None:
    """Say whose backup the folder is, or refuse where it is another's."""
    path = target / OWNER_NAME
    make_folder(target)
    try:
        owner = json.loads(path.read_bytes())["store_id"]
    except FileNotFoundError:
        if any(target.iterdir()):
            raise FileProblem(target, "is not empty and holds no backup.", "Choose an empty folder.") from None
        write_durably(path, (json.dumps({"format": FORMAT, "store_id": store_id}) + "\n").encode())
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileProblem(path, f"cannot be read ({error}).", "Choose an empty folder.") from error
    if owner != store_id:
        raise FileProblem(target, "holds the backups of another store.", "Choose a folder for this store alone.")


def _list_bytes(store_id: str, names: Sequence[str]) -> bytes:
    content: dict[str, Any] = {"format": FORMAT, "store_id": store_id, "records": list(names)}
    sha256 = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return (json.dumps({**content, "sha256": sha256}, indent=0) + "\n").encode()


def _read_list(path: Path) -> frozenset[str]:
    try:
        content = json.loads(path.read_bytes())
        sha256 = content.pop("sha256")
        if hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest() != sha256:
            raise ValueError("it is not as it was written")
        return frozenset(str(name) for name in content["records"])
    except OSError as error:
        raise FileProblem(path, f"cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileProblem(path, f"the backup's list is damaged ({error}).", "Restore from an older list.") from error


def _rotate(target: Path, keep: Keep) -> tuple[Path, ...]:
    lists = backup_lists(target)
    kept = lists_to_keep([time for time, _ in lists], keep)
    removed = tuple(path for time, path in lists if time not in kept)
    for path in removed:
        path.unlink(missing_ok=True)
    return removed
