"""The one writer of anything that must not be lost, and the one lock between processes.

A file is written beside its target, made durable, and only then takes the target's name: a reader, a crash or a power
cut sees the old content or the new one, whole. What happens on the disk is a few system calls in `SystemCalls`, so
that a test can stop after each of them or make each fail.
"""

import contextlib
import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from semiview.files.problem import FileProblem

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TEMPORARY_SUFFIX = ".part"
LOCK_SUFFIX = ".lock"
FORGOTTEN_AFTER_S = 3600.0  # a temporary file older than this has no writer any more

# Some network and FAT file systems cannot sync a folder; the rename is then as durable as they make it.
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class SystemCalls:
    """The calls by which a file becomes durable. Each raises OSError."""

    def create(self, path: Path) -> int:
        """Descriptor of a new file; fails if there is one already."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)

    def open_end(self, path: Path) -> int:
        """Descriptor of a file that is there, to write behind its end."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))

    def write(self, descriptor: int, data: memoryview) -> int:
        """Number of bytes taken, perhaps not all."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """Force the file's content to the disk."""
        os.fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Give the file its name, over an older one."""
        source.replace(target)

    def fsync_folder(self, folder: Path) -> None:
        """Force the folder's names to the disk; Windows does so by itself."""
        if sys.platform == "win32":
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(descriptor)


SYSTEM_CALLS = SystemCalls()


def write_durably(path: Path, data: bytes, calls: SystemCalls = SYSTEM_CALLS) -> None:
    """Write a whole file; when this returns it survives a crash, a kill and a power cut.

    A symbolic link is followed: the file it names is replaced, the link stays. A replaced file's permissions stay too.

    Raises
    ------
    FileProblem
        If any step failed. The old content is still there, whole. Only after a failed sync of the folder may the new
        content already stand in its place; it is then not sure to survive a power cut.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:150]}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")

    def sync(descriptor: int) -> Path:
        _keep_permissions(target, descriptor)
        calls.fsync(descriptor)
        return target

    try:
        _write(temporary, data, calls, sync)
    except OSError as error:
        raise writing_problem(path, error) from error


def write_and_name(folder: Path, data: bytes, name: Callable[[], str], calls: SystemCalls = SYSTEM_CALLS) -> Path:
    """As `write_durably`, for a new file whose name follows from its content; returns its path.

    Parameters
    ----------
    name
        Checks and names the content while the disk takes it. If it raises, there is no file and the error goes on.
    """

    def sync(descriptor: int) -> Path:
        with ThreadPoolExecutor(1) as helper:
            synced = helper.submit(calls.fsync, descriptor)
            target = folder / name()
            synced.result()
        return target

    try:
        return _write(folder / f".{secrets.token_hex(6)}{TEMPORARY_SUFFIX}", data, calls, sync)
    except OSError as error:
        raise writing_problem(folder, error) from error


def append_durably(path: Path, data: bytes, calls: SystemCalls = SYSTEM_CALLS) -> None:
    """Write behind the end of a file that is there; for lines whose readers can tell a torn one. Hold its lock.

    Raises
    ------
    FileProblem
        If any step failed; what stood there before still does, perhaps with a part of the new behind it.
    """
    try:
        descriptor = calls.open_end(path)
        try:
            _write_all(descriptor, data, calls)
            calls.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise writing_problem(path, error) from error


def make_folder(folder: Path, calls: SystemCalls = SYSTEM_CALLS) -> None:
    """Make a folder and those above it, durably; nothing happens where it exists.

    Raises
    ------
    FileProblem
        If it cannot be made.
    """
    missing: list[Path] = []
    try:
        for new in (folder, *folder.parents):
            if new.is_dir():
                break
            missing.append(new)
        for new in reversed(missing):
            new.mkdir(exist_ok=True)
            calls.fsync_folder(new.parent)
    except OSError as error:
        raise writing_problem(folder, error) from error


def remove_forgotten(folder: Path) -> None:
    """Take away the temporary files that killed writers left in a folder; those of living writers stay."""
    oldest = time.time() - FORGOTTEN_AFTER_S
    with contextlib.suppress(OSError):
        for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


@contextlib.contextmanager
def exclusive_lock(path: Path, timeout_s: float = 10.0) -> Iterator[None]:
    """Hold the only lock on `path`, across threads and processes; it goes with the process that dies.

    The lock is on a file beside `path`, which stays there.

    Raises
    ------
    FileProblem
        If another program still holds it after `timeout_s`, or the folder cannot be written.
    """
    lock_path = path.with_name(path.name + LOCK_SUFFIX)
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise writing_problem(path, error) from error
    try:
        _lock_within(descriptor, path, timeout_s)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


def try_lock(path: Path) -> int | None:
    """A descriptor that holds the only lock on `path` until it is closed, or None if somebody else holds it.

    The lock is on `path` itself, which is made; it goes with the process that dies. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        taken = _try_lock(descriptor, path)
    except FileProblem as problem:
        os.close(descriptor)
        raise OSError(str(problem)) from problem
    if not taken:
        os.close(descriptor)
        return None
    return descriptor


def writing_problem(path: Path, error: OSError) -> FileProblem:
    """What a failed write means and what to do about it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            reason = (
                "not saved, the disk is full." if error.errno == errno.ENOSPC else "not saved, the quota is used up."
            )
            return FileProblem(path, reason, "Make room and save again; nothing that was saved before is lost.")
        case errno.EFBIG:
            return FileProblem(path, "not saved, the file is larger than may be written here.", "Save elsewhere.")
        case errno.EROFS:
            return FileProblem(path, "not saved, the disk is read-only.", "Copy the folder to where you may write.")
        case errno.EACCES | errno.EPERM:
            return FileProblem(
                path,
                "not saved, writing here is not allowed.",
                "Ask for write permission, or close the program that holds the file open.",
            )
        case errno.EIO:
            return FileProblem(path, "not saved, the disk reports an error.", "Check the disk, then save again.")
        case errno.ENOENT | errno.ENOTDIR:
            return FileProblem(path, "not saved, its folder is gone.", "Is a network drive disconnected?")
        case errno.ENAMETOOLONG:
            return FileProblem(path, "not saved, its name is too long for this disk.", "Use a shorter name.")
        case _:
            return FileProblem(path, f"not saved: {error.strerror or error}.", "Save again.")


def _write_all(descriptor: int, data: bytes, calls: SystemCalls) -> None:
    left = memoryview(data)
    while left:
        written = calls.write(descriptor, left)
        if written <= 0:
            raise OSError(errno.EIO, "the disk took no data")
        left = left[written:]


def _write(temporary: Path, data: bytes, calls: SystemCalls, sync: Callable[[int], Path]) -> Path:
    """Write, sync, and only then give the name, which `sync` tells.

    Syncing is never tried twice: after a failure the kernel has dropped the pages.
    """
    descriptor = calls.create(temporary)
    try:
        try:
            _write_all(descriptor, data, calls)
            target = sync(descriptor)
        finally:
            os.close(descriptor)
        calls.replace(temporary, target)
    except Exception:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    calls.fsync_folder(target.parent)
    return target


def _keep_permissions(target: Path, descriptor: int) -> None:
    """Give the new file the permissions, and where allowed the owner, of the one that it is to replace."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        old = target.stat()
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
        os.fchown(descriptor, old.st_uid, old.st_gid)


def _lock_within(descriptor: int, path: Path, timeout_s: float) -> None:
    give_up = time.monotonic() + timeout_s
    wait_s = 0.001
    while not _try_lock(descriptor, path):
        if time.monotonic() >= give_up:
            raise FileProblem(
                path,
                f"locked by another program for over {timeout_s:g} s.",
                "Is it open in a second window or on another machine? Close it there, then try again.",
            )
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, 0.05)


def _try_lock(descriptor: int, path: Path) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise writing_problem(path, error) from error
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
