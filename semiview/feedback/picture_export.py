"""Samples as files that any other program reads: PNG + JSON pairs, or COCO with its pictures."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image
from scipy import ndimage

from semiview.core.registration import PARAMETERS, Registration
from semiview.feedback.record import IGNORED, INSIDE, Record
from semiview.feedback.reports import Watch, unwatched
from semiview.feedback.store import FeedbackStore
from semiview.files.case_file_name import case_file_name
from semiview.files.durable_file import make_folder, write_durably
from semiview.files.problem import FileProblem

STANDING, IGNORE = 1, 2  # COCO's categories
_EVERYWHERE = np.ones((3, 3), bool)  # regions that touch at a corner are one


def export_pairs(store: FeedbackStore, folder: Path, watch: Watch = unwatched) -> int:
    """Write picture, mask (0 outside, 127 ignore, 255 inside) and a JSON file of every sample; returns their number.

    Raises
    ------
    FileProblem
        If the folder holds other files, or something cannot be read or written.
    """

    def write(name: str, record_id: str, record: Record) -> None:
        picture = _write_picture(folder, name, record)
        mask = np.where(record.approved == IGNORED, 127, np.where(record.approved == INSIDE, 255, 0))
        _write_png(folder / f"{name}.mask.png", mask.astype(np.uint8))
        facts = _facts(record_id, record) | {"picture": picture, "mask": f"{name}.mask.png"}
        facts["outlines_px"] = [np.asarray(outline).round(4).tolist() for outline in record.approved_outlines_px]
        facts["design_outlines_nm"] = [np.asarray(outline).tolist() for outline in record.design_outlines_nm]
        write_durably(folder / f"{name}.json", _json(facts))

    return _each_sample(store, folder, write, watch)


def export_coco(store: FeedbackStore, folder: Path, watch: Watch = unwatched) -> int:
    """Write `annotations.json` and the pictures; returns the number of samples.

    Each connected region of the approved shape is an annotation with a run-length mask (columns first, as COCO
    counts), since regions have holes that COCO's polygons cannot say. What is to be ignored is a region of category 2
    with iscrowd 1.

    Raises
    ------
    FileProblem
        As `export_pairs`.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []

    def write(name: str, record_id: str, record: Record) -> None:
        approved = record.approved
        if approved is None:
            return
        picture = _write_picture(folder / "images", name, record)
        number = len(images) + 1
        size = {"width": approved.shape[1], "height": approved.shape[0]}
        images.append({"id": number, "file_name": f"images/{picture}", **size, "semiview": _facts(record_id, record)})
        regions, count = ndimage.label(approved == INSIDE, structure=_EVERYWHERE)
        masks = [(regions == region, STANDING) for region in range(1, count + 1)]
        masks += [(approved == IGNORED, IGNORE)] if (approved == IGNORED).any() else []
        annotations.extend(
            _annotation(len(annotations) + index, number, mask, category)
            for index, (mask, category) in enumerate(masks, 1)
        )

    make_folder(folder)
    done = _each_sample(store, folder, write, watch)
    categories = [
        {"id": STANDING, "name": "standing material", "supercategory": ""},
        {"id": IGNORE, "name": "ignore", "supercategory": ""},
    ]
    info = {"description": "approved shapes of a SemiView feedback store"}
    document = {"info": info, "images": images, "annotations": annotations, "categories": categories}
    write_durably(folder / "annotations.json", _json(document))
    return done


def run_lengths(mask: npt.NDArray[np.bool_]) -> list[int]:
    """COCO's run lengths: columns first, beginning with the number of zeros.

    >>> run_lengths(np.array([[False, True], [True, True]]))
    [1, 3]
    """
    flat = np.concatenate([[False], mask.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(run) for run in np.diff([0, *changes, mask.size])]


def _each_sample(store: FeedbackStore, folder: Path, write: Callable[[str, str, Record], None], watch: Watch) -> int:
    if folder.is_dir() and any(folder.iterdir()):
        raise FileProblem(folder, "is not empty.", "Choose a new folder, so that nothing old is mixed in.")
    make_folder(folder)
    samples = store.snapshot()
    taken: set[str] = set()
    for number, (record_id, _) in enumerate(samples):
        watch(number, len(samples))
        record = store.load(record_id)
        name = case_file_name(record.case_id)
        if name.casefold() in taken:  # another case's name to a disk that does not tell A from a
            name = f"{name}~{record_id[-16:]}"
        taken.add(name.casefold())
        write(name, record_id, record)
    watch(len(samples), len(samples))
    return len(samples)


def _annotation(number: int, image: int, mask: npt.NDArray[np.bool_], category: int) -> dict[str, Any]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": {"size": list(mask.shape), "counts": run_lengths(mask)},
        "area": int(mask.sum()),
        "bbox": [int(edge) for edge in box],
        "iscrowd": int(category == IGNORE),
    }


def _write_picture(folder: Path, name: str, record: Record) -> str:
    """The SEM picture, every grey value kept: PNG, or TIFF for float32."""
    if record.sem is None:
        raise FileProblem(folder / name, "the sample holds no picture.")
    make_folder(folder)
    if record.sem.dtype.kind == "f":
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, record.sem, photometric="minisblack")
        write_durably(folder / f"{name}.tif", buffer.getvalue())
        return f"{name}.tif"
    _write_png(folder / f"{name}.png", record.sem)
    return f"{name}.png"


def _write_png(path: Path, pixels: npt.NDArray[Any]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    write_durably(path, buffer.getvalue())


def _facts(record_id: str, record: Record) -> dict[str, Any]:
    names = (
        "kind", "case_id", "reviewer", "time_utc", "nm_per_px_x", "nm_per_px_y", "nm_per_px_source", "pattern_type",
        "group", "split", "tool", "checkpoint_id", "free_share", "image_sha256", "design_tone",
    )  # fmt: skip
    facts = {name: getattr(record, name) for name in names} | {"record_id": record_id}
    return facts | {"registration": _registration(record.registration), "metadata": dict(record.metadata)}


def _registration(registration: Registration | None) -> dict[str, Any] | None:
    if registration is None:
        return None
    said = {name: getattr(registration, name) for name in PARAMETERS}
    return {**said, "matrix_nm_to_px": registration.matrix().tolist(), "verdict": registration.trust.verdict}


def _json(document: Mapping[str, Any] | Sequence[Any]) -> bytes:
    return (json.dumps(_finite(document), ensure_ascii=False, allow_nan=False) + "\n").encode()


def _finite(value: Any) -> Any:
    """JSON has no NaN: null."""
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
