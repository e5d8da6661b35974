"""What was printed in the openEBL pictures, corrected as an engineer would: the same every time.

Where the registered design says material and ground should be, the picture's own two levels are read, at shrinking
scales and from the pixels that agree with both; between them lies the shape, whose edges the contour search then
refines. So holes that never opened are material, fused lines are one, washed-away islands are ground. Tones between
the two levels are debris or charging and are ignored; what remains to be said by hand stands in a list beside this
file.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.core.case import Case
from semiview.core.document import MeasureSettings
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.metrology.contour import half_contours, outline_seeds, sem_contours
from semiview.tasks.decide import design_raster

HAND_LIST = Path(__file__).with_name("openebl_corrections.toml")
SCALES_PX = (96.0, 48.0, 24.0)
SMOOTHING_PX = 1.2
CLEAR_PX = 3  # levels are read so far from drawn edges
LEAST_SHARE = 1e-3  # of a level's window that must be of its kind
DARK_SHARE = 0.6  # ground is darker than so much of the material about it
UNSURE = (0.25, 0.62)  # tones, 0 ground, 1 material, that are neither where they cover more than an edge's slope
SLOPE_PX = 9
SPECK_PX = 16
LEAST_CONTRAST = 0.5  # of that about, on a wider scale
DEBRIS_TONE, DEBRIS_PX, DEBRIS_MARGIN_PX = 0.12, 5, 12
BESIDE_PX = 5
REACH_PX = 6.0
AGREEING_PX = 2

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Polygons = Sequence[Sequence[Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Hand:
    """What is said by hand of one case: polygons in px that are material, ground or ignored, laid on in this order.

    Attributes
    ----------
    debris
        Where fallen pieces lie about: what is not dark there, and nothing is drawn, is ignored.
    nm_per_px
        The true pixel size where the list of cases is wrong; NaN elsewhere.
    """

    why: str = ""
    nm_per_px: float = float("nan")
    debris: Polygons = ()
    inside: Polygons = ()
    outside: Polygons = ()
    ignore: Polygons = ()


def by_hand() -> dict[str, Hand]:
    """The list of hand corrections, by case."""
    entries: dict[str, Any] = tomllib.loads(HAND_LIST.read_text())
    return {case_id: Hand(**entry) for case_id, entry in entries.items()}


def printed_shape(case: Case, registration: Registration, hand: Hand) -> tuple[npt.NDArray[np.uint8], Mask]:
    """Share (H, W) of standing material, 0 to 255, and the region (H, W) in which nobody can say."""
    drawn = design_raster(case, registration)
    if drawn is None:
        raise ValueError(f"{case.case_id} has no registered design")
    tone, known = tones(case.sem.pixels, drawn)
    mask = without_specks((tone > 0.5) & known)
    contours = sem_contours(case.sem, outline_seeds(half_contours(mask.astype(np.float32)), 20), MeasureSettings(),
                            REACH_PX)  # fmt: skip
    share = coverage(contours.outlines, mask.shape)
    # Where an outline leaves the picture or jumps a gap it cuts corners; only what lies by an edge is then unsure.
    astray = grown(opened((share >= 0.5) != mask, AGREEING_PX), BESIDE_PX)
    share = np.where(astray, mask, share)
    ignored = astray & grown(edge_pixels(mask), BESIDE_PX)
    unsure = (tone > UNSURE[0]) & (tone < UNSURE[1]) & known
    ignored |= grown(opened(unsure, SLOPE_PX), SLOPE_PX)
    fallen = (tone > DEBRIS_TONE) & ~grown(drawn >= 128, BESIDE_PX) & filled(hand.debris, mask.shape)
    ignored |= grown(opened(fallen, DEBRIS_PX), DEBRIS_MARGIN_PX)
    for polygons, value in ((hand.inside, 1.0), (hand.outside, 0.0)):
        region = filled(polygons, mask.shape)
        share, ignored = np.where(region, value, share), ignored & ~region
    ignored |= filled(hand.ignore, mask.shape)
    return np.rint(share * 255).astype(np.uint8), ignored


def tones(pixels: npt.NDArray[Any], drawn: npt.NDArray[np.uint8]) -> tuple[Plane, Mask]:
    """(H, W) grey value between the levels of the ground (0) and the material (1) about it; where both are known.

    Far from all drawn material everything is ground, however bright.
    """
    values = ndimage.gaussian_filter(pixels.astype(np.float32), SMOOTHING_PX)
    material = ndimage.binary_erosion(drawn >= 128, iterations=CLEAR_PX)
    thin = (drawn >= 128) & ~grown(material, CLEAR_PX + 2)
    material |= thin & (drawn == 255)
    ground = ndimage.binary_erosion(drawn < 128, iterations=CLEAR_PX, border_value=1)
    agreeing: Mask | None = None
    tone, contrast, known = np.zeros_like(values), np.zeros_like(values), np.zeros(values.shape, bool)
    for scale_px in SCALES_PX:
        bright, bright_share = local_mean(values, material if agreeing is None else material & agreeing, scale_px)
        dark_of = ground & (values < DARK_SHARE * bright) if agreeing is None else ground & ~agreeing
        dark, dark_share = local_mean(values, dark_of, scale_px)
        seen = (bright_share > LEAST_SHARE) & (dark_share > LEAST_SHARE) & (bright - dark > LEAST_CONTRAST * contrast)
        contrast = np.where(seen, bright - dark, contrast)
        fresh = (values - dark) / np.where(seen, bright - dark, 1)
        tone = np.where(seen, fresh, tone)
        # Deep in material no ground is near, and the other way round: the wider window's answer stands.
        known |= seen
        agreeing = tone > 0.5
    near = (ndimage.distance_transform_edt(drawn < 128) < SCALES_PX[-1]) | ndimage.binary_fill_holes(drawn >= 128)
    return tone.astype(np.float32), known & near


def local_mean(values: Plane, where: Mask, scale_px: float) -> tuple[Plane, Plane]:
    """Gaussian mean (H, W) of the values where a mask holds, and the mask's share."""
    shrink = max(int(scale_px // 12), 1)  # a wide mean needs no fine grid
    weight = where.astype(np.float32)
    size = (-(-values.shape[1] // shrink), -(-values.shape[0] // shrink))
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (values * weight, weight)]
    summed, share = (ndimage.gaussian_filter(plane, scale_px / shrink) for plane in small)
    mean = summed / np.maximum(share, 1e-6)
    whole = (values.shape[1], values.shape[0])
    grown_back = (cv2.resize(plane, whole, interpolation=cv2.INTER_LINEAR) for plane in (mean, share))
    first, second = grown_back
    return np.asarray(first, np.float32), np.asarray(second, np.float32)


def without_specks(mask: Mask) -> Mask:
    """Without islands and holes of a few pixels, which are noise."""
    result = mask
    for turned in (False, True):
        labels, _ = ndimage.label(result != turned)
        small = np.bincount(labels.ravel()) < SPECK_PX
        small[0] = False
        result = result ^ small[labels]
    return result


def edge_pixels(mask: Mask) -> Mask:
    """(H, W) True beside an edge; the picture's border is none."""
    near = np.ones((3, 3), np.uint8)
    plane = mask.astype(np.uint8)
    result: Mask = cv2.dilate(plane, near) != cv2.erode(plane, near)
    return result


def opened(mask: Mask, side_px: int) -> Mask:
    """Without what is thinner than a square of this side."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((side_px, side_px), np.uint8)) > 0


def grown(mask: Mask, by_px: int) -> Mask:
    """With a margin all round."""
    side = 2 * by_px + 1
    return cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0


def filled(polygons: Polygons, shape: tuple[int, ...]) -> Mask:
    """(H, W) True inside any of the polygons."""
    result = np.zeros(shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(result, [np.rint(np.array(polygon)).astype(np.int32)], 1)
    return result > 0
