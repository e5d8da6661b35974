"""The files of a store: what lies there, what is damaged and goes to quarantine, one record in, one record out."""

import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from semiview.feedback.header_cache import HeaderCache
from semiview.feedback.record import Record
from semiview.feedback.record_file import NewerRecordError, from_bytes, parse_header, read_header, salvaged_header
from semiview.feedback.record_id import RECORD_SUFFIX, holds_its_name, is_record_id, make_record_id, relative_path
from semiview.feedback.record_index import RecordIndex
from semiview.feedback.reports import Damage
from semiview.files.durable_file import (
    SystemCalls,
    make_folder,
    remove_forgotten,
    write_and_name,
    write_durably,
    writing_problem,
)
from semiview.files.problem import FileProblem

MANY = 200  # so many unknown headers are worth a look at the cache; fewer are read as quickly
CHANGED = "its bytes are not those that were written"


class RecordFolder:
    """records/ and quarantine/ of a store.

    Attributes
    ----------
    index
        Headers of all records, those in quarantine too: what they replaced must not come back to life.
    damaged
        Where the damaged ones lie now and why, by id.
    problems
        Files that cannot be used and are left where they are, by path.
    """

    def __init__(self, folder: Path, read_only: bool, calls: SystemCalls) -> None:
        self.index = RecordIndex()
        self._cache = HeaderCache(folder)
        self.damaged: dict[str, Damage] = {}
        self.problems: dict[Path, FileProblem] = {}
        self._folder = folder
        self._quarantine_folder = folder / "quarantine"
        self._read_only = read_only
        self._calls = calls
        self._guard = threading.RLock()

    def path_of(self, record_id: str) -> Path:
        """Where a record lies while it is whole; ValueError if the text is no record id."""
        return self._folder / relative_path(record_id)

    def tidy(self) -> None:
        """Remove what killed writers left behind."""
        for folder in (self._folder, *self._months(), self._quarantine_folder, self._folder / "drafts"):
            remove_forgotten(folder)

    def refresh(self) -> None:
        """Look at the folders again. A record never changes, so only new files are read, their first bytes alone.

        Raises
        ------
        FileProblem
            If a record comes from a newer version of the program, or the folder cannot be read.
        """
        with self._guard:
            try:
                records = {name: path for month in self._months() for name, path in _record_files(month).items()}
                quarantined = _record_files(self._quarantine_folder)
            except OSError as error:
                raise FileProblem(self._folder, f"cannot be read ({error.strerror}).", "Is its disk there?") from error
            misnamed = {path for name, path in records.items() if not is_record_id(name)}
            records = {name: path for name, path in records.items() if path not in misnamed}
            kept_aside = {} if not self._read_only else {n: p for n, p in self.damaged.items() if n in records}
            self.damaged = kept_aside | {
                name: self.damaged.get(name) or Damage(path, _why(path))
                for name, path in quarantined.items()
                if name not in records
            }
            self.problems = {
                path: FileProblem(path, "is no record and is left out.", "Move it away.") for path in misnamed
            }
            for name in self.index.ids() - records.keys() - quarantined.keys():
                self.index.forget(name)
            self._meet_all({name: path for name, path in (quarantined | records).items() if name not in self.index})

    def write_new(self, identifier: str, data: bytes) -> str:
        """Store the bytes of a new record durably; returns its id. What cannot be read back is not stored.

        Raises
        ------
        FileProblem
            If they could not be made durable.
        ValueError
            If they are no record.
        """

        def name() -> str:
            from_bytes(data)
            return make_record_id(identifier, data) + RECORD_SUFFIX

        folder = self.path_of(make_record_id(identifier, b"")).parent
        make_folder(folder, self._calls)
        record_id = write_and_name(folder, data, name, self._calls).stem
        self._know(record_id, data)
        return record_id

    def write(self, name: str, data: bytes) -> None:
        """Store the bytes of a record of another store durably; raises FileProblem if that failed."""
        path = self.path_of(name)
        make_folder(path.parent, self._calls)
        write_durably(path, data, self._calls)
        self._know(name, data)

    def read(self, record_id: str) -> bytes:
        """The bytes of a record, all of them checked.

        Raises
        ------
        FileProblem
            If there is no such record, or it cannot be read, or is damaged; then it goes to quarantine.
        """
        path = self.path_of(record_id)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            reason = "is damaged and in quarantine." if record_id in self.damaged else "there is no such record."
            raise FileProblem(path, reason) from None
        except OSError as error:
            raise FileProblem(path, f"cannot be read ({error.strerror}).", "Check the disk or the network.") from error
        if not holds_its_name(record_id, data):
            self._quarantine(path, CHANGED)
            raise FileProblem(path, f"the record is damaged: {CHANGED}.", "Restore it, or decide its case again.")
        return data

    def load(self, record_id: str) -> Record:
        """A record as it was written; raises as `read`, and if this program cannot understand it."""
        data = self.read(record_id)
        try:
            parse_header(record_id, data)
            return from_bytes(data)
        except NewerRecordError as error:
            raise FileProblem(self.path_of(record_id), str(error), "Update this program.") from error
        except ValueError as error:
            raise FileProblem(self.path_of(record_id), f"is whole, but {error}.", "Report this as a fault.") from error

    def _know(self, name: str, data: bytes) -> None:
        with self._guard:
            self.damaged.pop(name, None)
            self.index.add(parse_header(name, data))

    def _months(self) -> list[Path]:
        records = self._folder / "records"
        return [path for path in records.iterdir() if path.is_dir()] if records.is_dir() else []

    def _meet_all(self, files: Mapping[str, Path]) -> None:
        """Know these, from what the cache kept where they are many."""
        many = len(files) >= MANY
        kept = self._cache.read(files) if many else {}
        for name, path in sorted(files.items()):
            if name in kept:
                self.index.add(kept[name])
            else:
                self._meet(name, path)
        if many and len(files) - len(kept) >= MANY // 2:
            found = {name: header for name in files if (header := self.index.get(name)) is not None}
            self._cache.write({name: found[name] for name in found.keys() - self.damaged.keys()}, files)

    def _meet(self, name: str, path: Path) -> None:
        try:
            self.index.add(read_header(path))
        except NewerRecordError as error:
            raise FileProblem(path, str(error), "Update this program to use the feedback store.") from error
        except FileNotFoundError:
            pass  # another program has just moved it to quarantine
        except OSError as error:
            self.problems[path] = FileProblem(path, f"cannot be read ({error.strerror}) and is left out.")
        except ValueError as error:
            self._suspect(name, path, str(error))

    def _suspect(self, name: str, path: Path, reason: str) -> None:
        """Look at all of a file with a broken beginning; what is left of it may tell which case it belongs to."""
        try:
            data = path.read_bytes()
        except OSError as error:
            self.problems[path] = FileProblem(path, f"cannot be read ({error.strerror}) and is left out.")
            return
        header = salvaged_header(name, data)
        if header is not None:
            self.index.add(header)
        if name not in self.damaged:
            self._quarantine(path, CHANGED if not holds_its_name(name, data) else reason)

    def _quarantine(self, path: Path, reason: str) -> None:
        """Move a damaged file away and say why beside it; a read-only store only remembers it."""
        with self._guard:
            self.damaged[path.stem] = Damage(path, reason)
            if self._read_only:
                return
            make_folder(self._quarantine_folder, self._calls)
            aside = self._quarantine_folder / path.name
            try:
                self._calls.replace(path, aside)
                self._calls.fsync_folder(path.parent)
            except FileNotFoundError:
                return  # another program was faster
            except OSError as error:
                raise writing_problem(path, error) from error
            self.damaged[path.stem] = Damage(aside, reason)
        when = datetime.now(UTC).date().isoformat()
        write_durably(aside.with_suffix(".txt"), f"{reason} (found {when})\n".encode(), self._calls)


def _record_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        return {
            entry.name.removesuffix(RECORD_SUFFIX): folder / entry.name
            for entry in entries
            if entry.name.endswith(RECORD_SUFFIX) and not entry.name.startswith(".")
        }


def _why(quarantined: Path) -> str:
    """The reason that was written beside a file in quarantine."""
    try:
        return quarantined.with_suffix(".txt").read_text("utf-8").strip()
    except (OSError, ValueError):
        return CHANGED
