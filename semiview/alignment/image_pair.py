"""Registration of one image on another: shift, and where asked turn and size, with masks and without a design."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import fft

from semiview.alignment.correlation import peaks
from semiview.alignment.fourier import turn_and_size

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MOST_SIZE = 2.0
LEAST_OVERLAP = 0.1  # of the smaller image, that a shift must leave in common
CLEAR_RATIO = 0.8  # a second peak above this share of the first leaves the answer open
CLEAR_SCORE = 0.4
APART_PX = 6
DESCENT_STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class ImageAlignment:
    """Where the moving image lies on the fixed one.

    Attributes
    ----------
    shift_px
        (u, v) that the moving image's centre is moved by, so that it lies on what it shows in the fixed image; both
        centres are taken as one for images of different sizes.
    rotation_deg
        By which the moving image is turned counter-clockwise as seen on the screen, about its centre.
    scale
        By which it is enlarged.
    matrix
        (2, 3) moving px -> fixed px.
    score
        Correlation coefficient over the common area, in [-1, 1].
    second_score
        Of the best other place, more than APART_PX away.
    """

    shift_px: tuple[float, float]
    rotation_deg: float
    scale: float
    matrix: FloatArray
    score: float
    second_score: float

    @property
    def clear(self) -> bool:
        """True if the images are alike there and clearly less alike anywhere else."""
        return self.score > CLEAR_SCORE and self.second_score < CLEAR_RATIO * self.score


def align_images(
    fixed: npt.NDArray[Any],
    moving: npt.NDArray[Any],
    fixed_mask: Mask | None = None,
    moving_mask: Mask | None = None,
    turn: bool = True,
) -> ImageAlignment:
    """Find the moving image in the fixed one.

    Masked normalised cross-correlation over all shifts (Padfield, IEEE Trans. Image Process. 21 (2012) 2706), after
    turn and size from log-polar amplitude spectra where these are asked for.

    Parameters
    ----------
    fixed, moving
        (H, W) grey values, of any two sizes.
    fixed_mask, moving_mask
        True where the image counts; None: everywhere.
    turn
        Look for any turn and a size between 1 / MOST_SIZE and MOST_SIZE too.

    Raises
    ------
    ValueError
        If an image is not two-dimensional, not finite, flat, smaller than 16 px or masked altogether.
    """
    first, first_mask = _checked(fixed, fixed_mask, "fixed")
    second, second_mask = _checked(moving, moving_mask, "moving")
    poses = [(0.0, 1.0)]
    if turn:
        first_filled, second_filled = (_filled(*pair) for pair in ((first, first_mask), (second, second_mask)))
        for found in turn_and_size(first_filled, second_filled, 90.0, MOST_SIZE, 4):
            # Amplitudes do not tell half a turn from none.
            poses += [(-found.turn_deg, 1 / found.size), (180 - found.turn_deg, 1 / found.size)]
    trials = [_at_pose(first, first_mask, second, second_mask, *pose) for pose in poses]
    best = max(trials, key=lambda trial: trial.score)
    return _settled(first, first_mask, second, second_mask, best) if best.rotation_deg or best.scale != 1 else best


def _checked(image: npt.NDArray[Any], mask: Mask | None, name: str) -> tuple[FloatArray, Mask]:
    values = np.asarray(image, dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 16:
        raise ValueError(f"the {name} image must be (H, W) grey values of at least 16 px a side, it is {values.shape}")
    counted = np.ones(values.shape, bool) if mask is None else np.asarray(mask, dtype=bool)
    if counted.shape != values.shape:
        raise ValueError(f"the mask of the {name} image is {counted.shape} but the image {values.shape}")
    if not counted.any():
        raise ValueError(f"the {name} image is masked altogether")
    if not np.isfinite(values[counted]).all():
        raise ValueError(f"the {name} image has grey values that are not finite")
    if np.ptp(values[counted]) == 0:
        raise ValueError(f"the {name} image is flat: there is nothing to align")
    return np.where(counted, values, 0.0), counted


def _filled(values: FloatArray, mask: Mask) -> FloatArray:
    return np.where(mask, values, values[mask].mean())


def _posed(shape: tuple[int, ...], rotation_deg: float, scale: float) -> tuple[FloatArray, tuple[int, int]]:
    """(2, 3) of a turn and an enlargement onto a canvas that holds all of it, and the canvas's (H, W)."""
    angle = np.deg2rad(rotation_deg)
    linear = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    height, width = shape
    extent = np.abs(linear) @ np.array([width, height])
    size = int(np.ceil(extent[1])), int(np.ceil(extent[0]))
    centre, middle = np.array([(width - 1) / 2, (height - 1) / 2]), np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    return np.column_stack([linear, middle - linear @ centre]), size


def _at_pose(
    fixed: FloatArray, fixed_mask: Mask, moving: FloatArray, moving_mask: Mask, rotation_deg: float, scale: float
) -> ImageAlignment:
    if rotation_deg == 0 and scale == 1:
        pose, seen, seen_mask = np.eye(2, 3), moving, moving_mask
    else:
        pose, size = _posed(moving.shape, rotation_deg, scale)
        warped = cv2.warpAffine(_filled(moving, moving_mask), pose, size[::-1], flags=cv2.INTER_LINEAR)
        inside = cv2.warpAffine(moving_mask.astype(np.uint8), pose, size[::-1], flags=cv2.INTER_NEAREST) > 0
        seen_mask = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
        seen = np.where(seen_mask, warped, 0.0)
        if not seen_mask.any():
            seen_mask = inside
    likeness, zero = masked_correlation(fixed, fixed_mask, seen, seen_mask)
    tops = peaks(likeness.astype(np.float32), APART_PX, -1.0, 2)
    column, row = (int(value) for value in tops[0])
    score = float(likeness[row, column])
    second = float(likeness[tops[1][1], tops[1][0]]) if len(tops) > 1 else -1.0
    offset = np.array([column - zero[0], row - zero[1]], dtype=np.float64)
    matrix = pose.copy()
    matrix[:, 2] += offset
    return _named(matrix, fixed.shape, moving.shape, score, second)


def _named(
    matrix: FloatArray, fixed_shape: tuple[int, ...], moving_shape: tuple[int, ...], score: float, second: float
) -> ImageAlignment:
    linear = matrix[:, :2]
    centre = (np.array(moving_shape[::-1]) - 1) / 2
    shift = linear @ centre + matrix[:, 2] - (np.array(fixed_shape[::-1]) - 1) / 2
    return ImageAlignment(
        (float(shift[0]), float(shift[1])),
        float(np.rad2deg(np.arctan2(linear[0, 1], linear[0, 0]))),
        float(np.sqrt(abs(np.linalg.det(linear)))),
        matrix,
        score,
        second,
    )


def masked_correlation(
    fixed: FloatArray, fixed_mask: Mask, moving: FloatArray, moving_mask: Mask
) -> tuple[FloatArray, tuple[int, int]]:
    """Correlation coefficient over the pixels that both masks keep, for every shift of the moving image.

    Returns
    -------
    likeness
        One value per shift; -1 where fewer than LEAST_OVERLAP of the smaller mask's pixels meet.
    zero
        (column, row) of the shift nought, where both first pixels meet.
    """
    rows, columns = (a + b - 1 for a, b in zip(fixed.shape, moving.shape, strict=True))
    shape = fft.next_fast_len(rows, real=True), fft.next_fast_len(columns, real=True)
    # Free of the mean, else the sums of squares lose their digits.
    first = np.where(fixed_mask, fixed - fixed[fixed_mask].mean(), 0.0)
    second = np.where(moving_mask, moving - moving[moving_mask].mean(), 0.0)[::-1, ::-1]
    first_1, second_1 = fixed_mask.astype(np.float64), moving_mask[::-1, ::-1].astype(np.float64)
    own = [fft.rfft2(values, shape) for values in (first, first_1, first**2)]
    other = [fft.rfft2(values, shape) for values in (second, second_1, second**2)]

    def product(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> FloatArray:
        return np.asarray(fft.irfft2(a * b, shape)[:rows, :columns], dtype=np.float64)

    count = np.maximum(np.rint(product(own[1], other[1])), 0.0)
    safe = np.maximum(count, 1.0)
    sum_own, sum_other = product(own[0], other[1]), product(own[1], other[0])
    covariance = product(own[0], other[0]) - sum_own * sum_other / safe
    spread_own = product(own[2], other[1]) - sum_own**2 / safe
    spread_other = product(own[1], other[2]) - sum_other**2 / safe
    floor = 1e-3
    scatter = np.sqrt(
        np.maximum(spread_own, floor * float(spread_own.max())) * np.maximum(spread_other, floor * spread_other.max())
    )
    least = LEAST_OVERLAP * min(fixed_mask.sum(), moving_mask.sum())
    likeness = np.where(count >= least, np.clip(covariance / np.maximum(scatter, 1e-30), -1, 1), -1.0)
    return likeness, (moving.shape[1] - 1, moving.shape[0] - 1)


def _settled(
    fixed: FloatArray, fixed_mask: Mask, moving: FloatArray, moving_mask: Mask, start: ImageAlignment
) -> ImageAlignment:
    """Turn, size and shift by enhanced correlation from a start some pixels off; the start if that loses its way."""
    first, second = (_blurred(*pair) for pair in ((fixed, fixed_mask), (moving, moving_mask)))
    inverse = cv2.invertAffineTransform(start.matrix).astype(np.float32)
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, DESCENT_STEPS, 1e-6)
    try:
        score, found = cv2.findTransformECC(
            first, second, inverse, cv2.MOTION_AFFINE, ends, moving_mask.astype(np.uint8) * 255, 5
        )
    except cv2.error:
        return start
    matrix = np.asarray(cv2.invertAffineTransform(found), dtype=np.float64)
    # Turn and size only: the nearest similarity about the moving image's centre.
    linear = matrix[:, :2]
    along, across = (linear[0, 0] + linear[1, 1]) / 2, (linear[0, 1] - linear[1, 0]) / 2
    similar = np.array([[along, across], [-across, along]])
    centre = (np.array(moving.shape[::-1]) - 1) / 2
    settled = np.column_stack([similar, linear @ centre + matrix[:, 2] - similar @ centre])
    named = _named(settled, fixed.shape, moving.shape, max(float(score), start.score), start.second_score)
    turned = abs((named.rotation_deg - start.rotation_deg + 180) % 360 - 180)
    apart = np.hypot(*(np.array(named.shift_px) - np.array(start.shift_px)))
    return named if turned < 3 and abs(named.scale / start.scale - 1) < 0.05 and apart < 20 else start


def _blurred(values: FloatArray, mask: Mask) -> npt.NDArray[np.float32]:
    filled = _filled(values, mask).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), 1.0), dtype=np.float32)
