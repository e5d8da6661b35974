"""Arrays that stand for a shape on the picture's grid: probabilities, 0 to 255 values or masks."""

import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from semiview.files.grey_image import IMAGE_SUFFIXES, grey_image, read_bytes
from semiview.files.problem import FileProblem

ARRAY_SUFFIXES = (".npy", ".npz")
ROUNDING = 1e-3  # float16 and a network's arithmetic may overshoot by that much


def read_probability(path: Path) -> npt.NDArray[np.float32]:
    """(H, W) float32 in [0, 1] of a NPY, NPZ or picture file.

    Floats hold 0 to 1 or 0 to 255; 8 bit holds a mask of 0 and 1 or 0 to 255; 16 bit a mask or 0 to 65535.

    Raises
    ------
    FileProblem
        If the file cannot be read, is not two-dimensional, holds a value that is not finite, or its range leaves open
        what the values mean.
    """
    values = _read_array(path)
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
        values = values.squeeze(0 if values.shape[0] == 1 else 2)
    if values.ndim != 2 or values.size == 0:
        raise FileProblem(path, f"An array (H, W) is wanted, this one is {values.shape}.")
    if values.dtype.kind not in "biuf":
        raise FileProblem(path, f"Numbers are wanted, this array holds {values.dtype}.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        count = int(np.count_nonzero(~np.isfinite(values)))
        raise FileProblem(path, f"{count} values are not finite.", "Write the prediction again.")
    low, high = float(values.min()), float(values.max())
    full = _full_scale(path, values.dtype, low, high)
    probability: npt.NDArray[np.float32] = np.clip(values.astype(np.float32) / np.float32(full), 0.0, 1.0)
    return probability


def _full_scale(path: Path, dtype: np.dtype[Any], low: float, high: float) -> float:
    """The value that stands for certainty."""
    if dtype.kind == "f":
        if low >= -ROUNDING and high <= 1 + ROUNDING:
            return 1.0
        if low >= 0 and 10 < high <= 255:
            return 255.0
    elif low >= 0:
        if high <= 1:
            return 1.0
        if dtype.itemsize == 1 and high > 127:
            return 255.0
        if dtype.itemsize == 2 and high > 255:
            return 65535.0
        if dtype.itemsize != 1 and 127 < high <= 255:
            return 255.0
    raise FileProblem(
        path,
        f"The values lie in {low:g} to {high:g} ({dtype}): neither 0 to 1 nor 0 to full scale.",
        "Write probabilities from 0 to 1, or a mask of 0 and 1 or 0 and 255.",
    )


def _read_array(path: Path) -> npt.NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return grey_image(path, read_bytes(path)).pixels
    if suffix not in ARRAY_SUFFIXES:
        kinds = ", ".join((*ARRAY_SUFFIXES, *IMAGE_SUFFIXES))
        raise FileProblem(path, "Files of this kind are not read here.", f"It may be {kinds}.")
    data = io.BytesIO(read_bytes(path))
    try:
        loaded = np.load(data, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            if len(loaded.files) != 1:
                names = ", ".join(loaded.files) or "none"
                raise FileProblem(path, f"One array is wanted in a .npz, this one has: {names}.")
            return np.asarray(loaded[loaded.files[0]])
    # numpy raises ValueError, EOFError, OSError and zipfile's own error on damage.
    except (ValueError, EOFError, OSError, BadZipFile) as error:
        raise FileProblem(path, f"The array is damaged ({error}).", "Write it again.") from error
