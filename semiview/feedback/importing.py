"""Records from elsewhere: an export of a store, or somebody else's pictures with masks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from semiview.core.sem_image import PictureArea, PixelSize
from semiview.feedback.hdf5_parts import check_links, get_array, sha256_of
from semiview.feedback.packed_file import packed_splits
from semiview.feedback.record import IGNORED, INSIDE, Record
from semiview.feedback.record_file import NewerRecordError, record_in, to_bytes
from semiview.feedback.record_id import is_record_id, make_record_id
from semiview.feedback.reports import MergeReport, Watch, unwatched
from semiview.feedback.store import FeedbackStore
from semiview.files.grey_image import IMAGE_SUFFIXES, grey_image, read_bytes
from semiview.files.problem import FileProblem
from semiview.files.sem_image_file import read_sem_image
from semiview.metrology.contour import half_contours

MASK_WORDS = (".mask", "_mask", "-mask")
_DAMAGE = (OSError, ValueError, KeyError, TypeError, RuntimeError, IndexError, AttributeError, MemoryError)


def import_packed(store: FeedbackStore, path: Path, watch: Watch = unwatched) -> MergeReport:
    """Take over the records of an export, each checked against its hashes. Doing it twice adds nothing.

    A record that this version writes as it was written keeps its id; another keeps the first half of it, and what
    supersedes it follows.

    Raises
    ------
    FileProblem
        If it is no export, or a record cannot be written.
    """
    try:
        packed = h5py.File(path, "r")
    except OSError as error:
        raise FileProblem(path, f"cannot be read as HDF5 ({error}).", "Is it an export of a store?") from error
    with packed:
        if "records" not in packed or packed.get("records", getlink=True).__class__ is not h5py.HardLink:
            raise FileProblem(path, "is no export of a feedback store.", "`semiview store export` writes one.")
        names = sorted(name for name in packed["records"] if is_record_id(name))
        known = {name[:36]: name for name in store.record_ids()}
        now_called: dict[str, str] = {}
        added, damaged = 0, []
        for number, name in enumerate(names):
            watch(number, len(names))
            if name[:36] in known:
                now_called[name] = known[name[:36]]
                continue
            try:
                record = _checked_record(packed["records"], name)
            except NewerRecordError as error:
                raise FileProblem(path, str(error), "Update this program.") from error
            except _DAMAGE:
                damaged.append(name)
                continue
            record = replace(record, supersedes=tuple(now_called.get(old, old) for old in record.supersedes))
            data = to_bytes(record, name[:36])
            now_called[name] = make_record_id(name[:36], data)
            added += store.adopt(now_called[name], data)
        watch(len(names), len(names))
        conflicts = store.merge_splits(packed_splits(packed))
    return MergeReport(added, len(names) - added - len(damaged), tuple(damaged), conflicts)


def import_masks(
    store: FeedbackStore,
    folder: Path,
    reviewer: str,
    nm_per_px: float = float("nan"),
    group: str = "",
    watch: Watch = unwatched,
) -> MergeReport:
    """Make a sample of each picture with a mask: images/ and masks/ with equal names, or x.png beside x.mask.png.

    A mask is black outside and bright inside; mid-grey (96 to 159 of 255) is to be ignored. It lies on the picture's
    grid. What was imported before is left out.

    Raises
    ------
    FileProblem
        If there are no pairs, or a pair does not fit together; those before it are kept.
    """
    pairs = list(_mask_pairs(folder))
    if not pairs:
        raise FileProblem(
            folder, "holds no pictures with masks.", "Put images/NAME.png and masks/NAME.png, or NAME.mask.png beside."
        )
    added = 0
    for number, (case_id, picture, mask) in enumerate(pairs):
        watch(number, len(pairs))
        record = _mask_record(case_id, picture, mask, reviewer, nm_per_px, group)
        sha256 = "" if record.approved is None else sha256_of(record.approved)
        before = (header for header in store.history(case_id) if header.image_sha256 == record.image_sha256)
        if all(header.approved_sha256 != sha256 for header in before):
            store.append(record)
            added += 1
    watch(len(pairs), len(pairs))
    return MergeReport(added, len(pairs) - added, (), ())


def _checked_record(records: h5py.Group, name: str) -> Record:
    if records.get(name, getlink=True).__class__ is not h5py.HardLink:
        raise ValueError("it lies elsewhere")
    group = records[name]
    check_links(group)
    _check_hashes(group)
    return record_in(group)


def _check_hashes(group: h5py.Group) -> None:
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            _check_hashes(item)
        elif sha256_of(get_array(group, name)) != item.attrs["sha256"]:
            raise ValueError(f"{item.name} is not as it was written")


def _mask_pairs(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    if (folder / "images").is_dir() and (folder / "masks").is_dir():
        masks = {path.stem: path for path in _pictures(folder / "masks")}
        masks |= {stem.removesuffix(word): masks[stem] for word in MASK_WORDS for stem in list(masks)}
        for path in _pictures(folder / "images"):
            if path.stem in masks:
                yield path.stem, path, masks[path.stem]
        return
    beside = {path.stem: path for path in _pictures(folder)}
    for stem, path in beside.items():
        mask = next((beside[stem + word] for word in MASK_WORDS if stem + word in beside), None)
        if mask is not None:
            yield stem, path, mask


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FileProblem(folder, "there is no such folder.")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _mask_record(case_id: str, picture: Path, mask: Path, reviewer: str, nm_per_px: float, group: str) -> Record:
    pixels = grey_image(mask, read_bytes(mask)).pixels
    whole = PictureArea(0, 0, pixels.shape[1], pixels.shape[0])
    size = None if np.isnan(nm_per_px) else PixelSize(nm_per_px, nm_per_px, "given")
    sem = read_sem_image(picture, whole, size)
    if sem.file_shape[1] != pixels.shape[1]:
        raise FileProblem(
            mask,
            f"is {pixels.shape[1]} x {pixels.shape[0]} px, its picture {sem.file_shape[1]} x {sem.file_shape[0]}.",
            "A mask lies on the picture's grid.",
        )
    approved = _three_values(mask, pixels)
    return Record(
        kind="accept",
        case_id=case_id,
        reviewer=reviewer,
        time_utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
        note=f"imported from {mask.parent.name}/{mask.name}",
        approves_shape=True,
        sem=sem.pixels,
        nm_per_px_x=sem.pixel_size.x_nm,
        nm_per_px_y=sem.pixel_size.y_nm,
        nm_per_px_source=sem.pixel_size.source,
        image_sha256=sem.sha256,
        approved=approved,
        approved_outlines_px=half_contours((approved == INSIDE).astype(np.float64), 0.5),
        group=group,
        program_version=version("semiview"),
    )


def _three_values(mask: Path, pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    top = float(pixels.max())
    if top <= 0:
        return np.zeros(pixels.shape, np.uint8)
    full = 1.0 if top == 1 else 255.0 if top <= 255 else 65535.0
    share = pixels.astype(np.float64) / full
    if share.max() > 1 or np.unique(pixels).size > 64:
        raise FileProblem(mask, "looks like a photograph, not like a mask.", "Export it with black, grey and white.")
    return np.where(share > 159.5 / 255, INSIDE, np.where(share >= 95.5 / 255, IGNORED, 0)).astype(np.uint8)
