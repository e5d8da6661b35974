"""Static precision: how far a tool's values of one and the same place scatter from image to image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from semiview.metrology.crossing import Floats

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class StaticPrecision:
    """3 sigma of repeats, pooled over gauges; nm.

    Attributes
    ----------
    sigma3_nm
        Three times the pooled standard deviation within the gauges; `low_nm` and `high_nm` hold it with 95 %.
    gauges, degrees
        How many gauges were repeated, and the degrees of freedom: values minus gauges.
    """

    sigma3_nm: float
    low_nm: float
    high_nm: float
    gauges: int
    degrees: int


def static_precision(repeats: Sequence[Floats]) -> StaticPrecision | None:
    """Pooled 3 sigma of the repeats of each gauge, nm; None where no gauge has two values.

    Parameters
    ----------
    repeats
        For each gauge (n,) its values in nm; NaN are left out. What the gauges differ by does not count.

    Notes
    -----
    sigma^2 = sum (x - mean of its gauge)^2 / f with f = sum (n - 1); f sigma^2 / true variance is chi-square with f
    degrees of freedom.
    """
    known = [values[np.isfinite(values)] for values in repeats]
    known = [values for values in known if len(values) > 1]
    degrees = sum(len(values) - 1 for values in known)
    if degrees == 0:
        return None
    squares = float(sum(np.sum((values - values.mean()) ** 2) for values in known))
    # The upper tail comes first: the larger quantile belongs to the lower limit.
    tail = (1 - CONFIDENCE) / 2
    low, high = (3 * float(np.sqrt(squares / chdtri(degrees, share))) for share in (tail, 1 - tail))
    return StaticPrecision(3 * float(np.sqrt(squares / degrees)), low, high, len(known), degrees)
