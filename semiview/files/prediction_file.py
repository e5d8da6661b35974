"""Predictions on disk: what a network says of one picture."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from semiview.core.prediction import Prediction
from semiview.core.sem_image import SemImage
from semiview.files.durable_file import make_folder, write_durably
from semiview.files.expected_sem_file import is_generated
from semiview.files.probability_grid import read_probability
from semiview.files.problem import FileProblem


def read_prediction(path: Path, sem: SemImage, checkpoint_id: str) -> Prediction:
    """Read a NPY, NPZ or picture of probabilities (0 to 1, 0 to 255 or a mask) of standing material.

    It lies on the picture's grid, or on that of the whole file; then the data bar is cut off.

    Raises
    ------
    FileProblem
        If it cannot be read, its values are no probabilities, it fits neither grid, or it was generated from the
        design: that is no evidence of what was printed.
    """
    if is_generated(path):
        raise FileProblem(
            path,
            "This picture was generated from the design: nothing is measured on it.",
            "Predict the case with a checkpoint that looks at the SEM.",
        )
    probability = read_probability(path)
    if probability.shape != sem.shape and probability.shape == sem.file_shape:
        area = sem.area
        probability = probability[area.top : area.bottom, area.left : area.right].copy()
    if probability.shape != sem.shape:
        (height, width), (picture_height, picture_width) = probability.shape, sem.shape
        raise FileProblem(
            path,
            f"The prediction is {width} x {height} px, the picture {picture_width} x {picture_height} px.",
            "Predict again, or correct `crop`.",
        )
    return Prediction(probability, checkpoint_id, str(path), _read_spread(spread_path(path), sem.shape))


def spread_path(path: Path) -> Path:
    """Where the spread over turns and mirror images lies beside a prediction."""
    return path.with_name(f"{path.stem}.spread.npy")


def _read_spread(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.float32] | None:
    """The spread if it is there and fits; it is only a help, and a damaged one is left out."""
    try:
        spread = np.load(path, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError, EOFError):
        return None
    return spread if spread.shape == shape and bool(np.isfinite(spread).all()) else None


def write_prediction(path: Path, probability: npt.NDArray[np.floating]) -> None:
    """Write probabilities (H, W) as a float16 NPY, durably.

    Raises
    ------
    FileProblem
        If it could not be written.
    """
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(probability, dtype=np.float16), allow_pickle=False)
    make_folder(path.parent)
    write_durably(path, buffer.getvalue())
