"""Break a feedback store in every way that can be thought of, and count what was lost of what had been acknowledged.

    python -m benchmarks.store_faults [--long] [--json] [--folder FOLDER]

--long: 1,000 kill -9 in place of 100. Every trial opens the store again afterwards, reads every byte, and compares with
the ids that `append` had returned. The row "a writer that does not sync" must lose: it shows that the simulated power
cut would catch one.
"""

import argparse
import errno
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.fault_calls import Killed, LimitedCalls, PowerCutCalls
from semiview.feedback.record import Record
from semiview.feedback.splits import Splits
from semiview.feedback.store import FeedbackStore
from semiview.files.durable_file import SystemCalls
from semiview.files.problem import FileProblem

OLD_STORES = Path(__file__).parents[1] / "tests" / "feedback" / "old_stores"
SMALL = (48, 64)


@dataclass(slots=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    acknowledged
        Records that `append` said were saved, summed over the trials.
    lost
        Of those, not there afterwards or not whole.
    unopenable
        Trials after which the store did not open, or reported damage that nobody had done.
    """

    fault: str
    trials: int = 0
    acknowledged: int = 0
    lost: int = 0
    unopenable: int = 0
    note: str = ""
    seconds: float = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--long", action="store_true", help="1,000 kill -9 in place of 100")
    parser.add_argument("--json", action="store_true", help="the table as one JSON document")
    parser.add_argument("--folder", type=Path, help="where to work; the disk that is tested")
    parser.add_argument("--cuts", type=int, default=1000, help="number of simulated power cuts")
    chosen = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=chosen.folder) as temporary:
        for make_row in (
            every_prefix,
            every_failing_call,
            lambda folder: power_cuts(folder, chosen.cuts),
            full_disk,
            lambda folder: random_kills(folder, 1000 if chosen.long else 100),
            four_writers,
            flipped_bits,
            derived_files_deleted,
            old_formats,
            lambda folder: power_cuts(folder, 100, ("fsync", "fsync_folder")),
        ):
            folder = Path(temporary) / f"{len(rows)}"
            folder.mkdir()
            start = time.perf_counter()
            row = make_row(folder)
            row.seconds = time.perf_counter() - start
            rows.append(row)
            shutil.rmtree(folder)
            if not chosen.json:
                print_row(row, first=len(rows) == 1)
    if chosen.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    *honest, careless = rows
    return 0 if careless.lost and not any(row.lost or row.unopenable for row in honest) else 1


def print_row(row: Row, first: bool) -> None:
    if first:
        print(f"{'fault':48} {'trials':>7} {'acknowledged':>13} {'lost':>5} {'unopenable':>11} {'s':>6}  note")
    print(
        f"{row.fault:48} {row.trials:7} {row.acknowledged:13} {row.lost:5} {row.unopenable:11} {row.seconds:6.0f}  "
        f"{row.note}",
        flush=True,
    )


def check(row: Row, folder: Path, acknowledged: set[str]) -> set[str]:
    """Count a trial; returns the ids that are there."""
    row.trials += 1
    row.acknowledged += len(acknowledged)
    try:
        store = FeedbackStore.open(folder)
        report = store.verify()
        there = set(store.record_ids())
    except FileProblem:
        row.unopenable += 1
        row.lost += len(acknowledged)
        return set()
    row.lost += len(acknowledged - there)
    row.unopenable += not report.ok
    return there


def every_prefix(folder: Path) -> Row:
    """Stop before each call of an append to an empty store and to one with 1, 2 and 3 groups."""
    row = Row("kill between any two system calls of an append")
    for earlier in range(4):
        place = folder / f"{earlier}"
        acknowledged = {FeedbackStore.open(place).append(example(seed)) for seed in range(earlier)}
        calls_left, finished = 0, False
        while not finished:
            try:
                acknowledged.add(FeedbackStore.open(place, calls=LimitedCalls(calls_left)).append(example(earlier)))
                finished = True
            except Killed:
                calls_left += 1
            check(row, place, acknowledged)
    return row


def every_failing_call(folder: Path) -> Row:
    """Each call fails once with each error; the same append works afterwards."""
    row = Row("each call fails (full, I/O error, read-only, quota)")
    acknowledged = {FeedbackStore.open(folder / "s").append(example(0))}
    for failing in ("create", "open_end", "write", "fsync", "replace", "fsync_folder"):
        for number in (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT):
            calls = SystemCalls()
            store = FeedbackStore.open(folder / "s", calls=calls)
            setattr(calls, failing, failing_with(number))
            try:
                acknowledged.add(store.append(example(row.trials + 1)))
            except FileProblem:
                delattr(calls, failing)
                acknowledged.add(store.append(example(row.trials + 1)))
            check(row, folder / "s", acknowledged)
    return row


def failing_with(number: int) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def power_cuts(folder: Path, times: int, forgets: tuple[str, ...] = ()) -> Row:
    """Cut the power at a random call, or just after the acknowledgement; what was not synced is lost or torn."""
    row = Row("a writer that does not sync, power cut (must lose)" if forgets else "power cut, unsynced lost or torn")
    rng = random.Random(7)
    seeds: list[tuple[Path, set[str]]] = []
    for earlier in range(4):
        place = folder / f"before {earlier}"
        store = FeedbackStore.open(place)
        seeds.append((place, {store.append(example(seed)) for seed in range(earlier)}))
    for trial in range(times):
        before, saved = seeds[trial % 4]
        place = folder / "trial"
        shutil.copytree(before, place)
        calls = PowerCutCalls(place, rng.randint(0, 26), forgets)
        acknowledged = set(saved)
        try:
            store = FeedbackStore.open(place, calls=calls)
            for seed in range(3):
                acknowledged.add(store.append(example(10 + seed)))
        except Killed:
            pass
        calls.cut_power(rng)
        check(row, place, acknowledged)
        shutil.rmtree(place)
    return row


def full_disk(folder: Path) -> Row:
    """The disk has room for 0, 4, 8, ... KiB more; after each failure the record goes in as soon as there is room."""
    row = Row("disk full, in 4 KiB steps")
    record = Record.example(1, (512, 512))
    acknowledged = {FeedbackStore.open(folder / "s").append(example(0))}
    for bytes_left in range(0, 10**8, 4096):
        try:
            acknowledged.add(FeedbackStore.open(folder / "s", calls=LimitedCalls(bytes_left=bytes_left)).append(record))
            break
        except FileProblem:
            check(row, folder / "s", acknowledged)
    check(row, folder / "s", acknowledged)
    row.note = f"a record of {bytes_left // 1024} KiB"
    return row


def random_kills(folder: Path, times: int) -> Row:
    """A process that appends without end is killed at a random moment."""
    row, rng = Row("kill -9 at random"), random.Random(3)
    acknowledged: set[str] = set()
    for number in range(times):
        acknowledged |= killed_writer(folder / "s", number * 1000, 1000, rng.uniform(0.0, 0.25))
        if number % 10 == 9 or number == times - 1:
            check(row, folder / "s", acknowledged)
            row.trials += 9 if number % 10 == 9 else number % 10
            row.acknowledged -= len(acknowledged)
    row.acknowledged = len(acknowledged)
    torn = len(list(folder.rglob(".*.part")))
    row.note = f"{torn} kills hit a file that was being written; all read again after every 10"
    return row


def killed_writer(folder: Path, first: int, count: int, after_s: float) -> set[str]:
    """Ids that a process had said before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        write_without_end(folder, first, count, writing)
    os.close(writing)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        return set(said.read().split())


def write_without_end(folder: Path, first: int, count: int, writing: int) -> None:
    """In a child: append and say each id; never returns."""
    try:
        store = FeedbackStore.open(folder)
        for seed in range(first, first + count):
            os.write(writing, f"{store.append(example(seed))}\n".encode())
    finally:
        os._exit(0)


def four_writers(folder: Path) -> Row:
    """Four processes write the same groups at once; 25 times one is killed and another takes its place."""
    row, rng = Row("four writers at once, killed 25 times"), random.Random(5)
    pipes: list[int] = []
    running: list[int] = []

    def start(number: int) -> None:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            write_without_end(folder / "s", number * 100, 400, writing)
        os.close(writing)
        pipes.append(reading)
        running.append(child)

    def stop(child: int) -> None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    for number in range(4):
        start(number)
    for number in range(25):
        time.sleep(rng.uniform(0.05, 0.4))
        stop(running.pop(rng.randrange(4)))
        start(number % 4)
    for child in running:
        stop(child)
    acknowledged: set[str] = set()
    for reading in pipes:
        with os.fdopen(reading) as said:
            acknowledged |= set(said.read().split())
    check(row, folder / "s", acknowledged)
    row.trials = 25
    splits = FeedbackStore.open(folder / "s").splits()
    row.note = f"{len(splits)} groups, each in one split"
    return row


def flipped_bits(folder: Path) -> Row:
    """Flip one bit anywhere in any record; a check of every byte must name that record and no other."""
    row, rng = Row("one flipped bit in a record, reported"), random.Random(11)
    store = FeedbackStore.open(folder / "s")
    names = [store.append(example(seed)) for seed in range(10)]
    reported = 0
    for _ in range(100):
        name = rng.choice(names)
        path = store.path_of(name)
        whole = path.read_bytes()
        harmed = bytearray(whole)
        harmed[rng.randrange(len(harmed))] ^= 1 << rng.randrange(8)
        path.write_bytes(harmed)
        found = FeedbackStore.open(folder / "s").verify()
        reported += [damage.record_id for damage in found.damaged] == [name]
        for quarantined in (folder / "s" / "quarantine").glob("*"):
            quarantined.unlink()
        path.write_bytes(whole)
        row.trials += 1
    row.acknowledged, row.lost = row.trials, row.trials - reported
    row.note = f"{reported} of {row.trials} reported; 'lost': not reported"
    return row


def derived_files_deleted(folder: Path) -> Row:
    """Delete everything that is not a record; all comes back."""
    row = Row("view, index, store.json, splits.json deleted")
    store = FeedbackStore.open(folder / "s")
    acknowledged = {store.append(example(seed)) for seed in range(8)}
    store.rebuild_view()
    splits, snapshot = store.splits(), store.snapshot()
    for names in (("feedback.h5",), ("store.json",), ("splits.json",), ("feedback.h5", "store.json", "splits.json")):
        for name in names:
            (folder / "s" / name).unlink()
        again = FeedbackStore.open(folder / "s")
        row.unopenable += (again.splits(), again.snapshot()) != (splits, snapshot)
        again.merge_splits(Splits())  # writes it anew
        again.rebuild_view()
        check(row, folder / "s", acknowledged)
    return row


def old_formats(folder: Path) -> Row:
    """A store of every older format opens with all its records."""
    row = Row("stores of older formats")
    for old in sorted(OLD_STORES.iterdir()):
        acknowledged = {path.stem for path in old.rglob("records/*/*.h5")}
        for read_only in (True, False):
            place = folder / f"{old.name} {read_only}"
            shutil.copytree(old, place)
            FeedbackStore.open(place, read_only=read_only)
            check(row, place, acknowledged)
    row.note = ", ".join(old.name for old in sorted(OLD_STORES.iterdir()))
    return row


def example(seed: int) -> Record:
    """A small record; seeds of one hundred share ten groups."""
    return replace(Record.example(seed, SMALL), group=f"wafer {seed % 10}")


if __name__ == "__main__":
    sys.exit(main())
