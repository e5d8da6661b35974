from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import pytest

from semiview.feedback import packed_file
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem

ODD = ("a/b", "50%", ".", "..", "ü ñ", "a%2Fb")


def test_that_the_view_links_every_sample_and_can_be_lost(store: FeedbackStore, small: Callable[..., Record]) -> None:
    for number, case_id in enumerate(ODD):
        store.append(small(number, case_id=case_id))
    path = store.rebuild_view()
    with h5py.File(path) as view:
        names = {packed_file.name_in_hdf5(case_id): case_id for case_id in ODD}
        assert set(view["samples"]) == set(names)
        assert len(names) == len(ODD)
        for name, case_id in names.items():
            assert view["samples"][name].attrs["case_id"] == case_id
            assert view["samples"][name]["sem/image"].shape == (24, 32)
        assert set(view["index/case_id"].asstr()[()]) == set(ODD)
    path.unlink()
    assert len(FeedbackStore.open(store.folder).snapshot()) == len(ODD)


def test_that_the_view_holds_only_what_stands(store: FeedbackStore, small: Callable[..., Record]) -> None:
    store.append(small(1))
    newest = store.append(small(1, kind="correct"))
    store.append(small(2))
    store.append(small(2, kind="reject", reason="other", approves_shape=False, approves_registration=False))
    with h5py.File(store.rebuild_view()) as view:
        assert view["index/record_id"].asstr()[()].tolist() == [newest]


def test_that_closing_brings_the_view_up_to_date(tmp_path: Path, small: Callable[..., Record]) -> None:
    with FeedbackStore.open(tmp_path / "feedback") as store:
        store.append(small(1))
        assert not (store.folder / "feedback.h5").exists()
    with h5py.File(store.folder / "feedback.h5") as view:
        assert len(view["samples"]) == 1


def test_that_an_export_holds_every_record_by_itself(
    store: FeedbackStore, small: Callable[..., Record], tmp_path: Path, same: Callable[[Any, Any], bool]
) -> None:
    old, newest = store.append(small(1)), store.append(small(1, kind="correct"))
    path = tmp_path / "all.h5"
    assert store.export(path) == 2
    assert store.export(path) == 2, "over an older one"
    with h5py.File(path) as packed:
        assert set(packed["records"]) == {old, newest}
        sample = packed["samples"][small(1).case_id]
        assert sample.attrs["kind"] == "correct"
        assert same(sample["approved/mask"][()], small(1).approved)
        assert sample["approved/mask"].attrs["sha256"]
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["all.h5"]


def test_that_an_export_onto_a_full_disk_is_refused_before_it_begins(
    store: FeedbackStore, small: Callable[..., Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(small(1))
    path = tmp_path / "all.h5"
    path.write_bytes(b"older")
    monkeypatch.setattr(packed_file.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(FileProblem, match="the disk is full"):
        store.export(path)
    assert path.read_bytes() == b"older"
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["all.h5"]


def test_that_an_export_into_a_missing_folder_is_a_problem(
    store: FeedbackStore, small: Callable[..., Record], tmp_path: Path
) -> None:
    store.append(small(1))
    with pytest.raises(FileProblem, match="folder is gone"):
        store.export(tmp_path / "gone" / "all.h5")
