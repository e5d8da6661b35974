"""Durable samples of 1 MiB: the feedback store beside a plain HDF5 file and SQLite, turn by turn in one run.

    python -m benchmarks.feedback_append [samples] [folder]

plain h5py: one file, a dataset per sample, flush, fsync (a kill in the middle loses samples that were acknowledged).
SQLite: one blob per sample, synchronous=FULL, a transaction each. Both store the picture alone; the store's record
holds the same picture with its header, hashes and checks. The last figure opens a store of many small records.
"""

import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from semiview.feedback.record import Record
from semiview.feedback.record_file import to_bytes
from semiview.feedback.record_id import make_record_id, uuid7
from semiview.feedback.store import FeedbackStore

SHAPE = (1024, 1024)
MANY = 10_000


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
    for number in range(samples):
        for name, way in ways.items():
            start = time.perf_counter()
            way(number)
            times[name].append(time.perf_counter() - start)
    plain.close()
    os.close(descriptor)
    database.close()
    print(f"{samples} samples of {SHAPE[0]} x {SHAPE[1]} uint8 each, turn by turn, in {folder}")
    for name, spent in times.items():
        median = statistics.median(spent)
        print(f"{name:32s} median {1000 * median:7.2f} ms   slowest {1000 * max(spent):7.1f} ms   {1 / median:6.0f}/s")
    open_many(folder / "many")


def open_many(folder: Path) -> None:
    """Small records of as many cases, written without sync; then a fresh store is opened and asked for every state."""
    store = FeedbackStore.open(folder)
    for number in range(MANY):
        identifier = uuid7()
        data = to_bytes(Record("skip", f"case {number}", "benchmark", "2026-01-01T00:00:00Z"), identifier)
        path = store.path_of(make_record_id(identifier, data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    start = time.perf_counter()
    store = FeedbackStore.open(folder)
    opened = time.perf_counter() - start
    start = time.perf_counter()
    states, samples = store.reviews(), store.snapshot()
    print(
        f"{MANY} records: opened in {opened:.2f} s, {len(states)} states and a snapshot of {len(samples)} "
        f"in {time.perf_counter() - start:.2f} s"
    )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as temporary:
        main(count, Path(temporary))
