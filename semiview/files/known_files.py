"""known_files.csv of a project: the bytes that each picture, design and prediction had when they were first opened.

JPEG, BMP, NumPy and GDS files hold no checksum: a changed bit in one is read as another value. What the project
remembers tells such a file from the one that was reviewed, whatever its format.
"""

import hashlib
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from semiview.core.case import Case
from semiview.files.csv_table import read_table, table_bytes
from semiview.files.durable_file import append_durably, exclusive_lock, write_durably

COLUMNS = ("path", "sha256", "read_utc")


class Known(NamedTuple):
    """A file's bytes as they were, and the day."""

    sha256: str
    read_utc: str


class KnownFiles:
    """Safe from several threads and programs.

    Parameters
    ----------
    folder
        The project's. Files in it go by their place below it, so that a project may move.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "known_files.csv"
        self._folder = folder
        self._guard = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, Known] = {}

    def changed(self, files: Mapping[str, str]) -> dict[str, str]:
        """Those of these files, SHA-256 by path, that are not as they were, each with a sentence.

        Raises
        ------
        FileProblem
            If the list is there and cannot be read.
        """
        return {
            path: f"{path}: Its bytes are not those that were read on {day}. Put the file back, or accept it: "
            "`semiview files PROJECT --accept`."
            for path, day in self.days(files).items()
        }

    def days(self, files: Mapping[str, str]) -> dict[str, str]:
        """The same, each with the day on which it was as it is known; raises like `changed`."""
        known, found = self.read(), {}
        for path, sha256 in files.items():
            before = known.get(self._name(path))
            if before is not None and sha256 and before.sha256 != sha256:
                found[path] = before.read_utc[:10]
        return found

    def remember(self, files: Mapping[str, str], accept: bool = False) -> int:
        """Note files that are not known yet, and with `accept` those that changed; returns how many are new.

        Raises
        ------
        FileProblem
            If the list cannot be read, locked or written.
        """
        if not self._new(files, accept):
            return 0
        with exclusive_lock(self.path):
            new = self._new(files, accept)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            rows = [(name, sha256, now) for name, sha256 in new.items()]
            if not self.path.exists():
                write_durably(self.path, table_bytes(COLUMNS, rows))
            elif rows:
                data = table_bytes(COLUMNS, rows).partition(b"\n")[2]
                append_durably(self.path, data if self._ends_whole() else b"\n" + data)
        return len(new)

    def read(self) -> Mapping[str, Known]:
        """What is known by name; the last line of a name counts.

        Raises
        ------
        FileProblem
            If the list is there and cannot be read.
        """
        with self._guard:
            try:
                found = self.path.stat()
            except OSError:
                self._seen, self._known = None, {}
                return self._known
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
            if stamp != self._seen:
                rows = read_table(self.path, COLUMNS)
                # A line that a killed writer left half is no hash and says nothing.
                whole = (row for row in rows if len(row["sha256"]) == len("0" * 64) and row["read_utc"])
                self._known = {row["path"]: Known(row["sha256"], row["read_utc"]) for row in whole}
                self._seen = stamp
            return self._known

    def _new(self, files: Mapping[str, str], accept: bool) -> dict[str, str]:
        known, new = self.read(), {}
        for path, sha256 in files.items():
            before = known.get(self._name(path))
            if sha256 and (before is None or (accept and before.sha256 != sha256)):
                new[self._name(path)] = sha256
        return new

    def _ends_whole(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, 2)
            return file.read() == b"\n"

    def _name(self, path: str) -> str:
        place = Path(path)
        return (place.relative_to(self._folder) if place.is_relative_to(self._folder) else place).as_posix()


def inputs_of(case: Case) -> dict[str, str]:
    """SHA-256 of every file that a case was read from, by its path."""
    inputs = {case.sem.path: case.sem.sha256}
    if case.design is not None:
        inputs[case.design.path] = case.design.sha256
    if case.prediction is not None and case.prediction.path:
        inputs[case.prediction.path] = sha256_of_file(Path(case.prediction.path))
    return inputs


def sha256_of_file(path: Path) -> str:
    """Hex digest of a file's bytes; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
