"""What speaks for a registration and against it: other places weighed edge by edge, and luck measured."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from semiview.alignment.coarse import CoarseSearch, Placement
from semiview.alignment.correlation import peaks
from semiview.alignment.design_edges import DesignEdges
from semiview.alignment.edge_search import Sight
from semiview.alignment.refine import EdgeFit, EdgeHits, hits_at
from semiview.alignment.second_opinion import correlation_shift_px
from semiview.core.outline import Points
from semiview.core.raster import coverage
from semiview.core.registration import Registration

SIMILAR = 0.85  # of the best correlation: a place worth weighing
AT_MOST_ALTERNATIVES = 12
LEAST_VOTES = 4
LATTICE_PATCH_PX = 256
LEAST_PITCH_PX = 3.0
WRONG_PLACES_PX = ((29.0, 17.0), (-23.0, 31.0), (37.0, -26.0), (-19.0, -34.0), (11.0, 41.0))


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """Another place that correlates nearly as well.

    Attributes
    ----------
    shift_nm
        Against the registration, in nominal nm (right, up).
    votes_against, votes_for
        Stretches of edge that only the registration explains, and that only this place explains.
    """

    shift_nm: tuple[float, float]
    votes_against: int
    votes_for: int

    @property
    def refuted(self) -> bool:
        """True if clearly more edges speak against it than for it; three sigma of a fair coin, and four at least."""
        total = self.votes_against + self.votes_for
        return self.votes_against - self.votes_for >= max(LEAST_VOTES, 3 * math.sqrt(total))

    @property
    def preferred(self) -> bool:
        """True if clearly more edges speak for it than for the registration itself."""
        total = self.votes_against + self.votes_for
        return self.votes_for - self.votes_against >= max(LEAST_VOTES, 3 * math.sqrt(total))


def votes(ours: EdgeHits, theirs: EdgeHits, shape: tuple[int, int], spacing_px: float) -> tuple[int, int]:
    """Stretches of edge that speak for our place and for theirs.

    An edge of the image speaks for a place if that place claims an edge there and the other does not; a place that
    claims an edge where the image has none is spoken against, unless the other claims it too (a feature that never
    printed says nothing about where the field lies). Two edges nearer than 4 px, or than 1.5 times the points' own
    distance along an edge, count as one.
    """
    cell = int(np.ceil(max(4.0, 1.5 * spacing_px)))
    cells = (shape[0] // cell + 3, shape[1] // cell + 3)

    def near(hits: EdgeHits, which: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        mask = np.zeros(cells, bool)
        column, row = np.rint(hits.points_px[which] / cell).astype(np.int64).T + 1
        mask[np.clip(row, 0, cells[0] - 1), np.clip(column, 0, cells[1] - 1)] = True
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        wide = grown.copy()
        wide[:, 1:] |= grown[:, :-1]
        wide[:, :-1] |= grown[:, 1:]
        return wide

    def at(mask: npt.NDArray[np.bool_], hits: EdgeHits) -> npt.NDArray[np.bool_]:
        column, row = np.rint(hits.points_px / cell).astype(np.int64).T + 1
        found: npt.NDArray[np.bool_] = mask[np.clip(row, 0, cells[0] - 1), np.clip(column, 0, cells[1] - 1)]
        return found

    def one_way(a: EdgeHits, b: EdgeHits) -> int:
        everywhere = np.ones(len(b.hit), bool)
        only_a = a.hit & ~at(near(b, everywhere), a)
        only_b_missing = ~b.hit & ~at(near(a, ~a.hit), b)
        return _stretches(a, only_a) + _stretches(b, only_b_missing)

    return one_way(ours, theirs), one_way(theirs, ours)


def _stretches(hits: EdgeHits, which: npt.NDArray[np.bool_]) -> int:
    """Number of stretches of which more than half of the points are meant."""
    if not len(which):
        return 0
    size = int(hits.stretch.max()) + 1
    total = np.bincount(hits.stretch, minlength=size)
    meant = np.bincount(hits.stretch, which, size)
    return int(np.sum((meant > 0.5 * total) & (total > 0)))


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that the verdict rests on beside the fit itself.

    Attributes
    ----------
    correlation
        R of the design formed like the SEM, at the fit.
    peak_ratio
        R of the best place outside one blur over R here.
    disagreement_px
        Median distance between correlation's and the edges' answer over the design's points, across a free axis.
    correlation_px
        Pixel of the finest level that was correlated, in px of the image.
    fine_disagreement_px
        The same for correlation in the picture's own pixels, over tiles with most edge; NaN where no tile can be seen.
    by_chance
        Share of edge points that find an edge when the design is put in wrong places.
    alternatives
        Places with a correlation nearly as good, weighed.
    """

    correlation: float
    peak_ratio: float
    disagreement_px: float
    correlation_px: float
    fine_disagreement_px: float
    by_chance: float
    alternatives: tuple[Alternative, ...]


def gather(
    search: CoarseSearch,
    place: Placement,
    nominal: Registration,
    sight: Sight,
    fit: EdgeFit,
    edges: DesignEdges,
    outlines_nm: tuple[Points, ...],
) -> Evidence:
    """Look at the fit from all sides.

    Parameters
    ----------
    place
        What the correlation alone answered.
    outlines_nm
        The design's outlines.
    edges
        Points on all edges that the picture may show at any place within the stage error.
    """
    size = nominal.frame.nm_per_px
    coarse = place.to_registration(nominal, "affine")
    apart = coarse.to_px(fit.edges.points_nm) - fit.registration.to_px(fit.edges.points_nm)
    if fit.free_axis_px is not None:
        apart = apart - np.outer(apart @ fit.free_axis_px, fit.free_axis_px)

    linear = fit.registration.linear_px() @ np.linalg.inv(nominal.linear_px())
    shift_nm = (fit.registration.shift_x_nm - nominal.shift_x_nm, fit.registration.shift_y_nm - nominal.shift_y_nm)
    here = np.array([shift_nm[0], -shift_nm[1]]) / size
    binning = max(1, search.search_binning // 2)
    candidates = search.places(linear, binning, 300)
    blur = 4.0 * binning
    shifts = np.array([peak.shift_px for peak in candidates]).reshape(-1, 2) - here
    if fit.free_axis_px is not None:
        # Along a free axis every place fits; only what lies across it is another place.
        shifts = shifts - np.outer(shifts @ fit.free_axis_px, fit.free_axis_px)
    scores = np.array([peak.score for peak in candidates])
    near = np.hypot(*shifts.T) < blur
    own = float(scores[near].max()) if near.any() else float(scores.max(initial=0.0))
    ratio = float(scores[~near].max(initial=0.0)) / max(own, 1e-9)
    others = _distinct(shifts[~near & (scores > SIMILAR * own)], blur)
    # A pitch within the level's blur shows only in the design's own pixels.
    placed = fit.registration.outlines_to_px(outlines_nm)
    lattice = lattice_shifts_px(placed, fit.registration.to_px(fit.edges.points_nm), blur)
    if fit.free_axis_px is not None:
        lattice = lattice - np.outer(lattice @ fit.free_axis_px, fit.free_axis_px)
    lattice = _distinct(lattice[np.hypot(*lattice.T) >= LEAST_PITCH_PX], LEAST_PITCH_PX)[:4]
    others = np.concatenate([lattice, others])
    nearest = np.argsort(np.hypot(*others.T), kind="stable")
    half = AT_MOST_ALTERNATIVES // 2
    chosen = list(dict.fromkeys([*range(min(half, len(others))), *nearest.tolist()]))[:AT_MOST_ALTERNATIVES]

    spacing = float(np.median(np.hypot(*np.diff(edges.points_nm, axis=0).T))) / size
    ours = hits_at(sight, fit, edges, np.zeros(2), settle=True)
    luck = [hits_at(sight, fit, edges, np.array(wrong), settle=False).share for wrong in WRONG_PLACES_PX]
    alternatives = []
    for index in chosen:
        theirs = hits_at(sight, fit, edges, others[index], settle=True)
        against, in_favour = votes(ours, theirs, search.shape, spacing)
        right, down = size * theirs.shift_px
        alternatives.append(Alternative((float(right), -float(down)), against, in_favour))
    coarse_apart = float(np.median(np.hypot(*apart.T)))
    fine_apart = _fine_disagreement_px(search, sight, fit, placed)
    return Evidence(own, ratio, coarse_apart, float(binning), fine_apart, float(np.median(luck)), tuple(alternatives))


def _fine_disagreement_px(search: CoarseSearch, sight: Sight, fit: EdgeFit, placed: tuple[Points, ...]) -> float:
    shift = correlation_shift_px(sight, search.pixels, fit, placed)
    if shift is None:
        return float("nan")
    if fit.free_axis_px is not None:
        shift = shift - (shift @ fit.free_axis_px) * fit.free_axis_px
    return float(np.hypot(*shift))


def lattice_shifts_px(outlines_px: tuple[Points, ...], edge_points_px: Points, farthest_px: float) -> Points:
    """(M, 2) shifts up to `farthest_px` that bring a patch of the design, amid its edges, on itself; nearest first.

    They are candidates only: the patch is small, and what breaks the repetition may lie beyond it.
    """
    middle = np.median(edge_points_px, axis=0)
    half = LATTICE_PATCH_PX // 2
    near = tuple(
        outline - middle + half
        for outline in outlines_px
        if (outline.max(axis=0) > middle - half).all() and (outline.min(axis=0) < middle + half).all()
    )
    patch = coverage(near, (LATTICE_PATCH_PX, LATTICE_PATCH_PX)).astype(np.float64)
    reach = int(np.ceil(farthest_px))
    inner = patch[reach:-reach, reach:-reach].astype(np.float32)
    if not inner.any() or inner.std() == 0:
        return np.empty((0, 2))
    likeness = np.asarray(cv2.matchTemplate(patch.astype(np.float32), inner, cv2.TM_CCOEFF_NORMED), dtype=np.float32)
    found = (peaks(likeness, 2, SIMILAR, 400) - reach).astype(np.float64)
    distance = np.hypot(*found.T)
    order = np.argsort(distance, kind="stable")
    nearest_first: Points = found[order][distance[order] < farthest_px]
    return nearest_first


def _distinct(shifts: Points, apart_px: float) -> Points:
    """The first of each cluster, in the given order."""
    kept: list[Points] = []
    for shift in shifts:
        if all(np.hypot(*(shift - other)) >= apart_px for other in kept):
            kept.append(shift)
    return np.array(kept).reshape(-1, 2)
