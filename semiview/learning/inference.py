"""From a picture of any size to its probability map, in tiles whose size does not show."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from semiview.files.prediction_file import spread_path, write_prediction
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
from semiview.learning.predictors import checked, predictor_of
from semiview.learning.samples import Plane, has_square_pixels, scaled
from semiview.learning.shortage import is_out_of_memory
from semiview.metrology.contour import half_contours
from semiview.metrology.uncertainty import edge_uncertainty_px

Answer = Callable[[npt.NDArray[Any], PredictItem], tuple[Plane, Plane | None]]

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
    return np.clip(tiled(network, values, torch.sigmoid, tile_px, device), 0.0, 1.0)


def tiled(
    network: PatternNet,
    values: Plane,
    last: Callable[[torch.Tensor], torch.Tensor],
    tile_px: int = TILE_PX,
    device: torch.device | None = None,
) -> Plane:
    """What a network answers to a picture (H, W), tile by tile; `last` is done to each answer."""
    padded = _padded(values)
    result = np.empty(padded.shape, np.float32)
    network.eval()
    with torch.inference_mode():
        for rows, columns, seen_rows, seen_columns in _tiles(padded.shape, tile_px):
            tile = torch.from_numpy(np.ascontiguousarray(padded[seen_rows, seen_columns]))[None, None]
            tile = tile.to(device or "cpu", memory_format=torch.channels_last)
            seen = last(network(tile))[0, 0].float().cpu().numpy()
            top, left = rows.start - seen_rows.start, columns.start - seen_columns.start
            result[rows, columns] = seen[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]
    height, width = values.shape
    return result[:height, :width]


def predict_averaged(
    network: PatternNet,
    pixels: npt.NDArray[Any],
    square: bool,
    tile_px: int = TILE_PX,
    device: torch.device | None = None,
) -> tuple[Plane, Plane]:
    """Mean (H, W) over the turns and mirror images of a picture, and the standard deviation over them.

    Eight of them for `square` pixels, else the four without quarter turns. Raises ValueError as `predict` does.
    """
    total, squares = (np.zeros(pixels.shape, np.float64) for _ in range(2))
    turns = range(4) if square else (0, 2)
    for quarters in turns:
        for mirrored in (False, True):
            turned = np.rot90(pixels, quarters)
            seen = predict(network, np.ascontiguousarray(turned[:, ::-1] if mirrored else turned), tile_px, device)
            back = np.rot90(seen[:, ::-1] if mirrored else seen, -quarters)
            total += back
            squares += np.square(back, dtype=np.float64)
    count = 2 * len(turns)
    mean = total / count
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0) * count / (count - 1))
    return np.clip(mean, 0, 1).astype(np.float32), spread.astype(np.float32)


def predict_items(job: PredictJob, wish: Callable[[], Wish], device: torch.device) -> Iterator[Event]:
    """Predict the pictures of a job, one after the other; any wish ends it after the one at hand."""
    begun = time.monotonic()
    try:
        answer = _answer_of(job, device)
    except (FileProblem, ValueError) as problem:
        yield WorkFailed(str(problem))
        return
    for number, item in enumerate(job.items):
        if wish():
            yield Finished("abandoned" if wish() == "abandon" else "cancelled", time.monotonic() - begun)
            return
        yield Progress(number, len(job.items), item.case_id)
        yield _predicted(answer, item)
    yield Finished("done", time.monotonic() - begun, text=f"{len(job.items)} pictures")


def _answer_of(job: PredictJob, device: torch.device) -> Answer:
    """What turns one item into a probability and, where it is averaged, its spread."""
    if job.predictor:
        predictor = predictor_of(job.predictor)

        def ask(pixels: npt.NDArray[Any], item: PredictItem) -> tuple[Plane, Plane | None]:
            design = np.load(item.design_npy, allow_pickle=False) if item.design_npy else None
            return checked(predictor(pixels, design, (item.nm_per_px_x, item.nm_per_px_y)), pixels.shape), None

        return ask
    network, _ = load_network(Path(job.checkpoint))
    network.to(device)

    def look(pixels: npt.NDArray[Any], item: PredictItem) -> tuple[Plane, Plane | None]:
        if job.average:
            return predict_averaged(
                network, pixels, has_square_pixels(item.nm_per_px_x, item.nm_per_px_y), device=device
            )
        return predict(network, pixels, device=device), None

    return look


def _predicted(answer: Answer, item: PredictItem) -> Event:
    out = Path(item.out_npy)
    try:
        probability, spread = answer(np.load(item.image_npy, allow_pickle=False), item)
        beside = spread_path(out)
        if spread is None:
            beside.unlink(missing_ok=True)
            write_prediction(out, probability)
            return PredictionDone(item.case_id, item.out_npy)
        write_prediction(out, probability)
        write_prediction(beside, spread)
        uncertainty_px = edge_uncertainty_px(probability, spread, half_contours(probability))
    except (OSError, ValueError, EOFError) as error:
        return PredictionFailed(item.case_id, f"the picture cannot be predicted: {error}")
    except FileProblem as problem:
        return PredictionFailed(item.case_id, str(problem))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return PredictionFailed(item.case_id, "there is not enough memory for this picture")
    return PredictionDone(item.case_id, item.out_npy, uncertainty_px)


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
