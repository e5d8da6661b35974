"""Who has which case open: a small file a window, so that several windows on one project know of each other.

A hint and no lock on the case: nobody ever waits for anybody. Each window holds the lock of a file of its own, which
goes with it when it dies; so the living are told from the dead at once.
"""

import contextlib
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from semiview.files.durable_file import LOCK_SUFFIX, try_lock

FOLDER_NAME = "presence"


@dataclass(frozen=True, slots=True)
class Presence:
    """One window: who sits at it, where, and which case is open (empty: none). `token` names the window."""

    token: str
    reviewer: str
    host: str
    case_id: str


class PresenceFile:
    """The file of one window. What cannot be written or read is left out in silence: it is only a hint."""

    def __init__(self, feedback_folder: Path, token: str) -> None:
        self._folder = feedback_folder / FOLDER_NAME
        self._token = token
        self._path = self._folder / f"{token}.json"
        self._lock: int | None = None

    def say(self, reviewer: str, case_id: str) -> None:
        """Tell that the window is here, with that case open."""
        data = json.dumps(asdict(Presence(self._token, reviewer, socket.gethostname(), case_id)))
        part = self._path.with_suffix(".part")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._lock is None:
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
                free = try_lock(path.with_suffix(LOCK_SUFFIX))
                if free is None:
                    found.append(Presence(**json.loads(path.read_text(encoding="utf-8"))))
                else:
                    os.close(free)
                    path.unlink(missing_ok=True)
                    path.with_suffix(LOCK_SUFFIX).unlink(missing_ok=True)
    return tuple(found)
