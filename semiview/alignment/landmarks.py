"""Registration from pairs of points that a person names on the design and on the image."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points
from semiview.core.registration import Registration, RegistrationClass, Transform, Trust, with_linear_nm

LEAST_SPREAD_PX = 5.0
HILL_PX = 3.0
LEAST_SHARE = 0.05  # of the longest extent: flatter triples of points do not hold an affine


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Pairs of a design point and the image point that shows it.

    Attributes
    ----------
    points_nm
        (N, 2) in design nm.
    points_px
        (N, 2) in image px.
    """

    points_nm: Points
    points_px: Points

    def __post_init__(self) -> None:
        if self.points_nm.shape != self.points_px.shape or self.points_nm.shape[1:] != (2,):
            raise ValueError(f"landmarks are pairs: {self.points_nm.shape} and {self.points_px.shape} do not match")
        if not (np.isfinite(self.points_nm).all() and np.isfinite(self.points_px).all()):
            raise ValueError("a landmark has a coordinate that is not finite")

    def __len__(self) -> int:
        return len(self.points_nm)

    def without(self, number: int) -> "Landmarks":
        """All pairs but one."""
        return Landmarks(np.delete(self.points_nm, number, axis=0), np.delete(self.points_px, number, axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkFit:
    """A registration from landmarks and how well each of them agrees.

    Attributes
    ----------
    registration
        With the verdict `manual`: a person vouches for it.
    residual_px
        (N, 2) where the image point lies less where the registration puts the design point.
    rms_nm
        Root mean square length of the residuals, nominal nm.
    left_out_px
        (N,) how far each pair lies from where all others put it; NaN where the others are too few for the transform.
    """

    registration: Registration
    residual_px: Points
    rms_nm: float
    left_out_px: npt.NDArray[np.float64]


def transform_of(count: int) -> Transform:
    """What so many pairs determine: one a shift, two a similarity, three and more an affine transform."""
    if count < 1:
        raise ValueError("at least one pair of landmarks is needed")
    if count == 1:
        return "shift"
    return "similarity" if count == 2 else "affine"


def fit_landmarks(nominal: Registration, landmarks: Landmarks, transform: Transform | None = None) -> LandmarkFit:
    """Least squares in image px.

    Parameters
    ----------
    nominal
        Gives the frame and, for a shift, size and angle.
    transform
        None: by the number of pairs; a simpler one than they determine may be asked for.

    Raises
    ------
    ValueError
        If the pairs do not determine the transform: too few, on one spot, in a row, or turning the design over.
    """
    most = transform_of(len(landmarks))
    order: tuple[Transform, ...] = ("shift", "similarity", "affine")
    chosen = most if transform is None else transform
    if order.index(chosen) > order.index(most):
        raise ValueError(f"{len(landmarks)} pairs do not determine a transform of the class {chosen}")
    registration = _fitted(nominal, landmarks, chosen)
    residual = landmarks.points_px - registration.to_px(landmarks.points_nm)
    rms_nm = float(np.sqrt(np.mean(np.sum(residual**2, axis=1)))) * nominal.frame.nm_per_px
    left_out = _left_out(nominal, landmarks, chosen)
    grounds = [f"{len(landmarks)} landmarks, residual {rms_nm:.2f} nm RMS"]
    if np.isfinite(left_out).any():
        worst = int(np.nanargmax(left_out))
        grounds.append(f"landmark {worst + 1} lies {left_out[worst]:.2f} px from where the others put it")
    else:
        grounds.append("no pair is spare: nothing checks these landmarks")
    trust = Trust("manual", _class(left_out), residual_nm=rms_nm, grounds=tuple(grounds))
    return LandmarkFit(replace(registration, method="landmarks", trust=trust), residual, rms_nm, left_out)


def _class(left_out: npt.NDArray[np.float64]) -> RegistrationClass | None:
    if not np.isfinite(left_out).any():
        return None
    worst = float(np.nanmax(left_out))
    return "subpixel" if worst < 1 else "few_pixel" if worst < 5 else "significant"


def _left_out(nominal: Registration, landmarks: Landmarks, transform: Transform) -> npt.NDArray[np.float64]:
    distance = np.full(len(landmarks), np.nan)
    least = {"shift": 1, "similarity": 2, "affine": 3}[transform]
    if len(landmarks) <= least:
        return distance
    for number in range(len(landmarks)):
        try:
            others = _fitted(nominal, landmarks.without(number), transform)
        except ValueError:
            continue
        away = landmarks.points_px[number] - others.to_px(landmarks.points_nm[number][None])[0]
        distance[number] = float(np.hypot(*away))
    return distance


def _fitted(nominal: Registration, landmarks: Landmarks, transform: Transform) -> Registration:
    # In nominal nm about the picture's centre, y up, with a mirror in the frame undone: the algebra of `linear_nm`.
    size = nominal.frame.nm_per_px
    mirror = np.diag([-1.0, 1.0]) if nominal.frame.mirrored else np.eye(2)
    source = (landmarks.points_nm - np.array(nominal.frame.centre_nm)) @ mirror
    target = (landmarks.points_px - np.array(nominal.frame.centre_px)) * np.array([size, -size])
    source_middle, target_middle = source.mean(axis=0), target.mean(axis=0)
    about, to = source - source_middle, target - target_middle
    if transform == "shift":
        linear = nominal.linear_nm() @ mirror
        kept = nominal.transform
    else:
        extent = np.linalg.svd(about, compute_uv=False)
        if extent[0] < LEAST_SPREAD_PX * size:
            raise ValueError("the landmarks lie on one spot: set them far apart")
        if transform == "affine":
            if extent[1] < LEAST_SHARE * extent[0]:
                raise ValueError("the landmarks lie in a row: set one of them aside of it, or fit a similarity")
            linear = np.linalg.lstsq(about, to, rcond=None)[0].T
        else:
            power = float(np.sum(about**2))
            along = float(np.sum(about * to)) / power
            across = float(np.sum(about[:, 0] * to[:, 1] - about[:, 1] * to[:, 0])) / power
            linear = np.array([[along, -across], [across, along]])
        kept = transform
    shift = target_middle - linear @ source_middle
    try:
        return with_linear_nm(nominal, linear @ mirror, (float(shift[0]), float(shift[1])), kept)
    except ValueError as problem:
        raise ValueError(
            "the landmarks turn the design over: check their order and whether the scan is mirrored"
        ) from (problem)


def snap_to_design(point_nm: npt.ArrayLike, outlines_nm: tuple[Points, ...], reach_nm: float) -> Points | None:
    """(2,) the corner within reach of a design point, else the nearest place on an edge within reach, else None."""
    point = np.asarray(point_nm, dtype=np.float64)
    near = [
        outline
        for outline in outlines_nm
        if (outline.min(axis=0) <= point + reach_nm).all() and (outline.max(axis=0) >= point - reach_nm).all()
    ]
    if not near:
        return None
    start = np.concatenate(near)
    corner = int(np.argmin(np.hypot(*(start - point).T)))
    if np.hypot(*(start[corner] - point)) <= reach_nm:
        found: Points = start[corner].copy()
        return found
    along = np.concatenate([np.roll(outline, -1, axis=0) for outline in near]) - start
    squared = np.maximum(np.sum(along**2, axis=1), 1e-12)
    share = np.clip(np.sum((point - start) * along, axis=1) / squared, 0, 1)
    feet: Points = start + share[:, None] * along
    distance = np.hypot(*(feet - point).T)
    best = int(np.argmin(distance))
    return feet[best].copy() if distance[best] <= reach_nm else None


def snap_to_image(point_px: npt.ArrayLike, pixels: npt.NDArray[np.generic], reach_px: float) -> Points | None:
    """(2,) the corner within reach of an image point, sub-pixel, else the steepest place of an edge, else None.

    A corner is where edges of two directions meet (Foerstner's operator): the point to which all slopes around it
    point. An edge is followed along the mean slope of the neighbourhood to its steepest place.
    """
    point = np.asarray(point_px, dtype=np.float64)
    height, width = pixels.shape
    half = int(np.ceil(reach_px)) + 6
    left, top = max(0, round(point[0]) - half), max(0, round(point[1]) - half)
    right, bottom = min(width, round(point[0]) + half + 1), min(height, round(point[1]) + half + 1)
    if right - left < 9 or bottom - top < 9:
        return None
    cut = np.asarray(pixels[top:bottom, left:right], dtype=np.float32)
    grey = np.asarray(cv2.GaussianBlur(cut, (0, 0), 1.5), dtype=np.float32)
    slope_u = cv2.Sobel(grey, cv2.CV_64F, 1, 0, scale=0.125)
    slope_v = cv2.Sobel(grey, cv2.CV_64F, 0, 1, scale=0.125)
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float64)
    # The image's own grain, so that empty ground has neither corner nor edge.
    grain = float(np.percentile(np.hypot(slope_u, slope_v), 25))
    spot = point
    for _ in range(6):
        weight = np.exp(-0.5 * ((columns - spot[0]) ** 2 + (rows - spot[1]) ** 2) / (0.5 * reach_px) ** 2)
        uu, uv, vv = (
            float(np.sum(weight * a * b)) for a, b in ((slope_u, slope_u), (slope_u, slope_v), (slope_v,) * 2)
        )
        matrix = np.array([[uu, uv], [uv, vv]])
        values, vectors = np.linalg.eigh(matrix)
        if values[1] < 4 * grain**2 * float(weight.sum()):
            return None
        if values[0] < 0.15 * values[1]:
            return _on_edge(grey, point - [left, top], vectors[:, 1], reach_px, np.array([left, top], dtype=np.float64))
        moment_u = float(np.sum(weight * (slope_u**2 * columns + slope_u * slope_v * rows)))
        moment_v = float(np.sum(weight * (slope_u * slope_v * columns + slope_v**2 * rows)))
        spot = np.linalg.solve(matrix, np.array([moment_u, moment_v]))
        if np.hypot(*(spot - point)) > reach_px:
            return None
    found: Points = spot
    return found


def _on_edge(
    grey: npt.NDArray[np.float32], place: Points, normal: Points, reach_px: float, origin: Points
) -> Points | None:
    """The steepest place within reach along the normal, sub-pixel."""
    step = 0.25
    along = np.arange(-reach_px, reach_px + step, step)
    u, v = (place[axis] + along * normal[axis] for axis in (0, 1))
    line = cv2.remap(grey, u[None].astype(np.float32), v[None].astype(np.float32), cv2.INTER_CUBIC)[0]
    slope = np.abs(np.gradient(line.astype(np.float64)))
    best = int(np.argmax(slope))
    if not 0 < best < len(slope) - 1:
        return None
    # The middle of the slope's hill: its very top moves with every grain.
    near = np.abs(along - along[best]) <= HILL_PX
    strength = slope[near] ** 2
    offset = float(np.sum(strength * along[near]) / np.sum(strength))
    found: Points = origin + place + offset * normal
    return found
