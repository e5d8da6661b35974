"""Nothing acknowledged is ever lost: kills, full disks, failing calls and several writers."""

import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest

from benchmarks.fault_calls import Killed, LimitedCalls
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.durable_file import SystemCalls
from semiview.files.problem import FileProblem

Small = Callable[..., Record]
CALLS = ("create", "write", "fsync", "replace", "fsync_folder")


def assert_whole(folder: Path, acknowledged: set[str]) -> set[str]:
    """Everything acknowledged is there, every byte of it; returns all ids."""
    store = FeedbackStore.open(folder)
    report = store.verify()
    assert report.ok, report
    there = {header.record_id for case_id in store.reviews() for header in store.history(case_id)}
    assert acknowledged <= there
    return there


@pytest.mark.parametrize("earlier", range(4))
def test_that_a_kill_between_any_two_calls_of_an_append_loses_nothing(
    tmp_path: Path, small: Small, earlier: int
) -> None:
    # The first append makes the store, the third assigns the splits of all, the fourth adds one.
    folder = tmp_path / "feedback"
    acknowledged = {FeedbackStore.open(folder).append(small(seed)) for seed in range(earlier)}
    calls_left, finished = 0, False
    while not finished:
        try:
            acknowledged.add(FeedbackStore.open(folder, calls=LimitedCalls(calls_left)).append(small(earlier)))
            finished = True
        except Killed:
            calls_left += 1
        assert_whole(folder, acknowledged)
    assert calls_left >= 10
    expected = {"train", "validation", "test"} if earlier >= 2 else {""}
    assert set(FeedbackStore.open(folder).splits().values()) == expected


@pytest.mark.parametrize("failing", CALLS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_that_a_failing_call_is_said_and_the_same_append_works_later(
    tmp_path: Path, small: Small, failing: str, number: int
) -> None:
    folder = tmp_path / "feedback"
    before = FeedbackStore.open(folder).append(small(0))
    calls = SystemCalls()
    store = FeedbackStore.open(folder, calls=calls)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    setattr(calls, failing, fail)
    with pytest.raises(FileProblem, match="not saved") as caught:
        store.append(small(1))
    assert caught.value.advice
    assert_whole(folder, {before})
    delattr(calls, failing)
    again = store.append(small(1))
    assert_whole(folder, {before, again})
    assert store.review(small(1).case_id).state == "accepted"


def test_that_a_disk_that_fills_up_at_any_4_kib_loses_nothing(tmp_path: Path, small: Small) -> None:
    folder = tmp_path / "feedback"
    acknowledged = {FeedbackStore.open(folder).append(small(0))}
    for bytes_left in range(0, 10**6, 4096):
        store = FeedbackStore.open(folder, calls=LimitedCalls(bytes_left=bytes_left))
        said = ""
        try:
            acknowledged.add(store.append(small(1)))
        except FileProblem as problem:
            said = str(problem)
        if not said:
            break
        assert "the disk is full. Make room" in said
        assert assert_whole(folder, acknowledged) == acknowledged
        assert not list(folder.rglob("*.part"))
    assert bytes_left > 8192
    assert_whole(folder, acknowledged)


def test_that_a_real_full_disk_loses_nothing(tmp_path: Path, small: Small) -> None:
    folder = tmp_path / "feedback"
    before = FeedbackStore.open(folder).append(small(0))
    code = """
        import resource, signal, sys
        from pathlib import Path
        from semiview.feedback.record import Record
        from semiview.feedback.store import FeedbackStore
        from semiview.files.problem import FileProblem
        store = FeedbackStore.open(Path(sys.argv[1]))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            store.append(Record.example(1, (512, 512)))
        except FileProblem as problem:
            print(problem.reason)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), str(folder)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "not saved" in done.stdout
    assert assert_whole(folder, {before}) == {before}


# One process that has imported everything and forks a writer for every line it reads.
WRITERS = """
    import itertools, os, sys
    from pathlib import Path
    from semiview.feedback.record import Record
    from semiview.feedback.store import FeedbackStore

    def write(first, last):
        store = FeedbackStore.open(Path(sys.argv[1]))
        for seed in itertools.islice(itertools.count(first), last):
            print("saved", store.append(Record.example(seed, (48, 64))), flush=True)

    print("ready", flush=True)
    for line in sys.stdin:
        first, last = map(int, line.split())
        child = os.fork()
        if child == 0:
            write(first, last)
            os._exit(0)
        print("writer", child, flush=True)
        os.waitpid(child, 0)
        print("gone", child, flush=True)
"""


@contextmanager
def writers(folder: Path) -> Iterator[tuple[IO[str], IO[str]]]:
    """Its standard input and output."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITERS), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.stdin, process.stdout
        process.stdin.close()


def killed_at_random(folder: Path, times: int) -> tuple[set[str], int]:
    """Ids that were acknowledged, and how many kills hit a writer in the middle of a file."""
    rng = random.Random(times)
    acknowledged: set[str] = set()
    with writers(folder) as (commands, answers):
        for number in range(times):
            commands.write(f"{number * 1000} 1000\n")
            commands.flush()
            child, saved, enough, gone = 0, 0, rng.randrange(4), False
            while not gone:
                word, value = answers.readline().split()
                if word == "saved":
                    acknowledged.add(value)
                    saved += 1
                elif word == "writer":
                    child = int(value)
                gone = word == "gone"
                if child and saved >= enough and not gone:
                    time.sleep(rng.uniform(0.0, 0.03))
                    os.kill(child, signal.SIGKILL)
                    child = 0
    return acknowledged, len(list(folder.rglob(".*.part")))


def test_that_a_writer_killed_at_random_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged, _ = killed_at_random(tmp_path / "feedback", 15)
    assert len(acknowledged) >= 15
    there = assert_whole(tmp_path / "feedback", acknowledged)
    assert len(there) <= len(acknowledged) + 15


@pytest.mark.slow
def test_that_a_writer_killed_a_hundred_times_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged, torn = killed_at_random(tmp_path / "feedback", 100)
    assert torn > 0, "some kills hit a write"
    there = assert_whole(tmp_path / "feedback", acknowledged)
    assert len(there) <= len(acknowledged) + 100


WRITER = """
    import sys
    from pathlib import Path
    from semiview.feedback.record import Record
    from semiview.feedback.store import FeedbackStore

    store = FeedbackStore.open(Path(sys.argv[1]))
    print("ready", flush=True)
    for seed in range(int(sys.argv[2])):
        print(store.append(Record.example(seed, (48, 64))), flush=True)
"""


def concurrently(folder: Path, at_once: int, each: int, kills: int = 0) -> set[str]:
    """Ids that several processes were told are saved, while some of them are killed and replaced.

    All write the same groups, so that they race for the splits too.
    """
    rng = random.Random(kills)
    acknowledged: set[str] = set()

    def start(stack: ExitStack) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder), str(each)]
        return stack.enter_context(subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True))

    def finish(writer: subprocess.Popen[str]) -> None:
        assert writer.stdout is not None
        acknowledged.update(line.strip() for line in writer.stdout if line != "ready\n")

    with ExitStack() as stack:
        running = [start(stack) for _ in range(at_once)]
        for _ in range(kills):
            victim = running.pop(rng.randrange(len(running)))
            assert victim.stdout is not None
            assert victim.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0.0, 0.2))
            victim.kill()
            finish(victim)
            running.append(start(stack))
        for writer in running:
            finish(writer)
    return acknowledged


def test_that_four_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "feedback"
    acknowledged = concurrently(folder, at_once=4, each=12)
    assert len(acknowledged) == 48
    assert assert_whole(folder, acknowledged) == acknowledged
    splits = FeedbackStore.open(folder).splits()
    assert len(splits) == 12
    assert set(splits.values()) == {"train", "validation", "test"}
    named = {name: FeedbackStore.open(folder).header(name) for name in acknowledged}
    assert all(header.split in ("", splits[header.group]) for header in named.values())


@pytest.mark.slow
def test_that_four_writers_killed_25_times_lose_nothing_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "feedback"
    acknowledged = concurrently(folder, at_once=4, each=12, kills=25)
    assert len(acknowledged) > 48
    assert_whole(folder, acknowledged)


def test_that_threads_of_one_program_may_append_while_others_read(store: FeedbackStore, small: Small) -> None:
    def work(seed: int) -> str:
        name = store.append(small(seed))
        store.reviews()
        store.snapshot()
        assert store.load(name).case_id == small(seed).case_id
        return name

    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(work, range(24)))
    assert assert_whole(store.folder, names) == names
    splits = store.splits()
    assert set(splits) == {small(seed).group for seed in range(24)}, "no assignment overwrote another"
    assert all(store.header(name).split in ("", splits[store.header(name).group]) for name in names)
