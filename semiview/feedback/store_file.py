"""store.json of a store: the number of its format and what tells it from others; brings older formats to the newest."""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semiview.feedback.migrations import to_2
from semiview.files.durable_file import SystemCalls, exclusive_lock, make_folder, write_durably, writing_problem
from semiview.files.problem import FileProblem

FORMAT = 2
MIGRATIONS = (to_2.migrate,)  # the first leads from format 1 to 2
STORE_NAME = "store.json"


class StoreFile:
    """Made with the store, made anew where it is lost.

    Attributes
    ----------
    not_migrated
        Why a store of an older format can be read and not written, or None.
    """

    def __init__(self, folder: Path, calls: SystemCalls) -> None:
        self.path = folder / STORE_NAME
        self.not_migrated: FileProblem | None = None
        self._calls = calls

    @property
    def store_id(self) -> str:
        """What tells this store from others; empty where nobody has written yet."""
        try:
            return str(json.loads(self.path.read_bytes())["store_id"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def open(self, read_only: bool) -> bool:
        """Check the format, and for writing make the file or bring the store to the newest format.

        Returns
        -------
        Whether there may be something to tidy up: the store was there, and it may be written.

        Raises
        ------
        FileProblem
            If it cannot be read or made, is damaged, or comes from a newer version of the program.
        """
        try:
            there = self.path.exists()
        except OSError as error:
            raise writing_problem(self.path.parent, error) from error
        if not there:
            if not read_only:
                self._begin()
            return False
        facts = self._read()
        if not read_only and facts["format"] != FORMAT:
            self._migrate(facts)
        return not read_only

    def _read(self) -> dict[str, Any]:
        try:
            facts: dict[str, Any] = json.loads(self.path.read_bytes())
            version = facts["format"]
        except OSError as error:
            raise FileProblem(self.path, f"the feedback store cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise FileProblem(
                self.path, "is damaged; the records beside it are not.", "Delete this file: it is made anew on opening."
            ) from error
        if not isinstance(version, int) or not 1 <= version <= FORMAT:
            raise FileProblem(
                self.path,
                f"the feedback store has format {version}, this program knows {FORMAT}.",
                "Update this program.",
            )
        return facts

    def _migrate(self, facts: Mapping[str, Any]) -> None:
        """Bring an older store to this format, a step at a time; a kill in between is made good by the next opening."""
        try:
            with exclusive_lock(self.path):
                for step in MIGRATIONS[facts["format"] - 1 :]:
                    step(self.path.parent, self._calls)
                write_durably(self.path, _json({**facts, "format": FORMAT}), self._calls)
        except FileProblem as problem:  # every format can be read; to write it must be the newest
            self.not_migrated = FileProblem(self.path, f"can be read, not written: {problem.reason}", problem.advice)

    def _begin(self) -> None:
        make_folder(self.path.parent, self._calls)
        with exclusive_lock(self.path):
            if not self.path.exists():
                write_durably(self.path, _json({"format": FORMAT, "store_id": str(uuid.uuid4())}), self._calls)


def _json(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(facts) + "\n").encode()
