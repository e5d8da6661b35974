"""What a design should look like in the SEM, and how well that matches what it does look like."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from semiview.core.sem_image import PixelSize
from semiview.files.expected_sem_file import write_expected
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network
from semiview.learning.design_pairs import as_picture
from semiview.learning.inference import tiled
from semiview.learning.messages import (
    Event,
    Finished,
    PredictionDone,
    PredictionFailed,
    PredictItem,
    PredictJob,
    Progress,
    Wish,
    WorkFailed,
)
from semiview.learning.networks import PatternNet
from semiview.learning.samples import LIMIT, Plane, Sample, in_grey
from semiview.learning.shortage import is_out_of_memory
from semiview.metrology.pixel_scores import pixel_scores


@dataclass(frozen=True, slots=True)
class PictureScores:
    """A generated picture against the real one, on the scale of -1 to 1.

    Attributes
    ----------
    l1
        Mean absolute difference. `flat_l1`: that of a picture of one grey, the real one's median.
    ssim
        Structural similarity over the range of 2.
    """

    l1: float
    ssim: float
    flat_l1: float


def picture_of(network: PatternNet, pattern: Plane, tile_px: int = 0, device: torch.device | None = None) -> Plane:
    """(H, W) scaled grey values that a network expects of a pattern (H, W), -1 to 1; of any size, tile by tile."""
    return np.clip(tiled(network, pattern, torch.nn.Identity(), tile_px, device), -LIMIT, LIMIT)


def score_picture(sample: Sample, made: Plane) -> PictureScores:
    """Scores of one generated picture; ignored pixels count nowhere."""
    counted = sample.weight >= 0.5
    real = sample.target
    half = np.float32(0.5)
    scores = pixel_scores(half * made + half, half * real + half, ~counted, PixelSize())
    flat = float(np.abs(real[counted] - np.median(real[counted])).mean())
    return PictureScores(2 * scores.l1, scores.ssim, flat)


def expect_items(job: PredictJob, wish: Callable[[], Wish], device: torch.device) -> Iterator[Event]:
    """Write what the designs of a job should look like, one after the other; any wish ends it after the one at hand."""
    begun = time.monotonic()
    try:
        network, reference = load_network(Path(job.checkpoint), "sem")
    except FileProblem as problem:
        yield WorkFailed(str(problem))
        return
    network.to(device)
    for number, item in enumerate(job.items):
        if wish():
            yield Finished("abandoned" if wish() == "abandon" else "cancelled", time.monotonic() - begun)
            return
        yield Progress(number, len(job.items), item.case_id)
        yield _expected(network, item, reference.id, device)
    yield Finished("done", time.monotonic() - begun, text=f"{len(job.items)} pictures")


def _expected(network: PatternNet, item: PredictItem, checkpoint_id: str, device: torch.device) -> Event:
    try:
        pixels = np.load(item.image_npy, allow_pickle=False)
        share = np.load(item.design_npy, allow_pickle=False)
        if share.shape != pixels.shape:
            raise ValueError(f"the design is drawn on {share.shape} px, the picture has {pixels.shape}")
        made = picture_of(network, as_picture(share), device=device)
        write_expected(Path(item.out_npy), in_grey(made, pixels), checkpoint_id)
    except (OSError, ValueError, EOFError) as error:
        return PredictionFailed(item.case_id, f"its picture cannot be made: {error}")
    except FileProblem as problem:
        return PredictionFailed(item.case_id, str(problem))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return PredictionFailed(item.case_id, "there is not enough memory for this picture")
    return PredictionDone(item.case_id, item.out_npy)
