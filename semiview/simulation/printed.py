"""From drawn to printed outlines: rounded corners, a bias and rough edges."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.special import gamma

from semiview.core.outline import Points
from semiview.simulation.recipe import Recipe

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PrintedEdges:
    """Printed drawn polygons, point by point, with where each point came from.

    Attributes
    ----------
    points_nm
        (N, 2) printed points, outline after outline.
    design_nm, normals
        (N, 2) the point of the (rounded) design it was moved from and the outward unit normal there.
    epe_nm
        (N,) distance moved along the normal; positive: printed outside the design.
    on_side
        (N,) True on the straight part of a drawn edge, where `epe_nm` is the edge placement error itself.
    edge
        (N,) running number of the drawn edge, over all outlines.
    first
        (M + 1,) where each outline begins.
    """

    points_nm: Points
    design_nm: Points
    normals: Points
    epe_nm: Values
    on_side: npt.NDArray[np.bool_]
    edge: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]

    @property
    def outlines_nm(self) -> tuple[Points, ...]:
        """The printed outlines."""
        return tuple(np.split(self.points_nm, self.first[1:-1])) if len(self.first) > 1 else ()


def print_edges(
    outlines_nm: Sequence[Points], recipe: Recipe, step_nm: float, rng: np.random.Generator
) -> PrintedEdges:
    """Print drawn polygons (merged, inside on the left), with a point at least every `step_nm`."""
    if not outlines_nm:
        none = np.empty((0, 2))
        whole = np.zeros(0, np.int64)
        return PrintedEdges(none, none, none, np.empty(0), np.empty(0, bool), whole, np.zeros(1, np.int64))
    design, normals, on_side, edge = _rounded(outlines_nm, recipe.corner_radius_nm, step_nm)
    edges_before = np.concatenate([[0], np.cumsum([len(outline) for outline in outlines_nm])])
    first = np.searchsorted(edge, edges_before)
    moved = [rough_series(_length(design[a:b]), b - a, recipe, rng) for a, b in itertools.pairwise(first)]
    epe = recipe.bias_nm + np.concatenate(moved)
    return PrintedEdges(design + epe[:, None] * normals, design, normals, epe, on_side, edge, first)


def palasantzas_psd(frequency: Values, sigma: float, xi: float, hurst: float) -> Values:
    """Two-sided power spectral density of a rough edge after Palasantzas: PSD0 / (1 + (2 pi f xi)^2)^(H + 1/2)."""
    at_zero = 2 * np.sqrt(np.pi) * sigma**2 * xi * gamma(hurst + 0.5) / gamma(hurst)
    result: Values = at_zero / (1 + (2 * np.pi * frequency * xi) ** 2) ** (hurst + 0.5)
    return result


def rough_series(length_nm: float, count: int, recipe: Recipe, rng: np.random.Generator) -> Values:
    """(count,) displacements in nm along a closed outline of that length.

    The mean over the outline is random too: it is what makes one contact larger than the next.
    """
    white = rng.standard_normal(count)
    if recipe.roughness_sigma_nm == 0:
        return np.zeros(count)
    step = length_nm / count
    psd = palasantzas_psd(
        scipy.fft.rfftfreq(count, step), recipe.roughness_sigma_nm, recipe.roughness_xi_nm, recipe.roughness_hurst
    )
    result: Values = scipy.fft.irfft(scipy.fft.rfft(white) * np.sqrt(psd / step), count)
    return result


def _length(points: Points) -> float:
    return float(np.hypot(*(np.roll(points, -1, axis=0) - points).T).sum())


def _rounded(
    outlines: Sequence[Points], radius: float, step: float
) -> tuple[Points, Points, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Points every `step` along drawn edges and the arcs between them: point, outward normal, on a side?, edge."""
    start = np.concatenate(outlines)
    end = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
    sizes = np.array([len(outline) for outline in outlines])
    following = np.arange(len(start)) + 1
    following[np.cumsum(sizes) - 1] = np.cumsum(sizes) - sizes

    along = end - start
    length = np.hypot(*along.T)
    heading = np.arctan2(along[:, 1], along[:, 0])
    turn = (heading[following] - heading + np.pi) % (2 * np.pi) - np.pi  # at the end of each edge
    half_tangent = np.tan(np.clip(np.abs(turn) / 2, 0, 1.57))
    # Each corner may use up half of either side, so that sides between two corners stay in place.
    cut_end = np.minimum(radius * half_tangent, 0.5 * np.minimum(length, length[following]))
    cut_start = np.empty_like(cut_end)
    cut_start[following] = cut_end
    straight = length - cut_start - cut_end
    signed_radius = np.divide(np.sign(turn) * cut_end, half_tangent, out=np.zeros_like(turn), where=half_tangent > 1e-9)

    pieces = np.maximum(np.ceil(straight / step), 1).astype(np.int64)
    inner = np.maximum(np.ceil(np.abs(signed_radius * turn) / step).astype(np.int64) - 1, 0)
    count = pieces + 1 + inner
    edge = np.repeat(np.arange(len(start)), count)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    on_side = number <= pieces[edge]

    unit = np.column_stack([np.cos(heading), np.sin(heading)])
    begin = start + cut_start[:, None] * unit
    reach = np.minimum(number / pieces[edge], 1) * straight[edge]
    share = np.where(on_side, 0.0, (number - pieces[edge]) / (inner[edge] + 1))
    bearing = heading[edge] + share * turn[edge]
    bend = np.column_stack([np.sin(bearing) - np.sin(heading[edge]), np.cos(heading[edge]) - np.cos(bearing)])
    points = begin[edge] + reach[:, None] * unit[edge] + signed_radius[edge, None] * bend
    normals = np.column_stack([np.sin(bearing), -np.cos(bearing)])
    return points, normals, on_side, edge
