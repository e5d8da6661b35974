"""How far a registration can be believed, and why: verdict, class, alternatives and grounds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semiview.alignment.design_edges import DesignEdges
from semiview.alignment.refine import EdgeFit, EdgeHits
from semiview.core.registration import Registration, RegistrationClass, Trust, Verdict

SUBPIXEL_PX = 1.0
FEW_PIXEL_PX = 5.0
LEAST_COVERAGE = 0.35
LEAST_ABOVE_CHANCE = 0.15
SIZE_PRIOR = 0.035
ROTATION_PRIOR_DEG = 3.0
LEAST_VOTES = 4
CELL_PX = 4  # two edges nearer than about this are the same edge


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
        return self.votes_against - self.votes_for >= max(LEAST_VOTES, 3 * np.sqrt(total))


def votes(ours: EdgeHits, theirs: EdgeHits, shape: tuple[int, int]) -> tuple[int, int]:
    """Stretches of edge that speak for our place and for theirs.

    An edge of the image speaks for a place if that place claims an edge there and the other does not; a place that
    claims an edge where the image has none is spoken against, unless the other claims it too (a feature that never
    printed says nothing about where the field lies).
    """
    cells = (shape[0] // CELL_PX + 3, shape[1] // CELL_PX + 3)

    def near(hits: EdgeHits, which: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        mask = np.zeros(cells, bool)
        column, row = np.rint(hits.points_px[which] / CELL_PX).astype(np.int64).T + 1
        mask[np.clip(row, 0, cells[0] - 1), np.clip(column, 0, cells[1] - 1)] = True
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        wide = grown.copy()
        wide[:, 1:] |= grown[:, :-1]
        wide[:, :-1] |= grown[:, 1:]
        return wide

    def at(mask: npt.NDArray[np.bool_], hits: EdgeHits) -> npt.NDArray[np.bool_]:
        column, row = np.rint(hits.points_px / CELL_PX).astype(np.int64).T + 1
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


def field_error_px(fit: EdgeFit) -> float:
    """95th percentile over the design's points of the 95 % error radius, from the covariance."""
    points = fit.registration.to_px(fit.edges.points_nm)
    centre = np.array(fit.registration.frame.centre_px)
    along = (points - centre) / float(np.hypot(*centre))
    zero, one = np.zeros(len(points)), np.ones(len(points))
    row_u = np.stack([along[:, 0], along[:, 1], zero, zero, one, zero], axis=1)
    row_v = np.stack([zero, zero, along[:, 0], along[:, 1], zero, one], axis=1)
    if fit.free_axis_px is not None:
        across = np.array([-fit.free_axis_px[1], fit.free_axis_px[0]])
        row = across[0] * row_u + across[1] * row_v
        variance = np.einsum("ni,ij,nj->n", row, fit.covariance, row)
    else:
        variance = np.einsum("ni,ij,nj->n", row_u, fit.covariance, row_u)
        variance = variance + np.einsum("ni,ij,nj->n", row_v, fit.covariance, row_v)
    return float(1.96 * np.sqrt(np.percentile(np.maximum(variance, 0), 95)))


def judge(
    fit: EdgeFit,
    nominal: Registration,
    correlation: float,
    peak_ratio: float,
    disagreement_px: float,
    by_chance: float,
    alternatives: tuple[Alternative, ...],
) -> Trust:
    """Verdict, class and grounds of one fit.

    Parameters
    ----------
    correlation
        R of the design formed like the SEM, at the fit.
    peak_ratio
        R of the next best place over R here.
    disagreement_px
        Median distance between correlation's and the edges' answer over the design's points.
    by_chance
        Share of edge points that find an edge when the design is put in wrong places.
    alternatives
        Places with a correlation nearly as good, already weighed.
    """
    registration = fit.registration
    size = registration.frame.nm_per_px
    left = tuple(place for place in alternatives if not place.refuted)
    linear = registration.linear_nm() @ np.linalg.inv(nominal.linear_nm())
    stretch = np.abs(np.linalg.svd(linear)[1] - 1).max()
    turned = abs(float(np.rad2deg(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))))
    error_px = float(np.hypot(field_error_px(fit), 0.5 * disagreement_px))

    doubts = []
    if fit.coverage - by_chance < LEAST_ABOVE_CHANCE:
        doubts.append("hardly more edges are found than in wrong places")
    elif fit.coverage < LEAST_COVERAGE:
        doubts.append("most of the design's edges are not found")
    if stretch > SIZE_PRIOR:
        doubts.append(f"the pixel size would be {100 * stretch:.1f} % off, more than {100 * SIZE_PRIOR:.1f} %")
    if turned > ROTATION_PRIOR_DEG:
        doubts.append(f"the picture would be turned by {turned:.1f} deg, more than {ROTATION_PRIOR_DEG:.0f} deg")
    if disagreement_px > FEW_PIXEL_PX:
        doubts.append("correlation and edges disagree")

    verdict: Verdict
    if fit.coverage - by_chance < LEAST_ABOVE_CHANCE:
        verdict = "failed"
    elif left:
        verdict = "periodic"
    elif doubts or fit.free_axis_px is not None:
        verdict = "weak"
    else:
        verdict = "unique"

    grounds = []
    free_axis_deg = float("nan")
    if verdict == "failed":
        grounds.append(
            f"the design was not found in the image: edges at {100 * fit.coverage:.0f} % of the design's edge points, "
            f"{100 * by_chance:.0f} % in wrong places; check pixel size, stage position and layer"
        )
    elif left:
        grounds.append(f"{len(left)} other places fit as well; the nearest lies {_nearest(left):.1f} nm away")
    if fit.free_axis_px is not None:
        direction = np.linalg.solve(registration.linear_px(), fit.free_axis_px)
        free_axis_deg = float(np.rad2deg(np.arctan2(direction[1], direction[0])) % 180)
        grounds.append(f"nothing holds the design along {free_axis_deg:.0f} deg; the nominal place is kept there")
    if verdict != "failed":
        grounds += doubts
    if not grounds:
        grounds.append(f"no other place fits: the next best correlates {peak_ratio:.2f} times as well")
    grounds.append(f"correlation {correlation:.3f}, next best place {peak_ratio:.3f} of it")
    weakest = min(
        (place for place in alternatives if place.refuted), key=lambda place: place.votes_against, default=None
    )
    if weakest is not None:
        grounds.append(
            f"{weakest.votes_against} stretches of edge speak against the next best place, {weakest.votes_for} for it"
        )
    grounds.append(
        f"edges at {100 * fit.coverage:.0f} % of {len(fit.edges)} design points ({100 * by_chance:.0f} % in wrong places)"
    )
    grounds.append(
        f"residual {fit.residual_rms_px:.2f} px RMS, {fit.residual_mad_px:.2f} px MAD "
        f"({fit.residual_rms_px * size:.2f} nm, {fit.residual_mad_px * size:.2f} nm)"
    )
    grounds.append(f"smallest share of edge directions {fit.observability:.3f}")
    grounds.append(
        f"correlation and edges differ by {disagreement_px:.2f} px; 95 % error over the field {error_px:.2f} px"
    )
    return Trust(
        verdict=verdict,
        registration_class=_class(verdict, error_px),
        residual_nm=fit.residual_rms_px * size,
        sigma_x_nm=float(np.sqrt(fit.covariance[4, 4])) * size,
        sigma_y_nm=float(np.sqrt(fit.covariance[5, 5])) * size,
        peak_ratio=peak_ratio,
        free_axis_deg=free_axis_deg,
        covariance=parameter_covariance(fit),
        alternatives=tuple(place.shift_nm for place in left),
        grounds=tuple(grounds),
    )


def _class(verdict: Verdict, error_px: float) -> RegistrationClass:
    if verdict in ("periodic", "weak"):
        return "ambiguous"
    if verdict == "failed":
        return "significant"
    if error_px < SUBPIXEL_PX:
        return "subpixel"
    return "few_pixel" if error_px < FEW_PIXEL_PX else "significant"


def _nearest(places: tuple[Alternative, ...]) -> float:
    return min(float(np.hypot(*place.shift_nm)) for place in places)


def parameter_covariance(fit: EdgeFit) -> npt.NDArray[np.float64]:
    """(6, 6) covariance of the registration's PARAMETERS, from that of the affine step in px."""
    base = fit.registration
    jacobian = np.zeros((6, 6))
    for column in range(6):
        step = np.zeros(6)
        step[column] = 1e-4
        jacobian[:, column] = (fit.stepped(step).parameters - base.parameters) / 1e-4
    result: npt.NDArray[np.float64] = jacobian @ fit.covariance @ jacobian.T
    return result


def choose_points(edges: DesignEdges, at_most: int) -> DesignEdges:
    """Every k-th point, so that no more than `at_most` are left."""
    if len(edges) <= at_most:
        return edges
    return edges.chosen(np.linspace(0, len(edges) - 1, at_most).astype(np.int64))
