"""Find the registration of a case and say how far to trust it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from semiview.alignment.coarse import CoarseSearch, Placement, coarse_place, placed_design
from semiview.alignment.design_edges import DesignEdges, design_edges
from semiview.alignment.edge_search import Sight, within
from semiview.alignment.evidence import gather
from semiview.alignment.hints import fitting_size, hint, size_hint
from semiview.alignment.landmarks import Landmarks, fit_landmarks
from semiview.alignment.methods import FINDERS
from semiview.alignment.refine import refine
from semiview.alignment.trust import judge
from semiview.core.case import Case
from semiview.core.coverage import Coverage
from semiview.core.outline import Points
from semiview.core.raster import coverage
from semiview.core.registration import Registration, Transform, Trust

METHODS = ("auto", "ncc", "phase", "features", "landmarks")

AT_MOST_POINTS = 6000  # in the picture
STEP_PX = 2.0
LEAST_POINTS = 20
STRETCH_PX = 40.0  # edge errors are alike over about this length


def align(
    case: Case,
    method: str = "auto",
    transform: Transform = "affine",
    should_stop: Callable[[], bool] | None = None,
    ignore: Coverage | None = None,
    landmarks: Landmarks | None = None,
) -> Registration:
    """The registration of a case's design, with its verdict and grounds.

    Parameters
    ----------
    case
        Its nominal registration is the start: the stage may be off by the smaller of 10 um and 20 % of the field,
        the pixel size by 3 % per axis, the rotation by 3 deg.
    method
        Who finds the first place: `ncc` correlation, `phase` Fourier transforms, `features` keypoints; `auto` tries
        them in this order until one holds, and if none does says whether another pixel size or a mirror would. The
        design's edges then refine and weigh it. `landmarks`: the pairs given, alone.
    transform
        Which parameters are free.
    should_stop
        Asked between the stages; True gives a failed registration at once.
    ignore
        Region of the picture that must not be looked at; layers of the role `ignore` are left out besides.
    landmarks
        For the method `landmarks`; for `auto` the first place, which the design's edges then refine. Where several
        places fit they say which one is meant, and a person vouches for it.

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
    if method == "landmarks":
        return _by_landmarks(case, landmarks, transform)
    reason = _unusable_because(case)
    if reason is not None or case.design is None:
        return _failed(case, method, reason or "")
    ignored = _ignored(case, ignore)
    if ignored is not None and ignored.mean() > 0.95:
        return _failed(case, method, "nearly all of the picture is ignored")
    placed = placed_design(case.design, case.nominal)
    if not _in_reach(placed.outlines_px, case.sem.shape):
        return _failed(case, method, "nothing of the design lies in or near the picture: check the stage position")
    search = CoarseSearch(case.sem.pixels, placed, case.nominal.frame.nm_per_px, ignored)
    sight = Sight.of(case.sem.pixels, ignored)
    if method == "auto" and landmarks is not None and len(landmarks):
        return _from_landmarks(case, landmarks, transform, search, sight)
    tried = FINDERS if method == "auto" else {method: FINDERS[method]}
    answers: list[Registration] = []
    for find in tried.values():
        place = coarse_place(search, find(search, transform), transform, should_stop)
        if should_stop is not None and should_stop():
            return _failed(case, method, "stopped")
        answers.append(_refined(case, method, search, sight, place, transform))
        if answers[-1].trust.verdict == "unique" or (method != "auto" and answers[-1].trust.verdict != "failed"):
            return answers[-1]
        if answers[-1].trust.verdict != "failed":
            break
    if method != "auto":
        return answers[0]
    if answers[-1].trust.verdict != "failed":
        # Doubtful: it may be a place by chance, at a pixel size that is not the picture's.
        elsewhere = fitting_size(search, case.nominal.frame.nm_per_px)
        return answers[-1] if elsewhere is None else _failed(case, method, size_hint(case, elsewhere))
    likely = hint(case, search, partial(align, method="ncc", transform=transform, should_stop=should_stop))
    if likely is None:
        return answers[0]
    return replace(answers[0], trust=replace(answers[0].trust, grounds=(likely, *answers[0].trust.grounds)))


def _from_landmarks(
    case: Case, landmarks: Landmarks, transform: Transform, search: CoarseSearch, sight: Sight
) -> Registration:
    """Refined on the edges from where landmarks put the design; of several places that fit, theirs."""
    start = _by_landmarks(case, landmarks, transform)
    if start.trust.verdict == "failed":
        return start
    found = _refined(case, "auto", search, sight, Placement.of_registration(start, case.nominal), transform)
    if found.trust.verdict != "periodic":
        return found
    apart = np.array([(0.0, 0.0), *found.trust.alternatives]) / case.nominal.frame.nm_per_px
    missed = np.median(found.to_px(landmarks.points_nm) - landmarks.points_px, axis=0)  # theirs is here, less that
    away = np.hypot(*(apart * (1, -1) + missed).T)
    if int(np.argmin(away)) != 0:
        return found
    say = "1 landmark says" if len(landmarks) == 1 else f"{len(landmarks)} landmarks say"
    ground = f"{say} which of {len(apart)} places that fit is meant, {away[0]:.1f} px from here"
    trust = replace(
        found.trust,
        verdict="manual",
        registration_class=None,
        alternatives=(),
        grounds=(ground, *found.trust.grounds[1:]),
    )
    return replace(found, trust=trust)


def _refined(
    case: Case, method: str, search: CoarseSearch, sight: Sight, place: Placement | None, transform: Transform
) -> Registration:
    """From a first place to a registration with its trust."""
    assert case.design is not None
    outlines_nm = case.design.alignable
    start = case.nominal if place is None else place.to_registration(case.nominal, transform)
    edges = _edges_in_sight(case, outlines_nm, start)
    if len(edges) < LEAST_POINTS:
        return _failed(case, method, "the design has no edges long enough to be found in the picture")
    if place is None:
        return _failed(case, method, f"the method {method} finds no place for the design in the image")
    fit = refine(sight, start, edges, transform, case.nominal)
    if fit is None:
        return _failed(case, method, "no edges were found in the image where the design has them")
    evidence = gather(search, place, case.nominal, sight, fit, edges, outlines_nm)
    better = next((other for other in evidence.alternatives if other.preferred), None)
    if better is not None:
        # The edges know better than the correlation.
        again = refine(sight, fit.registration.moved(*better.shift_nm), edges, transform, case.nominal)
        if again is not None:
            right, up = better.shift_nm
            moved_px = place.shift_px + np.array([right, -up]) / case.nominal.frame.nm_per_px
            fit, place = again, replace(place, shift_px=moved_px)
            evidence = gather(search, place, case.nominal, sight, fit, edges, outlines_nm)
    trust = judge(fit, case.nominal, evidence)
    if trust.verdict == "failed":
        return replace(case.nominal, method=method, trust=trust)
    return replace(fit.registration, method=method, trust=trust)


def _by_landmarks(case: Case, landmarks: Landmarks | None, transform: Transform) -> Registration:
    if landmarks is None or not len(landmarks):
        return _failed(case, "landmarks", "the case has no landmarks: name at least one design point and its image")
    if not np.isfinite(case.nominal.frame.nm_per_px):
        return _failed(case, "landmarks", "the pixel size is unknown: give nm_per_px in the case list or the project")
    order: tuple[Transform, ...] = ("shift", "similarity", "affine")
    simplest = min(transform, order[min(len(landmarks), 3) - 1], key=order.index)
    try:
        return fit_landmarks(case.nominal, landmarks, simplest).registration
    except ValueError as problem:
        return _failed(case, "landmarks", str(problem))


def _ignored(case: Case, ignore: Coverage | None) -> npt.NDArray[np.bool_] | None:
    """(H, W) what must not be looked at: the person's region, and where the stage puts the layers to ignore."""
    mask = None if ignore is None else ignore.mask()
    layers = () if case.design is None else case.design.ignore
    if layers:
        placed = [case.nominal.outline_to_px(outline) for outline in layers]
        of_layers = coverage(placed, case.sem.shape) > 0
        mask = of_layers if mask is None else mask | of_layers
    return mask if mask is not None and mask.any() else None


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
