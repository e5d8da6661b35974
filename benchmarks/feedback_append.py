"""Durable samples of 1 MiB: the feedback store beside a plain HDF5 file and SQLite, turn by turn in one run.

    python -m benchmarks.feedback_append [samples] [folder]

plain h5py: one file, a dataset per sample, flush, fsync (a kill in the middle loses samples that were acknowledged).
SQLite: one blob per sample, synchronous=FULL, a transaction each. Both store the picture alone; the store's record
holds the same picture with its header, hashes and checks. The last lines tell what
an append costs in a store of 1,000 and of 10,000 records, and how long a new process takes to open it.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from semiview.feedback.record import Record
from semiview.feedback.record_file import WHAT, to_bytes
from semiview.feedback.record_id import make_record_id, uuid7
from semiview.feedback.store import FeedbackStore
from semiview.feedback.user_block import parse_user_block, user_block_bytes, with_user_block
from semiview.files.durable_file import SystemCalls

SHAPE = (1024, 1024)
SIZES = (1_000, 10_000)
IO = ("rchar", "wchar", "syscr", "syscw")
small = Record.example(1, (64, 64))


def main(samples: int, folder: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.normal(120, 20, SHAPE).clip(0, 255).astype(np.uint8) for _ in range(8)]
    store = FeedbackStore.open(folder / "store")
    plain = h5py.File(folder / "plain.h5", "w")
    descriptor = os.open(folder / "plain.h5", os.O_RDONLY)
    database = sqlite3.connect(folder / "blobs.sqlite")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE samples (id INTEGER PRIMARY KEY, data BLOB)")

    def into_store(number: int) -> None:
        picture = pictures[number % 8]
        store.append(
            Record("skip", f"case {number}", "benchmark", "2026-01-01T00:00:00Z", sem=picture, nm_per_px_x=1.0)
        )

    def into_plain(number: int) -> None:
        plain.create_dataset(f"{number}", data=pictures[number % 8])
        plain.flush()
        os.fsync(descriptor)

    def into_database(number: int) -> None:
        with database:
            database.execute("INSERT INTO samples VALUES (?, ?)", (number, pictures[number % 8].tobytes()))

    def full_record(number: int) -> None:
        store.append(full[number])

    full = [Record.example(seed, SHAPE) for seed in range(samples)]
    ways: dict[str, Callable[[int], None]] = {
        "feedback store, picture": into_store,
        "feedback store, full record": full_record,
        "plain h5py + flush + fsync": into_plain,
        "SQLite blob, synchronous=FULL": into_database,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    cpu_times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(samples):
        for name, way in ways.items():
            start, cpu = time.perf_counter(), time.process_time()
            way(number)
            times[name].append(time.perf_counter() - start)
            cpu_times[name].append(time.process_time() - cpu)
    plain.close()
    os.close(descriptor)
    database.close()
    print(f"{samples} samples of {SHAPE[0]} x {SHAPE[1]} uint8 each, turn by turn, in {folder}")
    medians = {name: statistics.median(spent) for name, spent in times.items()}
    for name, spent in times.items():
        cpu = statistics.median(cpu_times[name])
        print(
            f"{name:32s} median {1000 * medians[name]:7.2f} ms   of it CPU {1000 * cpu:6.2f} ms   "
            f"slowest {1000 * max(spent):7.1f} ms   {1 / medians[name]:6.0f}/s"
        )
    store_s, plain_s, database_s = (medians[name] for name in list(ways)[:1] + list(ways)[2:])
    print(
        f"SQLite takes {database_s / store_s:.2f} times as long as the store, plain h5py {plain_s / store_s:.2f} times"
    )
    open_many(folder / "many")


def open_many(folder: Path) -> None:
    """What one append costs in a store of 1,000 records and of 10,000, turn by turn; how long the full one opens."""
    calls = {number: CountedCalls() for number in SIZES}
    stores = {number: filled(folder / f"{number}", number, calls[number]) for number in SIZES}
    for number, store in stores.items():
        calls[number].count.clear()
        before = process_io()
        store.append(replace(small, case_id="counted", group="wafer 1"))
        io = {name: value - before[name] for name, value in process_io().items()}
        said = ", ".join(f"{name} {times}" for name, times in calls[number].count.items())
        print(
            f"append to {number:6} records: {said}; the process wrote {io['wchar']} bytes in {io['syscw']} calls and "
            f"read {io['rchar']} in {io['syscr']}"
        )
    spent: dict[int, list[float]] = {number: [] for number in SIZES}
    for turn in range(40):
        for number, store in stores.items():
            start = time.perf_counter()
            store.append(replace(small, case_id=f"timed {turn}", group="wafer 1"))
            spent[number].append(time.perf_counter() - start)
    for number, times in spent.items():
        print(f"append to {number:6} records: median {1000 * statistics.median(times):.2f} ms")
    command = [sys.executable, "-c", OPENING, str(folder / f"{SIZES[-1]}")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(f"{SIZES[-1]} records: {done.stdout.strip()}")


OPENING = """
import resource, sys, time
from pathlib import Path
from semiview.feedback.store import FeedbackStore
from semiview.feedback.user_block import parse_user_block, user_block_bytes, with_user_block
from semiview.files.durable_file import SystemCalls
start, cpu = time.perf_counter(), time.process_time()
store = FeedbackStore.open(Path(sys.argv[1]))
opened, opened_cpu = time.perf_counter() - start, time.process_time() - cpu
start, cpu = time.perf_counter(), time.process_time()
samples = store.snapshot()
made, made_cpu = time.perf_counter() - start, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"opened in {opened:.2f} s (CPU {opened_cpu:.2f}), snapshot of {len(samples)} in {made:.2f} s "
      f"(CPU {made_cpu:.2f}), {peak:.0f} MB at most")
"""


def filled(folder: Path, number: int, calls: SystemCalls) -> FeedbackStore:
    """A store of so many records, written without syncing, that knows all its groups."""
    store = FeedbackStore.open(folder)
    data = to_bytes(small, uuid7(), "train")
    facts, _ = parse_user_block(data, WHAT)
    body = data[user_block_bytes(WHAT, facts) :]
    for seed in range(number):  # one body under many headers: what a list reads is the header
        identifier = uuid7()
        said = facts | {"uuid": identifier, "case_id": f"case {seed}", "group": f"wafer {seed % 25}"}
        data = with_user_block(WHAT, said, body)
        path = store.path_of(make_record_id(identifier, data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    store = FeedbackStore.open(folder, calls=calls)
    store.append(replace(small, case_id="first", group="wafer 1"))
    return store


class CountedCalls(SystemCalls):
    """Counts the calls by which a file becomes durable."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> object:
        found = super().__getattribute__(name)
        if name in ("create", "open_end", "write", "fsync", "replace", "fsync_folder"):
            self.count[name] += 1
        return found


def process_io() -> dict[str, int]:
    """What the kernel counted of this process's reads and writes."""
    lines = Path("/proc/self/io").read_text().split("\n")
    return {name: int(value) for name, value in (line.split(": ") for line in lines if line) if name in IO}


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as temporary:
        main(count, Path(temporary))
