"""Which records of the feedback store a run learns from, which it is scored on, and why others are left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semiview.core.raster import coverage
from semiview.feedback.record import IGNORED, INSIDE, Record
from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem
from semiview.learning.samples import Plane, Sample, on_disk, scaled

SMALLEST_SIDE_PX = 32
LARGEST_DISAGREEMENT = 0.01


@dataclass(frozen=True, slots=True)
class ChosenSamples:
    """Samples by split; `left_out` holds (record id, why); `note` says what the split lacks, or is empty."""

    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]
    left_out: tuple[tuple[str, str], ...]
    note: str


def choose(
    store: FeedbackStore,
    snapshot: Sequence[tuple[str, str]],
    planes_folder: Path | None = None,
    as_sample: Callable[[str, Record], Sample | str] | None = None,
    as_shown: Callable[[Sample], Sample] | None = None,
) -> ChosenSamples:
    """Read the records of a snapshot. One that is gone, damaged or changed is left out and named.

    Parameters
    ----------
    planes_folder
        Where the samples' planes lie in files, to come into memory as far as they are looked at; None: in memory.
    as_sample
        Makes a record a sample, or says why it is none; None: `sample_of`.
    as_shown
        Makes a sample what the network is shown in training; test samples stay as they are. None: so do all.

    Raises
    ------
    FileProblem
        If there is no room for the planes.
    """
    by_split: dict[str, list[Sample]] = {"train": [], "validation": [], "test": []}
    left_out: list[tuple[str, str]] = []
    for record_id, sha256 in snapshot:
        try:
            if store.header(record_id).sha256 != sha256:
                left_out.append((record_id, "its content is not the one that the snapshot names"))
                continue
            record = store.load(record_id)
        except (FileProblem, ValueError) as problem:
            left_out.append((record_id, str(problem)))
            continue
        sample = (as_sample or sample_of)(record_id, record)
        if isinstance(sample, str):
            left_out.append((record_id, sample))
        else:
            if as_shown is not None and record.split != "test":
                sample = as_shown(sample)
            kept = sample if planes_folder is None else on_disk(sample, planes_folder)
            by_split.get(record.split, by_split["train"]).append(kept)
    lacking = [name for name in ("validation", "test") if not by_split[name]]
    note = ""
    if lacking:
        note = (
            f"No approved sample is held out for {' and '.join(lacking)}: at least three groups are needed. "
            + ("The last epoch is kept. " if "validation" in lacking else "")
            + ("Nothing says independently whether the candidate is better." if "test" in lacking else "")
        ).strip()
    train, validation, test = (tuple(by_split[name]) for name in ("train", "validation", "test"))
    return ChosenSamples(train, validation, test, tuple(left_out), note)


def sample_of(record_id: str, record: Record) -> Sample | str:
    """A record as a sample, or the sentence why it is none."""
    if not record.trains or record.sem is None or record.approved is None:
        return "it approves no shape"
    if min(record.sem.shape) < SMALLEST_SIDE_PX:
        return f"its picture is smaller than {SMALLEST_SIDE_PX} px"
    if not np.isfinite(record.sem).all():
        return "its picture holds values that are not finite"
    ignored = record.approved == IGNORED
    if record.ignore is not None:
        ignored |= record.ignore > 0
    if ignored.all():
        return "everything in it is ignored"
    return Sample(
        record_id,
        record.case_id,
        record.group or record.case_id,
        record.pattern_type,
        scaled(record.sem),
        _target(record),
        (~ignored).astype(np.float32),
        (record.nm_per_px_x, record.nm_per_px_y),
    )


def _target(record: Record) -> Plane:
    """Share of material per pixel: from the outlines, which know the edge's sub-pixel place, if they fit the mask."""
    if record.approved is None:
        raise ValueError("the record has no approved shape")
    mask = record.approved == INSIDE
    drawn = coverage(record.approved_outlines_px, mask.shape)
    differs = ((drawn >= 0.5) != mask) & (record.approved != IGNORED)
    return mask.astype(np.float32) if differs.mean() > LARGEST_DISAGREEMENT else drawn
