"""Samples leave the store in other programs' formats, and come back from an export or from foreign masks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from semiview.feedback.importing import import_masks, import_packed
from semiview.feedback.picture_export import export_coco, export_pairs, run_lengths
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.grey_image import grey_image
from semiview.files.problem import FileProblem

Small = Callable[..., Record]
Same = Callable[[Any, Any], bool]


def ringed() -> np.ndarray:
    """A ring, a dot beside it, a strip to ignore."""
    approved = np.zeros((24, 32), np.uint8)
    approved[4:14, 4:14] = 1
    approved[7:11, 7:11] = 0
    approved[16:18, 20:24] = 1
    approved[:, 30:] = 2
    return approved


def decoded(segmentation: dict[str, Any]) -> np.ndarray:
    height, width = segmentation["size"]
    values = np.repeat(np.arange(len(segmentation["counts"])) % 2, segmentation["counts"])
    return values.reshape(width, height).T.astype(bool)


def test_that_pairs_hold_every_grey_value_and_the_mask(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    sixteen = small(0).sem.astype(np.uint16) * 257
    floats = small(0).sem.astype(np.float32) / 7
    store.append(small(0, case_id="a/b", sem=sixteen, approved=ringed()))
    store.append(small(1, case_id="A/B", sem=floats))
    assert export_pairs(store, tmp_path / "out") == 2
    found = [json.loads(path.read_text()) for path in sorted((tmp_path / "out").glob("*.json"))]
    assert {each["case_id"] for each in found} == {"a/b", "A/B"}
    assert len({each["picture"].casefold().rpartition(".")[0] for each in found}) == 2, "no disk mixes them up"
    for each in found:
        path = tmp_path / "out" / each["picture"]
        pixels = grey_image(path, path.read_bytes()).pixels
        expected = sixteen if each["case_id"] == "a/b" else floats
        assert pixels.dtype == expected.dtype
        assert np.array_equal(pixels, expected)
        assert each["registration"]["matrix_nm_to_px"]
    mask = np.asarray(Image.open(tmp_path / "out" / next(e["mask"] for e in found if e["case_id"] == "a/b")))
    assert np.array_equal(mask, np.array([0, 255, 127], np.uint8)[ringed()])


def test_that_coco_annotations_say_holes_and_what_to_ignore(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    store.append(small(0, approved=ringed()))
    assert export_coco(store, tmp_path / "out") == 1
    coco = json.loads((tmp_path / "out" / "annotations.json").read_text())
    (image,) = coco["images"]
    assert (tmp_path / "out" / image["file_name"]).is_file()
    masks = {1: np.zeros((24, 32), bool), 2: np.zeros((24, 32), bool)}
    for each in coco["annotations"]:
        mask = decoded(each["segmentation"])
        x, y, width, height = each["bbox"]
        assert each["area"] == mask.sum()
        assert mask[y : y + height, x : x + width].sum() == mask.sum()
        assert each["iscrowd"] == (each["category_id"] == 2)
        masks[each["category_id"]] |= mask
    assert [each["category_id"] for each in coco["annotations"]] == [1, 1, 2]
    assert np.array_equal(masks[1], ringed() == 1)
    assert np.array_equal(masks[2], ringed() == 2)


def test_that_run_lengths_begin_with_zeros_and_add_up() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = rng.random((5, 7)) < 0.5
        assert np.array_equal(decoded({"size": [5, 7], "counts": run_lengths(mask)}), mask)


@pytest.mark.parametrize("export", [export_pairs, export_coco])
def test_that_nothing_is_mixed_into_a_folder_with_other_files(
    store: FeedbackStore, tmp_path: Path, export: Callable[..., int]
) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(FileProblem, match="not empty"):
        export(store, tmp_path)


def test_that_an_export_comes_back_with_its_ids_and_chains(
    store: FeedbackStore, small: Small, tmp_path: Path, same: Same
) -> None:
    first = store.append(small(0))
    store.append(small(0, kind="correct", supersedes=(first,)))
    for seed in range(1, 4):
        store.append(small(seed))
    store.export(tmp_path / "all.h5")
    other = FeedbackStore.open(tmp_path / "other")
    report = import_packed(other, tmp_path / "all.h5")
    assert (report.added, report.damaged) == (5, ())
    assert other.snapshot() == store.snapshot()
    assert other.splits() == store.splits()
    assert all(same(other.load(name), store.load(name)) for name in store.record_ids())
    assert import_packed(other, tmp_path / "all.h5").added == 0


def test_that_a_changed_value_in_an_export_is_named_and_left_out(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    names = [store.append(small(seed)) for seed in range(3)]
    store.export(tmp_path / "all.h5")
    with h5py.File(tmp_path / "all.h5", "r+") as packed:
        packed[f"records/{names[1]}/approved/mask"][3, 3] ^= 1
    report = import_packed(FeedbackStore.open(tmp_path / "other"), tmp_path / "all.h5")
    assert (report.added, report.damaged) == (2, (names[1],))


def test_that_other_files_are_no_exports(store: FeedbackStore, tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no HDF5")
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = 1
    for name in ("text.h5", "other.h5", "missing.h5"):
        with pytest.raises(FileProblem, match=r"cannot be read as HDF5|is no export"):
            import_packed(store, tmp_path / name)


def test_that_foreign_masks_become_samples_once(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    mask = np.array([0, 255, 128], np.uint8)[ringed()]
    for name, pixels in (("images/f1.png", small(0).sem), ("masks/f1.png", mask)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name)
    report = import_masks(store, tmp_path, "Ada", 2.0)
    assert (report.added, report.already_here) == (1, 0)
    ((record_id, _),) = store.snapshot()
    record = store.load(record_id)
    assert (record.case_id, record.reviewer, record.nm_per_px_x) == ("f1", "Ada", 2.0)
    assert np.array_equal(record.approved, ringed())
    assert np.array_equal(record.sem, small(0).sem)
    assert import_masks(store, tmp_path, "Ada", 2.0).already_here == 1


def test_that_a_mask_beside_its_picture_must_fit_it_and_be_a_mask(store: FeedbackStore, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    photograph = rng.integers(0, 255, (24, 32)).astype(np.uint8)
    Image.fromarray(photograph).save(tmp_path / "x.png")
    Image.fromarray(np.zeros((24, 30), np.uint8)).save(tmp_path / "x.mask.png")
    with pytest.raises(FileProblem, match="30 x 24 px, its picture 32 x 24"):
        import_masks(store, tmp_path, "Ada")
    Image.fromarray(photograph).save(tmp_path / "x.mask.png")
    with pytest.raises(FileProblem, match="looks like a photograph"):
        import_masks(store, tmp_path, "Ada")
    with pytest.raises(FileProblem, match="no pictures with masks"):
        import_masks(store, store.folder, "Ada")
