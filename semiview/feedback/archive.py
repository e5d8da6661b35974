"""The records in a ZIP of a feedback store, taken out in memory: no name in an archive becomes a path on the disk."""

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from semiview.feedback.record_id import RECORD_SUFFIX, is_record_id, relative_path
from semiview.files.problem import FileProblem

LARGEST_RECORD_BYTES = 2**31
LARGEST_RATIO = 200  # a record is compressed already; what shrinks so far is a bomb
SMALL_BYTES = 2**20
_ESCAPES = re.compile(r"(^[/\\])|(^[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)|\\|\0")


def record_names(path: Path) -> tuple[str, ...]:
    """Ids of the records in an archive, oldest first.

    Raises
    ------
    FileProblem
        If it is no ZIP file, or one of its entries is a link, leads out of the archive, or unpacks to far more than
        it takes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(sorted(_entries(path, archive)))
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise FileProblem(path, f"cannot be read as a ZIP archive ({error}).", "Copy or pack it again.") from error


def record_bytes(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Id and bytes of each record, oldest first, None where an entry is damaged; raises like `record_names`."""
    names = record_names(path)
    with zipfile.ZipFile(path) as archive:
        entries = _entries(path, archive)
        for name in names:
            try:
                yield name, archive.read(entries[name])
            except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
                yield name, None


def _entries(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found = {}
    for entry in archive.infolist():
        why = _why_refused(entry)
        if why:
            advice = "Take an archive that you packed yourself; nothing was taken from this one."
            raise FileProblem(path, f"is refused: its entry {entry.filename[:120]!r} {why}.", advice)
        words = entry.filename.split("/")
        name = words[-1].removesuffix(RECORD_SUFFIX)
        if words[-1].endswith(RECORD_SUFFIX) and is_record_id(name) and "quarantine" not in words:
            if tuple(words[-3:]) != relative_path(name).parts:
                raise FileProblem(path, f"is refused: its record {name} does not lie where its name says.")
            found[name] = entry
    return found


def _why_refused(entry: zipfile.ZipInfo) -> str:
    # ZipInfo cuts names at a NUL and turns separators; what stood in the file is in orig_filename.
    if _ESCAPES.search(entry.orig_filename) or _ESCAPES.search(entry.filename):
        return "leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.file_size > LARGEST_RECORD_BYTES:
        return f"would unpack to {entry.file_size} bytes"
    if entry.file_size > SMALL_BYTES and entry.file_size > LARGEST_RATIO * max(entry.compress_size, 1):
        return "unpacks to far more than it takes"
    return ""
