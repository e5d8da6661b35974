"""Stores in odd places: long and foreign paths, shares, disks that may only be read, clocks that disagree."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from semiview.feedback import record_id as ids
from semiview.feedback import store as store_module
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.durable_file import SystemCalls
from semiview.files.problem import FileProblem

Small = Callable[..., Record]


@pytest.mark.parametrize("name", ["Fälle für Łódź", "測試", "a b'c\"d", "é" * 60, "😀"])
def test_that_a_store_may_lie_in_a_folder_of_any_name(tmp_path: Path, small: Small, name: str) -> None:
    store = FeedbackStore.open(tmp_path / name / "feedback")
    store.append(small(1, case_id=name, reviewer=name, note=name))
    store.close()
    again = FeedbackStore.open(tmp_path / name / "feedback")
    assert again.verify().ok
    assert again.history(name)[0].reviewer == name


def test_that_a_very_deep_folder_works_and_one_too_deep_is_said(tmp_path: Path, small: Small) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 15)  # 3,000 characters; Linux takes 4,095
    store = FeedbackStore.open(deep)
    store.append(small(1))
    store.rebuild_view()
    assert FeedbackStore.open(deep).verify().ok
    with pytest.raises(FileProblem, match=r"too long|not saved"):
        FeedbackStore.open(tmp_path.joinpath(*["d" * 200] * 30))


def test_that_a_store_on_read_only_media_is_read_and_says_why_it_takes_nothing(tmp_path: Path, small: Small) -> None:
    FeedbackStore.open(tmp_path / "s").append(small(1))

    class ReadOnlyDisk(SystemCalls):
        def create(self, path: Path) -> int:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    store = FeedbackStore.open(tmp_path / "s", calls=ReadOnlyDisk())
    assert len(store.snapshot()) == 1
    assert store.verify().ok
    with pytest.raises(FileProblem, match="read-only"):
        store.append(small(2))


def test_that_a_store_on_a_share_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FeedbackStore.open(tmp_path / "s")
    monkeypatch.setattr(store_module, "network_share", lambda _: "nfs4")
    assert "network share (nfs4)" in store.caution
    assert store.summary()["caution"] == store.caution
    monkeypatch.setattr(store_module, "network_share", lambda _: "")
    assert store.caution == ""


@pytest.mark.parametrize("skew_s", [-86_400, 86_400 * 400])
def test_that_a_clock_that_is_wrong_does_not_change_which_decision_counts(
    tmp_path: Path, small: Small, monkeypatch: pytest.MonkeyPatch, skew_s: int
) -> None:
    here, there = FeedbackStore.open(tmp_path / "s"), FeedbackStore.open(tmp_path / "s")
    first = here.append(small(1))
    now = ids.time.time_ns
    monkeypatch.setattr(ids, "_last_ms", 0)
    monkeypatch.setattr(ids.time, "time_ns", lambda: now() + skew_s * 10**9)
    second = there.append(small(1, kind="correct", reviewer="Bob", supersedes=there.heads(small(1).case_id)))
    monkeypatch.setattr(ids.time, "time_ns", now)
    monkeypatch.setattr(ids, "_last_ms", 0)
    third = here.append(small(1, reviewer="Ada", supersedes=here.heads(small(1).case_id)))
    assert first < second < third
    assert FeedbackStore.open(tmp_path / "s").review(small(1).case_id).record_id == third
