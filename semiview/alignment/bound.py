"""The least error that a simulated field leaves to any alignment: Cramer-Rao with shot noise and rough edges."""

import numpy as np
import numpy.typing as npt
import scipy.fft

from semiview.core.outline import Points
from semiview.core.registration import Registration
from semiview.simulation.printed import palasantzas_psd
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import expected_signal

FloatArray = npt.NDArray[np.float64]

STEP_PX = 2.0


def edge_information(recipe: Recipe) -> float:
    """Fisher information of a straight edge's place, per px^2 and px of edge, from the electrons alone."""
    columns = np.arange(256, dtype=np.float64)

    def line(edge: float) -> FloatArray:
        inside = np.clip(edge + 0.5 - columns, 0, 1)
        share = np.broadcast_to(inside, (8, 256)).astype(np.float32)
        signal: FloatArray = expected_signal(share, recipe)[4]
        return signal

    # The far edge, where the picture wraps around, stands still: only what changes near the middle counts.
    slope = (line(128.5) - line(127.5))[64:192] * recipe.dose
    variance = np.maximum(line(128.0)[64:192], 0) * recipe.dose + recipe.detector_noise**2
    return float(np.sum(slope**2 / variance))


def least_covariance(
    outlines_nm: tuple[Points, ...], truth: Registration, shape: tuple[int, int], recipe: Recipe
) -> FloatArray:
    """(6, 6) least covariance of (xx, xy, yx, yy times half the picture, u, v) in px, one edge bias being unknown.

    J^T N^-1 J over all edges in the picture: J is how far each parameter moves an edge along its normal, N the noise
    of the edge's place as a process along each outline, white from the electrons and with the roughness's own power
    spectrum. The rounding of corners is not known, so that their `corner_radius_nm` carries nothing.
    """
    shot = 1 / edge_information(recipe)
    scale = truth.frame.nm_per_px
    centre = np.array(truth.frame.centre_px)
    half = float(np.hypot(*centre))
    height, width = shape
    information = np.zeros((7, 7))
    for outline in outlines_nm:
        placed = truth.to_px(outline)
        if (placed.max(axis=0) < 0).any() or (placed.min(axis=0) > [width - 1, height - 1]).any():
            continue
        points, normals, to_corner = _walk(placed)
        about = (points - centre) / half
        nu, nv = normals.T
        jacobian = np.column_stack([nu * about[:, 0], nu * about[:, 1], nv * about[:, 0], nv * about[:, 1], nu, nv])
        jacobian = np.column_stack([jacobian, np.ones(len(points))])
        inside = ((points >= 0) & (points <= [width - 1, height - 1])).all(axis=1)
        counted = inside & (to_corner >= recipe.corner_radius_nm / scale)
        if not counted.any():
            continue
        rough = palasantzas_psd(
            scipy.fft.rfftfreq(len(points), STEP_PX),
            recipe.roughness_sigma_nm / scale,
            recipe.roughness_xi_nm / scale,
            recipe.roughness_hurst,
        )
        by_lag = scipy.fft.irfft(rough, len(points)) / STEP_PX
        by_lag[0] += shot / STEP_PX
        number = np.flatnonzero(counted)
        noise = by_lag[(number[:, None] - number) % len(points)]
        information += jacobian[counted].T @ np.linalg.solve(noise, jacobian[counted])
    return np.asarray(np.linalg.inv(information)[:6, :6], dtype=np.float64)


def _walk(placed: Points) -> tuple[Points, Points, FloatArray]:
    """Points about every STEP_PX along a closed outline, unit normals, and the distance to the nearest vertex."""
    along = np.roll(placed, -1, axis=0) - placed
    length = np.hypot(*along.T)
    count = max(8, round(float(length.sum()) / STEP_PX))
    place = (np.arange(count) + 0.5) / count * length.sum()
    ends = np.cumsum(length)
    owner = np.minimum(np.searchsorted(ends, place), len(placed) - 1)
    from_start = place - (ends - length)[owner]
    unit = along / np.maximum(length, 1e-12)[:, None]
    points = placed[owner] + unit[owner] * from_start[:, None]
    normals = np.column_stack([unit[owner, 1], -unit[owner, 0]])
    return points, normals, np.minimum(from_start, length[owner] - from_start)
