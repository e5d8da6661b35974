"""A backup holds every record, is checked byte by byte, rotates, and brings back what was lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from semiview.feedback.backups import Keep, back_up, backup_lists, lists_to_keep, restore
from semiview.feedback.record import Record
from semiview.feedback.repair import repair
from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem

Small = Callable[..., Record]


def harm(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def test_that_a_lost_store_comes_back_from_its_backup_byte_for_byte(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    names = [store.append(small(seed)) for seed in range(4)]
    report = back_up(store, tmp_path / "backup")
    assert (report.records, report.added, report.damaged) == (4, 4, ())
    again = FeedbackStore.open(tmp_path / "new")
    assert restore(again, tmp_path / "backup").added == 4
    assert again.snapshot() == store.snapshot()
    assert again.splits() == store.splits()
    assert all(again.path_of(name).read_bytes() == store.path_of(name).read_bytes() for name in names)


def test_that_a_second_backup_copies_only_what_is_new(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    store.append(small(0))
    back_up(store, tmp_path / "backup")
    newest = store.append(small(1))
    assert back_up(store, tmp_path / "backup").added == 1
    assert newest in FeedbackStore.open(tmp_path / "backup", read_only=True).record_ids()


def test_that_a_restore_takes_nothing_away_and_heals_what_is_damaged(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    names = [store.append(small(seed)) for seed in range(3)]
    back_up(store, tmp_path / "backup")
    later = store.append(small(7))
    harm(store.path_of(names[1]))
    assert not store.verify().ok
    assert restore(store, tmp_path / "backup").added == 1
    assert store.verify().damaged == ()
    assert set(store.record_ids()) == {*names, later}


def test_that_a_record_damaged_in_the_store_stays_whole_in_the_backup_and_is_named_without_one(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    names = [store.append(small(seed)) for seed in range(2)]
    back_up(store, tmp_path / "backup")
    harm(store.path_of(names[0]))
    assert back_up(store, tmp_path / "backup").damaged == ()
    lost = store.append(small(5))
    harm(store.path_of(lost))
    assert back_up(store, tmp_path / "backup").damaged == (lost,)
    assert names[0] in FeedbackStore.open(tmp_path / "backup", read_only=True).record_ids()


def test_that_a_damaged_backup_is_said_and_the_next_backup_heals_it(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    name = store.append(small(0))
    back_up(store, tmp_path / "backup")
    harm(FeedbackStore.open(tmp_path / "backup").path_of(name))
    with pytest.raises(FileProblem, match="the backup is damaged"):
        back_up(store, tmp_path / "backup")
    assert back_up(store, tmp_path / "backup").records == 1


def test_that_a_backup_is_restored_as_of_a_day(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    first = store.append(small(0))
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)
    back_up(store, tmp_path / "backup", now=monday)
    store.append(small(1))
    back_up(store, tmp_path / "backup", now=monday + timedelta(days=2))
    again = FeedbackStore.open(tmp_path / "new")
    restore(again, tmp_path / "backup", at=monday + timedelta(days=1))
    assert again.record_ids() == (first,)
    with pytest.raises(FileProblem, match="there is no backup of"):
        restore(again, tmp_path / "backup", at=monday - timedelta(days=1))


def test_that_days_weeks_and_months_keep_their_newest_list() -> None:
    times = [datetime(2026, 1, 1, 8, tzinfo=UTC) + timedelta(hours=12 * n) for n in range(700)]
    kept = sorted(lists_to_keep(times, Keep(daily=7, weekly=4, monthly=12)))
    assert kept[-1] == times[-1]
    days = sorted({time.date() for time in times})[-7:]
    assert {time.date() for time in kept} >= set(days)
    assert len({(time.year, time.month) for time in kept}) == 12
    assert len(kept) <= 7 + 4 + 12
    assert lists_to_keep(times, Keep(0, 0, 0)) == {times[-1]}


def test_that_old_lists_go_and_their_records_stay(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    name = store.append(small(0))
    for day in range(1, 5):
        report = back_up(store, tmp_path / "b", Keep(2, 0, 0), datetime(2026, 11, day, tzinfo=UTC))
    assert [time.day for time, _ in backup_lists(tmp_path / "b")] == [3, 4]
    assert len(report.removed) == 1
    assert FeedbackStore.open(tmp_path / "b", read_only=True).record_ids() == (name,)


@pytest.mark.parametrize("where", ["inside", "of another store", "full of something else"])
def test_that_a_wrong_place_for_a_backup_is_refused(
    store: FeedbackStore, small: Small, tmp_path: Path, where: str
) -> None:
    store.append(small(0))
    target = store.folder / "backup" if where == "inside" else tmp_path / "backup"
    if where == "of another store":
        other = FeedbackStore.open(tmp_path / "other")
        other.append(small(1))
        back_up(other, target)
    elif where == "full of something else":
        target.mkdir()
        (target / "thesis.txt").write_text("x")
    with pytest.raises(FileProblem, match=r"within the store|another store|not empty"):
        back_up(store, target)


def test_that_a_damaged_list_is_said(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    store.append(small(0))
    path = back_up(store, tmp_path / "backup").path
    path.write_bytes(path.read_bytes().replace(b"records", b"recordz"))
    with pytest.raises(FileProblem, match="list is damaged"):
        restore(store, tmp_path / "backup")


def test_that_a_repair_makes_everything_derived_anew_and_takes_whole_copies_from_a_backup(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    names = [store.append(small(seed)) for seed in range(4)]
    splits = store.splits()
    back_up(store, tmp_path / "backup")
    lost = store.append(small(6))
    for name in (names[2], lost):
        harm(store.path_of(name))
    (store.folder / "store.json").write_bytes(b"\0")
    (store.folder / "splits.json").write_bytes(b"nonsense\n")
    report = repair(store.folder, tmp_path / "backup")
    assert set(report.renewed) == {"store.json", "splits.json", "feedback.h5"}
    assert report.restored == (names[2],)
    assert [damage.record_id for damage in report.damaged] == [lost]
    healed = FeedbackStore.open(store.folder)
    assert {name: split for name, split in healed.splits().items() if name in splits} == splits
    assert set(healed.record_ids()) == set(names)
    assert (store.folder / "store.json.damaged").exists()


def test_that_a_whole_record_in_quarantine_is_put_back(store: FeedbackStore, small: Small) -> None:
    name = store.append(small(0))
    quarantine = store.folder / "quarantine"
    quarantine.mkdir()
    store.path_of(name).rename(quarantine / f"{name}.h5")
    report = repair(store.folder)
    assert report.restored == (name,)
    assert FeedbackStore.open(store.folder).load(name).case_id == small(0).case_id
