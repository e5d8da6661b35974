"""What a network says of a SEM image."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Probability (H, W) in [0, 1] of standing material on the picture's grid, and which checkpoint made it.

    Attributes
    ----------
    spread
        (H, W) float32 standard deviation over the turns and mirror images that `probability` is the mean of; None: the
        picture was predicted once.

    Raises
    ------
    ValueError
        If the array is not two-dimensional, holds NaN or leaves [0, 1].
    """

    probability: npt.NDArray[np.float32]
    checkpoint_id: str
    path: str = ""
    spread: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.probability.ndim != 2:
            raise ValueError(f"a prediction is (H, W), this one is {self.probability.shape}")
        if self.probability.dtype != np.float32:
            raise ValueError(f"a prediction is float32, this one is {self.probability.dtype}")
        if not np.isfinite(self.probability).all():
            count = int(np.count_nonzero(~np.isfinite(self.probability)))
            raise ValueError(f"{count} values of the prediction are not finite")
        low, high = float(self.probability.min()), float(self.probability.max())
        if low < 0.0 or high > 1.0:
            raise ValueError(f"a probability lies in [0, 1], this prediction in [{low:g}, {high:g}]")
        self.probability.setflags(write=False)
        if self.spread is not None:
            if self.spread.shape != self.probability.shape:
                raise ValueError(f"the spread is {self.spread.shape}, the prediction {self.probability.shape}")
            self.spread.setflags(write=False)
