"""A line of JSON in front of an HDF5 file, in the user block that HDF5 leaves to applications.

It lets ten thousand files be listed without opening one of them with HDF5: one short read each. Every HDF5 reader
skips the block by itself.

    semiview <what> <number of bytes of the next line> <SHA-256 of the next line>
    {...}
    (zero bytes to the next power of two)
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SMALLEST_BYTES = 2048  # HDF5 looks for itself at 512, 1024, 2048, ...; nearly every block fits this
_MAGIC = b"semiview"
_FIRST_LINE_BYTES = 160
NO_SHA256 = "0" * 64  # holds the place of a hash that is not known yet


def user_block_bytes(what: str, facts: Mapping[str, Any]) -> int:
    """How much room in front of an HDF5 file the facts need: what `new_image` is to leave free."""
    size, needed = SMALLEST_BYTES, len(_block(what, facts))
    while size < needed:
        size *= 2
    return size


def with_user_block(what: str, facts: Mapping[str, Any], image: bytes) -> bytes:
    """The facts in a user block of the size that they need, and the HDF5 file behind it."""
    return _block(what, facts).ljust(user_block_bytes(what, facts), b"\0") + image


def _block(what: str, facts: Mapping[str, Any]) -> bytes:
    line = json.dumps(facts, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()
    first = b"%s %s %d %s\n" % (_MAGIC, what.encode(), len(line), hashlib.sha256(line).hexdigest().encode())
    return first + line + b"\n"


def read_user_block(path: Path, what: str) -> tuple[dict[str, Any], str]:
    """The facts in front of a file and their SHA-256, without reading the rest.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the block is not as it was written.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        start = os.read(descriptor, SMALLEST_BYTES)
        missing = _block_bytes(start, what) - len(start)
        while missing > 0 and (more := os.read(descriptor, missing)):
            start += more
            missing -= len(more)
    finally:
        os.close(descriptor)
    return parse_user_block(start, what)


def parse_user_block(data: bytes, what: str) -> tuple[dict[str, Any], str]:
    """The facts in front of a file's bytes and their SHA-256.

    Raises
    ------
    ValueError
        If the block is not as it was written.
    """
    end = _block_bytes(data, what)
    first, _, rest = data[:end].partition(b"\n")
    sha256 = first.split(b" ")[3].decode("ascii", "replace")
    if hashlib.sha256(rest).hexdigest() != sha256:
        raise ValueError("its first lines are damaged")
    facts = json.loads(rest.decode())
    if not isinstance(facts, dict):
        raise ValueError("its first lines hold no facts")
    return facts, sha256


def _block_bytes(data: bytes, what: str) -> int:
    """Where the facts end."""
    first, newline, _ = data[:_FIRST_LINE_BYTES].partition(b"\n")
    words = first.split(b" ")
    if (
        not newline
        or len(words) != 4
        or words[0] != _MAGIC
        or words[1] != what.encode()
        or not words[2].isdigit()
        or len(words[2]) > 8
    ):
        raise ValueError(f"it does not begin like a {what} file")
    return len(first) + 1 + int(words[2])
