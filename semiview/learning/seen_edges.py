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
from semiview.learning.reading import read
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
STRIP_PX, LEAST_ROWS = 2**22, 64  # a large picture is looked at in strips, to save memory

ALL = slice(None)

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def seen_edges(probability: Plane, picture: Plane) -> tuple[Points, Flags]:
    """The points of the half contours of a probability (H, W), and which of them the picture (H, W) shows.

    Stretches along the picture's border are left out.
    """
    points, shown = _shown_in_strips(probability, picture)
    return points, shown > LEAST_STEP


def share_and_step(probability: Plane, picture: Plane) -> tuple[float, float]:
    """Which share of the contours of a probability (H, W) its picture (H, W) shows, and the median step across those.

    The step is in standard deviations of the noise. Both are 0 where there is no contour.
    """
    _, shown = _shown_in_strips(probability, picture)
    seen = shown[shown > LEAST_STEP]
    return (len(seen) / len(shown), float(np.median(seen))) if len(seen) else (0.0, 0.0)


def _shown_in_strips(probability: Plane, picture: Plane) -> tuple[Points, Values]:
    """As `_shown`, of a picture of any size; positive where the material is as bright or dark as most of it."""
    height, width = probability.shape
    rows = max(STRIP_PX // width, LEAST_ROWS)
    places, steps = [], []
    for top in range(0, height, rows):
        place, step = _shown(probability[top : top + rows], picture[top : top + rows])
        places.append(place + np.array([0, top]))
        steps.append(step)
    points, shown = np.concatenate(places), np.concatenate(steps)
    # Most detectors show a bright rim; where material is dark, all of a picture's steps are turned round.
    return points, shown * np.sign(shown.sum())


def _shown(probability: Plane, picture: Plane) -> tuple[Points, Values]:
    """The points of the half contours that are not on the border, and the mean step along the contour there."""
    outlines = half_contours(probability)
    if not outlines:
        return np.empty((0, 2)), np.empty(0)
    points = np.concatenate(outlines)
    inside = ~on_border(points, probability.shape)
    step = np.where(inside, _steps(points, following_point(outlines), picture), 0)
    mean, begin = np.empty(len(points)), 0
    for outline in outlines:
        here = slice(begin, begin + len(outline))
        side = min(ALONG, len(outline))
        total, share = (ndimage.uniform_filter1d(of[here] * 1.0, side, mode="wrap") for of in (step, inside))
        mean[here] = total / np.maximum(share, 1 / ALONG)
        begin += len(outline)
    return points[inside], mean[inside]


def _steps(points: Points, following: npt.NDArray[np.int64], picture: Plane) -> Values:
    """(N,) how much brighter the picture is inside a contour than outside, in standard deviations of its noise."""
    fine = np.abs(picture - cv2.GaussianBlur(picture, (0, 0), FINE_PX))
    noise = cv2.blur(fine, (NOISE_SIDE_PX, NOISE_SIDE_PX)) / FINE_SHARE
    inwards = inward(points, following)
    sides = [read(picture, points + px * inwards) - read(picture, points - px * inwards) for px in SIDES_PX]
    step: Values = np.mean(sides, axis=0) / np.maximum(read(noise, points), LEAST_NOISE)
    return step


def inward(points: Points, following: npt.NDArray[np.int64], there: npt.NDArray[np.int64] | slice = ALL) -> Points:
    """(N, 2) unit vectors into the material at points of closed outlines, see `following_point`; at all, or `there`."""
    before = np.empty_like(following)
    before[following] = np.arange(len(following))
    along = points[following[there]] - points[before[there]]
    along /= np.maximum(np.hypot(*along.T), np.finfo(float).tiny)[:, None]
    return np.column_stack([along[:, 1], -along[:, 0]])  # inside is on the left as seen on the screen
