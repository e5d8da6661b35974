"""Where on a profile the field's own mean edge lies.

The profile is correlated with the mean of all profiles around the present edge: no shape of an edge is assumed.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

FloatArray = npt.NDArray[np.float64]

STEP_PX = 0.5
TEMPLATE_PX = 5.0  # half of the mean edge that is compared
LIKENESS = 0.6  # least correlation of a profile with the mean edge


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The image for profiles, its noise averaged over a Gaussian of 1 px, and where it must not be looked at.

    Attributes
    ----------
    ignored
        (H, W) True where a person or a mark hides the pattern; None for nowhere.
    """

    image: npt.NDArray[np.float32]
    ignored: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, pixels: npt.NDArray[Any], ignored: npt.NDArray[np.bool_] | None = None) -> "Sight":
        """Soften a picture."""
        grey = np.asarray(pixels, dtype=np.float32)
        return cls(np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), dtype=np.float32), ignored)

    def shows(self, points_px: Points, margin_px: float) -> npt.NDArray[np.bool_]:
        """(N,) True for points at least `margin_px` inside the picture and not ignored."""
        inside = within(points_px, self.image.shape, margin_px)
        if self.ignored is not None:
            column, row = np.rint(points_px[inside]).astype(np.int64).T
            inside[inside] = ~self.ignored[row, column]
        return inside


def within(points_px: Points, shape: tuple[int, ...], margin_px: float) -> npt.NDArray[np.bool_]:
    """(N,) True for points at least `margin_px` inside the picture."""
    height, width = shape[:2]
    u, v = points_px.T
    result: npt.NDArray[np.bool_] = (
        (u >= margin_px) & (v >= margin_px) & (u <= width - 1 - margin_px) & (v <= height - 1 - margin_px)
    )
    return result


def sample(image: npt.NDArray[np.float32], points: Points, normals: Points, reach_px: float) -> FloatArray:
    """(N, M) grey values along the normals from -reach to +reach in steps of STEP_PX."""
    steps = np.arange(-round(reach_px / STEP_PX), round(reach_px / STEP_PX) + 1) * STEP_PX
    u = (points[:, :1] + normals[:, :1] * steps).astype(np.float32)
    v = (points[:, 1:] + normals[:, 1:] * steps).astype(np.float32)
    # Remap takes at most 32767 rows.
    parts = [
        cv2.remap(image, u[first : first + 30_000], v[first : first + 30_000], cv2.INTER_CUBIC)
        for first in range(0, len(u), 30_000)
    ]
    return np.concatenate(parts).astype(np.float64)


class Profiles:
    """Profiles to be compared with a mean edge at every place along them.

    Parameters
    ----------
    values
        (N, M) as `sample` gives them.
    """

    def __init__(self, values: FloatArray) -> None:
        self._values = np.asarray(values - values.mean(axis=1, keepdims=True), dtype=np.float32)
        self._half = round(TEMPLATE_PX / STEP_PX)
        self.places = values.shape[1] - 2 * self._half
        length = 2 * self._half + 1
        total, squares = (self._along(np.ones(length), power) for power in (self._values, self._values**2))
        norms = np.sqrt(np.maximum(squares - total**2 / length, 0))
        # A flat stretch of background must not look like an edge by chance.
        floor = 0.15 * float(np.median(norms.max(axis=1)))
        self._inverse = 1 / np.maximum(norms, max(floor, 1e-9))

    def __len__(self) -> int:
        return len(self._values)

    def likeness(self, mean_edge: FloatArray) -> FloatArray:
        """(N, places) correlation coefficient of every stretch with an edge of mean 0 and norm 1."""
        result: FloatArray = self._along(mean_edge, self._values) * self._inverse
        return result

    def stretches(self, rows: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> FloatArray:
        """(len(rows), L) stretches at the places, mean 0 and norm 1 (less where they are flat)."""
        columns = places[:, None] + np.arange(2 * self._half + 1)
        cut = self._values[rows[:, None], columns].astype(np.float64)
        result: FloatArray = (cut - cut.mean(axis=1, keepdims=True)) * self._inverse[rows, places][:, None]
        return result

    def _along(self, kernel: FloatArray, values: npt.NDArray[np.float32]) -> FloatArray:
        filtered = cv2.filter2D(values, cv2.CV_32F, kernel.astype(np.float32)[None], borderType=cv2.BORDER_CONSTANT)
        return np.asarray(filtered[:, self._half : self._half + self.places], dtype=np.float64)


def estimate_mean_edge(profiles: Profiles, before: FloatArray | None) -> FloatArray:
    """(L,) the edge that most profiles share, from the middles at first and then from where each shows it."""
    rows = np.arange(len(profiles))
    middle = np.full(len(rows), profiles.places // 2)
    edge = np.median(profiles.stretches(rows, middle), axis=0) if before is None else before
    for _ in range(3 if before is None else 1):
        scores = profiles.likeness(_unit(edge))
        best = np.argmax(scores, axis=1)
        like = scores[rows, best] > LIKENESS
        if like.sum() < 10:
            break
        edge = np.median(profiles.stretches(rows[like], best[like]), axis=0)
    return _unit(edge)


def _unit(edge: FloatArray) -> FloatArray:
    centred = edge - edge.mean()
    result: FloatArray = centred / max(float(np.linalg.norm(centred)), 1e-9)
    return result


def find_edge(profiles: Profiles, mean_edge: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where on each profile the mean edge lies.

    Returns
    -------
    offsets
        (N,) px from the profile's middle, outward positive.
    likeness
        (N,) correlation coefficient there; 0 where the best place is at the end of the profile.
    """
    rows, count = np.arange(len(profiles)), profiles.places
    scores = profiles.likeness(mean_edge)
    best = np.argmax(scores, axis=1)
    inner = np.clip(best, 1, count - 2)
    left, middle, right = (scores[rows, inner + shift] for shift in (-1, 0, 1))
    curvature = left - 2 * middle + right
    vertex = np.where(curvature < 0, 0.5 * (left - right) / np.where(curvature < 0, curvature, -1.0), 0.0)
    offsets = (inner + np.clip(vertex, -0.5, 0.5) - count // 2) * STEP_PX
    return offsets, np.where(best == inner, scores[rows, inner], 0.0)
