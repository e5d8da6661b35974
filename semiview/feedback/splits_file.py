"""splits.json of a store: read by all, written under a lock, a line at its end for each new group."""

import contextlib
import os
import threading
from pathlib import Path

from semiview.feedback.migrations import to_2
from semiview.feedback.record import Record
from semiview.feedback.record_file import RecordHeader
from semiview.feedback.record_folder import RecordFolder
from semiview.feedback.splits import Split, Splits
from semiview.files.durable_file import SystemCalls, append_durably, exclusive_lock, write_durably
from semiview.files.problem import FileProblem

FILE_NAME = "splits.json"


class SplitsFile:
    """The frozen assignment of groups. A lost or damaged file is made anew from the records, which name theirs."""

    def __init__(self, folder: Path, records: RecordFolder, calls: SystemCalls) -> None:
        self.path = folder / FILE_NAME
        self._records = records
        self._calls = calls
        self._guard = threading.Lock()
        self._known, self._known_bytes = Splits(), 0
        self._seen: os.stat_result | None = None  # the file when it was read last

    def read(self) -> Splits:
        """The assignment as it stands.

        Raises
        ------
        FileProblem
            If the file is there and cannot be read, or comes from a newer version of the program.
        """
        return self._read_or_problem()[0]

    def known(self, name: str) -> Split:
        """The split of a group as far as it is known without a look at the records, of which there may be many."""
        with self._guard, contextlib.suppress(OSError, ValueError):
            return self._read().split_of(name)
        return self._records.index.split_of_group(name)

    def problem(self) -> FileProblem | None:
        """What is wrong with the file, or None."""
        return self._read_or_problem()[1]

    def assign(self, record: Record) -> Split:
        """The split of the record's group, which is assigned now if it is new.

        Raises
        ------
        FileProblem
            If it cannot be read or written, or another program holds the lock.
        """
        name = group_of(record)
        before, problem = self._read_or_problem()
        known = before.split_of(name)
        if known and problem is None and self._seen is not None:  # else the file is lost or damaged: write it anew
            return known
        with exclusive_lock(self.path):
            before, problem = self._read_or_problem()
            after = before.with_group(name, record.pattern_type, self._records.index.split_of_group(name))
            self._write(before, after, whole=problem is not None)
        return after.split_of(name)

    def merge(self, other: Splits) -> tuple[str, ...]:
        """Take over another store's groups; returns those that it had assigned differently.

        Raises
        ------
        FileProblem
            As `assign`.
        """
        with exclusive_lock(self.path):
            before, problem = self._read_or_problem()
            merged, conflicts = before.merged(other)
            self._write(before, merged, whole=problem is not None)
        return conflicts

    def _write(self, before: Splits, after: Splits, whole: bool) -> None:
        """Add what is new, so that the cost does not grow with the groups; write all where the file's end is torn."""
        size = None if self._seen is None else self._seen.st_size
        if whole or size != self._known_bytes:
            write_durably(self.path, after.to_lines(), self._calls)
        elif after is not before:
            append_durably(self.path, after.to_lines(before), self._calls)

    def _read_or_problem(self) -> tuple[Splits, FileProblem | None]:
        with self._guard:
            try:
                return self._read(), None
            except FileNotFoundError:
                self._forget()
                return self._of_records(), None
            except OSError as error:
                raise FileProblem(self.path, f"cannot be read ({error.strerror}).") from error
            except ValueError as error:
                self._forget()
                problem = FileProblem(self.path, f"is damaged ({error}); the splits are taken from the records.")
                return self._of_records(), problem

    def _read(self) -> Splits:
        """What is known and what stands behind it now."""
        now, seen = self.path.stat(), self._seen
        if seen is not None and (now.st_ino, now.st_size, now.st_mtime_ns) == (
            seen.st_ino, seen.st_size, seen.st_mtime_ns,
        ):  # fmt: skip
            return self._known
        if seen is None or now.st_ino != seen.st_ino or now.st_size <= seen.st_size:
            self._forget()
        with self.path.open("rb") as file:
            file.seek(self._known_bytes)
            data = file.read()
        if not self._known_bytes and to_2.is_old(data):  # a store that may only be read is not migrated
            data = to_2.lines_of(data)
        self._known, whole = self._known.with_lines(data)
        self._known_bytes += whole
        self._seen = now
        return self._known

    def _forget(self) -> None:
        self._known, self._known_bytes, self._seen = Splits(), 0, None

    def _of_records(self) -> Splits:
        self._records.refresh()
        headers = [header for header in self._records.index.headers() if header.trains]
        return Splits.of_records((group_of(header), header.pattern_type, header.split) for header in headers)


def group_of(record: Record | RecordHeader) -> str:
    """What a split keeps together: the group, or else the case by itself."""
    return record.group or record.case_id
