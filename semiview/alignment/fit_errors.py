"""What the points of an edge fit count, and how sure its parameters are, when neighbours err alike."""

import numpy as np
import numpy.typing as npt

from semiview.core.outline import Points

FloatArray = npt.NDArray[np.float64]

LEAST_SIGMA_PX = 0.02  # no edge point is known better
LAGS = 4  # stretches along an outline whose errors may be alike
UNSEEN = 1.18  # standard deviation found over that from residuals


def strengths(residual: FloatArray, stretch: npt.NDArray[np.int64], weights: FloatArray) -> FloatArray:
    """(N,) what each point counts, in 1 / px^2: `1 / (within + n between)` for n points on its stretch.

    A thousand points on one rough wall are not a thousand opinions: `between` is the variance that a whole stretch
    shares, `within` that of its single points, both from the residuals.
    """
    total = np.bincount(stretch, weights)
    mean = np.bincount(stretch, weights * residual, len(total)) / np.maximum(total, 1e-9)
    apart = residual - mean[stretch]
    freedom = float(weights.sum()) - int(np.sum(total > 0))
    within = float(np.sum(weights * apart**2)) / max(freedom, 1.0)
    within = max(within, LEAST_SIGMA_PX**2)
    settled = total > 2
    between = 0.0
    if settled.any():
        shared = (1.4826 * float(np.median(np.abs(mean[settled])))) ** 2
        between = max(0.0, shared - float(np.median(within / total[settled])))
    result: FloatArray = 1 / (within + total[stretch] * between)
    return result


def point_variance(
    points_px: Points, centre_px: tuple[float, float], covariance: FloatArray, free_axis_px: FloatArray | None = None
) -> FloatArray:
    """(N,) variance in px^2 of where points lie, both axes summed, or across a free axis alone.

    Parameters
    ----------
    covariance
        (6, 6) as in `EdgeFit`.
    """
    along = (points_px - np.array(centre_px)) / float(np.hypot(*centre_px))
    zero, one = np.zeros(len(points_px)), np.ones(len(points_px))
    row_u = np.stack([along[:, 0], along[:, 1], zero, zero, one, zero], axis=1)
    row_v = np.stack([zero, zero, along[:, 0], along[:, 1], zero, one], axis=1)
    rows = [row_u, row_v]
    if free_axis_px is not None:
        rows = [free_axis_px[0] * row_v - free_axis_px[1] * row_u]
    variance: FloatArray = np.sum([np.einsum("ni,ij,nj->n", row, covariance, row) for row in rows], axis=0)
    return variance


def jackknife_covariance(
    design_matrix: FloatArray,
    weights: FloatArray,
    residual: FloatArray,
    stretch: npt.NDArray[np.int64],
    prior: FloatArray,
) -> FloatArray:
    """(P, P) covariance of a weighted fit from leaving out one stretch at a time, and what only the prior holds.

    Nothing is assumed of the errors within a stretch, and a stretch on which a parameter hangs alone shows as such.
    Rough walls err alike over more than one stretch: stretches up to LAGS apart along an outline count together, with
    the weights that keep the sum positive (Newey and West, Econometrica 55 (1987) 703). What distant stretches share no
    residual shows; UNSEEN is its measure, from simulated fields of many patterns and recipes.
    """
    used, cluster = np.unique(stretch[weights > 0], return_inverse=True)
    rows, strength, errors = design_matrix[weights > 0], weights[weights > 0], residual[weights > 0]
    count = design_matrix.shape[1]
    weighted = rows * strength[:, None]
    normal = np.zeros((len(used), count, count))
    np.add.at(normal, cluster, weighted[:, :, None] * rows[:, None, :])
    score = np.zeros((len(used), count))
    np.add.at(score, cluster, weighted * errors[:, None])
    whole = normal.sum(axis=0) + prior
    change = np.linalg.solve(whole - normal, score[:, :, None])[:, :, 0]
    inverse = np.linalg.inv(whole)
    held: FloatArray = inverse @ prior @ inverse
    spread: FloatArray = change.T @ change
    for lag in range(1, LAGS + 1):
        # Only stretches that follow each other in number: where some between have no edge, nothing is shared.
        follows = used[lag:] - used[:-lag] == lag
        together = change[:-lag][follows].T @ change[lag:][follows]
        spread = spread + (1 - lag / (LAGS + 1)) * (together + together.T)
    return UNSEEN**2 * (len(used) - 1) / len(used) * spread + held
