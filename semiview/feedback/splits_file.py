"""splits.json of a store: read by all, written under a lock."""

from pathlib import Path

from semiview.feedback.record import Record
from semiview.feedback.record_file import RecordHeader
from semiview.feedback.record_folder import RecordFolder
from semiview.feedback.splits import Split, Splits
from semiview.files.durable_file import SystemCalls, exclusive_lock, write_durably
from semiview.files.problem import FileProblem

FILE_NAME = "splits.json"


class SplitsFile:
    """The frozen assignment of groups. A lost or damaged file is made anew from the records, which name theirs."""

    def __init__(self, folder: Path, records: RecordFolder, calls: SystemCalls) -> None:
        self.path = folder / FILE_NAME
        self._records = records
        self._calls = calls

    def read(self) -> Splits:
        """The assignment as it stands.

        Raises
        ------
        FileProblem
            If the file is there and cannot be read, or comes from a newer version of the program.
        """
        return self._read_or_problem()[0]

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
        known = self.read().split_of(group_of(record))
        if known:
            return known
        with exclusive_lock(self.path):
            self._records.refresh()
            before = self.read()
            after = before.with_group(group_of(record), record.pattern_type)
            if after is not before:
                write_durably(self.path, after.to_json(), self._calls)
        return after.split_of(group_of(record))

    def merge(self, other: Splits) -> tuple[str, ...]:
        """Take over another store's groups; returns those that it had assigned differently.

        Raises
        ------
        FileProblem
            As `assign`.
        """
        with exclusive_lock(self.path):
            merged, conflicts = self.read().merged(other)
            write_durably(self.path, merged.to_json(), self._calls)
        return conflicts

    def _read_or_problem(self) -> tuple[Splits, FileProblem | None]:
        try:
            return Splits.from_json(self.path.read_bytes()), None
        except FileNotFoundError:
            return self._of_records(), None
        except OSError as error:
            raise FileProblem(self.path, f"cannot be read ({error.strerror}).") from error
        except ValueError as error:
            problem = FileProblem(self.path, f"is damaged ({error}); the splits are taken from the records.")
            return self._of_records(), problem

    def _of_records(self) -> Splits:
        headers = [header for header in self._records.index.headers() if header.trains]
        return Splits.of_records((group_of(header), header.pattern_type, header.split) for header in headers)


def group_of(record: Record | RecordHeader) -> str:
    """What a split keeps together: the group, or else the case by itself."""
    return record.group or record.case_id
