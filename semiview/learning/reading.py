"""Values of a plane between its pixels."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from semiview.learning.samples import Plane


def read(plane: Plane, places: npt.NDArray[Any], how: Literal["bilinear", "bicubic"] = "bilinear") -> Plane:
    """(...) values of a plane (H, W) at places (..., 2) in px, column before row; beyond its border, the nearest.

    Scipy takes twice as long, and OpenCV knows only 32 places in a pixel.
    """
    height, width = plane.shape
    ends = np.array([max(width - 1, 1), max(height - 1, 1)], places.dtype)
    grid = (places * (2 / ends) - 1).astype(np.float32)
    values = functional.grid_sample(
        torch.from_numpy(np.require(plane, np.float32, ["C", "W"]))[None, None],
        torch.from_numpy(grid.reshape(1, 1, -1, 2)),
        mode=how,
        padding_mode="border",
        align_corners=True,
    )
    return np.asarray(values.numpy().reshape(places.shape[:-1]), np.float32)
