"""From a picture of any size to its probability map, in tiles whose size does not show."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from semiview.files.prediction_file import spread_path, write_prediction
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network
from semiview.learning.edge_placement import moved
from semiview.learning.far_from_edges import settled
from semiview.learning.fine_features import enlarging, settled_at_its_scale
from semiview.learning.item_work import each_item
from semiview.learning.messages import (
    Event,
    PredictionDone,
    PredictItem,
    PredictJob,
    Wish,
    WorkFailed,
)
from semiview.learning.networks import TILING, PatternNet
from semiview.learning.pieces import at_once, in_pieces
from semiview.learning.predictors import checked, predictor_of
from semiview.learning.samples import Plane, has_square_pixels, scaled
from semiview.learning.shortage import is_out_of_memory
from semiview.metrology.contour import half_contours
from semiview.metrology.uncertainty import edge_uncertainty_px

Answer = Callable[[npt.NDArray[Any], PredictItem], tuple[Plane, Plane | None]]


def predict(
    network: PatternNet, pixels: npt.NDArray[Any], tile_px: int = 0, device: torch.device | None = None
) -> Plane:
    """Probability (H, W) float32 in [0, 1] of standing material, from grey values (H, W) as loaded.

    The answer is the same for any tile size within 1e-3: the picture is scaled as a whole, tiles lie on the grid of
    the network's windows and each sees a halo of at least the receptive field. What is farther from all edges than
    the network can tell takes the side of its edges, see `far_from_edges`; fine features are looked at enlarged, see
    `fine_features`; and the contours go where earlier pictures say that they belong, see `edge_placement`.

    Parameters
    ----------
    tile_px
        Side of the tiles, brought down to the grid; 0: the whole picture at once where it is not too large for that.

    Raises
    ------
    ValueError
        If the picture is not (H, W) or holds values that are not finite.
    """
    return predict_scaled(network, _scaled(pixels), tile_px, device)


def _scaled(pixels: npt.NDArray[Any]) -> Plane:
    if pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"a picture is (H, W) and not empty, this one is {pixels.shape}")
    if not np.isfinite(pixels).all():
        raise ValueError("the picture holds values that are not finite")
    return scaled(pixels)


def predict_scaled(network: PatternNet, values: Plane, tile_px: int = 0, device: torch.device | None = None) -> Plane:
    """As `predict`, from values on the training scale."""
    said, factor = unplaced(network, values, tile_px, device)
    return network.placement.placed(said, values, factor)


def unplaced(
    network: PatternNet, values: Plane, tile_px: int = 0, device: torch.device | None = None
) -> tuple[Plane, int]:
    """As `predict_scaled`, with the contours where the network alone puts them; and by how much it was enlarged."""
    return settled_at_its_scale(values, lambda factor: _unsettled(network, values, factor, tile_px, device))


def predict_at_its_scale(network: PatternNet, values: Plane, device: torch.device | None = None) -> Plane:
    """As `predict_scaled`, of a picture that is enlarged already if it has to be: one look."""
    return network.placement.placed(settled(_unsettled(network, values, 1, 0, device), values), values)


def _unsettled(network: PatternNet, values: Plane, factor: int, tile_px: int, device: torch.device | None) -> Plane:
    return np.clip(tiled(network, values, torch.sigmoid, tile_px, device, factor), 0.0, 1.0)


def tiled(
    network: PatternNet,
    values: Plane,
    last: Callable[[torch.Tensor], torch.Tensor],
    tile_px: int = 0,
    device: torch.device | None = None,
    factor: int = 1,
) -> Plane:
    """What a network answers to a picture (H, W) enlarged by a factor, tile by tile; `last` is done to each answer.

    Where memory runs out, in smaller tiles, down to those of the grid.
    """
    # With the channels last a GPU has its tensor cores and a processor takes two thirds of the time.
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    tiling = TILING.enlarging(factor)

    def look(part: Plane) -> Plane:
        with torch.inference_mode():
            planes = torch.from_numpy(part)[None, None].to(device, memory_format=torch.channels_last)
            locally = in_pieces if planes.device.type == "cpu" else at_once
            answer: Plane = last(network(planes, locally))[0, 0].float().cpu().numpy()
        return answer

    while True:
        try:
            return tiling.see(values, enlarging(look, factor), tile_px)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error) or 0 < tile_px <= tiling.grid_px:
                raise
            tile_px = (tile_px or tiling.tile_px) // 2


def predict_averaged(
    network: PatternNet,
    pixels: npt.NDArray[Any],
    square: bool,
    tile_px: int = 0,
    device: torch.device | None = None,
) -> tuple[Plane, Plane]:
    """Mean (H, W) over the turns and mirror images of a picture, and the standard deviation over them.

    Eight of them for `square` pixels, else the four without quarter turns. Raises ValueError as `predict` does.
    """
    spreads: dict[int, Plane] = {}

    def answer(factor: int) -> Plane:
        mean, spreads[factor] = _averaged(network, pixels, square, factor, tile_px, device)
        return mean

    values = _scaled(pixels)
    said, factor = settled_at_its_scale(values, answer)
    outward_px = network.placement.shift_px(said, values, factor)
    return moved(said, said, outward_px), moved(spreads[factor], said, outward_px)


def _averaged(
    network: PatternNet,
    pixels: npt.NDArray[Any],
    square: bool,
    factor: int,
    tile_px: int,
    device: torch.device | None,
) -> tuple[Plane, Plane]:
    """Mean and standard deviation (H, W) of what is said of a picture and its turns, enlarged by a factor."""
    total, squares = (np.zeros(pixels.shape, np.float64) for _ in range(2))
    turns = range(4) if square else (0, 2)
    for quarters in turns:
        for mirrored in (False, True):
            turned = np.rot90(pixels, quarters)
            turned = np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)
            seen = _unsettled(network, _scaled(turned), factor, tile_px, device)
            back = np.rot90(seen[:, ::-1] if mirrored else seen, -quarters)
            total += back
            squares += np.square(back, dtype=np.float64)
    count = 2 * len(turns)
    mean = total / count
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0) * count / (count - 1))
    return np.clip(mean, 0, 1).astype(np.float32), spread.astype(np.float32)


def predict_items(job: PredictJob, wish: Callable[[], Wish], device: torch.device) -> Iterator[Event]:
    """Predict the pictures of a job, one after the other; any wish ends it after the one at hand."""
    try:
        answer = _answer_of(job, device)
    except (FileProblem, ValueError) as problem:
        yield WorkFailed(str(problem))
        return
    yield from each_item(job, wish, lambda item: _predicted(answer, item), "the picture cannot be predicted")


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


def _predicted(answer: Answer, item: PredictItem) -> PredictionDone:
    out = Path(item.out_npy)
    probability, spread = answer(np.load(item.image_npy, allow_pickle=False), item)
    beside = spread_path(out)
    if spread is None:
        beside.unlink(missing_ok=True)
        write_prediction(out, probability)
        return PredictionDone(item.case_id, item.out_npy)
    write_prediction(out, probability)
    write_prediction(beside, spread)
    uncertainty_px = edge_uncertainty_px(probability, spread, half_contours(probability))
    return PredictionDone(item.case_id, item.out_npy, uncertainty_px)
