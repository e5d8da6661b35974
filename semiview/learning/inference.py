"""From a picture of any size to its probability map, in tiles whose size does not show."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from semiview.files.prediction_file import write_prediction
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network
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
from semiview.learning.networks import DOWNSCALING, HALO_PX, PatternNet
from semiview.learning.samples import Plane, scaled

TILE_PX = 1024
SMALLEST_PX = 2 * DOWNSCALING  # reflecting at a border needs two pixels on the deepest level


def predict(
    network: PatternNet, pixels: npt.NDArray[Any], tile_px: int = TILE_PX, device: torch.device | None = None
) -> Plane:
    """Probability (H, W) float32 in [0, 1] of standing material, from grey values (H, W) as loaded.

    The answer is the same for any tile size within 1e-3: the picture is scaled as a whole, tiles lie on the
    network's coarsest grid and each sees a halo of at least the receptive field.

    Raises
    ------
    ValueError
        If the picture is not (H, W) or holds values that are not finite.
    """
    if pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"a picture is (H, W) and not empty, this one is {pixels.shape}")
    if not np.isfinite(pixels).all():
        raise ValueError("the picture holds values that are not finite")
    return predict_scaled(network, scaled(pixels), tile_px, device)


def predict_scaled(
    network: PatternNet, values: Plane, tile_px: int = TILE_PX, device: torch.device | None = None
) -> Plane:
    """As `predict`, from values on the training scale."""
    padded = _padded(values)
    result = np.empty(padded.shape, np.float32)
    network.eval()
    with torch.inference_mode():
        for rows, columns, seen_rows, seen_columns in _tiles(padded.shape, tile_px):
            tile = torch.from_numpy(np.ascontiguousarray(padded[seen_rows, seen_columns]))[None, None]
            tile = tile.to(device or "cpu", memory_format=torch.channels_last)
            seen = torch.sigmoid(network(tile))[0, 0].float().cpu().numpy()
            top, left = rows.start - seen_rows.start, columns.start - seen_columns.start
            result[rows, columns] = seen[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]
    height, width = values.shape
    return np.clip(result[:height, :width], 0.0, 1.0)


def predict_items(job: PredictJob, wish: Callable[[], Wish], device: torch.device) -> Iterator[Event]:
    """Predict the pictures of a job, one after the other; any wish ends it after the one at hand."""
    begun = time.monotonic()
    try:
        network, _ = load_network(Path(job.checkpoint))
    except FileProblem as problem:
        yield WorkFailed(str(problem))
        return
    network.to(device)
    for number, item in enumerate(job.items):
        if wish():
            yield Finished("abandoned" if wish() == "abandon" else "cancelled", time.monotonic() - begun)
            return
        yield Progress(number, len(job.items), item.case_id)
        yield _predicted(network, item, device)
    yield Finished("done", time.monotonic() - begun, text=f"{len(job.items)} pictures")


def _predicted(network: PatternNet, item: PredictItem, device: torch.device) -> Event:
    try:
        pixels = np.load(item.image_npy, allow_pickle=False)
        write_prediction(Path(item.out_npy), predict(network, pixels, device=device))
    except (OSError, ValueError, EOFError) as error:
        return PredictionFailed(item.case_id, f"the picture cannot be predicted: {error}")
    except FileProblem as problem:
        return PredictionFailed(item.case_id, str(problem))
    except (MemoryError, torch.OutOfMemoryError):
        return PredictionFailed(item.case_id, "there is not enough memory for this picture")
    return PredictionDone(item.case_id, item.out_npy)


def _padded(values: Plane) -> Plane:
    lacking = [(0, max(-(-side // DOWNSCALING) * DOWNSCALING, SMALLEST_PX) - side) for side in values.shape]
    return np.pad(values, lacking, mode="symmetric")


def _tiles(shape: tuple[int, ...], tile_px: int) -> Iterator[tuple[slice, slice, slice, slice]]:
    """Rows and columns of each tile, and those of what it sees."""
    step = max(tile_px // DOWNSCALING, 1) * DOWNSCALING

    def parts(side: int) -> list[tuple[slice, slice]]:
        return [
            (slice(low, min(low + step, side)), slice(max(low - HALO_PX, 0), min(low + step + HALO_PX, side)))
            for low in range(0, side, step)
        ]

    for rows, seen_rows in parts(shape[0]):
        for columns, seen_columns in parts(shape[1]):
            yield rows, columns, seen_rows, seen_columns
