"""Which contours of a prediction its picture shows: where a network guesses, it draws edges that nobody can see.

Across a contour the grey steps from the rim of the material to the ground before it. The step is averaged along the
contour and compared with the picture's own noise beside it, so that a faint edge in a quiet picture counts and a strong
one in a noisy picture too.
"""

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.core.outline import Points
from semiview.learning.samples import Plane
from semiview.metrology.contour import half_contours, on_border
from semiview.metrology.crossing import following_point

SIDES_PX = (1.0, 2.0, 3.0)  # from the contour, to either side: where the grey is read
ALONG = 41  # points of a contour over which the step is averaged, about as many px
LEAST_STEP = 0.6  # of the noise's standard deviation
FINE_PX = 1.5  # what a Gaussian of this sigma takes away is noise ...
FINE_SHARE = 0.75  # ... of which the mean absolute value is this share of the standard deviation
NOISE_SIDE_PX = 31
LEAST_NOISE = 1e-6

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def seen_edges(probability: Plane, picture: Plane) -> tuple[Points, Flags]:
    """The points of the half contours of a probability (H, W), and which of them the picture (H, W) shows.

    Stretches along the picture's border are left out.
    """
    outlines = half_contours(probability)
    if not outlines:
        return np.empty((0, 2)), np.empty(0, dtype=bool)
    points = np.concatenate(outlines)
    step = _steps(points, following_point(outlines), picture)
    counted = ~on_border(points, probability.shape)
    begin = 0
    shown = np.zeros(len(points))
    for outline in outlines:
        here = slice(begin, begin + len(outline))
        side = min(ALONG, len(outline))
        total, count = (
            ndimage.uniform_filter1d(values[here], side, mode="wrap") for values in (step * counted, counted * 1.0)
        )
        shown[here] = total / np.maximum(count, 1 / ALONG)
        begin += len(outline)
    # Most detectors show a bright rim; where material is dark, all of a picture's steps are turned round.
    seen = shown * np.sign(shown[counted].sum()) > LEAST_STEP
    return points[counted], seen[counted]


def _steps(points: Points, following: npt.NDArray[np.int64], picture: Plane) -> Values:
    """(N,) how much brighter the picture is inside a contour than outside, in standard deviations of its noise."""
    before = np.empty_like(following)
    before[following] = np.arange(len(following))
    along = points[following] - points[before]
    along /= np.maximum(np.hypot(*along.T), np.finfo(float).tiny)[:, None]
    inward = np.column_stack([along[:, 1], -along[:, 0]])  # inside is on the left as seen on the screen
    fine = np.abs(picture - cv2.GaussianBlur(picture, (0, 0), FINE_PX))
    noise = cv2.blur(fine, (NOISE_SIDE_PX, NOISE_SIDE_PX)) / FINE_SHARE
    sides = [_read(picture, points + px * inward) - _read(picture, points - px * inward) for px in SIDES_PX]
    step: Values = np.mean(sides, axis=0) / np.maximum(_read(noise, points), LEAST_NOISE)
    return step


def _read(plane: Plane, points: Points) -> Values:
    values: Values = ndimage.map_coordinates(plane, points.T[::-1], np.float64, order=1, mode="nearest")
    return values
