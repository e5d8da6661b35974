"""Format 1 to 2: splits.json was one object and is a JSON line a group, so that a new group costs one line."""

import contextlib
import hashlib
import json
from pathlib import Path

from semiview.feedback.splits import Group, Splits
from semiview.files.durable_file import SystemCalls, exclusive_lock, write_durably


def migrate(folder: Path, calls: SystemCalls) -> None:
    """Bring a store's folder from format 1 to 2; doing it twice changes nothing.

    Raises
    ------
    FileProblem
        If splits.json cannot be written. A damaged one is left for the store to say so.
    """
    path = folder / "splits.json"
    with exclusive_lock(path), contextlib.suppress(FileNotFoundError, ValueError):
        old = path.read_bytes()
        if is_old(old):
            write_durably(path, lines_of(old), calls)


def is_old(data: bytes) -> bool:
    """True if this splits.json was written in format 1."""
    return data.startswith(b"{\n")


def lines_of(data: bytes) -> bytes:
    """The content of splits.json as lines.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    try:
        groups = json.loads(data)["groups"]
        found = {name: Group(said["pattern_type"], said["split"]) for name, said in groups.items()}
        if json.loads(data)["sha256"] != hashlib.sha256(json.dumps(groups, sort_keys=True).encode()).hexdigest():
            raise ValueError("its groups are not those that were written")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks {error}") from error
    return Splits(found).to_lines()
