"""Pictures of a run for people: the same few cases after each epoch, and the samples that changed most for the worse.

One file of arrays, 8 bit: `case_ids`, and for case number i `sem_i`, `approved_i`, `before_i` and `after_i`; the last
three are probabilities times 255. A preview has no `before`; where pictures are made, `sem_i` holds the real one and
the one made side by side, and `design_i` is all there is beside it.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.files.durable_file import write_durably
from semiview.learning.chosen_samples import ChosenSamples
from semiview.learning.generation import picture_of
from semiview.learning.inference import predict_at_its_scale
from semiview.learning.networks import PatternNet
from semiview.learning.runs import PREVIEW_FILE
from semiview.learning.samples import Sample

Seen = npt.NDArray[np.uint8]

PREVIEWED = 3
PREVIEW_PX = 256


def write_preview(folder: Path, network: PatternNet, samples: ChosenSamples) -> str:
    """What the network says of the middles of the first few validation samples (else training samples); its path.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    path = folder / PREVIEW_FILE
    shown, device = previewed(samples), next(network.parameters()).device
    write_pictures(path, shown, (), [seen(predict_at_its_scale(network, one.pixels, device)) for one in shown])
    return str(path)


def write_made_preview(folder: Path, network: PatternNet, samples: ChosenSamples) -> str:
    """As `write_preview`, of a network that answers with pictures: the real one, and right of it what was made.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    shown, path = previewed(samples), folder / PREVIEW_FILE
    arrays: dict[str, npt.NDArray[Any]] = {"case_ids": np.array([sample.case_id for sample in shown], dtype=np.str_)}
    for number, sample in enumerate(shown):
        made = picture_of(network, sample.pixels, device=next(network.parameters()).device)
        arrays[f"sem_{number}"] = seen((np.clip(np.hstack([sample.target, made]), -1, 1) + 1) / 2)
        arrays[f"design_{number}"] = seen((np.hstack([sample.pixels, sample.pixels]) + 1) / 2)
    _write(path, arrays)
    return str(path)


def previewed(samples: ChosenSamples) -> list[Sample]:
    """The middles of the same few cases: of the first validation samples, else of training samples."""
    return [middle(sample, PREVIEW_PX) for sample in (samples.validation or samples.train)[:PREVIEWED]]


def write_pictures(path: Path, samples: Sequence[Sample], before: Sequence[Seen], after: Sequence[Seen]) -> None:
    """Write samples with what one network says of them, or two; `before` is empty where there is one.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    arrays: dict[str, npt.NDArray[Any]] = {"case_ids": np.array([sample.case_id for sample in samples], dtype=np.str_)}
    for number, sample in enumerate(samples):
        arrays[f"sem_{number}"] = seen((np.clip(sample.pixels, -1, 1) + 1) / 2)
        arrays[f"approved_{number}"] = seen(sample.target)
        arrays[f"after_{number}"] = after[number]
        if before:
            arrays[f"before_{number}"] = before[number]
    _write(path, arrays)


def middle(sample: Sample, largest_px: int) -> Sample:
    """The middle of a sample, at most so large."""
    parts = []
    for side in sample.pixels.shape:
        begin = max(side - largest_px, 0) // 2
        parts.append(slice(begin, begin + min(side, largest_px)))
    pixels, target, weight = (np.array(plane[*parts]) for plane in (sample.pixels, sample.target, sample.weight))
    return replace(sample, pixels=pixels, target=target, weight=weight)


def seen(values: npt.NDArray[np.floating]) -> Seen:
    """Values of 0 to 1 as they are kept, 0 to 255."""
    result: Seen = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return result


def _write(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_durably(path, buffer.getvalue())
