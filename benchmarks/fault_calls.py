"""System calls that stop, run out of room, or lose their power: how a store's promises are put to the test."""

import errno
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from semiview.files.durable_file import SystemCalls

BLOCK_BYTES = 4096


class Killed(BaseException):
    """The process is gone: nothing runs after it, no clean-up either."""


class LimitedCalls(SystemCalls):
    """Real calls in 4 KiB pieces that stop before the n-th, or find the disk full after so many bytes."""

    def __init__(self, calls_left: float = float("inf"), bytes_left: float = float("inf")) -> None:
        self.calls_left = calls_left
        self.bytes_left = bytes_left

    def step(self) -> None:
        """One call less; Killed where there is none left."""
        if self.calls_left <= 0:
            raise Killed
        self.calls_left -= 1

    def create(self, path: Path) -> int:
        """As SystemCalls."""
        self.step()
        return super().create(path)

    def open_end(self, path: Path) -> int:
        """As SystemCalls."""
        self.step()
        return super().open_end(path)

    def write(self, descriptor: int, data: memoryview) -> int:
        """As SystemCalls, a block at a time."""
        self.step()
        if self.bytes_left <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = super().write(descriptor, data[: int(min(BLOCK_BYTES, self.bytes_left))])
        self.bytes_left -= written
        return written

    def fsync(self, descriptor: int) -> None:
        """As SystemCalls."""
        self.step()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """As SystemCalls."""
        self.step()
        super().replace(source, target)

    def fsync_folder(self, folder: Path) -> None:
        """As SystemCalls."""
        self.step()
        super().fsync_folder(folder)


class PowerCutCalls(LimitedCalls):
    """Remembers what was not forced to the disk, and loses or tears it when the power goes.

    What was synced stays. Of a file that was written and not synced any block may be missing and any length may be
    left, at its end only where lines were added; a name that was given and whose folder was not synced may be the old
    one; a new folder whose parent was not synced may be gone. A kernel may do all of that, and more rarely does.

    Parameters
    ----------
    root
        What lies in it before the first call is on the disk.
    forgets
        Calls that pretend to sync and do not: with them the test must fail, or it would prove nothing.
    """

    def __init__(self, root: Path, calls_left: float, forgets: tuple[str, ...] = ()) -> None:
        super().__init__(calls_left)
        self._forgets = forgets
        self._unsynced: dict[int, tuple[Path, int]] = {}  # descriptor: file, bytes at its beginning that are safe
        self._renamed: list[tuple[Path, bytes | None]] = []  # name, what it stood for before
        self._safe_folders = {root, *(path for path in root.rglob("*") if path.is_dir())}
        self._root = root

    def create(self, path: Path) -> int:
        """As SystemCalls."""
        descriptor = super().create(path)
        self._unsynced[descriptor] = (path, 0)
        return descriptor

    def open_end(self, path: Path) -> int:
        """As SystemCalls."""
        descriptor = super().open_end(path)
        self._unsynced[descriptor] = (path, path.stat().st_size)
        return descriptor

    def fsync(self, descriptor: int) -> None:
        """As SystemCalls."""
        super().fsync(descriptor)
        if "fsync" not in self._forgets:
            self._unsynced.pop(descriptor, None)

    def replace(self, source: Path, target: Path) -> None:
        """As SystemCalls."""
        before = target.read_bytes() if target.exists() else None
        super().replace(source, target)
        self._unsynced = {
            number: (target if path == source else path, safe) for number, (path, safe) in self._unsynced.items()
        }
        self._renamed.append((target, before))

    def fsync_folder(self, folder: Path) -> None:
        """As SystemCalls."""
        super().fsync_folder(folder)
        if "fsync_folder" not in self._forgets:
            self._renamed = [(path, before) for path, before in self._renamed if path.parent != folder]
            self._safe_folders |= {path for path in folder.iterdir() if path.is_dir()}

    def cut_power(self, rng: random.Random) -> None:
        """Lose what a disk may lose."""
        for path, safe in self._unsynced.values():
            if path.exists():
                _tear(path, safe, rng)
        for path, before in reversed(self._renamed):
            if rng.random() < 0.5:
                _undo(path, before)
        for folder in [path for path in self._root.rglob("*") if path.is_dir() and path not in self._safe_folders]:
            if folder.exists() and rng.random() < 0.5:
                shutil.rmtree(folder)


def _tear(path: Path, safe: int, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for block in range(safe, len(data), BLOCK_BYTES):
        if rng.random() < 0.5:
            end = min(block + BLOCK_BYTES, len(data))
            data[block:end] = bytes(end - block)
    path.write_bytes(data[: rng.randint(safe, len(data))])


def _undo(path: Path, before: bytes | None) -> None:
    restore: Callable[[], object] = path.unlink if before is None else lambda: path.write_bytes(before)
    if path.exists():
        restore()
