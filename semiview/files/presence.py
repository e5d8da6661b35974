"""Who has which case open: a small file a window, so that several windows on one project know of each other.

A hint and no lock on the case: nobody ever waits for anybody. Each window holds the lock of a file of its own, which
goes with it when it dies; so the living are told from the dead at once. Where locks say nothing, as on some shares, the
process tells on the same machine and the age of the file on another: a window that lives writes it every few seconds.
"""

import contextlib
import json
import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from semiview.files.durable_file import LOCK_SUFFIX, try_lock

FOLDER_NAME = "presence"
SILENT_S = 120.0  # a window that has said nothing for so long is not counted; it may be asleep


@dataclass(frozen=True, slots=True)
class Presence:
    """One window: who sits at it, where, and which case is open (empty: none). `token` names the window.

    `pid` and `started` name its process: a number is used again, a number with its start is not.
    """

    token: str
    reviewer: str
    host: str
    case_id: str
    pid: int = 0
    started: str = ""


class PresenceFile:
    """The file of one window. What cannot be written or read is left out in silence: it is only a hint."""

    def __init__(self, feedback_folder: Path, token: str) -> None:
        self._folder = feedback_folder / FOLDER_NAME
        self._token = token
        self._path = self._folder / f"{token}.json"
        self._lock: int | None = None

    def say(self, reviewer: str, case_id: str) -> None:
        """Tell that the window is here, with that case open."""
        here, pid = socket.gethostname(), os.getpid()
        data = json.dumps(asdict(Presence(self._token, reviewer, here, case_id, pid, _start_of(pid))))
        part = self._path.with_suffix(".part")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._lock is None:
                with contextlib.suppress(OSError):
                    self._lock = try_lock(self._path.with_suffix(LOCK_SUFFIX))
            part.write_text(data, encoding="utf-8")
            part.replace(self._path)

    def others(self) -> tuple[Presence, ...]:
        """The other windows that are alive."""
        return tuple(one for one in living(self._folder.parent) if one.token != self._token)

    def leave(self) -> None:
        """The window closes, or leaves the project."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        if self._lock is not None:
            with contextlib.suppress(OSError):
                os.close(self._lock)
                self._path.with_suffix(LOCK_SUFFIX).unlink(missing_ok=True)
            self._lock = None


def new_token() -> str:
    """A name for a window that no other has."""
    return secrets.token_hex(6)


def living(feedback_folder: Path) -> tuple[Presence, ...]:
    """The windows on a project that are alive; what the dead left behind is tidied up."""
    found = []
    with contextlib.suppress(OSError):
        for path in sorted((feedback_folder / FOLDER_NAME).glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError):
                one = Presence(**json.loads(path.read_text(encoding="utf-8")))
                if _is_dead(path, one):
                    path.unlink(missing_ok=True)
                    path.with_suffix(LOCK_SUFFIX).unlink(missing_ok=True)
                elif time.time() - path.stat().st_mtime < SILENT_S:
                    found.append(one)
    return tuple(found)


def _is_dead(path: Path, one: Presence) -> bool:
    try:
        free = try_lock(path.with_suffix(LOCK_SUFFIX))
    except OSError:  # nothing can be locked here
        return one.host == socket.gethostname() and bool(one.started) and _start_of(one.pid) != one.started
    if free is not None:
        os.close(free)
    return free is not None


def _start_of(pid: int) -> str:
    """When a process of this machine began, in the system's own ticks; empty if there is none, or nobody says."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return words.rpartition(")")[2].split()[19]
