"""All samples as one HDF5 file: a view with links to the records, or a packed copy to take away."""

import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import h5py
import numpy as np

from semiview.feedback.hdf5_parts import check_links, get_array, new_group, new_image, opened_image, put_array
from semiview.feedback.record_file import RecordHeader
from semiview.feedback.record_id import relative_path
from semiview.feedback.reports import Watch, unwatched
from semiview.feedback.splits import SHARES, Group, Splits
from semiview.files.durable_file import SYSTEM_CALLS, TEMPORARY_SUFFIX, SystemCalls, write_durably, writing_problem
from semiview.files.problem import FileProblem

FORMAT = 1


def write_view(path: Path, samples: Sequence[RecordHeader], calls: SystemCalls = SYSTEM_CALLS) -> None:
    """Write a file whose /samples/<case> are links to the records, relative to its folder.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """

    def fill(file: h5py.File) -> None:
        file.attrs["format"] = FORMAT
        links = file.create_group("samples")
        for header in samples:
            links[name_in_hdf5(header.case_id)] = h5py.ExternalLink(relative_path(header.record_id).as_posix(), "/")
        _put_index(file, samples)

    write_durably(path, new_image(fill), calls)


def export_records(
    path: Path,
    records: Sequence[tuple[RecordHeader, Callable[[], bytes]]],
    samples: Collection[str],
    splits: Splits,
    watch: Watch = unwatched,
) -> None:
    """Write one file that holds every record whole below /records/<id>, and links /samples/<case> to the samples.

    Parameters
    ----------
    records
        Each header with what reads its file's bytes.
    samples
        Ids of the records that stand and train.

    Raises
    ------
    FileProblem
        If there is no room, or a record or the file cannot be read or written. An older file is then untouched.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")
    try:
        with h5py.File(temporary, "x", libver=("v108", "v110")) as file:
            file.attrs["format"] = FORMAT
            kept = file.create_group("records")
            for number, (header, read) in enumerate(records):
                watch(number, len(records))
                data = read()
                _check_room(path, 2 * len(data))
                with opened_image(data) as record:
                    record.copy(record["/"], kept, header.record_id)
            links = file.create_group("samples")
            standing = [header for header, _ in records if header.record_id in samples]
            for header in standing:
                links[name_in_hdf5(header.case_id)] = h5py.SoftLink(f"/records/{header.record_id}")
            _put_index(file, standing)
            _put_splits(file, splits)
        watch(len(records), len(records))
        with temporary.open("rb+") as file_on_disk:
            SYSTEM_CALLS.fsync(file_on_disk.fileno())
        SYSTEM_CALLS.replace(temporary, path)
        SYSTEM_CALLS.fsync_folder(path.absolute().parent)
    except OSError as error:
        raise writing_problem(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def name_in_hdf5(case_id: str) -> str:
    """A case's id as the name of a link: "/" and a lone "." mean something else there."""
    name = case_id.replace("%", "%25").replace("/", "%2F")
    return "%2E" if name == "." else name


def _put_index(file: h5py.File, samples: Iterable[RecordHeader]) -> None:
    """What is in the file, as a table: one row a sample."""
    group = file.create_group("index")
    rows = list(samples)
    for name in ("case_id", "record_id", "kind", "reviewer", "time_utc", "pattern_type", "group", "sha256"):
        put_array(group, name, np.array([getattr(header, name) for header in rows], dtype=np.str_))


def packed_splits(file: h5py.File) -> Splits:
    """The groups in an export; none where it says nothing of them.

    Raises
    ------
    FileProblem
        If the table is damaged.
    """
    if "splits" not in file:
        return Splits()
    try:
        check_links(file["splits"])
        columns = [get_array(file["splits"], name).tolist() for name in ("group", "pattern_type", "split")]
        groups = {name: Group(kind, split) for name, kind, split in zip(*columns, strict=True)}
        if not {group.split for group in groups.values()} <= {*SHARES, ""}:
            raise ValueError("a split of another name")
    except (KeyError, ValueError, TypeError, OSError, AttributeError) as error:
        raise FileProblem(file.filename, f"its table of splits is damaged ({error}).", "Export it again.") from error
    return Splits(groups)


def _put_splits(file: h5py.File, splits: Splits) -> None:
    group = new_group(file, "splits")
    put_array(group, "group", np.array(list(splits.groups), dtype=np.str_))
    for name in ("pattern_type", "split"):
        put_array(group, name, np.array([getattr(each, name) for each in splits.groups.values()], dtype=np.str_))


def _check_room(path: Path, needed_bytes: int) -> None:
    """HDF5 ends the process when the disk fills up under it, so it must not come to that."""
    free = shutil.disk_usage(path.absolute().parent).free
    if free < needed_bytes + 2**22:
        raise FileProblem(path, "not exported, the disk is full.", "Make room or export to another disk.")
