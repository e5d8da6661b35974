"""What a design should look like in the SEM, and how well that matches what it does look like."""

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
from semiview.learning.item_work import each_item
from semiview.learning.messages import (
    Event,
    PredictionDone,
    PredictItem,
    PredictJob,
    Wish,
    WorkFailed,
)
from semiview.learning.networks import PatternNet
from semiview.learning.samples import LIMIT, Plane, Sample, in_grey
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
    try:
        network, reference = load_network(Path(job.checkpoint), "sem")
    except FileProblem as problem:
        yield WorkFailed(str(problem))
        return
    network.to(device)
    yield from each_item(
        job, wish, lambda item: _expected(network, item, reference.id, device), "its picture cannot be made"
    )


def _expected(network: PatternNet, item: PredictItem, checkpoint_id: str, device: torch.device) -> PredictionDone:
    pixels = np.load(item.image_npy, allow_pickle=False)
    share = np.load(item.design_npy, allow_pickle=False)
    if share.shape != pixels.shape:
        raise ValueError(f"the design is drawn on {share.shape} px, the picture has {pixels.shape}")
    made = picture_of(network, as_picture(share), device=device)
    write_expected(Path(item.out_npy), in_grey(made, pixels), checkpoint_id)
    return PredictionDone(item.case_id, item.out_npy)
