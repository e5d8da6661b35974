"""Fine registration: design edges against sub-pixel image edges along their normals, robust, up to affine.

The field's own mean edge is estimated again as the registration gets better. What it means in nanometres is the edge
bias, one per class of edge, so that a process bias becomes neither shift nor scale.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.alignment.design_edges import CLASSES, DesignEdges
from semiview.alignment.edge_search import (
    LIKENESS,
    TEMPLATE_PX,
    FloatArray,
    Profiles,
    Sight,
    estimate_mean_edge,
    find_edge,
    sample,
)
from semiview.alignment.fit_errors import jackknife_covariance, strengths
from semiview.core.outline import Points
from semiview.core.registration import Registration, Transform, with_linear_nm

REACHES_PX = (8.0, 5.0, 3.5, 3.0, 3.0)  # how far from the present edge is searched, round by round
ENOUGH_POINTS = 3000  # on the way
SCALE_FLOOR_PX = 0.3  # a smaller robust scale would throw out every line end
PRIOR_LINEAR = 0.015  # one sigma of pixel-size, rotation and shear error as a matrix element
PRIOR_SHEAR = 0.004  # scan axes are square to each other within about this
PRIOR_BIAS_PX = 10.0
FREE_BELOW = 0.01  # share of the normals' scatter under which a direction cannot be seen


@dataclass(frozen=True, slots=True, eq=False)
class EdgeFit:
    """A fine registration and what it rests on.

    Attributes
    ----------
    registration
        Without trust.
    covariance
        (P, P) of (xx, xy, yx, yy of the linear part times half the picture, u, v) in px, from stretches of edge that
        err together; parameters that were held have zero.
    edges
        The points within the picture.
    offsets_px
        (N,) image edge minus design edge along the outward normal, class bias taken off; NaN where none was found.
    weights
        (N,) in [0, 1]; 0 for an outlier or no edge.
    bias_px
        Edge bias per class (SIDE, LINE_END, SHORT) against the mean edge's own place; NaN for a class without edges.
    mean_edge
        The field's own mean edge on a profile, inside to outside, in steps of STEP_PX; mean 0, norm 1.
    residual_rms_px, residual_mad_px
        Over edges with weight; the MAD is scaled to a Gaussian's sigma.
    free_axis_px
        (2,) unit vector in the image along which nothing holds the design, or None.
    observability
        Smallest eigenvalue of the weighted scatter of normals, trace 1: 0.5 if all directions are seen alike.
    """

    registration: Registration
    covariance: FloatArray
    edges: DesignEdges
    offsets_px: FloatArray
    weights: FloatArray
    bias_px: tuple[float, ...]
    mean_edge: FloatArray
    residual_rms_px: float
    residual_mad_px: float
    free_axis_px: FloatArray | None
    observability: float

    @property
    def coverage(self) -> float:
        """Share of the edge points with a trusted image edge."""
        return float(np.mean(self.weights > 0)) if len(self.weights) else 0.0

    def stepped(self, step: FloatArray) -> Registration:
        """The registration after a small step of (xx, xy, yx, yy, u, v), the parameters of `covariance`."""
        half = float(np.hypot(*self.registration.frame.centre_px))
        return _stepped(self.registration, step[:4].reshape(2, 2) / half, step[4:], "affine")


@dataclass(frozen=True, slots=True, eq=False)
class EdgeHits:
    """Which of the design's edges are there in the image, under one registration.

    Attributes
    ----------
    points_px
        (N, 2) design edge points within the picture.
    shift_px
        (2,) where the design ended up, from the fit.
    hit
        (N,) True where the image has an edge.
    stretch
        (N,) stretch of edge of each point.
    """

    points_px: Points
    shift_px: FloatArray
    hit: npt.NDArray[np.bool_]
    stretch: npt.NDArray[np.int64]

    @property
    def share(self) -> float:
        """Share of the points with an edge; 0 without points."""
        return float(np.mean(self.hit)) if len(self.hit) else 0.0


def hits_at(sight: Sight, fit: EdgeFit, edges: DesignEdges, shift_px: Points, settle: bool) -> EdgeHits:
    """Look for the fit's mean edge with the design moved by `shift_px` from the fit.

    Parameters
    ----------
    settle
        Let the design slide a few px to the place's own best shift first; else what is there counts as it is.
    """
    size = fit.registration.frame.nm_per_px
    moved = fit.registration.moved(size * float(shift_px[0]), -size * float(shift_px[1]))
    reach = 6.0 if settle else 3.0
    everything = moved.to_px(edges.points_nm)
    seen = edges.chosen(sight.shows(everything, TEMPLATE_PX + reach + 1))
    points = moved.to_px(seen.points_nm)
    if not len(points):
        return EdgeHits(points, shift_px, np.empty(0, bool), seen.stretch)
    normals = moved.directions_to_px(seen.normals_nm)
    profiles = Profiles(sample(sight.image, points, normals, TEMPLATE_PX + reach))
    offsets, likeness = find_edge(profiles, fit.mean_edge)
    offsets = offsets - np.nan_to_num(np.array(fit.bias_px))[seen.feature_class]
    found = likeness > LIKENESS
    tolerance = max(1.0, 3 * fit.residual_mad_px)
    weights = found.astype(np.float64)
    slide = np.zeros(2)
    for _ in range(6 if settle else 0):
        weighted = normals * weights[:, None]
        slide = np.linalg.solve(weighted.T @ normals + 1e-3 * np.eye(2), weighted.T @ offsets)
        weights = found / (1 + ((offsets - normals @ slide) / tolerance) ** 2)
    return EdgeHits(
        points + slide, shift_px + slide, found & (np.abs(offsets - normals @ slide) < tolerance), seen.stretch
    )


def refine(
    sight: Sight,
    start: Registration,
    edges: DesignEdges,
    transform: Transform,
    nominal: Registration,
) -> EdgeFit | None:
    """Fit the registration to the image's edges from a start some px off; None without enough edges."""
    registration = start
    fit: EdgeFit | None = None
    for number, reach in enumerate(REACHES_PX):
        # On the way a part of the points does; the last two rounds see them all.
        some = (
            edges
            if number >= len(REACHES_PX) - 2 or len(edges) < ENOUGH_POINTS
            else edges.chosen(np.arange(0, len(edges), -(-len(edges) // ENOUGH_POINTS)))
        )
        inside = sight.shows(registration.to_px(some.points_nm), TEMPLATE_PX + reach + 1)
        seen = some.chosen(inside)
        if len(seen) < 20:
            return None
        points = registration.to_px(seen.points_nm)
        normals = registration.directions_to_px(seen.normals_nm)
        profiles = Profiles(sample(sight.image, points, normals, TEMPLATE_PX + reach))
        mean_edge = estimate_mean_edge(profiles, None if fit is None else fit.mean_edge)
        fit = _solve(registration, seen, points, normals, find_edge(profiles, mean_edge), mean_edge, transform, nominal)
        if fit is None:
            return None
        registration = fit.registration
    return fit


def _solve(
    registration: Registration,
    edges: DesignEdges,
    points: Points,
    normals: Points,
    found_edges: tuple[FloatArray, FloatArray],
    mean_edge: FloatArray,
    transform: Transform,
    nominal: Registration,
) -> EdgeFit | None:
    offsets, likeness = found_edges
    found = likeness > LIKENESS
    if found.sum() < 20:
        return None
    centre = np.array(registration.frame.centre_px)
    half = float(np.hypot(*centre))
    about = (points - centre) / half
    nu, nv = normals.T
    classes = np.unique(edges.feature_class)
    indicators = np.column_stack([edges.feature_class == which for which in classes]).astype(np.float64)
    geometry = np.column_stack([nu * about[:, 0], nu * about[:, 1], nv * about[:, 0], nv * about[:, 1], nu, nv])
    allowed = _allowed(transform)
    design_matrix = np.column_stack([geometry @ allowed, indicators])
    count = allowed.shape[1]

    # Priors: the linear part near the nominal, the biases near nought; the shift is held only along a free axis.
    linear_now = registration.linear_px() @ np.linalg.inv(nominal.linear_px())
    deviation = np.zeros(6)
    deviation[:4] = (linear_now - np.eye(2)).ravel() * half
    shift_px = np.array([registration.shift_x_nm - nominal.shift_x_nm, nominal.shift_y_nm - registration.shift_y_nm])
    deviation[4:] = shift_px / registration.frame.nm_per_px
    prior6 = np.zeros((6, 6))
    prior6[:4, :4] = np.eye(4) / (PRIOR_LINEAR * half) ** 2
    prior6[1:3, 1:3] += np.ones((2, 2)) / (PRIOR_SHEAR * half) ** 2

    weights = found.astype(np.float64)
    solution: FloatArray = np.zeros(design_matrix.shape[1])
    free_axis: FloatArray | None = None
    observability = 0.0
    residual = offsets
    normal_matrix: npt.NDArray[np.floating[Any]] = np.eye(design_matrix.shape[1])
    for _ in range(12):
        scatter = (normals * weights[:, None]).T @ normals / max(float(weights.sum()), 1e-9)
        values, vectors = np.linalg.eigh(scatter)
        observability = float(values[0])
        prior_now = prior6.copy()
        if observability < FREE_BELOW:
            free_axis = vectors[:, 0]
            prior_now[4:, 4:] += 1e4 * np.outer(free_axis, free_axis)
        else:
            free_axis = None
        full_prior = np.zeros((design_matrix.shape[1],) * 2)
        full_prior[:count, :count] = allowed.T @ prior_now @ allowed
        full_prior[count:, count:] = np.eye(len(classes)) / PRIOR_BIAS_PX**2
        pull = np.zeros(design_matrix.shape[1])
        pull[:count] = allowed.T @ prior_now @ deviation
        strength = strengths(residual, edges.stretch, weights)
        weighted = design_matrix * (weights * strength)[:, None]
        normal_matrix = weighted.T @ design_matrix + full_prior
        solution = np.asarray(np.linalg.solve(normal_matrix, weighted.T @ offsets - pull), dtype=np.float64)
        residual = offsets - design_matrix @ solution
        spread = 1.4826 * float(np.median(np.abs(residual[found])))
        scale = max(SCALE_FLOOR_PX, spread)
        ratio = residual / (4.685 * scale)
        weights = np.where(found & (np.abs(ratio) < 1), (1 - ratio**2) ** 2, 0.0)
        if (weights > 0).sum() < 20:
            return None

    covariance = jackknife_covariance(
        design_matrix, weights * strengths(residual, edges.stretch, weights), residual, edges.stretch, full_prior
    )
    change = allowed @ solution[:count]
    step = change[:4].reshape(2, 2) / half
    moved = _stepped(registration, step, change[4:], transform)
    kept = weights > 0
    bias = np.full(CLASSES, np.nan)
    bias[classes] = solution[count:]
    return EdgeFit(
        registration=moved,
        covariance=allowed @ covariance[:count, :count] @ allowed.T,
        edges=edges,
        offsets_px=np.where(found, residual, np.nan),
        weights=weights,
        mean_edge=mean_edge,
        bias_px=tuple(float(value) for value in bias),
        residual_rms_px=float(np.sqrt(np.mean(residual[kept] ** 2))),
        residual_mad_px=1.4826 * float(np.median(np.abs(residual[kept]))),
        free_axis_px=free_axis,
        observability=observability,
    )


def _allowed(transform: Transform) -> FloatArray:
    """(6, P) columns: the changes of (xx, xy, yx, yy, u, v) that the class of transform allows."""
    shifts = np.zeros((6, 2))
    shifts[4, 0] = shifts[5, 1] = 1
    if transform == "shift":
        return shifts
    if transform == "similarity":
        similar = np.zeros((6, 2))
        similar[0, 0] = similar[3, 0] = 1
        similar[1, 1], similar[2, 1] = 1, -1
        return np.column_stack([similar, shifts])
    return np.eye(6)


def _stepped(
    registration: Registration, linear_step: FloatArray, shift_px: FloatArray, transform: Transform
) -> Registration:
    """After the design's image moved by `linear_step (p - centre) + shift_px`."""
    flip = np.diag([1.0, -1.0])
    in_nm = np.eye(2) + flip @ linear_step @ flip
    linear_nm = in_nm @ registration.linear_nm()
    shift = in_nm @ np.array([registration.shift_x_nm, registration.shift_y_nm])
    shift = shift + flip @ shift_px * registration.frame.nm_per_px
    return with_linear_nm(registration, linear_nm, (float(shift[0]), float(shift[1])), transform)
