"""Find the registration of a case and say how far to trust it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from semiview.alignment.coarse import CoarseSearch, coarse_place
from semiview.alignment.design_edges import DesignEdges, design_edges
from semiview.alignment.evidence import gather
from semiview.alignment.refine import refine, softened, within
from semiview.alignment.trust import judge
from semiview.core.case import Case
from semiview.core.outline import Points
from semiview.core.registration import Registration, Transform, Trust

METHODS = ("auto", "ncc")

AT_MOST_POINTS = 6000  # in the picture
STEP_PX = 2.0
LEAST_POINTS = 20
STRETCH_PX = 40.0  # edge errors are alike over about this length


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
    if not _in_reach(outlines_px, case.sem.shape):
        return _failed(case, method, "nothing of the design lies in or near the picture: check the stage position")
    search = CoarseSearch(pixels, outlines_px, case.nominal.frame.nm_per_px)
    place = coarse_place(search, transform, should_stop)
    if should_stop is not None and should_stop():
        return _failed(case, method, "stopped")
    start = case.nominal if place is None else place.to_registration(case.nominal, transform)
    edges = _edges_in_sight(case, outlines_nm, start)
    if place is None or len(edges) < LEAST_POINTS:
        return _failed(case, method, "the design has no edges long enough to be found in the picture")
    image = softened(pixels)
    fit = refine(image, start, edges, transform, case.nominal)
    if fit is None:
        return _failed(case, method, "no edges were found in the image where the design has them")
    evidence = gather(search, place, case.nominal, image, fit, edges, outlines_nm)
    better = next((other for other in evidence.alternatives if other.preferred), None)
    if better is not None:
        # The edges know better than the correlation.
        again = refine(image, fit.registration.moved(*better.shift_nm), edges, transform, case.nominal)
        if again is not None:
            right, up = better.shift_nm
            moved_px = place.shift_px + np.array([right, -up]) / case.nominal.frame.nm_per_px
            fit, place = again, replace(place, shift_px=moved_px)
            evidence = gather(search, place, case.nominal, image, fit, edges, outlines_nm)
    trust = judge(fit, case.nominal, evidence)
    if trust.verdict == "failed":
        return replace(case.nominal, method=method, trust=trust)
    found = fit.registration if method == "auto" else place.to_registration(case.nominal, transform)
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


def _in_reach(outlines_px: tuple[Points, ...], shape: tuple[int, int]) -> bool:
    """True if any outline comes within half a picture of the picture."""
    height, width = shape
    return any(
        (outline.max(axis=0) > [-width / 2, -height / 2]).all()
        and (outline.min(axis=0) < [1.5 * width, 1.5 * height]).all()
        for outline in outlines_px
    )


def _failed(case: Case, method: str, reason: str) -> Registration:
    trust = Trust(verdict="failed", registration_class="significant", grounds=(reason,))
    return replace(case.nominal, method=method, trust=trust)


def _edges_in_sight(case: Case, outlines_nm: tuple[Points, ...], start: Registration) -> DesignEdges:
    """Points on the design's edges that the picture may show, wherever the stage really was."""
    size = case.nominal.frame.nm_per_px
    height, width = case.sem.shape
    border = 0.45 * max(height, width)
    corners = np.array([(u, v) for u in (-border, width + border) for v in (-border, height + border)])
    low, high = (function(start.to_nm(corners), axis=0) for function in (np.min, np.max))
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    edges = design_edges(outlines_nm, box, STEP_PX * size, max(20.0, 3 * size), STRETCH_PX * size)
    in_picture = int(np.sum(within(start.to_px(edges.points_nm), case.sem.shape, 0)))
    if in_picture <= AT_MOST_POINTS:
        return edges
    return edges.chosen(np.linspace(0, len(edges) - 1, len(edges) * AT_MOST_POINTS // in_picture).astype(np.int64))
