"""index.sqlite: headers of records as they were read once, so that a store of thousands opens without reading each.

It lies in the user's cache folder, one for each store, and is disposable: a row counts only while its record has the
size and the time of change that it had then, and a missing, damaged or foreign file is as good as an empty one.
Records are checked against their own bytes whenever they are loaded, whatever stands here.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path

import platformdirs

from semiview.feedback.record_file import RecordHeader, header_of
from semiview.files.network_share import network_share

LOCKED_FOR_S = 2.0
_TABLE = "CREATE TABLE headers (name TEXT PRIMARY KEY, stamp TEXT, header TEXT, check_value TEXT)"


class HeaderCache:
    """Headers by record id; safe from several programs. Nothing here raises: without it all is read from the records.

    Parameters
    ----------
    store
        Folder of the store.
    """

    def __init__(self, store: Path) -> None:
        place = hashlib.sha256(os.path.realpath(store).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.path = Path(platformdirs.user_cache_dir("semiview")) / "feedback" / place / "index.sqlite"

    def read(self, files: Mapping[str, Path]) -> dict[str, RecordHeader]:
        """The headers of those of these record files that are still as they were."""
        if not self.path.is_file():
            return {}
        try:
            with closing(sqlite3.connect(self.path, timeout=LOCKED_FOR_S)) as database:
                rows = database.execute("SELECT name, stamp, header, check_value FROM headers").fetchall()
        except sqlite3.Error:
            return {}
        found = {}
        for name, stamp, text, check_value in rows:
            if name in files and check_value == _check_value(name, stamp, text) and stamp == _stamp(files[name]):
                with suppress(TypeError, ValueError, KeyError, IndexError):
                    found[name] = header_of(json.loads(text))
        return found

    def write(self, headers: Mapping[str, RecordHeader], files: Mapping[str, Path]) -> None:
        """Hold exactly these; `files` tells where each record lies."""
        rows = []
        for name, header in headers.items():
            stamp, text = _stamp(files[name]), json.dumps(asdict(header), ensure_ascii=False)
            if stamp:
                rows.append((name, stamp, text, _check_value(name, stamp, text)))
        try:
            if network_share(self.path.parent):
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(rows)
        except sqlite3.OperationalError:
            pass  # another program writes the same just now
        except sqlite3.DatabaseError:  # it is damaged
            with suppress(OSError, sqlite3.Error):
                self.path.unlink()
                self._replace(rows)
        except OSError:
            pass

    def _replace(self, rows: list[tuple[str, str, str, str]]) -> None:
        with closing(sqlite3.connect(self.path, timeout=LOCKED_FOR_S)) as database, database:
            database.execute("DROP TABLE IF EXISTS headers")
            database.execute(_TABLE)
            database.executemany("INSERT INTO headers VALUES (?, ?, ?, ?)", rows)


def _stamp(path: Path) -> str:
    """What changes with a file; empty where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def _check_value(name: str, stamp: str, text: str) -> str:
    return hashlib.sha256(f"{name} {stamp} {text}".encode()).hexdigest()[:16]
