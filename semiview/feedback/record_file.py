"""A record as the bytes of an HDF5 file, and back. docs/feedback-record.md lists what is in it."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from semiview.core.review import DecisionKind
from semiview.feedback.hdf5_parts import (
    check_links,
    chunk_places,
    get_array,
    get_gauges,
    get_numbers,
    get_outlines,
    get_registration,
    get_table,
    get_texts,
    new_group,
    new_image,
    opened_image,
    put_array,
    put_gauges,
    put_numbers,
    put_outlines,
    put_registration,
    put_table,
    put_texts,
    put_words,
    sha256_of,
    skeleton_sha256,
)
from semiview.feedback.record import SCHEMA_VERSION, Record
from semiview.feedback.splits import Split
from semiview.feedback.user_block import NO_SHA256, parse_user_block, read_user_block, user_block_bytes, with_user_block

WHAT = "record"

_TEXTS = (
    "kind",
    "case_id",
    "reviewer",
    "time_utc",
    "reason",
    "note",
    "image_sha256",
    "nm_per_px_source",
    "pattern_type",
    "group",
    "split",
    "tool",
    "edge_algorithm",
    "program_version",
    "checkpoint_id",
    "checkpoint_sha256",
    "design_tone",
)
_FLAGS = ("approves_shape", "approves_registration", "approves_measurements")
_NUMBERS = ("seconds_spent", "nm_per_px_x", "nm_per_px_y", "free_share")
_ARRAYS = {
    "sem": "sem/image",
    "design_raster": "design/raster",
    "prediction": "prediction/probability",
    "approved": "approved/mask",
    "ignore": "ignore/mask",
}


class NewerRecordError(ValueError):
    """A whole record that only a newer version of the program can read."""


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """The small things of a record, read from its first bytes alone.

    Attributes
    ----------
    shape
        (H, W) of the picture in px, or None.
    approved_sha256
        Of the approved shape's pixels; empty without one. Equal shapes have equal hashes.
    registration_class
        Class of the registration, or empty.
    split
        As the record names it; FeedbackStore.split_of knows what was decided later.
    sha256
        Of these facts, among them the hash of the HDF5 part: it stands for the whole record.
    """

    record_id: str
    kind: DecisionKind
    case_id: str
    reviewer: str
    time_utc: str
    supersedes: tuple[str, ...]
    reason: str
    note: str
    approves_shape: bool
    approves_registration: bool
    approves_measurements: bool
    shape: tuple[int, int] | None
    approved_sha256: str
    image_sha256: str
    registration_class: str
    pattern_type: str
    group: str
    split: Split
    checkpoint_id: str
    sha256: str

    @property
    def trains(self) -> bool:
        """True if the record approves a shape that a network may learn from."""
        return self.kind in ("accept", "correct") and self.approves_shape


def to_bytes(record: Record, identifier: str, split: str | None = None) -> bytes:
    """The whole file of a record.

    Parameters
    ----------
    identifier
        The uuid7 under which it will be known.
    split
        Stored in place of the record's own.
    """
    split = record.split if split is None else split
    facts = _facts(record, identifier) | {"split": split, "skeleton_sha256": NO_SHA256}
    texts = {name: getattr(record, name) for name in _TEXTS} | {"record_uuid": identifier, "split": split}
    chunks: list[tuple[int, int]] = []

    def fill(file: h5py.File) -> None:
        put_texts(file, texts)
        _put(file, record)
        chunks.extend(chunk_places(file))

    image = new_image(fill, user_block_bytes(WHAT, facts))
    facts["skeleton_sha256"] = skeleton_sha256(image, chunks)
    return with_user_block(WHAT, facts, image)


def from_bytes(data: bytes) -> Record:
    """The record in a file's bytes.

    Raises
    ------
    NewerRecordError
        If its schema is newer than this program.
    ValueError
        If it is no record, or damaged.
    """
    try:
        with opened_image(data) as file:
            return record_in(file)
    except NewerRecordError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, IndexError, AttributeError) as error:
        raise ValueError(f"it cannot be read as a record ({error})") from error


def read_header(path: Path) -> RecordHeader:
    """The header of a record file, from one short read.

    Raises
    ------
    OSError
        If it cannot be read.
    NewerRecordError, ValueError
        As `from_bytes`.
    """
    return _header(path.stem, *read_user_block(path, WHAT))


def parse_header(record_id: str, data: bytes) -> RecordHeader:
    """The header in a record file's bytes; raises as `from_bytes`."""
    return _header(record_id, *parse_user_block(data, WHAT))


def salvaged_header(record_id: str, data: bytes) -> RecordHeader | None:
    """What a damaged record still says of itself, or None."""
    try:
        return parse_header(record_id, data)
    except ValueError:
        pass
    try:
        return _header(record_id, _facts(from_bytes(data), record_id[:36]), "")
    except ValueError:
        return None


def _facts(record: Record, identifier: str) -> dict[str, Any]:
    """What the user block says."""
    trust = None if record.registration is None else record.registration.trust
    facts: dict[str, Any] = {
        "uuid": identifier,
        "schema_version": record.schema_version,
        "supersedes": list(record.supersedes),
        "shape": record.shape,
        "approved_sha256": "" if record.approved is None else sha256_of(record.approved),
        "registration_class": "" if trust is None else trust.registration_class or "",
    }
    return facts | {name: getattr(record, name) for name in (*_TEXTS, *_FLAGS)}


def _header(record_id: str, facts: dict[str, Any], sha256: str) -> RecordHeader:
    try:
        if facts["schema_version"] > SCHEMA_VERSION:
            raise NewerRecordError(f"it was written by version {facts['program_version']} of the program.")
        if not record_id.startswith(facts["uuid"]):
            raise ValueError("its name is not the one it was given")
        return header_of({name: facts[name] for name in _HEADER_FACTS} | {"record_id": record_id, "sha256": sha256})
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"its first lines lack {error}") from error


def header_of(fields: Mapping[str, Any]) -> RecordHeader:
    """A header from its fields, lists in place of tuples as JSON has them; raises TypeError, KeyError or IndexError."""
    shape = fields["shape"]
    pairs = {"supersedes": tuple(fields["supersedes"]), "shape": None if shape is None else (shape[0], shape[1])}
    return RecordHeader(**({name: _shared(value) for name, value in fields.items()} | pairs))


def _shared(value: Any) -> Any:
    """The same text once in memory, however many records say it: a case, a reviewer, a group."""
    return sys.intern(value) if type(value) is str else value


_HEADER_FACTS = tuple(name for name in RecordHeader.__slots__ if name not in ("record_id", "sha256"))


def _put(file: h5py.File, record: Record) -> None:
    numbers = {name: getattr(record, name) for name in (*_FLAGS, *_NUMBERS)}
    put_numbers(file, {"schema_version": record.schema_version} | numbers)
    put_words(file, "supersedes", record.supersedes)
    groups: dict[str, h5py.Group] = {}

    def group(name: str) -> h5py.Group:
        if name not in groups:
            groups[name] = new_group(file, name)
        return groups[name]

    for name, path in _ARRAYS.items():
        array = getattr(record, name)
        if array is not None:
            put_array(group(path.partition("/")[0]), path.partition("/")[2], array)
    if record.design_outlines_nm:
        put_outlines(group("design"), "outlines_nm", record.design_outlines_nm)
    if record.approved is not None:
        put_outlines(group("approved"), "outlines_px", record.approved_outlines_px)
    if record.registration is not None:
        put_registration(group("registration"), record.registration)
    if record.gauges:
        put_gauges(group("gauges"), record.gauges)
    for name, table in sorted(record.tables.items()):
        put_table(group(f"measurements/{name}"), table)
    if record.metadata:
        words = group("metadata").attrs
        for name, value in sorted(record.metadata.items()):
            words[name] = value


def record_in(file: h5py.Group) -> Record:
    """The record in an open file, or in a group of one.

    Raises
    ------
    NewerRecordError
        If its schema is newer than this program.
    OSError, ValueError, KeyError, TypeError, RuntimeError, IndexError, AttributeError
        If it is damaged.
    """
    names = check_links(file)
    version = get_numbers(file, ("schema_version",), np.int64)["schema_version"]
    values: dict[str, Any] = get_texts(file, _TEXTS)
    if version > SCHEMA_VERSION:
        raise NewerRecordError(f"it was written by version {values['program_version']} of the program.")
    values |= get_numbers(file, _FLAGS, np.bool_) | get_numbers(file, _NUMBERS)
    values |= {name: get_array(file, path) for name, path in _ARRAYS.items() if path in names}
    if "design/outlines_nm" in names:
        values["design_outlines_nm"] = get_outlines(file["design"], "outlines_nm")
    if "approved" in names:
        values["approved_outlines_px"] = get_outlines(file["approved"], "outlines_px")
    return Record(
        **values,
        supersedes=tuple(str(name) for name in file.attrs["supersedes"]),
        registration=get_registration(file["registration"]) if "registration" in names else None,
        gauges=get_gauges(file["gauges"]) if "gauges" in names else (),
        tables={name: get_table(group) for name, group in _groups(file, "measurements", names)},
        metadata=dict(file["metadata"].attrs) if "metadata" in names else {},
        schema_version=version,
    )


def _groups(file: h5py.Group, name: str, names: frozenset[str]) -> Iterable[tuple[str, h5py.Group]]:
    return file[name].items() if name in names else ()
