"""Make whole again what can be made whole: from the records themselves, and from a backup."""

import json
from dataclasses import dataclass
from pathlib import Path

from semiview.feedback.record_id import holds_its_name, is_record_id
from semiview.feedback.reports import Damage, Watch, unwatched
from semiview.feedback.store import FeedbackStore
from semiview.feedback.store_file import STORE_NAME
from semiview.files.problem import FileProblem


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did.

    Attributes
    ----------
    renewed
        Names of files that were made anew: store.json, splits.json, feedback.h5.
    restored
        Ids of records that are whole again.
    damaged
        Records that are not: no whole copy was found.
    problems
        What else is wrong, and was left alone.
    """

    renewed: tuple[str, ...]
    restored: tuple[str, ...]
    damaged: tuple[Damage, ...]
    problems: tuple[FileProblem, ...]


def repair(folder: Path, backup: Path | None = None, watch: Watch = unwatched) -> RepairReport:
    """Check every byte, bring damaged records back from a backup, and make all that is derived anew.

    Nothing is deleted: what is damaged stays in quarantine, a damaged store.json beside the new one.

    Raises
    ------
    FileProblem
        If the store cannot be opened or written, or the backup cannot be read.
    """
    renewed = [STORE_NAME] if _set_aside_damaged(folder / STORE_NAME) else []
    store = FeedbackStore.open(folder)
    report = store.verify(watch)
    if store.renew_splits():
        renewed.append("splits.json")
    restored = [damage.record_id for damage in report.damaged if _put_back(store, damage)]
    if backup is not None:
        missing = frozenset(damage.record_id for damage in report.damaged) - set(restored)
        before = set(store.record_ids())
        store.merge(FeedbackStore.open(backup, read_only=True), missing)
        restored += sorted(set(store.record_ids()) - before)
    store.rebuild_view()
    last = store.verify()
    return RepairReport((*renewed, "feedback.h5"), tuple(restored), last.damaged, last.problems)


def _set_aside_damaged(path: Path) -> bool:
    """Move a store.json that cannot be read beside itself; it holds nothing but a number and a name."""
    try:
        json.loads(path.read_bytes())["format"]
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError):
        path.replace(path.with_name(f"{path.name}.damaged"))
        return True
    return False


def _put_back(store: FeedbackStore, damage: Damage) -> bool:
    """Let a record count again whose bytes in quarantine are those of its name after all."""
    if not is_record_id(damage.record_id):
        return False
    try:
        data = damage.path.read_bytes()
        return holds_its_name(damage.record_id, data) and store.adopt(damage.record_id, data)
    except (OSError, FileProblem):
        return False
