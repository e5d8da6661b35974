"""What somebody else made is data: nothing in it is run, leads elsewhere, or fills the memory."""

import io
import os
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from semiview.feedback.archive import record_bytes, record_names
from semiview.feedback.drafts import draft_path, load_draft
from semiview.feedback.record import Record
from semiview.feedback.record_file import from_bytes, to_bytes
from semiview.feedback.record_id import make_record_id, relative_path, uuid7
from semiview.feedback.store import FeedbackStore
from semiview.files.probability_grid import read_probability
from semiview.files.problem import FileProblem
from semiview.files.sem_image_file import read_sem_image
from semiview.learning.registry import read_reference

Small = Callable[..., Record]
SOURCES = Path(__file__).parents[2] / "semiview"


def changed(small: Small, change: Callable[[h5py.File], object]) -> bytes:
    """A record whose HDF5 part was changed by hand."""
    buffer = io.BytesIO(to_bytes(small(0), uuid7()))
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def elsewhere(kind: str, secret: Path) -> Callable[[h5py.File], object]:
    def change(file: h5py.File) -> None:
        del file["sem/image"]
        if kind == "raw values":
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            creation.set_external(str(secret).encode(), 0, 24 * 32)
            space = h5py.h5s.create_simple((24, 32))
            h5py.h5d.create(file["sem"].id, b"image", h5py.h5t.NATIVE_UINT8, space, creation)
        elif kind == "external link":
            file["sem/image"] = h5py.ExternalLink(str(secret), "/image")
        elif kind == "soft link":
            file["sem/image"] = h5py.SoftLink("/approved/mask")
        else:
            layout = h5py.VirtualLayout((24, 32), np.uint8)
            layout[:] = h5py.VirtualSource(str(secret), "image", (24, 32))
            file.create_virtual_dataset("sem/image", layout)

    return change


@pytest.mark.parametrize("kind", ["external link", "soft link", "virtual dataset", "raw values"])
def test_that_a_record_that_leads_elsewhere_is_refused(tmp_path: Path, small: Small, kind: str) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["image"] = np.zeros((24, 32), np.uint8)
    with pytest.raises(ValueError, match=r"leads elsewhere|another file"):
        from_bytes(changed(small, elsewhere(kind, secret)))


@pytest.mark.parametrize(("shape", "fill"), [((10**6, 10**6), False), ((20_000, 20_000), True)])
def test_that_an_absurd_shape_is_refused_before_memory_is_taken(
    small: Small, shape: tuple[int, int], fill: bool
) -> None:
    def change(file: h5py.File) -> None:
        del file["sem/image"]
        bomb = file.create_dataset("sem/image", shape, np.uint8, chunks=(1000, 1000), compression="gzip")
        if fill:
            bomb[:1000, :1000] = 0

    with pytest.raises(ValueError, match="claims a shape"):
        from_bytes(changed(small, change))


def test_that_a_hostile_record_with_an_honest_name_is_not_taken_over(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    data = changed(small, elsewhere("external link", tmp_path / "secret.h5"))
    name = make_record_id(h5py_uuid(data), data)
    with pytest.raises(FileProblem, match="leads elsewhere"):
        store.adopt(name, data)
    other = FeedbackStore.open(tmp_path / "other")
    path = other.path_of(name)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    assert store.merge(FeedbackStore.open(other.folder)).damaged == (name,)
    assert store.record_ids() == ()


def h5py_uuid(data: bytes) -> str:
    with h5py.File(io.BytesIO(data)) as file:
        return str(file.attrs["record_uuid"])


def packed(path: Path, entries: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = mode << 16
            archive.writestr(entry, data)
    return path


def test_that_the_records_of_a_zip_are_merged(store: FeedbackStore, small: Small, tmp_path: Path) -> None:
    names = [store.append(small(seed)) for seed in range(3)]
    entries = {f"my project/feedback/{relative_path(name)}": store.path_of(name).read_bytes() for name in names}
    path = packed(tmp_path / "store.zip", entries | {"my project/notes.txt": b"x"})
    assert record_names(path) == tuple(names)
    assert [data for _, data in record_bytes(path)] == list(entries.values())


@pytest.mark.parametrize(
    "name", ["../../records/x", "/etc/passwd", "C:/windows/x", "a\\..\\x", "records/../../x", "..", "a/.."]
)
def test_that_an_archive_that_leads_out_of_itself_is_refused_whole(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileProblem, match=r"refused.*leads out"):
        record_names(packed(tmp_path / "bad.zip", {"fine.txt": b"", name: b"x"}))


def test_that_links_bombs_and_misplaced_records_in_an_archive_are_refused(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    with pytest.raises(FileProblem, match="is a link"):
        record_names(packed(tmp_path / "link.zip", {"records": b"/etc"}, stat.S_IFLNK | 0o777))
    with pytest.raises(FileProblem, match="far more than it takes"):
        record_names(packed(tmp_path / "bomb.zip", {"records/x.h5": bytes(2**24)}))
    name = store.append(small(0))
    with pytest.raises(FileProblem, match="where its name says"):
        record_names(packed(tmp_path / "odd.zip", {f"records/1999-01/{name}.h5": b"x"}))
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(FileProblem, match="ZIP archive"):
        record_names(tmp_path / "text.zip")


def test_that_no_source_file_can_run_what_a_file_says() -> None:
    words = ("import pickle", "from pickle", "allow_pickle=True", "torch.load(", "eval(", "exec(", "yaml.load(")
    found = [
        f"{path.relative_to(SOURCES)}: {word}"
        for path in SOURCES.rglob("*.py")
        for word in words
        for line in path.read_text().splitlines()
        if word in line and f".{word}" not in line and f"_{word}" not in line
    ]
    assert not found


class Harmful:
    """What unpickling would do to somebody who did it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_that_a_pickle_in_the_place_of_any_file_is_refused_and_does_nothing(
    store: FeedbackStore, small: Small, tmp_path: Path
) -> None:
    mark = tmp_path / "harmed"
    array = io.BytesIO()
    np.save(array, np.array([Harmful(mark)], dtype=object), allow_pickle=True)
    bare = pickle.dumps(Harmful(mark))
    for name, data in (("p.npy", array.getvalue()), ("q.npy", bare), ("m.safetensors", bare), ("s.tif", bare)):
        (tmp_path / name).write_bytes(data)
    for read, name in (
        (read_probability, "p.npy"),
        (read_probability, "q.npy"),
        (read_reference, "m.safetensors"),
        (read_sem_image, "s.tif"),
    ):
        with pytest.raises(FileProblem):
            read(tmp_path / name)
    record = store.path_of(store.append(small(1)))
    record.write_bytes(bare)
    draft = draft_path(store.folder, "A")
    draft.parent.mkdir(exist_ok=True)
    draft.write_bytes(bare)
    assert [damage.record_id for damage in FeedbackStore.open(store.folder).verify().damaged] == [record.stem]
    with pytest.raises(FileProblem):
        load_draft(store.folder, "A")
    assert not mark.exists()
    pickle.loads(bare)
    assert mark.exists(), "the pickle is a harmful one"
