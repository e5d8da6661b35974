"""Marks of a case's places (visited, important, waived) as notes in the feedback store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from semiview.core.marker import MarkedPlace
from semiview.feedback.record import Record
from semiview.feedback.record_file import RecordHeader
from semiview.feedback.store import FeedbackStore

REASON = "markers"  # what tells these notes from others
TABLE = "markers"


@dataclass(frozen=True, slots=True)
class Marks:
    """All marked places of a case, and the record they were read from (empty: there is none)."""

    places: tuple[MarkedPlace, ...] = ()
    record_id: str = ""


def read_marks(store: FeedbackStore, case_id: str) -> Marks:
    """The newest marks of a case, whoever made them.

    Raises
    ------
    FileProblem
        If the record is damaged.
    """
    newest = _newest(store, case_id)
    if newest is None:
        return Marks()
    table = store.load(newest.record_id).tables.get(TABLE, {})
    names = ("source", "feature_id", "x_nm", "y_nm", "visited", "important", "waived")
    columns = [table[name].tolist() for name in names] if table else []
    return Marks(tuple(MarkedPlace(*row) for row in zip(*columns, strict=True)), newest.record_id)


def write_marks(store: FeedbackStore, case_id: str, reviewer: str, read: Marks, places: Sequence[MarkedPlace]) -> Marks:
    """Keep the marks of a case; durable when this returns. What others marked since `read` stays beside them.

    Raises
    ------
    FileProblem
        If the record could not be made durable.
    """
    newest = _newest(store, case_id)
    kept = {_place(place): place for place in places}
    if newest is not None and newest.record_id != read.record_id:
        known = {_place(place) for place in read.places}
        for place in read_marks(store, case_id).places:
            if _place(place) not in known:
                kept.setdefault(_place(place), place)
    marked = tuple(place for place in kept.values() if place.marked)
    columns = {
        "source": np.array([place.source for place in marked], np.str_),
        "feature_id": np.array([place.feature_id for place in marked], np.int64),
        "x_nm": np.array([place.x_nm for place in marked], np.float64),
        "y_nm": np.array([place.y_nm for place in marked], np.float64),
        "visited": np.array([place.visited for place in marked], bool),
        "important": np.array([place.important for place in marked], bool),
        "waived": np.array([place.waived for place in marked], bool),
    }
    record = Record(
        kind="note", case_id=case_id, reviewer=reviewer, reason=REASON,
        time_utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
        supersedes=() if newest is None else (newest.record_id,),
        tables={TABLE: columns}, program_version=version("semiview"),
    )  # fmt: skip
    return Marks(marked, store.append(record))


def _newest(store: FeedbackStore, case_id: str) -> RecordHeader | None:
    notes = [header for header in store.history(case_id) if header.kind == "note" and header.reason == REASON]
    return notes[-1] if notes else None


def _place(place: MarkedPlace) -> tuple[str, int, float, float]:
    return place.source, place.feature_id, place.x_nm, place.y_nm
