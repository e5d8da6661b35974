import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semiview.core.review import DecisionKind
from semiview.feedback.record import SCHEMA_VERSION, Record
from semiview.feedback.record_file import to_bytes
from semiview.feedback.record_id import make_record_id, relative_path, uuid7
from semiview.feedback.store import FeedbackStore
from semiview.files.durable_file import SystemCalls
from semiview.files.problem import FileProblem

Small = Callable[..., Record]
Same = Callable[[Any, Any], bool]


def said(kind: DecisionKind, case_id: str, reviewer: str = "Ada", supersedes: tuple[str, ...] = ()) -> Record:
    """A decision without pictures."""
    return Record(
        kind, case_id, reviewer, "2026-01-01T00:00:00+00:00", supersedes, reason="other" if kind == "reject" else ""
    )


def flip(path: Path, position: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 1 << bit
    path.write_bytes(data)


def test_that_what_is_appended_is_there_for_every_reader(store: FeedbackStore, small: Small, same: Same) -> None:
    record = small(1)
    record_id = store.append(record)
    for reader in (store, FeedbackStore.open(store.folder), FeedbackStore.open(store.folder, read_only=True)):
        assert [found.record_id for found in reader.records()] == [record_id]
        assert same(reader.load(record_id), record)
        assert reader.review(record.case_id).state == "accepted"
        assert reader.head(record.case_id) == record_id
        assert reader.header(record_id).case_id == record.case_id
        assert reader.verify().ok


def test_that_a_store_open_elsewhere_sees_the_new_record_without_reopening(store: FeedbackStore, small: Small) -> None:
    other = FeedbackStore.open(store.folder)
    record_id = store.append(small(1))
    assert other.snapshot()[0][0] == record_id


def test_that_equal_records_appended_twice_are_two_records(store: FeedbackStore, small: Small) -> None:
    first, second = store.append(small(1)), store.append(small(1))
    assert first < second
    assert [header.record_id for header in store.history(small(1).case_id)] == [first, second]


def test_that_a_newer_decision_counts_whatever_the_clocks_say(store: FeedbackStore) -> None:
    in_2100 = "03bb2cc3-d800-7000-8000-000000000000-0123456789abcdef"
    first = store.append(said("accept", "A", supersedes=(in_2100,)))
    assert first > in_2100
    second = store.append(said("reject", "A"))
    assert second > first
    assert store.review("A").state == "rejected"
    assert store.append(said("reject", "B")) < in_2100


def test_that_supersedes_must_name_records(store: FeedbackStore) -> None:
    with pytest.raises(ValueError, match="names no record"):
        store.append(said("reject", "A", supersedes=("the last one",)))


def test_that_states_follow_the_chain_and_a_dispute_trains_nothing(store: FeedbackStore, small: Small) -> None:
    ada = store.append(small(1, reviewer="Ada"))
    assert [name for name, _ in store.snapshot()] == [ada]
    bob = store.append(replace(said("reject", small(1).case_id, "Bob")))
    assert store.review(small(1).case_id).state == "disputed"
    assert store.snapshot() == ()
    assert store.approved_registration(small(1).case_id) is None
    assert store.approved_shape(small(1).case_id) is None
    assert {found.record_id for found in store.records()} == set(store.heads(small(1).case_id)) == {ada, bob}
    judge = store.append(small(1, reviewer="Cy", kind="correct", supersedes=(ada, bob)))
    assert store.review(small(1).case_id).state == "corrected"
    assert [name for name, _ in store.snapshot()] == [judge]


def test_that_a_retraction_makes_the_case_undecided_and_stays_in_the_history(
    store: FeedbackStore, small: Small
) -> None:
    first = store.append(small(1))
    store.append(said("retract", small(1).case_id, "Ada", (first,)))
    assert store.review(small(1).case_id).state == "undecided"
    assert store.snapshot() == ()
    assert [header.kind for header in store.history(small(1).case_id)] == ["accept", "retract"]


def test_that_only_approved_shapes_train(store: FeedbackStore, small: Small) -> None:
    store.append(small(1, approves_shape=False))
    store.append(said("reject", "B"))
    store.append(said("skip", "C"))
    store.append(said("note", "D"))
    assert store.snapshot() == ()
    assert {name: review.state for name, review in store.reviews().items()} == {
        "B": "rejected",
        "C": "skipped",
        "D": "undecided",
        small(1).case_id: "accepted",
    }


def test_that_the_approved_registration_and_shape_are_the_newest_decisions(
    store: FeedbackStore, small: Small, same: Same
) -> None:
    record = small(1)
    store.append(record)
    assert same(store.approved_registration(record.case_id), record.registration)
    shape = store.approved_shape(record.case_id)
    assert shape is not None
    first_line = record.approved_outlines_px[0]
    assert np.flatnonzero(shape[0].mask()[5])[0] == np.ceil(first_line[:, 0].min())
    assert shape[1] is None
    store.append(small(1, approves_registration=False, approved=np.full((24, 32), 2, np.uint8)))
    assert store.approved_registration(record.case_id) is None
    ignored = store.approved_shape(record.case_id)
    assert ignored is not None
    assert ignored[1] is not None
    assert ignored[1].mask().all()
    store.append(said("reject", record.case_id, record.reviewer))
    assert store.approved_shape(record.case_id) is None


def test_that_groups_are_assigned_once_from_the_third_on_and_records_name_them(
    store: FeedbackStore, small: Small
) -> None:
    ids = [store.append(small(seed)) for seed in range(6)]
    splits = store.splits()
    assert set(splits.values()) == {"train", "validation", "test"}
    assert [store.header(name).split for name in ids[:2]] == ["", ""]
    assert [store.header(name).split for name in ids[2:]] == [splits[f"example group {seed}"] for seed in range(2, 6)]
    assert [store.load(name).split for name in ids] == [store.split_of(name) for name in ids] == list(splits.values())
    assert store.append(small(0, group="example group 3"))
    assert store.splits() == splits


def test_that_a_case_without_group_is_a_group_by_itself_and_a_reject_founds_none(
    store: FeedbackStore, small: Small
) -> None:
    store.append(small(1, group=""))
    store.append(said("reject", "B"))
    assert store.splits() == {small(1).case_id: ""}


@pytest.mark.parametrize("harm", ["lost", "damaged"])
def test_that_the_splits_come_back_from_the_records(store: FeedbackStore, small: Small, harm: str) -> None:
    for seed in range(6):
        store.append(small(seed))
    splits = store.splits()
    path = store.folder / "splits.json"
    if harm == "lost":
        path.unlink()
    else:
        flip(path, 200)
        assert any("splits are taken from the records" in problem.reason for problem in store.problems)
    assert FeedbackStore.open(store.folder).splits() == splits
    store.append(small(7))
    assert {name: split for name, split in store.splits().items() if name in splits} == splits
    assert not store.problems


def test_that_a_hundred_of_a_hundred_flipped_bits_are_reported(tmp_path: Path, small: Small) -> None:
    store = FeedbackStore.open(tmp_path / "whole")
    names = [store.append(small(seed)) for seed in range(3)]
    rng = np.random.default_rng(0)
    for round_ in range(100):
        folder = tmp_path / f"{round_}"
        shutil.copytree(store.folder, folder)
        victim = names[round_ % 3]
        flip(folder / relative_path(victim), int(rng.integers(2**40)), int(rng.integers(8)))
        hurt = FeedbackStore.open(folder)
        report = hurt.verify()
        assert [damage.record_id for damage in report.damaged] == [victim]
        assert report.checked == 3
        assert not report.ok
        assert (folder / "quarantine" / f"{victim}.h5").exists()
        assert "not those that were written" in (folder / "quarantine" / f"{victim}.txt").read_text()
        assert victim not in dict(FeedbackStore.open(folder).snapshot())
        assert len(list(hurt.records())) == 2


def test_that_a_read_only_store_names_damage_and_moves_nothing(store: FeedbackStore, small: Small) -> None:
    name = store.append(small(1))
    flip(store.path_of(name), 9000)
    reader = FeedbackStore.open(store.folder, read_only=True)
    assert [damage.path for damage in reader.verify().damaged] == [store.path_of(name)]
    assert [damage.path for damage in reader.verify().damaged] == [store.path_of(name)]
    assert not (store.folder / "quarantine").exists()
    assert reader.snapshot() == ()


def test_that_damage_met_on_reading_is_said_after_the_whole_records(store: FeedbackStore, small: Small) -> None:
    names = [store.append(small(seed)) for seed in range(3)]
    flip(store.path_of(names[0]), 9000)
    reader = FeedbackStore.open(store.folder)
    found = []
    with pytest.raises(FileProblem, match=r"the record is damaged.*1 such record"):
        found.extend(stored.record_id for stored in reader.records())
    assert found == names[1:]
    assert reader.review(small(0).case_id).state == "undecided"
    assert "damaged" in reader.review(small(0).case_id).reason
    with pytest.raises(FileProblem, match="in quarantine"):
        reader.load(names[0])


def test_that_damage_does_not_bring_back_what_was_replaced(store: FeedbackStore, small: Small) -> None:
    store.append(small(1))
    newest = store.append(said("reject", small(1).case_id, small(1).reviewer))
    flip(store.path_of(newest), -1)
    FeedbackStore.open(store.folder).verify()
    again = FeedbackStore.open(store.folder)
    assert again.review(small(1).case_id).state == "undecided"
    assert again.snapshot() == ()


def test_that_a_restored_record_counts_again(store: FeedbackStore, small: Small) -> None:
    name = store.append(small(1))
    backup = store.path_of(name).read_bytes()
    flip(store.path_of(name), 9000)
    assert not store.verify().ok
    store.path_of(name).write_bytes(backup)
    assert store.verify().ok
    assert store.review(small(1).case_id).state == "accepted"


def test_that_foreign_files_are_named_and_left_alone(store: FeedbackStore, small: Small) -> None:
    name = store.append(small(1))
    foreign = store.path_of(name).with_name("copy of something.h5")
    foreign.write_bytes(b"x")
    (problem,) = FeedbackStore.open(store.folder).problems
    assert problem.path == foreign
    assert "no record" in problem.reason
    assert foreign.exists()
    assert len(store.snapshot()) == 1


def test_that_a_record_that_is_not_there_is_a_problem(store: FeedbackStore) -> None:
    name = make_record_id(uuid7(), b"")
    for ask in (store.load, store.header, store.split_of):
        with pytest.raises(FileProblem, match="no such record"):
            ask(name)
    assert store.review("nobody").state == "undecided"
    assert store.head("nobody") == ""


def test_that_a_store_of_a_newer_program_says_to_update(store: FeedbackStore, small: Small) -> None:
    identifier = uuid7()
    data = to_bytes(small(schema_version=SCHEMA_VERSION + 1, program_version="9.9"), identifier)
    path = store.path_of(make_record_id(identifier, data))
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with pytest.raises(FileProblem, match=r"version 9\.9 of the program.*Update"):
        FeedbackStore.open(store.folder)
    assert path.exists(), "it is no damage"
    (store.folder / "store.json").write_text(json.dumps({"format": 3}))
    with pytest.raises(FileProblem, match="format 3, this program knows 2"):
        FeedbackStore.open(store.folder)


def test_that_a_damaged_store_file_says_what_to_do_and_loses_no_record(store: FeedbackStore, small: Small) -> None:
    store.append(small(1))
    path = store.folder / "store.json"
    path.write_bytes(b"\0\0")
    with pytest.raises(FileProblem, match="Delete this file"):
        FeedbackStore.open(store.folder)
    path.unlink()
    assert len(FeedbackStore.open(store.folder).snapshot()) == 1


def test_that_a_read_only_store_takes_nothing_and_needs_no_folder(tmp_path: Path, small: Small) -> None:
    store = FeedbackStore.open(tmp_path / "none", read_only=True)
    assert store.reviews() == {}
    assert store.verify().ok
    for change in (lambda: store.append(small()), store.rebuild_view, lambda: store.merge(store)):
        with pytest.raises(FileProblem, match="for reading only"):
            change()
    assert not (tmp_path / "none").exists()


def test_that_a_store_where_nothing_may_be_written_can_be_read(store: FeedbackStore, small: Small) -> None:
    store.append(small(1))
    if os.geteuid() == 0:
        pytest.skip("the superuser may write everywhere")
    folders = [store.folder, *(path for path in store.folder.rglob("*") if path.is_dir())]
    try:
        for folder in folders:
            folder.chmod(0o555)
        reader = FeedbackStore.open(store.folder)
        assert len(reader.snapshot()) == 1
        with pytest.raises(FileProblem, match="not allowed"):
            reader.append(small(2))
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_that_a_file_in_the_place_of_the_store_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "feedback").write_bytes(b"")
    with pytest.raises(FileProblem, match="not saved"):
        FeedbackStore.open(tmp_path / "feedback")


def test_that_a_merge_takes_every_record_byte_for_byte_and_twice_adds_nothing(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    other = FeedbackStore.open(tmp_path / "other")
    ours = [store.append(small(seed)) for seed in range(3)]
    theirs = [other.append(small(seed)) for seed in range(2, 7)]
    flip(other.path_of(theirs[4]), 9000)
    before = store.splits()
    report = store.merge(other)
    assert (report.added, report.already_here, report.damaged) == (4, 0, (theirs[4],))
    assert {header.record_id for seed in range(7) for header in store.history(small(seed).case_id)} == {
        *ours,
        *theirs[:4],
    }
    assert all(store.path_of(name).read_bytes() == other.path_of(name).read_bytes() for name in theirs[:4])
    assert {name: split for name, split in store.splits().items() if name in before} == before
    assert (store.merge(other).added, store.verify().ok) == (0, True)


def test_that_the_summary_counts_what_is_there(store: FeedbackStore, small: Small) -> None:
    for seed in range(3):
        store.append(small(seed))
    store.append(said("reject", "B"))
    summary = json.loads(json.dumps(store.summary()))
    assert summary["records"] == 4
    assert summary["states"] == {"accepted": 3, "rejected": 1}
    assert summary["samples"] == 3
    assert summary["groups"] == {"test": 1, "train": 1, "validation": 1}
    assert summary["problems"] == []


def test_that_states_and_snapshots_are_known_without_reading_arrays(store: FeedbackStore, small: Small) -> None:
    names = [store.append(small(seed)) for seed in range(3)]
    expected = (store.reviews(), store.snapshot())
    for name in names:
        os.truncate(store.path_of(name), 2048)  # the first lines alone
    reader = FeedbackStore.open(store.folder)
    assert (reader.reviews(), reader.snapshot()) == expected


def test_that_an_append_makes_the_same_calls_and_bytes_however_many_records_there_are(
    store: FeedbackStore, small: Small
) -> None:
    class Counting(SystemCalls):
        def __init__(self) -> None:
            self.made: list[tuple[str, int]] = []

        def create(self, path: Path) -> int:
            self.made.append(("create", 0))
            return super().create(path)

        def write(self, descriptor: int, data: memoryview) -> int:
            self.made.append(("write", len(data)))
            return super().write(descriptor, data)

        def fsync(self, descriptor: int) -> None:
            self.made.append(("fsync", 0))
            super().fsync(descriptor)

        def open_end(self, path: Path) -> int:
            self.made.append(("open_end", 0))
            return super().open_end(path)

    def calls_of(case_id: str, group: str) -> list[tuple[str, int]]:
        calls = Counting()
        FeedbackStore.open(store.folder, calls=calls).append(small(1, case_id=case_id, group=group))
        return calls.made

    for number in range(3):
        store.append(small(1, case_id=f"{number:04d}", group=f"g{number:04d}"))
    few = calls_of("9001", "g0001"), calls_of("9002", "g9002")
    for number in range(10, 50):
        store.append(small(1, case_id=f"{number:04d}", group=f"g{number:04d}"))
    many = calls_of("9003", "g0001"), calls_of("9004", "g9004")
    names = [[[name for name, _ in made] for made in each] for each in (few, many)]
    assert names[0] == names[1]
    assert few[0] == many[0]
    assert all(abs(one[1] - other[1]) < 8 for one, other in zip(few[1], many[1], strict=True)), (
        "a split has 4 to 10 letters"
    )
