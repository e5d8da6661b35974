"""Durable samples of 1 MiB: the feedback store beside a plain HDF5 file and SQLite, turn by turn in one run.

    python -m benchmarks.feedback_append [samples] [folder]

plain h5py: one file, a dataset per sample, flush, fsync (a kill in the middle loses samples that were acknowledged).
SQLite: one blob per sample, synchronous=FULL, a transaction each, with its rollback journal and with a write-ahead log.
"picture alone" are bytes that nobody checks; "same record" is all that the store does, with SQLite in place of its
files: the same bytes made, read again, hashed and committed. Then four programs at once write such samples into one
store and into one database. "disk" is what writing, syncing and naming a file of that size takes by itself, "no disk"
what making, reading and hashing a record does, "one SHA-256" a part of that. The last lines tell what an append costs
in a store of 1,000 and of 10,000 records, and how long a new process takes to open it, at first and with index.sqlite.
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

from semiview.feedback.hdf5_parts import sha256_of
from semiview.feedback.record import Record
from semiview.feedback.record_file import WHAT, from_bytes, to_bytes
from semiview.feedback.record_id import make_record_id, uuid7
from semiview.feedback.store import FeedbackStore
from semiview.feedback.user_block import parse_user_block, user_block_bytes, with_user_block
from semiview.files.durable_file import SystemCalls, write_durably

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
    database, logged = opened_database(folder / "blobs.sqlite"), opened_database(folder / "logged.sqlite", "WAL")
    records, records_logged = (
        opened_database(folder / "records.sqlite"),
        opened_database(folder / "records-logged.sqlite", "WAL"),
    )
    (folder / "bare").mkdir()

    def into_store(number: int) -> None:
        store.append(sample(number, pictures[number % 8]))

    def into_plain(number: int) -> None:
        plain.create_dataset(f"{number}", data=pictures[number % 8])
        plain.flush()
        os.fsync(descriptor)

    def into_bare_file(number: int) -> None:
        write_durably(folder / "bare" / f"{number}", pictures[number % 8].tobytes())

    full = [Record.example(seed, SHAPE) for seed in range(8)]
    ways: dict[str, Callable[[int], object]] = {
        "feedback store": into_store,
        "SQLite, same record, journal": lambda n: insert_record(records, sample(n, pictures[n % 8])),
        "SQLite, same record, WAL": lambda n: insert_record(records_logged, sample(n, pictures[n % 8])),
        "SQLite, picture alone, journal": lambda n: insert(database, pictures[n % 8].tobytes()),
        "SQLite, picture alone, WAL": lambda n: insert(logged, pictures[n % 8].tobytes()),
        "plain h5py + flush + fsync": into_plain,
        "disk: write, sync, name": into_bare_file,
        "no disk: make, read, hash": lambda n: checked_bytes(sample(n, pictures[n % 8])),
        "no disk: one SHA-256": lambda n: sha256_of(pictures[n % 8]),
    }
    full_name = "feedback store, full record"
    times: dict[str, list[float]] = {name: [] for name in (*ways, full_name)}
    cpu_times: dict[str, list[float]] = {name: [] for name in times}

    def timed(name: str, way: Callable[[int], object], number: int) -> None:
        start, cpu = time.perf_counter(), time.process_time()
        way(number)
        times[name].append(time.perf_counter() - start)
        cpu_times[name].append(time.process_time() - cpu)

    for number in range(samples):
        for name, way in ways.items():
            timed(name, way, number)
    for number in range(samples):
        timed(full_name, lambda number: store.append(full[number % 8]), number)
    plain.close()
    os.close(descriptor)
    for opened in (database, logged, records, records_logged):
        opened.close()
    print(f"{samples} samples of {SHAPE[0]} x {SHAPE[1]} uint8 each, turn by turn, in {folder}")
    medians = {name: statistics.median(spent) for name, spent in times.items()}
    for name, spent in times.items():
        cpu = statistics.median(cpu_times[name])
        print(
            f"{name:32s} median {1000 * medians[name]:7.2f} ms   of it CPU {1000 * cpu:6.2f} ms   "
            f"slowest {1000 * max(spent):7.1f} ms   {1 / medians[name]:6.0f}/s"
        )
    store_s = medians["feedback store"]
    print(
        f"times as long as the store: {', '.join(f'{name} {medians[name] / store_s:.2f}' for name in list(ways)[1:6])}"
    )
    each = max(samples // 2, 1)
    rates = {
        "the store": rate_of_four(lambda writer: many_into_store(folder / "four", writer, each, pictures), each),
        "SQLite, same record": rate_of_four(
            lambda writer: many_into_database(folder / "four.sqlite", writer, each, pictures, insert_record), each
        ),
        "SQLite, picture alone": rate_of_four(
            lambda writer: many_into_database(folder / "four-bare.sqlite", writer, each, pictures, insert_picture), each
        ),
    }
    print(f"four programs at once: {', '.join(f'{name} {rate:.0f}/s' for name, rate in rates.items())}")
    open_many(folder / "many")


def sample(number: int, picture: np.ndarray) -> Record:
    """A record of a picture and little else."""
    return Record("skip", f"case {number}", "benchmark", "2026-01-01T00:00:00Z", sem=picture, nm_per_px_x=1.0)


def opened_database(path: Path, journal: str = "DELETE") -> sqlite3.Connection:
    """A database with a table of blobs that forces every transaction to the disk."""
    database = sqlite3.connect(path, timeout=60)
    database.execute(f"PRAGMA journal_mode={journal}")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS samples (id INTEGER PRIMARY KEY, data BLOB)")
    return database


def insert(database: sqlite3.Connection, data: bytes) -> None:
    """One blob in a transaction of its own."""
    with database:
        database.execute("INSERT INTO samples (data) VALUES (?)", (data,))


def insert_picture(database: sqlite3.Connection, record: Record) -> None:
    """The picture of a record alone, unchecked."""
    assert record.sem is not None
    insert(database, record.sem.tobytes())


def insert_record(database: sqlite3.Connection, record: Record) -> None:
    """A record as the store keeps it. What cannot be read again is not to be committed, so the check comes first."""
    insert(database, checked_bytes(record)[1])


def checked_bytes(record: Record) -> tuple[str, bytes]:
    """Id and bytes of a record, as the store makes and checks them."""
    identifier = uuid7()
    data = to_bytes(record, identifier)
    from_bytes(data)
    return make_record_id(identifier, data), data


def many_into_store(folder: Path, writer: int, each: int, pictures: list[np.ndarray]) -> None:
    """What one of the four programs does."""
    store = FeedbackStore.open(folder)
    for number in range(writer * each, (writer + 1) * each):
        store.append(sample(number, pictures[number % 8]))


def many_into_database(
    path: Path,
    writer: int,
    each: int,
    pictures: list[np.ndarray],
    put: Callable[[sqlite3.Connection, Record], None],
) -> None:
    """The same into SQLite."""
    database = opened_database(path)
    for number in range(writer * each, (writer + 1) * each):
        put(database, sample(number, pictures[number % 8]))


def rate_of_four(write: Callable[[int], None], each: int) -> float:
    """Samples a second of four processes together."""
    start = time.perf_counter()
    children = []
    for writer in range(4):
        child = os.fork()
        if child == 0:
            try:
                write(writer)
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return 4 * each / (time.perf_counter() - start)


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
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    for when in ("without an index.sqlite", "with it"):
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        print(f"{SIZES[-1]} records {when}: {done.stdout.strip()}")


OPENING = """
import sys, time
from pathlib import Path
from semiview.feedback.store import FeedbackStore
start, cpu = time.perf_counter(), time.process_time()
store = FeedbackStore.open(Path(sys.argv[1]))
opened, opened_cpu = time.perf_counter() - start, time.process_time() - cpu
start, cpu = time.perf_counter(), time.process_time()
samples = store.snapshot()
made, made_cpu = time.perf_counter() - start, time.process_time() - cpu
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
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
