"""The feedback store: a folder of records that are written once and never changed."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from semiview.core.coverage import FULL, Coverage
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.core.review import Review
from semiview.feedback import lineage
from semiview.feedback.packed_file import export_records, write_view
from semiview.feedback.record import IGNORED, Record
from semiview.feedback.record_file import NewerRecordError, RecordHeader, from_bytes, parse_header, to_bytes
from semiview.feedback.record_folder import RecordFolder
from semiview.feedback.record_id import holds_its_name, is_record_id, uuid7
from semiview.feedback.reports import MergeReport, StoredRecord, VerifyReport, Watch, unwatched
from semiview.feedback.splits import Split, Splits
from semiview.feedback.splits_file import SplitsFile, group_of
from semiview.feedback.store_file import FORMAT, StoreFile
from semiview.files.durable_file import (
    SYSTEM_CALLS,
    SystemCalls,
)
from semiview.files.network_share import network_share
from semiview.files.problem import FileProblem

VIEW_NAME = "feedback.h5"


class FeedbackStore:
    """All that reviewers decided about the cases of a project. Safe from several threads, programs and machines.

    Nobody holds the store: each record is a file of its own under a name that nobody else can take. Only the
    assignment of a new group to a split takes a lock.
    """

    def __init__(self, folder: Path, read_only: bool, calls: SystemCalls) -> None:
        self.folder = folder
        self.read_only = read_only
        self._calls = calls
        self._records = RecordFolder(folder, read_only, calls)
        self._splits = SplitsFile(folder, self._records, calls)
        self._file = StoreFile(folder, calls)
        self._view_is_old = False

    @classmethod
    def open(cls, folder: Path, read_only: bool = False, calls: SystemCalls = SYSTEM_CALLS) -> "FeedbackStore":
        """Open a store, and make it where there is none; what a killed program left behind is tidied up.

        Raises
        ------
        FileProblem
            If it cannot be made or read, or comes from a newer version of the program.
        """
        store = cls(Path(folder), read_only, calls)
        if store._file.open(read_only):
            store._records.tidy()
        store.read_only |= store._file.not_migrated is not None
        store._records.refresh()
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
        split = self._splits.assign(record) if record.trains else self._splits.known(group_of(record))
        # What is known of the case will do: to look at the folder takes longer the more there is in it.
        earlier = [header.record_id for header in self._records.index.history(record.case_id)]
        identifier = uuid7(after=max([*earlier, *record.supersedes], default=""))
        record_id = self._records.write_new(identifier, to_bytes(record, identifier, split))
        self._view_is_old = True
        return record_id

    def load(self, record_id: str) -> Record:
        """A record, every byte checked, with the split that its group has now.

        Raises
        ------
        FileProblem
            If there is no such record, or it is damaged; it is then moved to quarantine.
        """
        record = self._records.load(record_id)
        split = self._splits.read().split_of(group_of(record)) or record.split
        return record if split == record.split else replace(record, split=split)

    def header(self, record_id: str) -> RecordHeader:
        """The small things of a record, without its arrays.

        Raises
        ------
        FileProblem
            If there is no such record.
        """
        header = self._records.index.get(record_id)
        if header is None:
            self._records.refresh()
            header = self._records.index.get(record_id)
        if header is None:
            raise FileProblem(self.path_of(record_id), "there is no such record.")
        return header

    def path_of(self, record_id: str) -> Path:
        """Where the file of a record lies; ValueError if the text is no record id."""
        return self._records.path_of(record_id)

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
            first = failed[0]
            raise FileProblem(first.path, f"{first.reason} ({len(failed)} such records)", first.advice)

    def history(self, case_id: str) -> tuple[RecordHeader, ...]:
        """Every record of a case, oldest first, notes, replaced and damaged ones too."""
        self._records.refresh()
        return tuple(self._records.index.history(case_id))

    def histories(self) -> dict[str, tuple[RecordHeader, ...]]:
        """The history of every case with a record, after one look at the folder."""
        self._records.refresh()
        return {case_id: tuple(self._records.index.history(case_id)) for case_id in self._records.index.case_ids()}

    def heads(self, case_id: str) -> tuple[str, ...]:
        """Ids of the records of a case that stand, oldest first: what the next decision should supersede."""
        return tuple(header.record_id for header in lineage.heads(self.history(case_id)))

    def head(self, case_id: str) -> str:
        """Id of the newest record of a case that stands; empty if there is none."""
        return self.heads(case_id)[-1] if self.heads(case_id) else ""

    def review(self, case_id: str) -> Review:
        """Where the review of a case stands."""
        return lineage.review(self.history(case_id), self._records.damaged)

    def reviews(self) -> dict[str, Review]:
        """Where the review of every case with a record stands. Reads no arrays."""
        self._records.refresh()
        index, damaged = self._records.index, self._records.damaged
        return {case_id: lineage.review(index.history(case_id), damaged) for case_id in index.case_ids()}

    def approved_registration(self, case_id: str) -> Registration | None:
        """The registration that the newest standing decision of a case approved, or None.

        Raises
        ------
        FileProblem
            If the record is damaged.
        """
        header = self._agreed(case_id)
        return self.load(header.record_id).registration if header and header.approves_registration else None

    def approved_shape(self, case_id: str) -> tuple[Coverage, Coverage | None] | None:
        """The approved shape and the region to ignore, or None where no shape is approved.

        The shape is drawn from the stored outlines, so that its contour keeps its sub-pixel place.

        Raises
        ------
        FileProblem
            If the record is damaged.
        """
        header = self._agreed(case_id)
        return None if header is None or not header.trains else self.shape_of(header.record_id)

    def shape_of(self, record_id: str) -> tuple[Coverage, Coverage | None] | None:
        """The same of one record, whether it stands or not.

        Raises
        ------
        FileProblem
            If there is no such record, or it is damaged.
        """
        record = self.load(record_id)
        if record.approved is None:
            return None
        height, width = record.approved.shape
        inside = coverage(record.approved_outlines_px, (height, width))
        ignored = record.approved == IGNORED
        return (
            Coverage.from_array(np.rint(inside * FULL).astype(np.uint8)),
            Coverage.from_array(ignored.astype(np.uint8) * np.uint8(FULL)) if ignored.any() else None,
        )

    def snapshot(self) -> tuple[tuple[str, str], ...]:
        """Id and SHA-256 of every record that a network may learn from: a shape approved and not disputed."""
        return tuple((header.record_id, header.sha256) for header in self._samples())

    def splits(self) -> dict[str, Split]:
        """The split of each group; empty while there are fewer than three groups."""
        return {name: group.split for name, group in self._splits.read().groups.items()}

    def split_of(self, record_id: str) -> str:
        """The split that a record belongs to now."""
        header = self.header(record_id)
        return self._splits.read().split_of(group_of(header)) or header.split

    def summary(self) -> dict[str, Any]:
        """Counts for a person or a script: records, states, samples, splits, and what is wrong."""
        reviews = self.reviews()
        splits = Counter(split or "waiting" for split in self.splits().values())
        return {
            "folder": str(self.folder),
            "format": FORMAT,
            "records": len(self._records.index),
            "cases": len(reviews),
            "states": dict(sorted(Counter(review.state for review in reviews.values()).items())),
            "samples": len(self.snapshot()),
            "groups": dict(sorted(splits.items())),
            "problems": [str(problem) for problem in self.problems],
            "caution": self.caution,
        }

    @property
    def problems(self) -> tuple[FileProblem, ...]:
        """What is wrong with the store: records in quarantine and files that cannot be used."""
        advice = "Restore it from a backup, or decide its case again."
        waiting = [FileProblem(path, f"does not count: {why}.", advice) for path, why in self._records.damaged.values()]
        return (*waiting, *self._other_problems())

    @property
    def caution(self) -> str:
        """What a person should know about the place of the store; empty: nothing."""
        kind = network_share(self.folder)
        if not kind:
            return ""
        return (
            f"The feedback store lies on a network share ({kind}): what is saved there is as safe as that server and "
            "its cache. Let it be on a local disk, or back it up to one."
        )

    @property
    def store_id(self) -> str:
        """What tells this store from others; empty where nobody has written yet."""
        return self._file.store_id

    def verify(self, watch: Watch = unwatched) -> VerifyReport:
        """Read and check every byte; what is damaged is named and moved to quarantine."""
        self._records.refresh()
        names = self._records.index.ids() | self._records.damaged.keys()
        problems = self._other_problems()
        to_check = sorted(names - self._records.damaged.keys())
        for number, name in enumerate(to_check):
            watch(number, len(to_check))
            try:
                self._records.load(name)
            except FileProblem as problem:
                if name not in self._records.damaged:
                    problems.append(problem)
        watch(len(to_check), len(to_check))
        return VerifyReport(len(names), tuple(self._records.damaged.values()), tuple(problems))

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
        self._view_is_old = False
        return path

    def export(self, path: Path, watch: Watch = unwatched) -> int:
        """Write all records, and what stands of them, into one packed HDF5 file; returns their number.

        Raises
        ------
        FileProblem
            If there is no room, or a record cannot be read, or the file cannot be written.
        """
        samples = {header.record_id for header in self._samples()}
        headers = [header for header in self._records.index.headers() if header.record_id not in self._records.damaged]
        records = [(header, partial(self._records.read, header.record_id)) for header in headers]
        export_records(path, records, samples, self._splits.read(), watch)
        return len(headers)

    def adopt(self, record_id: str, data: bytes) -> bool:
        """Take over a record byte for byte, in its own name; False if it is here already.

        Raises
        ------
        FileProblem
            If these are not the bytes of that name, hold no record that can be read, or cannot be written.
        ValueError
            If the text is no record id.
        """
        self._check_writable()
        if record_id in self._records.index.ids() and record_id not in self._records.damaged:
            return False
        path = self.path_of(record_id)
        if not holds_its_name(record_id, data):
            raise FileProblem(path, "is not taken over: its bytes are not those that were written.")
        try:
            parse_header(record_id, data)
            from_bytes(data)  # what cannot be read is not stored
            self._records.write(record_id, data)
        except NewerRecordError as error:
            raise FileProblem(path, f"is not taken over: {error}", "Update this program.") from error
        except ValueError as error:
            raise FileProblem(path, f"is not taken over: {error}.") from error
        self._view_is_old = True
        return True

    def damaged_ids(self) -> frozenset[str]:
        """Ids of the records that are known to be damaged."""
        return frozenset(self._records.damaged)

    def record_ids(self) -> tuple[str, ...]:
        """Ids of all whole records, oldest first."""
        self._records.refresh()
        return tuple(sorted(self._records.index.ids() - self._records.damaged.keys()))

    def merge_splits(self, other: Splits) -> tuple[str, ...]:
        """Take over another store's groups; returns those that it had assigned differently: what stands here stays.

        Raises
        ------
        FileProblem
            If the file cannot be read or written, or another program holds its lock.
        """
        self._check_writable()
        return self._splits.merge(other)

    def renew_splits(self) -> bool:
        """Write a damaged splits.json anew from the records; False if it is whole.

        Raises
        ------
        FileProblem
            As `merge_splits`.
        """
        self._check_writable()
        if self._splits.problem() is None:
            return False
        self._splits.merge(Splits())
        return True

    def merge(
        self, other: "FeedbackStore", only: Collection[str] | None = None, watch: Watch = unwatched
    ) -> MergeReport:
        """Take over every whole record of another store, byte for byte. Doing it twice adds nothing.

        Parameters
        ----------
        only
            Ids of the records that are wanted; None: all.

        Raises
        ------
        FileProblem
            If a record cannot be written; those written before are kept.
        """
        self._check_writable()
        other._records.refresh()
        self._records.refresh()
        conflicts = self._splits.merge(other._splits.read())
        whole_here = self._records.index.ids() - self._records.damaged.keys()
        names = sorted(other._records.index.ids() if only is None else other._records.index.ids() & set(only))
        added, damaged = 0, []
        for number, name in enumerate(names):
            watch(number, len(names))
            if name in whole_here:
                continue
            try:
                data = other._records.read(name)
                from_bytes(data)
            except (FileProblem, ValueError):
                damaged.append(name)
                continue
            self._records.write(name, data)
            added += 1
        watch(len(names), len(names))
        self._view_is_old |= added > 0
        return MergeReport(added, len(names) - added - len(damaged), tuple(damaged), conflicts)

    def close(self) -> None:
        """Bring feedback.h5 up to date if records came; the store itself needs no closing.

        Raises
        ------
        FileProblem
            If the view cannot be written; no record is touched by that.
        """
        if self._view_is_old:
            self.rebuild_view()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _standing(self) -> list[RecordHeader]:
        self._records.refresh()
        index, damaged = self._records.index, self._records.damaged
        heads = (header for case_id in index.case_ids() for header in lineage.heads(index.history(case_id)))
        return [header for header in heads if header.record_id not in damaged]

    def _samples(self) -> list[RecordHeader]:
        agreed = (self.header(review.record_id) for review in self.reviews().values() if _is_agreed(review))
        return [header for header in agreed if header.trains]

    def _agreed(self, case_id: str) -> RecordHeader | None:
        """The record that speaks for a case, if there is one and nobody disputes it."""
        review = self.review(case_id)
        return self.header(review.record_id) if _is_agreed(review) else None

    def _other_problems(self) -> list[FileProblem]:
        splits = self._splits.problem()
        own = (splits, self._file.not_migrated)
        return [*self._records.problems.values(), *(problem for problem in own if problem is not None)]

    def _check_writable(self) -> None:
        if self.read_only:
            raise FileProblem(self.folder, "the feedback store is opened for reading only.", "Open it for writing.")


def _is_agreed(review: Review) -> bool:
    return bool(review.record_id) and review.state != "disputed"
