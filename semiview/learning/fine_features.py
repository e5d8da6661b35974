"""Features a few pixels wide are looked at enlarged: a network errs by a share of what is one pixel to it.

Enlarging adds nothing to a picture and takes nothing from it; the answer comes back on the picture's own pixels. But
enlarged noise looks like features: the second look counts in clear pictures, or where the first one went wrong and drew
edges that the picture does not show. Training is shown the same, so that a network learns what it will be asked.
"""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from semiview.learning.far_from_edges import settled
from semiview.learning.samples import Plane, Sample
from semiview.learning.seen_edges import share_and_step

ENLARGED = 2
FINE_PX = 7.0  # a line or a gap less wide is fine
LEAST_SHARE = 0.25  # of the contours, to enlarge for
MOSTLY_SEEN = 0.9  # of the contours: with less, a look went wrong
CLEAR_STEP, NOISY_STEP = 5.0, 1.2  # grey steps across contours, in deviations of the noise
CORNER = 1.5  # a corner lies so many half widths from the next place that is wide; the square root of 2 and some more

Flags = npt.NDArray[np.bool_]


def settled_at_its_scale(values: Plane, answer: Callable[[int], Plane]) -> tuple[Plane, int]:
    """What a network says of a picture (H, W) on the training scale, settled as in `far_from_edges`, and its factor.

    `answer` is what it says when the picture is enlarged by a factor, (H, W) again.
    """
    said = settled(answer(1), values)
    if is_fine(said):
        share, step = share_and_step(said, values)
        wrong = share < MOSTLY_SEEN and step >= NOISY_STEP
        if wrong or step >= CLEAR_STEP:
            closer = settled(answer(ENLARGED), values)
            if wrong or share_and_step(closer, values)[0] >= MOSTLY_SEEN:
                return closer, ENLARGED
    return said, 1


def enlarging(look: Callable[[Plane], Plane], factor: int) -> Callable[[Plane], Plane]:
    """Looks at pictures enlarged by a factor; the answers are on their own pixels."""
    return look if factor == 1 else lambda part: reduced(look(enlarged(part, factor)), factor)


def is_fine(share: Plane) -> bool:
    """True if enough of the contours of a share of material (H, W) in [0, 1] bound a line or a gap of few pixels."""
    inside = share >= 0.5
    return max(_share_of_fine_edges(inside), _share_of_fine_edges(~inside)) > LEAST_SHARE


def at_its_scale(sample: Sample) -> Sample:
    """A sample as a network is shown it in training: enlarged if the approved shape is fine."""
    if not is_fine(sample.target):
        return sample
    factor = ENLARGED
    return replace(
        sample,
        pixels=enlarged(sample.pixels, factor),
        target=np.clip(enlarged(sample.target, factor), 0, 1),
        weight=sample.weight.repeat(factor, axis=0).repeat(factor, axis=1),
        nm_per_px=(sample.nm_per_px[0] / factor, sample.nm_per_px[1] / factor),
    )


def enlarged(plane: Plane, factor: int) -> Plane:
    """(H, W) to (factor H, factor W), cubic: half contours stay where they are within 0.005 px."""
    height, width = plane.shape
    return np.asarray(cv2.resize(plane, (factor * width, factor * height), interpolation=cv2.INTER_CUBIC), np.float32)


def reduced(plane: Plane, factor: int) -> Plane:
    """(factor H, factor W) to (H, W): means, as a share of material is the mean of its pixel's parts."""
    height, width = plane.shape
    parts = plane.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(parts.mean(axis=(1, 3)), np.float32)


def _share_of_fine_edges(inside: Flags) -> float:
    """How much of the inner edge of a mask (H, W) belongs to places less than FINE_PX wide."""
    depth = _distance(inside)  # in a line of w px up to w / 2, rounded up
    edge = inside & (cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    if not edge.any():
        return 0.0
    half = FINE_PX / 2
    from_wide = _distance(depth < half)
    return float((from_wide[edge] > CORNER * half).mean())


def _distance(there: Flags) -> Plane:
    """(H, W) px to the nearest pixel that is False; far where there is none."""
    if there.all():
        return np.full(there.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform(there.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
