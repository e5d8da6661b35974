"""Checkpoints of a project: one safetensors file each, and one pointer to the one in use.

`current.json` holds the id in use and the whole history of promotions and rollbacks; it changes by one atomic
replacement. The checkpoints that ship with the program are the ground under it all.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from semiview.files.durable_file import exclusive_lock, make_folder, write_durably
from semiview.files.expected_sem_file import DESIGN_TO_SEM
from semiview.files.problem import FileProblem

SUFFIX = ".safetensors"
POINTER = "current.json"
STARTER_FILE = "starter.safetensors"
POINTER_FORMAT = 1
LONGEST_HEADER = 100_000_000
CONTENT = "content_sha256"  # on a card: see `content_sha256`


@dataclass(frozen=True, slots=True)
class CheckpointRef:
    """A checkpoint on the disk: its id, its file and its card (origin, training data, figures)."""

    id: str
    path: Path
    card: Mapping[str, Any]

    @property
    def generates(self) -> bool:
        """True if it answers with pictures: it never becomes the current one, and nothing is measured of them."""
        return self.card.get("task") == DESIGN_TO_SEM

    @property
    def sha256(self) -> str:
        """Hex digest of the file.

        Raises
        ------
        FileProblem
            If the file cannot be read.
        """
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            raise FileProblem(self.path, f"the checkpoint cannot be read: {error.strerror}.") from error


def starter_path() -> Path:
    """File of the shipped checkpoint that is in use until another one is promoted."""
    return Path(str(resources.files("semiview.resources") / "checkpoints" / STARTER_FILE))


def shipped_paths() -> tuple[Path, ...]:
    """Files of all checkpoints that ship with the program, the one in use at first before the others."""
    first = starter_path()
    return (first, *(path for path in sorted(first.parent.glob(f"*{SUFFIX}")) if path != first))


def read_reference(path: Path) -> CheckpointRef:
    """Open a checkpoint file as far as its card.

    Raises
    ------
    FileProblem
        If it is missing, cut off or no checkpoint of this program.
    """
    advice = "Put the file back from a copy, or promote another checkpoint."
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= LONGEST_HEADER:
                raise FileProblem(path, "this is no safetensors file.", advice)
            header = json.loads(file.read(length))
        size = path.stat().st_size
        card = json.loads(header.pop("__metadata__")["card"])
        expected = 8 + length + max(tensor["data_offsets"][1] for tensor in header.values())
        checkpoint_id = str(card["id"])
    except FileNotFoundError:
        raise FileProblem(path, "the checkpoint is gone.", advice) from None
    except OSError as error:
        raise FileProblem(path, f"the checkpoint cannot be read: {error.strerror}.", advice) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FileProblem(path, "this is no checkpoint of SemiView, or it is damaged.", advice) from None
    if size != expected:
        raise FileProblem(path, f"the checkpoint is cut off: {size} of {expected} bytes.", advice)
    return CheckpointRef(checkpoint_id, path, card)


def content_sha256(data: bytes) -> str:
    """SHA-256 of what a safetensors file says: its card without `content_sha256`, where each tensor lies, their bytes.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no checkpoint.
    """
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    card = json.loads(header.pop("__metadata__")["card"])
    card.pop(CONTENT, None)
    digest = hashlib.sha256(json.dumps([card, header], sort_keys=True).encode())
    digest.update(memoryview(data)[end:])
    return digest.hexdigest()


def check_content(reference: CheckpointRef) -> None:
    """Refuse a checkpoint whose bytes are not those that were written; older ones without a hash pass.

    Raises
    ------
    FileProblem
        If they differ, or the file cannot be read.
    """
    told = reference.card.get(CONTENT)
    if told is None:
        return
    try:
        same = content_sha256(reference.path.read_bytes()) == told
    except OSError as error:
        raise FileProblem(reference.path, f"the checkpoint cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        advice = "Put the file back from a copy, or promote another checkpoint."
        raise FileProblem(reference.path, "the checkpoint is damaged, its bytes have changed.", advice)


class Registry:
    """The checkpoints in a project's folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def _pointer(self) -> Path:
        return self.folder / POINTER

    def current(self) -> CheckpointRef:
        """The checkpoint in use; the shipped one until another was promoted.

        Raises
        ------
        FileProblem
            If the pointer or the file it names cannot be read.
        """
        in_use = _in_use(self.history())
        return self.get(in_use[-1]) if in_use else read_reference(starter_path())

    def get(self, checkpoint_id: str) -> CheckpointRef:
        """A checkpoint by its id.

        Raises
        ------
        FileProblem
            If there is none.
        """
        if not checkpoint_id or checkpoint_id != Path(checkpoint_id).name:
            raise FileProblem(self.folder, f"{checkpoint_id!r} is no checkpoint id.")
        path = self.folder / (checkpoint_id + SUFFIX)
        if not path.exists():
            for shipped in map(read_reference, shipped_paths()):
                if shipped.id == checkpoint_id:
                    return shipped
        return read_reference(path)

    def list(self) -> tuple[CheckpointRef, ...]:
        """Every readable checkpoint, the shipped ones first, then by id, which begins with the time it was made."""
        found = list(map(read_reference, shipped_paths()))
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                found.append(read_reference(path))
            except FileProblem:
                continue
        return tuple(found)

    def damaged(self) -> tuple[FileProblem, ...]:
        """What is wrong with the checkpoint files that `list` leaves out."""
        problems = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                read_reference(path)
            except FileProblem as problem:
                problems.append(problem)
        return tuple(problems)

    def add(self, checkpoint_id: str, data: bytes) -> CheckpointRef:
        """Keep a checkpoint's bytes durably; it is not in use by that.

        Raises
        ------
        FileProblem
            If it cannot be written, or there is one of that id already.
        """
        make_folder(self.folder)
        path = self.folder / (checkpoint_id + SUFFIX)
        if path.exists():
            raise FileProblem(path, "there is a checkpoint of this id already.")
        write_durably(path, data)
        return read_reference(path)

    def promote(self, checkpoint_id: str, by: str, reason: str) -> None:
        """Make a checkpoint the current one, in one atomic step.

        Raises
        ------
        FileProblem
            If there is no such checkpoint, it finds no patterns or the pointer cannot be written; the old one stays in
            use then.
        """
        reference = self.get(checkpoint_id)
        if reference.generates:
            raise FileProblem(reference.path, "it makes SEM pictures and finds no patterns.", "Promote another one.")
        self._append({"action": "promote", "id": checkpoint_id, "by": by, "reason": reason})

    def rollback(self, by: str = "", reason: str = "") -> CheckpointRef:
        """Go back to the checkpoint that was in use before the current one, and return it.

        Raises
        ------
        FileProblem
            If there is none before it.
        """
        self._append({"action": "rollback", "by": by, "reason": reason})
        return self.current()

    def history(self) -> tuple[Mapping[str, Any], ...]:
        """Promotions and rollbacks, oldest first: action, id, by, reason, time_utc.

        Raises
        ------
        FileProblem
            If the pointer is damaged.
        """
        try:
            pointer = json.loads(self._pointer.read_bytes())
            history = tuple(pointer["history"])
            if pointer["format"] > POINTER_FORMAT:
                raise FileProblem(self._pointer, "written by a newer version of this program.", "Update SemiView.")
            in_use = _in_use(history)
            # Rolled back to the ground, the id is that of the checkpoint that an older program may have shipped.
            if not history or (in_use and pointer["id"] != in_use[-1]):
                raise ValueError
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise FileProblem(self._pointer, f"cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError):
            raise FileProblem(
                self._pointer,
                "damaged, so that nobody can say which checkpoint is in use.",
                "Restore it from a copy, or remove it to use the shipped checkpoint, and promote again.",
            ) from None
        return history

    def _append(self, entry: dict[str, str]) -> None:
        make_folder(self.folder)
        with exclusive_lock(self._pointer):
            history = self.history()
            if entry["action"] == "rollback" and not _in_use(history):
                raise FileProblem(self.folder, "there is no earlier checkpoint to go back to.")
            stamped = {**entry, "time_utc": datetime.now(UTC).isoformat(timespec="seconds")}
            history = (*history, stamped)
            in_use = _in_use(history)
            in_use_id = in_use[-1] if in_use else read_reference(starter_path()).id
            pointer = {"format": POINTER_FORMAT, "id": in_use_id, "history": history}
            write_durably(self._pointer, json.dumps(pointer, indent=1).encode())


def _in_use(history: tuple[Mapping[str, Any], ...]) -> tuple[str, ...]:
    """Ids from the first promoted one up to the one in use; a rollback takes the last away."""
    stack: tuple[str, ...] = ()
    for entry in history:
        stack = (*stack, str(entry["id"])) if entry["action"] == "promote" else stack[:-1]
    return stack
