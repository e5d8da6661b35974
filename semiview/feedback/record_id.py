"""Names of records: "<uuid7>-<sha16>", when it was made and what it holds.

The first part sorts by time (RFC 9562, version 7), the second is the start of the SHA-256 of the file's bytes. The
folder of a record follows from its name alone, and a file that does not hold what its name says is damaged.
"""

import hashlib
import re
import secrets
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import PurePosixPath

RECORD_SUFFIX = ".h5"

_PATTERN = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})-([0-9a-f]{16})")
_YEAR_9999_MS = 253_370_764_800_000
_guard = threading.Lock()
_last_ms = 0


def uuid7(after: str = "") -> str:
    """A new identifier that sorts behind `after` and behind every one made before in this process without it.

    Parameters
    ----------
    after
        An identifier or record id, perhaps from a clock that runs ahead.
    """
    global _last_ms
    with _guard:
        _last_ms = max(time.time_ns() // 1_000_000, _last_ms + 1)
        milliseconds = _last_ms
    if after:
        milliseconds = max(milliseconds, timestamp_ms(after) + 1)
    bits = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


def timestamp_ms(identifier: str) -> int:
    """Milliseconds since 1970 in an identifier or record id."""
    return int(identifier[:8] + identifier[9:13], 16)


def sha16(data: bytes) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def make_record_id(identifier: str, data: bytes) -> str:
    """The name of a record with these bytes."""
    return f"{identifier}-{sha16(data)}"


def is_record_id(text: str) -> bool:
    """True if the text could name a record."""
    return _PATTERN.fullmatch(text) is not None and timestamp_ms(text) < _YEAR_9999_MS


def holds_its_name(name: str, data: bytes) -> bool:
    """True if these are the bytes that the record id was made from."""
    return name.endswith("-" + sha16(data))


def relative_path(name: str) -> PurePosixPath:
    """Where a record lies within the store: records/<year>-<month of its time, UTC>/<id>.h5.

    Raises
    ------
    ValueError
        If the text is no record id.
    """
    if not is_record_id(name):
        raise ValueError(f"no record id: {name!r}")
    month = datetime.fromtimestamp(timestamp_ms(name) / 1000, UTC).strftime("%Y-%m")
    return PurePosixPath("records") / month / (name + RECORD_SUFFIX)
