"""Who has which case open: a small file a window, so that several windows on one project know of each other.

A hint and no lock: a window that died is forgotten after a minute and a half, and nobody ever waits for anybody.
"""

import contextlib
import json
import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER_NAME = "presence"
STALE_AFTER_S = 90.0
FORGOTTEN_AFTER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Presence:
    """One window: who sits at it, where, and which case is open (empty: none)."""

    reviewer: str
    host: str
    case_id: str


class PresenceFile:
    """The file of one window. What cannot be written or read is left out in silence: it is only a hint."""

    def __init__(self, feedback_folder: Path) -> None:
        self._folder = feedback_folder / FOLDER_NAME
        self._path = self._folder / f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}.json"

    def say(self, reviewer: str, case_id: str) -> None:
        """Tell that the window is here, with that case open."""
        data = json.dumps(asdict(Presence(reviewer, socket.gethostname(), case_id)))
        part = self._path.with_suffix(".part")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_text(data, encoding="utf-8")
            part.replace(self._path)

    def others(self) -> tuple[Presence, ...]:
        """The other windows that are alive."""
        found = []
        now = time.time()
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.iterdir()):
                with contextlib.suppress(OSError, ValueError, TypeError):
                    age_s = now - path.stat().st_mtime
                    if age_s > FORGOTTEN_AFTER_S:
                        path.unlink()
                    elif path.suffix == ".json" and path != self._path and age_s < STALE_AFTER_S:
                        found.append(Presence(**json.loads(path.read_text(encoding="utf-8"))))
        return tuple(found)

    def leave(self) -> None:
        """The window closes, or leaves the project."""
        with contextlib.suppress(OSError):
            self._path.unlink()
