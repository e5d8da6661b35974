"""Coarse registration: correlation over stage error, pixel size and rotation, then descent on coarse levels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from semiview.alignment.correlation import Correlator, FloatImage, FormedDesign, form_design, level_image, peaks
from semiview.core.design import Design
from semiview.core.outline import Points
from semiview.core.registration import Registration, Transform, with_linear_nm

Matrix = npt.NDArray[np.float64]

SEARCH_WIDTH_PX = 256  # the longer side of the level that is searched
WINDOW_SHARE = 0.9  # of the picture that is correlated, so that turned and scaled windows stay within it
ROTATIONS_DEG = (0.0, -1.2, 1.2, -2.4, 2.4)
SIZES = (0.0, -0.015, 0.015, -0.03, 0.03)
ASPECTS = (-0.02, 0.02)
CANDIDATES = 4
SETTLED_PX = 0.1  # a smaller step on a level ends the descent there
HOPELESS = 0.6  # of the best score so far
PRIOR_LINEAR = 0.02  # one sigma of a matrix element of the pixel-size and rotation error


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """A place for the design: `p' = centre + linear (p - centre) + shift_px`, p by the nominal registration.

    Everything in px of the full image. `bright`: the drawn polygons are the brighter side.
    """

    linear: Matrix
    shift_px: Points
    score: float
    bright: bool

    @classmethod
    def of_registration(cls, registration: Registration, nominal: Registration) -> "Placement":
        """The inverse of `to_registration`; of no score."""
        flip = np.diag([1.0, -1.0])
        linear = flip @ registration.linear_nm() @ np.linalg.inv(nominal.linear_nm()) @ flip
        before, after = (flip @ np.array([each.shift_x_nm, each.shift_y_nm]) for each in (nominal, registration))
        return cls(linear, (after - linear @ before) / nominal.frame.nm_per_px, 0.0, True)

    def to_registration(self, nominal: Registration, transform: Transform) -> Registration:
        """The total registration in the nominal frame."""
        flip = np.diag([1.0, -1.0])
        size = nominal.frame.nm_per_px
        linear_nm = flip @ self.linear @ flip @ nominal.linear_nm()
        before = np.array([nominal.shift_x_nm, nominal.shift_y_nm])
        shift = flip @ self.linear @ flip @ before + size * (flip @ self.shift_px)
        return with_linear_nm(nominal, linear_nm, (float(shift[0]), float(shift[1])), transform)


def stage_error_px(shape: tuple[int, int], nm_per_px: float) -> tuple[int, int]:
    """How far the stage may be off along u and v: the smaller of 10 um and 20 % of the field."""
    height, width = shape
    return int(min(0.2 * width, 10_000 / nm_per_px)), int(min(0.2 * height, 10_000 / nm_per_px))


class PlacedDesign:
    """A design's outlines in px of the full image, and its rasters on the levels, each made once.

    The same object serves every alignment of a field, since its nominal registration never changes.
    """

    def __init__(self, outlines_px: tuple[Points, ...]) -> None:
        self.outlines_px = outlines_px
        self._formed: dict[tuple[tuple[int, int], int, tuple[int, int]], FormedDesign] = {}

    def formed(self, shape: tuple[int, int], binning: int, margin_px: tuple[int, int]) -> FormedDesign:
        """As `form_design` makes it."""
        key = (shape, binning, margin_px)
        if key not in self._formed:
            self._formed[key] = form_design(self.outlines_px, shape, binning, margin_px)
        return self._formed[key]


@lru_cache(maxsize=4)
def placed_design(design: Design, nominal: Registration) -> PlacedDesign:
    """What may be aligned of a design under the nominal registration."""
    return PlacedDesign(nominal.outlines_to_px(design.alignable))


class CoarseSearch:
    """One field's levels of image and design, both under the nominal registration.

    Parameters
    ----------
    pixels
        (H, W) grey values.
    design
        Under the nominal registration.
    nm_per_px
        Nominal pixel size, for the stage error.
    ignored
        (H, W) True where the image must not be looked at.
    """

    def __init__(
        self,
        pixels: npt.NDArray[Any],
        design: PlacedDesign,
        nm_per_px: float,
        ignored: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.pixels = pixels
        self._ignored = ignored
        self._design = design
        self.shape: tuple[int, int] = (pixels.shape[0], pixels.shape[1])
        self.reach_px = stage_error_px(self.shape, nm_per_px)
        self.search_binning = max(1, round(max(self.shape) / SEARCH_WIDTH_PX))
        self._levels: dict[int, tuple[FloatImage, FormedDesign]] = {}
        self._correlators: dict[int, Correlator] = {}

    def level(self, binning: int) -> tuple[FloatImage, FormedDesign]:
        """Image and formed design of a level, made once."""
        if binning not in self._levels:
            image = level_image(self.pixels, binning, self._ignored)
            # Beyond the stage error, what 3 % of size and 3 degrees bring in at the corners.
            slack = 0.05 * max(self.shape)
            margin = int((self.reach_px[0] + slack) / binning), int((self.reach_px[1] + slack) / binning)
            shape = (image.shape[0], image.shape[1])
            self._levels[binning] = image, self._design.formed(shape, binning, margin)
        return self._levels[binning]

    def candidates(self, transform: Transform) -> list[Placement]:
        """The best places of the search level, no two alike, best first; for a shift only nominal size and angle."""
        binning = self.search_binning
        if transform == "shift":
            return self.places(np.eye(2), binning, CANDIDATES)
        found = [
            place
            for turn, size in product(ROTATIONS_DEG, SIZES)
            for place in self.places(turned(turn, size, 0.0), binning, CANDIDATES)
        ]
        best = max(found, key=lambda place: place.score, default=None)
        if best is not None:
            turn = float(np.rad2deg(np.arctan2(best.linear[0, 1], best.linear[0, 0])))
            size = float(np.sqrt(np.linalg.det(best.linear))) - 1
            for aspect in ASPECTS:
                found += self.places(turned(turn, size, aspect), binning, CANDIDATES)
        apart = 3 * binning
        distinct: list[Placement] = []
        for place in sorted(found, key=lambda place: -place.score):
            if all(np.abs(place.shift_px - other.shift_px).max() > apart for other in distinct):
                distinct.append(place)
            if len(distinct) == CANDIDATES:
                break
        return distinct

    def places(self, linear: Matrix, binning: int, count: int) -> list[Placement]:
        """Peaks of the correlation over the stage error under one linear part, best first."""
        image, design = self.level(binning)
        height, width = image.shape
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        matrix = np.column_stack([linear, middle - linear @ middle])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        # Design-shaped image: the window at p shows the image at linear (p - centre) + centre.
        warped = cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
        seen = np.asarray(warped, dtype=np.float32)
        rows, columns = int(WINDOW_SHARE * height), int(WINDOW_SHARE * width)
        top, left = (height - rows) // 2, (width - columns) // 2
        if binning not in self._correlators:
            self._correlators[binning] = Correlator(design, (rows, columns))
        scores = self._correlators[binning].correlate(seen[top : top + rows, left : left + columns], (left, top))
        zero_u, zero_v = scores.zero
        reach_u, reach_v = (reach // binning + 1 for reach in self.reach_px)
        u0, v0 = max(0, zero_u - reach_u), max(0, zero_v - reach_v)
        within = (slice(v0, zero_v + reach_v + 1), slice(u0, zero_u + reach_u + 1))
        best = scores.best[within]
        found = []
        for column, row in peaks(best, 3, 0.0, count):
            # The window matches the design at p + d, so the design's p lies at linear (p - d) in the image.
            offset = np.array([column + u0 - zero_u, row + v0 - zero_v], dtype=np.float64)
            bright = bool(scores.bright[within][row, column] >= scores.dark[within][row, column])
            shift = self.to_picture(linear, binning, -(linear @ offset))
            found.append(Placement(linear, shift, float(best[row, column]), bright))
        return found

    def _off_centre(self, binning: int) -> Points:
        """The level's centre less the picture's, px: not nought where the size does not divide."""
        height, width = self.level(binning)[0].shape
        level_middle = binning * np.array([width - 1, height - 1]) / 2 + (binning - 1) / 2
        result: Points = level_middle - np.array([self.shape[1] - 1, self.shape[0] - 1]) / 2
        return result

    def to_picture(self, linear: Matrix, binning: int, shift: Points) -> Points:
        """A shift in px of a level as the same shift in px of the full image."""
        result: Points = shift * binning - (linear - np.eye(2)) @ self._off_centre(binning)
        return result

    def _to_level(self, linear: Matrix, binning: int, shift_px: Points) -> Points:
        result: Points = (shift_px + (linear - np.eye(2)) @ self._off_centre(binning)) / binning
        return result

    def score(self, place: Placement) -> float:
        """R of a place on the search level, over the common area."""
        image, design = self.level(self.search_binning)
        shift = self._to_level(place.linear, self.search_binning, place.shift_px)
        return WindowFit.of(image, design, place.linear, shift).score

    def descend(self, start: Placement, binning: int, free: npt.NDArray[np.bool_], steps: int) -> Placement:
        """Gauss-Newton on one level from `start`; the score never falls."""
        image, design = self.level(binning)
        height, width = image.shape
        half = np.hypot(height, width) / 2
        linear, shift = start.linear.copy(), self._to_level(start.linear, binning, start.shift_px)
        fit = WindowFit.of(image, design, linear, shift)
        damping = 1.0
        for _ in range(steps):
            step = damping * fit.step(free, linear, half)
            trial_linear, trial_shift = linear + step[:4].reshape(2, 2), shift + step[4:]
            trial = WindowFit.of(image, design, trial_linear, trial_shift)
            if trial.score <= fit.score:
                damping /= 3
                if damping < 0.1:
                    break
                continue
            moved = np.abs(step[:4]).sum() * half + np.abs(step[4:]).sum()
            linear, shift, fit, damping = trial_linear, trial_shift, trial, min(1.0, damping * 2)
            if moved < SETTLED_PX:
                break
        return Placement(linear, self.to_picture(linear, binning, shift), fit.score, bool(fit.coefficients[1] >= 0))


def turned(rotation_deg: float, size: float, aspect: float) -> Matrix:
    """A picture turned counter-clockwise as seen, enlarged, and wider than high."""
    angle = np.deg2rad(rotation_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    linear: Matrix = (1 + size) * turn @ np.diag([1 + aspect / 2, 1 - aspect / 2])
    return linear


def free_parameters(transform: Transform) -> npt.NDArray[np.bool_]:
    """Which of (xx, xy, yx, yy, u, v) the descent may change; a similarity descends as affine and is made one after."""
    linear = transform != "shift"
    return np.array([linear] * 4 + [True] * 2)


def coarse_place(
    search: CoarseSearch,
    candidates: list[Placement],
    transform: Transform,
    should_stop: Callable[[], bool] | None = None,
) -> Placement | None:
    """The best of the candidates, refined on the levels of four and two times the search level's pixels."""
    free = free_parameters(transform)
    best: Placement | None = None
    for candidate in candidates:
        if should_stop is not None and should_stop():
            return best
        if best is not None and search.score(candidate) < HOPELESS * best.score:
            continue
        place = search.descend(candidate, search.search_binning, free, 8)
        if best is None or place.score > best.score:
            best = place
    if best is None:
        return None
    best = search.descend(best, max(1, search.search_binning // 2), free, 10)
    if transform == "similarity":
        along, across = (best.linear[0, 0] + best.linear[1, 1]) / 2, (best.linear[0, 1] - best.linear[1, 0]) / 2
        best = replace(best, linear=np.array([[along, across], [-across, along]]))
    return best


class WindowFit:
    """The image seen through one affine transform on the design's grid, and the best explanation there."""

    def __init__(self, seen: FloatImage, valid: npt.NDArray[np.bool_], design: FormedDesign, origin_px: Points) -> None:
        self._seen, self._valid, self._origin = seen, valid, origin_px
        basis = np.stack([design.coverage[valid], design.edges[valid]], axis=1).astype(np.float64)
        self._basis = np.column_stack([np.ones(len(basis)), basis])
        values = seen[valid].astype(np.float64)
        self._gram = self._basis.T @ self._basis + 1e-9 * max(len(values), 1) * np.eye(3)
        self.coefficients: npt.NDArray[np.floating[Any]] = np.linalg.solve(self._gram, self._basis.T @ values)
        if self.coefficients[2] < 0:
            edgeless = np.linalg.solve(self._gram[:2, :2], self._basis[:, :2].T @ values)
            self.coefficients = np.array([*edgeless, 0.0])
        self.residual: npt.NDArray[np.floating[Any]] = values - self._basis @ self.coefficients
        total = float(np.sum((values - values.mean()) ** 2)) if len(values) else 0.0
        #: Multiple correlation coefficient over the common area.
        self.score: float = float(np.sqrt(max(0.0, 1 - float(np.sum(self.residual**2)) / total))) if total > 0 else 0.0

    @classmethod
    def of(cls, image: FloatImage, design: FormedDesign, linear: Matrix, shift_px: Points) -> "WindowFit":
        """Fit under `p' = centre + linear (p - centre) + shift_px`, in px of the level, about its picture's centre."""
        height, width = image.shape
        origin = np.array(design.origin_px, dtype=np.float64)
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        matrix = np.column_stack([linear, middle + linear @ (origin - middle) + shift_px])
        rows, columns = design.coverage.shape
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = np.asarray(
            cv2.warpAffine(image, matrix, (columns, rows), flags=flags, borderValue=1e9), dtype=np.float32
        )
        inside = (seen < 1e3).astype(np.uint8)
        # Two pixels off the picture's border, where slopes are still of the picture.
        valid = cv2.erode(inside, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
        return cls(seen, valid, design, origin - middle)

    def step(self, free: npt.NDArray[np.bool_], linear: Matrix, half_px: float) -> npt.NDArray[np.float64]:
        """Gauss-Newton step of (xx, xy, yx, yy, u, v) by variable projection, with a weak prior on the linear part."""
        slope_u = cv2.Sobel(self._seen, cv2.CV_32F, 1, 0, scale=0.125)[self._valid].astype(np.float64)
        slope_v = cv2.Sobel(self._seen, cv2.CV_32F, 0, 1, scale=0.125)[self._valid].astype(np.float64)
        slope_u, slope_v = np.linalg.solve(linear.T, np.stack([slope_u, slope_v]))
        rows, columns = np.nonzero(self._valid)
        u, v = (columns + self._origin[0]) / half_px, (rows + self._origin[1]) / half_px
        jacobian = np.column_stack([slope_u * u, slope_u * v, slope_v * u, slope_v * v, slope_u, slope_v])[:, free]
        projected = jacobian - self._basis @ np.linalg.solve(self._gram, self._basis.T @ jacobian)
        # One residual stands for a blur's area, else the prior would count for nothing.
        scatter = 20 * max(float(np.mean(self.residual**2)), 1e-12)
        precision = np.array([1 / (PRIOR_LINEAR * half_px)] * 4 + [1e-3] * 2) ** 2
        deviation = np.array([*((linear - np.eye(2)).ravel() * half_px), 0.0, 0.0])
        normal = projected.T @ projected + scatter * np.diag(precision[free])
        step = np.zeros(6)
        step[free] = -np.linalg.solve(normal, projected.T @ self.residual + scatter * (precision * deviation)[free])
        step[:4] /= half_px
        return step
