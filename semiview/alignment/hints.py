"""Why an alignment may have failed: the design fits at another pixel size, or mirrored."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from semiview.alignment.coarse import CoarseSearch, free_parameters, turned
from semiview.core.case import Case
from semiview.core.registration import Registration

SIZES = np.geomspace(0.45, 2.2, 54)  # steps of three percent
FAIR_CORRELATION = 0.4
STANDS_OUT = 1.5  # over the best correlation at any other size
ALIKE = 0.15  # sizes nearer than this see the same thing
STATED = 0.035  # so near the stated size everything has been tried
BELIEVED = ("unique", "periodic")

Attempt = Callable[[Case], Registration]


def hint(case: Case, search: CoarseSearch, attempt: Attempt) -> str | None:
    """A sentence that names the pixel size or the mirror under which the design is found after all, or None.

    Parameters
    ----------
    attempt
        Aligns a case that states something else than the given one.
    """
    fitted = fitting_size(search, case.nominal.frame.nm_per_px)
    if fitted is not None:
        return size_hint(case, fitted)
    frame = replace(case.nominal.frame, mirrored=not case.nominal.frame.mirrored)
    found = attempt(replace(case, nominal=replace(case.nominal, frame=frame)))
    if found.trust.verdict in BELIEVED:
        return "the design fits mirrored: put right the column `mirrored` of the case list"
    return None


def size_hint(case: Case, fitted_nm: float) -> str:
    """That the design fits at another pixel size than the one stated."""
    stated = case.nominal.frame.nm_per_px
    return f"the design fits at {fitted_nm:.4g} nm per px instead of {stated:.4g}: check the pixel size"


def fitting_size(search: CoarseSearch, stated_nm: float) -> float | None:
    """The pixel size in nm at which the design correlates as at no other, if that is far from the stated one."""
    binning = search.search_binning
    tried = [(size, place) for size in SIZES for place in search.places(turned(0.0, size - 1, 0.0), binning, 1)]
    if not tried:
        return None
    best_size, best = max(tried, key=lambda pair: pair[1].score)
    others = [place.score for size, place in tried if abs(size / best_size - 1) > ALIKE]
    if best.score < FAIR_CORRELATION or best.score < STANDS_OUT * max(others, default=0.0):
        return None
    linear = search.descend(best, binning, free_parameters("affine"), 8).linear
    # A picture that shows the design smaller has larger pixels.
    size = float(np.sqrt(abs(np.linalg.det(linear))))
    return stated_nm / size if abs(size - 1) > STATED else None
