"""Two tools on the same gauges: slope, offset and residual with errors in both; and repeats without their outliers.

Slope after Mandel (J. Qual. Technol. 16, 1984, 1-14): the line through points both of whose coordinates err, with
lambda the ratio of the variances of y and x. An ordinary fit of y on x, which knows no error of x, lies too flat.
"""

from dataclasses import dataclass

import numpy as np

from semiview.metrology.crossing import Booleans, Floats

FEWEST = 3
FEWEST_REPEATS = 4  # of fewer values none can be told to be wrong
OUTLIER_SIGMAS = 3.5  # Iglewicz and Hoaglin's limit of the modified z-score
SIGMA_PER_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Matching:
    """y = offset + slope x, fitted to n pairs; nm but for the slope.

    Attributes
    ----------
    slope_se, offset_at_mean_se_nm
        Standard errors, of the slope and of the offset at the mean (the two do not depend on each other).
    offset_nm
        Of the line at x = 0, far outside the data; `offset_at_mean_nm` is the mean of y - x.
    residual_sigma_nm
        Of y about the line, n - 2 degrees of freedom: the spread of both tools together, sqrt(sy^2 + slope^2 sx^2).
    """

    n: int
    slope: float
    slope_se: float
    offset_nm: float
    offset_at_mean_nm: float
    offset_at_mean_se_nm: float
    residual_sigma_nm: float

    def fitted(self, x_nm: Floats) -> Floats:
        """What the line says at x."""
        result: Floats = self.offset_nm + self.slope * x_nm
        return result


def match_tools(x_nm: Floats, y_nm: Floats, variance_ratio: float = 1.0) -> Matching | None:
    """The line between two tools' values, or None with fewer than three pairs or no spread to tell a slope from.

    Parameters
    ----------
    x_nm, y_nm
        (N,) reference and own values of the same gauges; pairs with NaN are left out.
    variance_ratio
        Variance of one y over that of one x, both without what the gauges truly differ by.
    """
    both = np.isfinite(x_nm) & np.isfinite(y_nm)
    x, y = x_nm[both], y_nm[both]
    n = len(x)
    if n < FEWEST or not np.ptp(x) > 0:
        return None
    dx, dy = x - x.mean(), y - y.mean()
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    if xy == 0:
        return None
    half = (yy - variance_ratio * xx) / 2
    root = float(np.sqrt(half**2 + variance_ratio * xy**2))
    # Of the two forms of the same root the one that does not subtract nearly equal numbers.
    slope = (half + root) / xy if half >= 0 else variance_ratio * xy / (root - half)
    residual = dy - slope * dx
    sigma = float(np.sqrt(residual @ residual / (n - 2)))
    # The spread of the true x is what is left of xx without x's own errors.
    true_xx = float(((variance_ratio * dx + slope * dy) / (variance_ratio + slope**2)) @ dx)
    slope_se = sigma / np.sqrt(true_xx) if true_xx > 0 else float("nan")
    difference = float(np.mean(y - x))
    return Matching(
        n, slope, float(slope_se), float(y.mean() - slope * x.mean()), difference, sigma / float(np.sqrt(n)), sigma
    )


def variance_ratio(own_sigma_nm: Floats, reference_sigma_nm: Floats) -> float:
    """Own variance over the reference's from the errors of each pair, (N,) nm; 1 where none has both."""
    both = (own_sigma_nm > 0) & (reference_sigma_nm > 0)
    return float(np.median(own_sigma_nm[both] ** 2) / np.median(reference_sigma_nm[both] ** 2)) if both.any() else 1.0


def outliers(values: Floats, least_sigma: Floats | float = 0.0) -> Booleans:
    """(N,) True where a value lies more than 3.5 robust sigma from the median of its repeats; never among fewer than 4.

    Parameters
    ----------
    least_sigma
        Error of a value by itself: repeats that agree better than that by chance make no outlier of the others.

    Examples
    --------
    >>> outliers(np.array([50.0, 50.2, 49.9, 50.1, 61.0])).tolist()
    [False, False, False, False, True]
    """
    finite = np.isfinite(values)
    if np.count_nonzero(finite) < FEWEST_REPEATS:
        return np.zeros(len(values), dtype=bool)
    away = np.abs(values - np.median(values[finite]))
    sigma = np.maximum(SIGMA_PER_MAD * np.median(away[finite]), np.nan_to_num(least_sigma))
    result: Booleans = finite & (away > OUTLIER_SIGMAS * sigma)
    return result
