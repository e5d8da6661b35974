import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from semiview.files.durable_file import (
    FORGOTTEN_AFTER_S,
    SystemCalls,
    exclusive_lock,
    make_folder,
    remove_forgotten,
    write_and_name,
    write_durably,
)
from semiview.files.problem import FileProblem

CALLS = ("create", "write", "fsync", "replace", "fsync_folder")
OLD, NEW = b"old" * 4000, b"new!" * 5000


class Killed(BaseException):
    """The process is gone: nothing runs after it, no clean-up either."""


class StoppingCalls(SystemCalls):
    """Real calls, 4 KiB at a time, that stop before the n-th."""

    def __init__(self, calls_left: int) -> None:
        self.calls_left = calls_left

    def _step(self) -> None:
        if self.calls_left == 0:
            raise Killed
        self.calls_left -= 1

    def create(self, path: Path) -> int:
        self._step()
        return super().create(path)

    def write(self, descriptor: int, data: memoryview) -> int:
        self._step()
        return super().write(descriptor, data[:4096])

    def fsync(self, descriptor: int) -> None:
        self._step()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self._step()
        super().replace(source, target)

    def fsync_folder(self, folder: Path) -> None:
        self._step()
        super().fsync_folder(folder)


class CuttableCalls(StoppingCalls):
    """Remembers what was not yet forced to the disk, and loses it when the power goes."""

    def __init__(self, calls_left: int, syncs: bool = True) -> None:
        super().__init__(calls_left)
        self.syncs = syncs
        self.unsynced: dict[int, Path] = {}
        self.undone: list[Callable[[], object]] = []

    def create(self, path: Path) -> int:
        descriptor = super().create(path)
        self.unsynced[descriptor] = path
        return descriptor

    def fsync(self, descriptor: int) -> None:
        super().fsync(descriptor)
        if self.syncs:
            del self.unsynced[descriptor]

    def replace(self, source: Path, target: Path) -> None:
        before = target.read_bytes()
        super().replace(source, target)
        self.unsynced = {number: target if path == source else path for number, path in self.unsynced.items()}
        self.undone.append(lambda: target.write_bytes(before))

    def fsync_folder(self, folder: Path) -> None:
        super().fsync_folder(folder)
        self.undone.clear()

    def cut_power(self, rng: random.Random) -> None:
        for path in self.unsynced.values():
            data = bytearray(path.read_bytes())
            for block in range(0, len(data), 4096):
                if rng.random() < 0.5:
                    data[block : block + 4096] = bytes(len(data[block : block + 4096]))
            path.write_bytes(data[: rng.randint(0, len(data))])
        for undo in self.undone:
            if rng.random() < 0.5:
                undo()


def survives(path: Path, calls: StoppingCalls, after: Callable[[], None] = lambda: None) -> bool:
    """Write over OLD until the calls stop; True if the promise holds: old or new, whole, and new if acknowledged."""
    path.write_bytes(OLD)
    try:
        write_durably(path, NEW, calls)
        acknowledged = True
    except Killed:
        acknowledged = False
    after()
    content = path.read_bytes()
    return content == NEW if acknowledged else content in (OLD, NEW)


def test_that_a_kill_between_any_two_calls_leaves_the_old_or_the_new_content(tmp_path: Path) -> None:
    enough = 1 + -(-len(NEW) // 4096) + 3
    for calls_left in range(enough + 1):
        calls = StoppingCalls(calls_left)
        assert survives(tmp_path / "file", calls), f"after {calls_left} calls"
    assert calls.calls_left == 0, "the last round was a whole write"


def test_that_a_power_cut_at_any_point_leaves_the_old_or_the_new_content(tmp_path: Path) -> None:
    rng = random.Random(1)
    for _ in range(1000):
        calls = CuttableCalls(rng.randint(0, 10))
        assert survives(tmp_path / "file", calls, lambda calls=calls: calls.cut_power(rng))


def test_that_the_simulated_power_cut_would_catch_a_writer_that_does_not_sync(tmp_path: Path) -> None:
    rng = random.Random(1)
    outcomes = []
    for _ in range(100):
        calls = CuttableCalls(rng.randint(0, 10), syncs=False)
        outcomes.append(survives(tmp_path / "file", calls, lambda calls=calls: calls.cut_power(rng)))
    assert not all(outcomes)


@pytest.mark.parametrize("failing", CALLS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.ESTALE])
def test_that_a_failing_call_is_a_problem_and_keeps_the_old_content(tmp_path: Path, failing: str, number: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    calls = SystemCalls()

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    setattr(calls, failing, fail)
    with pytest.raises(FileProblem, match="not saved") as caught:
        write_durably(path, NEW, calls)
    assert caught.value.path == path
    assert caught.value.advice
    assert path.read_bytes() == (NEW if failing == "fsync_folder" else OLD)
    assert list(tmp_path.iterdir()) == [path], "the temporary file is gone"


def test_that_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    calls = SystemCalls()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    calls.write = full
    with pytest.raises(FileProblem, match=r"the disk is full\. Make room and save again"):
        write_durably(tmp_path / "file", NEW, calls)


def test_that_a_disk_that_takes_no_bytes_is_a_problem_and_no_endless_loop(tmp_path: Path) -> None:
    calls = SystemCalls()
    calls.write = lambda *_: 0
    with pytest.raises(FileProblem, match="disk reports an error"):
        write_durably(tmp_path / "file", NEW, calls)


def test_that_a_failed_sync_is_not_tried_again(tmp_path: Path) -> None:
    calls = SystemCalls()
    tries = []

    def fail(descriptor: int) -> None:
        tries.append(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    calls.fsync = fail
    with pytest.raises(FileProblem):
        write_durably(tmp_path / "file", NEW, calls)
    assert len(tries) == 1


def test_that_a_real_limit_of_the_system_is_met_with_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    code = """
        import resource, signal, sys
        from pathlib import Path
        from semiview.files.durable_file import write_durably
        from semiview.files.problem import FileProblem
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        try:
            write_durably(Path(sys.argv[1]), b"x" * 20000)
        except FileProblem as problem:
            print(problem.reason)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], capture_output=True, text=True, check=True
    )
    assert "larger than may be written here" in done.stdout
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def test_that_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(OLD)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "file")
    write_durably(link, NEW)
    assert link.is_symlink()
    assert (tmp_path / "real" / "file").read_bytes() == NEW


def test_that_a_name_of_the_greatest_length_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_durably(path, NEW)
    assert path.read_bytes() == NEW


def test_that_an_empty_file_can_be_written(tmp_path: Path) -> None:
    write_durably(tmp_path / "file", b"")
    assert (tmp_path / "file").read_bytes() == b""


def test_that_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="its folder is gone"):
        write_durably(tmp_path / "gone" / "file", NEW)


def test_that_folders_are_made_and_synced_from_the_top(tmp_path: Path) -> None:
    synced = []

    class Watching(SystemCalls):
        def fsync_folder(self, folder: Path) -> None:
            synced.append(folder)
            super().fsync_folder(folder)

    make_folder(tmp_path / "a" / "b", Watching())
    make_folder(tmp_path / "a" / "b", Watching())
    assert synced == [tmp_path, tmp_path / "a"]
    assert (tmp_path / "a" / "b").is_dir()


def test_that_a_file_in_the_way_of_a_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(FileProblem, match="not saved"):
        make_folder(tmp_path / "a" / "b")


def test_that_only_temporary_files_that_nobody_writes_any_more_are_removed(tmp_path: Path) -> None:
    for name in (".old.1.part", ".young.2.part", "kept.part", ".kept"):
        (tmp_path / name).write_bytes(b"")
    past = time.time() - FORGOTTEN_AFTER_S - 10
    for name in (".old.1.part", "kept.part", ".kept"):
        os.utime(tmp_path / name, (past, past))
    remove_forgotten(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".kept", ".young.2.part", "kept.part"]


def test_that_one_thread_at_a_time_holds_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_text("0")

    def count() -> None:
        for _ in range(25):
            with exclusive_lock(path):
                number = int(path.read_text())
                time.sleep(0.0002)
                path.write_text(str(number + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() == "100"


def test_that_a_held_lock_is_said_after_the_wait(tmp_path: Path) -> None:
    path = tmp_path / "file"
    said = pytest.raises(FileProblem, match=r"locked by another program for over 0\.05 s")
    with exclusive_lock(path), said, exclusive_lock(path, timeout_s=0.05):
        pass
    with exclusive_lock(path, timeout_s=0.05):
        pass


def test_that_a_lock_goes_with_the_process_that_dies(tmp_path: Path) -> None:
    path = tmp_path / "file"
    code = """
        import sys, time
        from pathlib import Path
        from semiview.files.durable_file import exclusive_lock
        with exclusive_lock(Path(sys.argv[1])):
            print("held", flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(FileProblem, match="locked"), exclusive_lock(path, timeout_s=0.05):
            pass
        child.send_signal(signal.SIGKILL)
    with exclusive_lock(path, timeout_s=2.0):
        pass


def test_that_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileProblem, match="not saved"):
        make_folder(tmp_path / "file" / "below")
    with pytest.raises(FileProblem, match="too long"):
        make_folder(tmp_path / ("x" * 300) / "below")


def test_that_a_file_that_cannot_be_named_is_not_there(tmp_path: Path) -> None:
    def name() -> str:
        raise ValueError("it cannot be read back")

    with pytest.raises(ValueError, match="read back"):
        write_and_name(tmp_path, NEW, name)
    assert not list(tmp_path.iterdir())
    assert write_and_name(tmp_path, NEW, lambda: "named").read_bytes() == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["named"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_that_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    path.chmod(0o640)
    write_durably(path, NEW)
    assert path.stat().st_mode & 0o777 == 0o640
