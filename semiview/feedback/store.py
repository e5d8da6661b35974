"""The feedback store: a folder of records that are written once and never changed."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from json import dumps, loads
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from semiview.core.registration import Registration
from semiview.core.review import Review
from semiview.feedback import lineage
from semiview.feedback.packed_file import export_records, write_view
from semiview.feedback.record import Record
from semiview.feedback.record_file import (
    NewerRecordError,
    RecordHeader,
    from_bytes,
    parse_header,
    salvaged_header,
    to_bytes,
)
from semiview.feedback.record_id import holds_its_name, is_record_id, record_id, relative_path, uuid7
from semiview.feedback.record_index import RecordIndex
from semiview.feedback.splits import FILE_NAME, Split, Splits
from semiview.files.durable_file import (
    SYSTEM_CALLS,
    SystemCalls,
    exclusive_lock,
    make_folder,
    remove_forgotten,
    write_durably,
    writing_problem,
)
from semiview.files.problem import FileProblem

FORMAT = 1
VIEW_NAME = "feedback.h5"


class StoredRecord(NamedTuple):
    """A record and the name it is stored under."""

    record_id: str
    record: Record


@dataclass(frozen=True, slots=True)
class Damage:
    """A record whose bytes are not those that were written."""

    record_id: str
    case_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of every byte found.

    Attributes
    ----------
    damaged
        Found now; moved to quarantine unless the store is read-only.
    quarantined
        Files that lay in quarantine before.
    problems
        Files that could not be read, or are no records.
    """

    checked: int
    damaged: tuple[Damage, ...]
    quarantined: tuple[Path, ...]
    problems: tuple[FileProblem, ...]

    @property
    def ok(self) -> bool:
        """True if every record is whole and nothing waits in quarantine."""
        return not (self.damaged or self.quarantined or self.problems)


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge took over.

    Attributes
    ----------
    split_conflicts
        Groups that the other store had assigned differently; the assignment here stands.
    """

    added: int
    already_here: int
    damaged: tuple[str, ...]
    split_conflicts: tuple[str, ...]


class FeedbackStore:
    """All that reviewers decided about the cases of a project. Safe from several threads, programs and machines.

    Nobody holds the store: each record is a file of its own under a name that nobody else can take. Only the
    assignment of a new group to a split takes a lock.
    """

    def __init__(self, folder: Path, read_only: bool, calls: SystemCalls) -> None:
        self.folder = folder
        self.read_only = read_only
        self._calls = calls
        self._guard = threading.RLock()
        self._index = RecordIndex(folder / "records", folder / "quarantine")
        self._appended = False

    @classmethod
    def open(cls, folder: Path, read_only: bool = False, calls: SystemCalls = SYSTEM_CALLS) -> "FeedbackStore":
        """Open a store, and make it where there is none; what a killed program left behind is tidied up.

        Raises
        ------
        FileProblem
            If it cannot be made or read, or comes from a newer version of the program.
        """
        store = cls(Path(folder), read_only, calls)
        store._check_format()
        store._refresh()
        return store

    def append(self, record: Record) -> str:
        """Store a record; when this returns it survives a crash, a kill and a power cut.

        Returns
        -------
        The record's id. The stored record names the split of its group.

        Raises
        ------
        FileProblem
            If it could not be made durable. What was stored before is untouched, and the same call may be repeated.
        ValueError
            If `supersedes` holds something that is no record id.
        """
        wrong = [name for name in record.supersedes if not is_record_id(name)]
        if wrong:
            raise ValueError(f"supersedes names no record: {wrong[0]!r}")
        self._check_writable()
        record = replace(
            record, split=self._assign(record) if record.trains else self._splits().split_of(_group(record))
        )
        identifier = uuid7(after=max(record.supersedes, default=""))
        data = to_bytes(record, identifier)
        from_bytes(data)
        name = record_id(identifier, data)
        header = parse_header(name, data)
        path = self.path_of(name)
        make_folder(path.parent, self._calls)
        write_durably(path, data, self._calls)
        with self._guard:
            self._index.add(header)
            self._appended = True
        return name

    def load(self, record_id: str) -> Record:
        """A record, every byte checked, with the split that its group has now.

        Raises
        ------
        FileProblem
            If there is no such record, or it is damaged; it is then moved to quarantine.
        """
        record = from_bytes(self._whole_bytes(record_id))
        return replace(record, split=self._splits().split_of(_group(record)) or record.split)

    def header(self, record_id: str) -> RecordHeader:
        """The small things of a record, without its arrays.

        Raises
        ------
        FileProblem
            If there is no such record.
        """
        with self._guard:
            header = self._index.get(record_id)
            if header is None:
                self._refresh()
                header = self._index.get(record_id)
        if header is None:
            raise FileProblem(self.path_of(record_id), "there is no such record.")
        return header

    def path_of(self, record_id: str) -> Path:
        """Where the file of a record lies.

        Raises
        ------
        ValueError
            If the text is no record id.
        """
        return self.folder / relative_path(record_id)

    def records(self) -> Iterator[StoredRecord]:
        """The records that stand: of each case the newest, of a disputed case one for each side.

        Raises
        ------
        FileProblem
            At the end, after all that can be read, if some cannot.
        """
        failed = []
        for header in self._standing():
            try:
                yield StoredRecord(header.record_id, self.load(header.record_id))
            except FileProblem as problem:
                failed.append(problem)
        if failed:
            raise FileProblem(
                failed[0].path, f"{len(failed)} records cannot be used; the first {failed[0].reason}", failed[0].advice
            )

    def history(self, case_id: str) -> tuple[RecordHeader, ...]:
        """Every record of a case, oldest first, notes and replaced ones too."""
        with self._guard:
            self._refresh()
            return tuple(self._index.history(case_id))

    def heads(self, case_id: str) -> tuple[str, ...]:
        """Ids of the records of a case that stand, oldest first: what the next decision should supersede."""
        return tuple(header.record_id for header in lineage.heads(self.history(case_id)))

    def head(self, case_id: str) -> str:
        """Id of the newest record of a case that stands; empty if there is none."""
        standing = self.heads(case_id)
        return standing[-1] if standing else ""

    def review(self, case_id: str) -> Review:
        """Where the review of a case stands."""
        return lineage.review(self.history(case_id), self._index.damaged)

    def reviews(self) -> dict[str, Review]:
        """Where the review of every case with a record stands. Reads no arrays."""
        with self._guard:
            self._refresh()
            index = self._index
            return {name: lineage.review(index.history(name), index.damaged) for name in index.case_ids()}

    def approved_registration(self, case_id: str) -> Registration | None:
        """The registration that the newest standing decision of a case approved, or None.

        Raises
        ------
        FileProblem
            If the record is damaged.
        """
        if self.review(case_id).state == "disputed":
            return None
        for header in reversed(lineage.heads(self.history(case_id))):
            if header.approves_registration and header.record_id not in self._index.damaged:
                return self.load(header.record_id).registration
        return None

    def snapshot(self) -> tuple[tuple[str, str], ...]:
        """Id and SHA-256 of every record that a network may learn from: a shape approved and not disputed."""
        return tuple((header.record_id, header.sha256) for header in self._samples())

    def splits(self) -> dict[str, Split]:
        """The split of each group; empty while there are fewer than three groups."""
        return {name: group.split for name, group in self._splits().groups.items()}

    def split_of(self, record_id: str) -> str:
        """The split that a record belongs to now."""
        header = self.header(record_id)
        return self._splits().split_of(_group(header)) or header.split

    @property
    def problems(self) -> tuple[FileProblem, ...]:
        """What is wrong with the store: records in quarantine and files that cannot be used."""
        with self._guard:
            waiting = [
                FileProblem(
                    path, "is damaged and does not count.", "Restore it from a backup, or decide its case again."
                )
                for path in self._index.damaged.values()
            ]
            return (*waiting, *self._index.problems.values())

    def verify(self) -> VerifyReport:
        """Read and check every byte; what is damaged is named and moved to quarantine."""
        with self._guard:
            self._refresh()
            before = tuple(self._index.damaged.values())
            headers = [header for header in self._index.headers() if header.record_id not in self._index.damaged]
        damaged, problems = [], []
        for header in headers:
            try:
                reason = _fault(header.record_id, self._bytes(header.record_id))
            except FileProblem as problem:
                problems.append(problem)
                continue
            if reason:
                self._quarantine(self.path_of(header.record_id), reason)
                damaged.append(Damage(header.record_id, header.case_id, reason))
        return VerifyReport(len(headers), tuple(damaged), before, (*self._index.problems.values(), *problems))

    def rebuild_view(self) -> Path:
        """Write feedback.h5 anew: one file with links to the records of all samples, for h5py and HDFView.

        Raises
        ------
        FileProblem
            If it cannot be written.
        """
        self._check_writable()
        path = self.folder / VIEW_NAME
        write_view(path, self._samples(), self._calls)
        self._appended = False
        return path

    def export(self, path: Path) -> int:
        """Write all records, and what stands of them, into one packed HDF5 file; returns their number.

        Raises
        ------
        FileProblem
            If there is no room, or it cannot be written.
        """
        with self._guard:
            self._refresh()
            headers = [header for header in self._index.headers() if header.record_id not in self._index.damaged]
        records = [(header, partial(self._whole_bytes, header.record_id)) for header in headers]
        export_records(path, records, {header.record_id for header in self._samples()})
        return len(records)

    def merge(self, other: "FeedbackStore") -> MergeReport:
        """Take over every whole record of another store, byte for byte. Doing it twice adds nothing.

        Raises
        ------
        FileProblem
            If a record cannot be written; those written before are kept.
        """
        self._check_writable()
        with exclusive_lock(self._splits_path):
            splits, conflicts = self._splits().merged(other._splits())
            write_durably(self._splits_path, splits.to_json(), self._calls)
        other._refresh()
        self._refresh()
        added, here, damaged = 0, 0, []
        for header in other._index.headers():
            if self._index.get(header.record_id) is not None and header.record_id not in self._index.damaged:
                here += 1
                continue
            try:
                data = other._whole_bytes(header.record_id)
            except FileProblem:
                damaged.append(header.record_id)
                continue
            path = self.path_of(header.record_id)
            make_folder(path.parent, self._calls)
            write_durably(path, data, self._calls)
            added += 1
        self._refresh()
        self._appended = True
        return MergeReport(added, here, tuple(damaged), conflicts)

    def close(self) -> None:
        """Bring feedback.h5 up to date if records came; the store itself needs no closing.

        Raises
        ------
        FileProblem
            If the view cannot be written; no record is touched by that.
        """
        if self._appended:
            self.rebuild_view()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _splits_path(self) -> Path:
        return self.folder / FILE_NAME

    def _standing(self) -> list[RecordHeader]:
        with self._guard:
            self._refresh()
            standing = [lineage.heads(self._index.history(case_id)) for case_id in self._index.case_ids()]
            damaged = self._index.damaged
        return [header for heads in standing for header in heads if header.record_id not in damaged]

    def _samples(self) -> list[RecordHeader]:
        with self._guard:
            reviews = self.reviews()
            found = [self._index.get(review.record_id) for review in reviews.values() if review.state != "disputed"]
        return [header for header in found if header is not None and header.trains]

    def _check_writable(self) -> None:
        if self.read_only:
            raise FileProblem(self.folder, "the feedback store is opened for reading only.", "Open it for writing.")

    def _check_format(self) -> None:
        path = self.folder / "store.json"
        if not path.exists():
            if not self.read_only:
                make_folder(self.folder, self._calls)
                with exclusive_lock(path):
                    if not path.exists():
                        facts = {"format": FORMAT, "store_id": str(uuid.uuid4())}
                        write_durably(path, (dumps(facts) + "\n").encode(), self._calls)
            return
        try:
            version = loads(path.read_bytes())["format"]
        except OSError as error:
            raise FileProblem(path, f"the feedback store cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise FileProblem(
                path, "is damaged; the records beside it are not.", "Delete this file: it is made anew on opening."
            ) from error
        if not isinstance(version, int) or version > FORMAT:
            raise FileProblem(
                path, f"the feedback store has format {version}, this program knows {FORMAT}.", "Update this program."
            )
        if not self.read_only:
            for folder in (self.folder, *self.folder.glob("records/*"), self.folder / "drafts"):
                remove_forgotten(folder)

    def _refresh(self) -> None:
        with self._guard:
            for path, reason in self._index.refresh():
                self._take_suspect(path, reason)

    def _take_suspect(self, path: Path, reason: str) -> None:
        """Quarantine a file with a broken beginning; what is left of it tells which case it belongs to."""
        try:
            data = path.read_bytes()
        except OSError as error:
            self._index.problems[path] = FileProblem(path, f"cannot be read ({error.strerror}) and is left out.")
            return
        if holds_its_name(path.stem, data):
            self._index.problems[path] = FileProblem(path, f"is left out: {reason}.", "Was it made by another program?")
            return
        header = salvaged_header(path.stem, data)
        if header is not None:
            self._index.add(header)
        self._quarantine(path, reason)

    def _bytes(self, record_id: str) -> bytes:
        path = self.path_of(record_id)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            reason = "is damaged and in quarantine." if record_id in self._index.damaged else "there is no such record."
            raise FileProblem(path, reason) from None
        except OSError as error:
            raise FileProblem(path, f"cannot be read ({error.strerror}).", "Check the disk or the network.") from error

    def _whole_bytes(self, record_id: str) -> bytes:
        data = self._bytes(record_id)
        reason = _fault(record_id, data)
        if reason:
            path = self.path_of(record_id)
            self._quarantine(path, reason)
            raise FileProblem(path, f"the record is damaged: {reason}.", "Restore it, or decide its case again.")
        return data

    def _quarantine(self, path: Path, reason: str) -> None:
        """Move a damaged file away and say why beside it; a read-only store only remembers it."""
        self._index.damaged[path.stem] = path
        if self.read_only:
            return
        folder = self.folder / "quarantine"
        make_folder(folder, self._calls)
        try:
            path.replace(folder / path.name)
            self._calls.fsync_folder(path.parent)
        except FileNotFoundError:
            return  # another program was faster
        except OSError as error:
            raise writing_problem(path, error) from error
        self._index.damaged[path.stem] = folder / path.name
        when = datetime.now(UTC).isoformat(timespec="seconds")
        write_durably(folder / f"{path.stem}.txt", f"{when} {reason}\n".encode(), self._calls)

    def _splits(self) -> Splits:
        """The assignment of groups; a damaged file is made anew from the records, which name theirs."""
        try:
            return Splits.from_json(self._splits_path.read_bytes())
        except FileNotFoundError:
            return self._splits_of_records()
        except OSError as error:
            raise FileProblem(self._splits_path, f"cannot be read ({error.strerror}).") from error
        except ValueError as error:
            self._index.problems[self._splits_path] = FileProblem(
                self._splits_path, f"is damaged ({error}); the splits are taken from the records."
            )
            return self._splits_of_records()

    def _splits_of_records(self) -> Splits:
        with self._guard:
            headers = self._index.headers()
        return Splits.of_records(
            (_group(header), header.pattern_type, header.split) for header in headers if header.trains
        )

    def _assign(self, record: Record) -> Split:
        """The split of the record's group, which is assigned now if it is new."""
        known = self._splits().split_of(_group(record))
        if known:
            return known
        with exclusive_lock(self._splits_path):
            self._refresh()
            before = self._splits()
            after = before.with_group(_group(record), record.pattern_type)
            if after is not before:
                write_durably(self._splits_path, after.to_json(), self._calls)
        return after.split_of(_group(record))


def _group(record: Record | RecordHeader) -> str:
    """What a split keeps together: the group, or else the case by itself."""
    return record.group or record.case_id


def _fault(record_id: str, data: bytes) -> str:
    """What is wrong with a record's bytes, or nothing."""
    if not holds_its_name(record_id, data):
        return "its bytes are not those that were written"
    try:
        from_bytes(data)
    except NewerRecordError as error:
        raise FileProblem(Path(record_id), str(error), "Update this program.") from error
    except ValueError as error:
        return str(error)
    return ""
