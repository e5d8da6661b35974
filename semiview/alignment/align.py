"""Find the registration of a case and say how far to trust it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from semiview.alignment.coarse import CoarseSearch, Placement, coarse_place
from semiview.alignment.design_edges import DesignEdges, design_edges
from semiview.alignment.refine import EdgeFit, hits_at, refine, softened, within
from semiview.alignment.trust import Alternative, choose_points, judge, votes
from semiview.core.case import Case
from semiview.core.outline import Points
from semiview.core.registration import Registration, Transform, Trust

METHODS = ("auto", "ncc")

AT_MOST_POINTS = 6000
STRETCH_PX = 40.0  # edge errors are alike over about this length
SIMILAR = 0.85  # of the best correlation: a place worth weighing
AT_MOST_ALTERNATIVES = 8
WRONG_PLACES_PX = ((29.0, 17.0), (-23.0, 31.0), (37.0, -26.0), (-19.0, -34.0), (11.0, 41.0))


def align(
    case: Case,
    method: str = "auto",
    transform: Transform = "affine",
    should_stop: Callable[[], bool] | None = None,
) -> Registration:
    """The registration of a case's design, with its verdict and grounds.

    Parameters
    ----------
    case
        Its nominal registration is the start: the stage may be off by the smaller of 10 um and 20 % of the field,
        the pixel size by 3 % per axis, the rotation by 3 deg.
    method
        `auto`: correlation, then the design's edges against the image's; `ncc`: correlation alone.
    transform
        Which parameters are free.
    should_stop
        Asked between the stages; True gives a failed registration at once.

    Returns
    -------
    Registration
        In the nominal frame. Input that cannot be aligned gives the verdict `failed`, the reason in `grounds[0]`.

    Raises
    ------
    ValueError
        If the method is not one of METHODS.
    """
    if method not in METHODS:
        raise ValueError(f"unknown alignment method {method!r}; there are {', '.join(METHODS)}")
    reason = _unusable_because(case)
    if reason is not None or case.design is None:
        return _failed(case, method, reason or "")
    pixels = case.sem.pixels
    outlines_nm = case.design.alignable
    outlines_px = tuple(case.nominal.outline_to_px(outline) for outline in outlines_nm)
    search = CoarseSearch(pixels, outlines_px, case.nominal.frame.nm_per_px)
    place = coarse_place(search, transform, should_stop)
    if place is None or (should_stop is not None and should_stop()):
        return _failed(case, method, "stopped" if place is not None else "nothing of the design lies in the picture")
    start = place.to_registration(case.nominal, transform)
    edges = _edges_in_sight(case, outlines_nm)
    if len(edges) < 20:
        return _failed(case, method, "the design has no edges long enough to be found in the picture")
    image = softened(pixels)
    edges = choose_points(edges.chosen(within(start.to_px(edges.points_nm), case.sem.shape, -60)), AT_MOST_POINTS)
    fit = refine(image, start, edges, transform, case.nominal)
    if fit is None:
        return _failed(
            replace(case, nominal=start), method, "no edges were found in the image where the design has them"
        )
    found = fit.registration if method == "auto" else start
    trust = _trust(case, search, place, image, fit, edges)
    return replace(found, method=method, trust=trust)


def _unusable_because(case: Case) -> str | None:
    """A sentence for the person whose case this is, or None."""
    if case.design is None:
        return "the case has no design: give it one in the column `design`"
    if not np.isfinite(case.nominal.frame.nm_per_px):
        return "the pixel size is unknown: give nm_per_px in the case list or the project"
    if not case.design.alignable:
        return "the design has no polygons of a target layer near the field: check layers, cell and stage position"
    pixels = case.sem.pixels
    if min(pixels.shape) < 64:
        return f"the picture is too small to align: {pixels.shape[1]} x {pixels.shape[0]} px, at least 64 are needed"
    if not np.isfinite(pixels).all():
        return "the image has grey values that are not finite"
    low, high = np.percentile(pixels[::4, ::4], (1, 99))
    if high <= low:
        return f"the image is flat: nearly all of its grey values are {low:g}"
    saturated = float(np.mean(pixels >= case.sem.saturated_high))
    if saturated > 0.5:
        return f"the image is saturated: {100 * saturated:.0f} % of its pixels are at the top of the scale"
    return None


def _failed(case: Case, method: str, reason: str) -> Registration:
    trust = Trust(verdict="failed", registration_class="significant", grounds=(reason,))
    return replace(case.nominal, method=method, trust=trust)


def _edges_in_sight(case: Case, outlines_nm: tuple[Points, ...]) -> DesignEdges:
    """Points on the design's edges that the picture may show, wherever the stage really was."""
    size = case.nominal.frame.nm_per_px
    height, width = case.sem.shape
    border = 0.3 * max(height, width)
    corners = np.array([(u, v) for u in (-border, width + border) for v in (-border, height + border)])
    low, high = (function(case.nominal.to_nm(corners), axis=0) for function in (np.min, np.max))
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return design_edges(outlines_nm, box, 2 * size, max(20.0, 3 * size), STRETCH_PX * size)


def _trust(
    case: Case, search: CoarseSearch, place: Placement, image: npt.NDArray[np.float32], fit: EdgeFit, edges: DesignEdges
) -> Trust:
    shape = case.sem.shape
    coarse = place.to_registration(case.nominal, "affine")
    points = fit.edges.points_nm
    apart = coarse.to_px(points) - fit.registration.to_px(points)
    if fit.free_axis_px is not None:
        apart = apart - np.outer(apart @ fit.free_axis_px, fit.free_axis_px)
    disagreement = float(np.median(np.hypot(*apart.T)))

    linear = fit.registration.linear_px() @ np.linalg.inv(case.nominal.linear_px())
    flip_nm = np.array([1.0, -1.0]) / case.nominal.frame.nm_per_px
    here = flip_nm * (
        np.array([fit.registration.shift_x_nm, fit.registration.shift_y_nm])
        - np.array([case.nominal.shift_x_nm, case.nominal.shift_y_nm])
    )
    binning = max(1, search.search_binning // 2)
    peaks = search.places(linear, binning, 40)
    best = max((peak.score for peak in peaks), default=0.0)
    own = max((peak.score for peak in peaks if np.hypot(*(peak.shift_px - here)) < 4 * binning), default=best)
    others = [peak for peak in peaks if np.hypot(*(peak.shift_px - here)) >= 4 * binning]
    ratio = max((peak.score for peak in others), default=0.0) / max(own, 1e-9)

    sight = choose_points(edges, AT_MOST_POINTS)
    ours = hits_at(image, fit, sight, np.zeros(2), settle=True)
    by_chance = float(
        np.median([hits_at(image, fit, sight, np.array(wrong), settle=False).share for wrong in WRONG_PLACES_PX])
    )
    alternatives = []
    for peak in [peak for peak in others if peak.score > SIMILAR * own][:AT_MOST_ALTERNATIVES]:
        shift_px = peak.shift_px - here
        theirs = hits_at(image, fit, sight, shift_px, settle=True)
        against, in_favour = votes(ours, theirs, shape)
        shift_nm = shift_px * np.array([1.0, -1.0]) * fit.registration.frame.nm_per_px
        alternatives.append(Alternative((float(shift_nm[0]), float(shift_nm[1])), against, in_favour))
    return judge(fit, case.nominal, own, ratio, disagreement, by_chance, tuple(alternatives))
