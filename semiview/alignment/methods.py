"""The ways to find a first place for the design, one interface: candidates that the fine stage then weighs."""

from collections.abc import Callable
from itertools import product
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from semiview.alignment.coarse import CANDIDATES, CoarseSearch, Matrix, Placement, turned
from semiview.alignment.correlation import FloatImage
from semiview.alignment.fourier import phase_shifts, turn_and_size
from semiview.core.registration import Transform

MOST_TURN_DEG = 3.5
MOST_SIZE = 1.045
KEYPOINTS = 3000
RATIO = 0.85  # a descriptor's best match over its second best
LEAST_INLIERS = 8
BITS = cv2.NORM_HAMMING

Finder = Callable[[CoarseSearch, Transform], list[Placement]]


def by_correlation(search: CoarseSearch, transform: Transform) -> list[Placement]:
    """Normalised cross-correlation over shift, angle and size."""
    return search.candidates(transform)


def by_phase(search: CoarseSearch, transform: Transform) -> list[Placement]:
    """Angle and size from log-polar amplitude spectra, the shift from phase correlation."""
    binning = search.search_binning
    image, drawings = _pictures(search, binning)
    linears: list[Matrix] = [np.eye(2)]
    if transform != "shift":
        for drawing in drawings:
            found = turn_and_size(drawing, image, MOST_TURN_DEG, MOST_SIZE, 4)
            linears += [turned(each.turn_deg, each.size - 1, 0.0) for each in found]
    reach_u, reach_v = (reach // binning + 1 for reach in search.reach_px)
    places = []
    for linear, drawing in product(linears, drawings):
        seen = _seen_through(image, linear)
        for shift, height in phase_shifts(drawing, seen, (reach_u, reach_v), 2, True):
            # The image unturned shows the drawing moved by `shift`; the image itself, by linear @ shift.
            moved = search.to_picture(linear, binning, linear @ shift)
            places.append(Placement(linear, moved, height, True))
    places.sort(key=lambda place: -place.score)
    distinct: list[Placement] = []
    for place in places:
        if all(np.abs(place.shift_px - other.shift_px).max() > 3 * binning for other in distinct):
            distinct.append(place)
    return distinct[:CANDIDATES]


def by_features(search: CoarseSearch, transform: Transform) -> list[Placement]:
    """Keypoints of the image's and the formed design's edges, matched, and RANSAC over the matches.

    SIFT, ORB, and AKAZE where OpenCV has it.
    """
    binning = max(1, search.search_binning // 2)
    image, drawings = _pictures(search, binning)
    places = []
    detectors: list[tuple[Any, int]] = [(cv2.SIFT.create(KEYPOINTS), cv2.NORM_L2), (cv2.ORB.create(KEYPOINTS), BITS)]
    if hasattr(cv2, "AKAZE_create"):  # OpenCV 5 left it out
        detectors.append((cv2.AKAZE_create(), BITS))
    for detector, norm in detectors:
        keys, descriptors = detector.detectAndCompute(_edge_picture(image), None)
        if descriptors is None or len(keys) < LEAST_INLIERS:
            continue
        drawn, drawn_descriptors = detector.detectAndCompute(_edge_picture(drawings[0]), None)
        if drawn_descriptors is None or len(drawn) < LEAST_INLIERS:
            continue
        pairs = cv2.BFMatcher(norm).knnMatch(drawn_descriptors, descriptors, k=2)
        good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
        if len(good) < LEAST_INLIERS:
            continue
        source = np.array([drawn[match.queryIdx].pt for match in good], dtype=np.float64)
        target = np.array([keys[match.trainIdx].pt for match in good], dtype=np.float64)
        place = _agreed(search, binning, source, target, transform)
        if place is not None:
            places.append(place)
    return sorted(places, key=lambda place: -place.score)


FINDERS: dict[str, Finder] = {"ncc": by_correlation, "phase": by_phase, "features": by_features}


def _agreed(
    search: CoarseSearch,
    binning: int,
    source: npt.NDArray[np.float64],
    target: npt.NDArray[np.float64],
    transform: Transform,
) -> Placement | None:
    """The transform that most matches share, if it lies within what stage and scan may err by."""
    cv2.setRNGSeed(0)
    found: tuple[Any, Any] = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=3.0, maxIters=5000, confidence=0.999
    )
    matrix, inliers = found
    if matrix is None or int(inliers.sum()) < LEAST_INLIERS:
        return None
    linear = np.asarray(matrix[:, :2], dtype=np.float64)
    size = float(np.sqrt(np.linalg.det(linear)))
    turn = abs(float(np.rad2deg(np.arctan2(linear[0, 1], linear[0, 0]))))
    if turn > MOST_TURN_DEG or not 1 / MOST_SIZE < size < MOST_SIZE:
        return None
    if transform == "shift":
        kept = inliers.ravel() > 0
        linear, shift = np.eye(2), np.median(target[kept] - source[kept], axis=0)
    else:
        height, width = search.level(binning)[0].shape
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        shift = matrix[:, 2] + linear @ middle - middle
    moved = search.to_picture(linear, binning, shift)
    if (np.abs(moved) > 1.2 * np.array(search.reach_px) + 2 * binning).any():
        return None
    return Placement(linear, moved, float(inliers.sum()), True)


def _pictures(search: CoarseSearch, binning: int) -> tuple[FloatImage, tuple[FloatImage, FloatImage]]:
    """The level's image, and on its grid the design's coverage and edges."""
    image, design = search.level(binning)
    left, top = (-origin for origin in design.origin_px)
    height, width = image.shape
    window = (slice(top, top + height), slice(left, left + width))
    return image, (design.coverage[window], design.edges[window])


def _seen_through(image: FloatImage, linear: Matrix) -> FloatImage:
    """The image with a turn and a size about its middle taken back."""
    height, width = image.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack([linear, middle - linear @ middle])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=flags), dtype=np.float32)


def _edge_picture(picture: FloatImage) -> npt.NDArray[np.uint8]:
    """Steepness as 8 bit: alike for bright and dark material."""
    slope = cv2.magnitude(cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1))
    top = max(float(np.percentile(slope, 99)), 1e-9)
    grey: npt.NDArray[np.uint8] = np.clip(np.asarray(slope) / top * 255, 0, 255).astype(np.uint8)
    return grey
