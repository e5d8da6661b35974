"""One small store of every old format, written by the program of its time: it opens, and nothing is lost."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from semiview.feedback.drafts import load_draft
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.feedback.store_file import FORMAT
from semiview.files.durable_file import SystemCalls

OLD_STORES = Path(__file__).with_name("old_stores")
STATES = {"case 0": "disputed", "case 1": "undecided", "case 2": "accepted", "case 3": "accepted", "case 4": "accepted"}
SPLITS = {"wafer 0": "test", "wafer 1": "validation", "wafer 2": "train", "wafer 3": "train"}


def copied(tmp_path: Path, version: int) -> Path:
    return Path(shutil.copytree(OLD_STORES / f"format_{version}", tmp_path / "feedback"))


def test_that_there_is_an_old_store_for_every_old_format() -> None:
    assert sorted(path.name for path in OLD_STORES.iterdir()) == [f"format_{n}" for n in range(1, FORMAT)]


@pytest.mark.parametrize("version", range(1, FORMAT))
@pytest.mark.parametrize("read_only", [False, True])
def test_that_an_old_store_opens_with_everything_in_it(tmp_path: Path, version: int, read_only: bool) -> None:
    folder = copied(tmp_path, version)
    before = {path: path.read_bytes() for path in folder.rglob("*.h5")}
    store = FeedbackStore.open(folder, read_only=read_only)
    assert {case_id: review.state for case_id, review in store.reviews().items()} == STATES
    assert store.splits() == SPLITS
    assert len(store.snapshot()) == 3
    assert store.verify().ok
    assert all(path.read_bytes() == data for path, data in before.items()), "no record is ever rewritten"
    assert json.loads((folder / "store.json").read_bytes())["format"] == (version if read_only else FORMAT)
    assert load_draft(folder, "case 9") is not None


@pytest.mark.parametrize("version", range(1, FORMAT))
def test_that_a_migration_killed_at_any_step_is_made_good(
    tmp_path: Path, version: int, small: Callable[..., Record]
) -> None:
    class Killed(BaseException):
        pass

    class Stopping(SystemCalls):
        left = 0

        def replace(self, source: Path, target: Path) -> None:
            if self.left == 0:
                raise Killed
            self.left -= 1
            super().replace(source, target)

    for left in range(5):
        folder = copied(tmp_path / str(left), version)
        calls = Stopping()
        calls.left = left
        try:
            FeedbackStore.open(folder, calls=calls)
        except Killed:
            assert json.loads((folder / "store.json").read_bytes())["format"] == version
        store = FeedbackStore.open(folder)
        assert (store.splits(), len(store.snapshot())) == (SPLITS, 3)
        store.append(small(9, group="wafer 9"))
        assert store.splits().items() >= SPLITS.items()
    assert calls.left > 0, "the last round was a whole migration"


def test_that_an_old_store_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    folder = copied(tmp_path, 1)

    class ReadOnlyDisk(SystemCalls):
        def create(self, path: Path) -> int:  # noqa: ARG002
            raise OSError(30, "Read-only file system")

    store = FeedbackStore.open(folder, calls=ReadOnlyDisk())
    assert store.splits() == SPLITS
    assert any("read-only" in problem.reason for problem in store.problems)
