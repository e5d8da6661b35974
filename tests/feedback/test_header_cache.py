"""index.sqlite makes opening quick and is never believed over a record."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import platformdirs
import pytest

from semiview.feedback import record_folder
from semiview.feedback.header_cache import HeaderCache
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore

Small = Callable[..., Record]


@pytest.fixture
def filled(tmp_path: Path, small: Small, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A store of six records that is opened with a cache, and the cache's file."""
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(tmp_path / "cache"))
    monkeypatch.setattr(record_folder, "MANY", 2)
    store = FeedbackStore.open(tmp_path / "s")
    for seed in range(6):
        store.append(small(seed, group=f"wafer {seed % 3}"))
    FeedbackStore.open(tmp_path / "s")
    return tmp_path / "s", HeaderCache(tmp_path / "s").path


def read_from_files(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which records are read for their header from now on."""
    seen: list[Path] = []
    real = record_folder.read_header
    monkeypatch.setattr(record_folder, "read_header", lambda path: (seen.append(path), real(path))[1])
    return seen


def test_that_a_second_opening_reads_no_record(filled: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = filled
    expected = FeedbackStore.open(folder)
    seen = read_from_files(monkeypatch)
    again = FeedbackStore.open(folder)
    assert not seen
    assert again.histories() == expected.histories()
    assert again.snapshot() == expected.snapshot()


@pytest.mark.parametrize("harm", ["deleted", "cut", "foreign", "flipped", "other columns"])
def test_that_a_bad_cache_is_made_anew(filled: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    folder, path = filled
    expected = FeedbackStore.open(folder).histories()
    data = path.read_bytes()
    if harm == "deleted":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif harm == "foreign":
        path.write_bytes(b"something else " * 1000)
    elif harm == "flipped":
        path.write_bytes(data.replace(b"example reviewer", b"another reviewer"))
    else:
        with sqlite3.connect(path) as database:
            database.execute("DROP TABLE headers")
            database.execute("CREATE TABLE headers (other TEXT)")
    assert FeedbackStore.open(folder).histories() == expected
    seen = read_from_files(monkeypatch)
    assert FeedbackStore.open(folder).histories() == expected
    assert not seen


def test_that_a_record_that_changed_is_read_and_not_believed_from_the_cache(filled: tuple[Path, Path]) -> None:
    folder, _ = filled
    store = FeedbackStore.open(folder)
    name = store.record_ids()[0]
    path = store.path_of(name)
    path.write_bytes(b"x" * 10)
    assert FeedbackStore.open(folder).damaged_ids() == {name}


def test_that_bytes_that_changed_behind_the_cache_are_found_when_the_record_is_loaded(
    filled: tuple[Path, Path],
) -> None:
    folder, _ = filled
    store = FeedbackStore.open(folder)
    name = store.record_ids()[0]
    path = store.path_of(name)
    before, data = path.stat(), bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    record_folder.os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [damage.record_id for damage in FeedbackStore.open(folder).verify().damaged] == [name]


def test_that_several_programs_may_open_at_once(filled: tuple[Path, Path]) -> None:
    folder, path = filled
    path.unlink()
    expected = FeedbackStore.open(folder).histories()
    with ThreadPoolExecutor(8) as openers:
        found = list(openers.map(lambda _: FeedbackStore.open(folder).histories(), range(16)))
    assert all(histories == expected for histories in found)


def test_that_a_cache_that_cannot_be_written_is_done_without(
    filled: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = filled
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(tmp_path / "file"))
    assert len(FeedbackStore.open(folder).snapshot()) == 6
