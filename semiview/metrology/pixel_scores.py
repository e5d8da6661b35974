"""Image scores of a probability map against a reference, to stand beside CD and EPE and never alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts when they are asked for: the window starts sooner

from semiview.core.outline import Points
from semiview.core.sem_image import PixelSize
from semiview.metrology.contour import half_contours, on_border
from semiview.metrology.crossing import Booleans, Floats, Integers, following_point, repeated

SSIM_WINDOW_PX = 7
STRIP_ROWS = 48
SSIM_K1, SSIM_K2 = 0.01, 0.03
HAUSDORFF_POINTS = 5_000


@dataclass(frozen=True, slots=True)
class PixelScores:
    """Scores over the pixels that are not ignored; NaN with `reason` where there are none.

    Attributes
    ----------
    l1
        Mean absolute difference.
    ssim
        Mean structural similarity (Wang et al. 2004) in windows of 7 x 7 px, range 1.
    psnr
        10 log10(1 / MSE) in dB; inf for equal maps.
    iou, dice
        Of the masks at 0.5; NaN where both are empty.
    hausdorff95_nm
        95th percentile of the distance between the two half contours, both ways; NaN without a pixel size or if
        either has no contour.
    """

    l1: float = float("nan")
    ssim: float = float("nan")
    psnr: float = float("nan")
    iou: float = float("nan")
    dice: float = float("nan")
    hausdorff95_nm: float = float("nan")
    reason: str = ""


def pixel_scores(
    probability: npt.NDArray[np.float32],
    reference: npt.NDArray[np.float32],
    ignore: Booleans | None,
    pixel_size: PixelSize,
    outlines_px: Sequence[Points] | None = None,
    reference_outlines_px: Sequence[Points] | None = None,
) -> PixelScores:
    """Compare two (H, W) maps in [0, 1].

    Parameters
    ----------
    ignore
        (H, W) True where a pixel counts for nothing.
    outlines_px, reference_outlines_px
        The half contours of both, if known already, with their points about a pixel apart.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if probability.shape != reference.shape:
        raise ValueError(f"the maps differ in shape: {probability.shape} and {reference.shape}")
    one, other = np.asarray(probability, dtype=np.float32), np.asarray(reference, dtype=np.float32)
    counted = None if ignore is None or not ignore.any() else ~ignore
    if counted is not None and not counted.any():
        return PixelScores(reason="everything is ignored")
    difference = one - other if counted is None else (one - other)[counted]
    l1 = float(np.mean(np.abs(difference), dtype=np.float64))
    squared = float(np.mean(np.square(difference), dtype=np.float64))
    if not np.isfinite(squared):
        return PixelScores(reason="a value is not finite")
    above, expected = one >= 0.5, other >= 0.5
    if counted is not None:
        above, expected = above & counted, expected & counted
    both = int(np.count_nonzero(above & expected))
    sizes = int(np.count_nonzero(above)) + int(np.count_nonzero(expected))
    if min(one.shape) < SSIM_WINDOW_PX:
        return PixelScores(l1=l1, reason=f"smaller than {SSIM_WINDOW_PX} px")
    distance = float("nan")
    if pixel_size.known:
        first = half_contours(one) if outlines_px is None else outlines_px
        second = half_contours(other) if reference_outlines_px is None else reference_outlines_px
        distance = _hausdorff95(first, second, pixel_size, one.shape, ignore)
    return PixelScores(
        l1=l1,
        ssim=_mean_similarity(one, other, counted),
        psnr=float("inf") if squared == 0 else float(-10 * np.log10(squared)),
        iou=both / (sizes - both) if sizes else float("nan"),
        dice=2 * both / sizes if sizes else float("nan"),
        hausdorff95_nm=distance,
        reason="" if sizes else "no standing material in either",
    )


def _mean_similarity(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], counted: Booleans | None) -> float:
    """Mean structural similarity of the whole windows whose middles count; NaN if there is none.

    float32 keeps five digits of values in [0, 1].
    """
    half = SSIM_WINDOW_PX // 2
    rows = one.shape[0] - 2 * half
    total, number = 0.0, 0
    for top in range(0, rows, STRIP_ROWS):
        strip = slice(top, min(top + STRIP_ROWS, rows) + 2 * half)
        similarity = _strip_similarity(one[strip], other[strip])
        if counted is not None:
            similarity = similarity[counted[strip][half:-half, half:-half]]
        total += float(similarity.sum(dtype=np.float64))
        number += similarity.size
    return total / number if number else float("nan")


def _strip_similarity(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The same of a few rows, so that what is in work stays in the processor's cache."""
    mean_one, mean_other = _window_mean(one), _window_mean(other)
    unbiased = np.float32(SSIM_WINDOW_PX**2 / (SSIM_WINDOW_PX**2 - 1))
    # Only the sum of both variances is needed, so four filters do.
    product, squares = mean_one * mean_other, mean_one**2 + mean_other**2
    variances = unbiased * (_window_mean(one * one + other * other) - squares)
    covariance = unbiased * (_window_mean(one * other) - product)
    first, second = np.float32(SSIM_K1**2), np.float32(SSIM_K2**2)
    result = ((2 * product + first) * (2 * covariance + second)) / ((squares + first) * (variances + second))
    return result.astype(np.float32, copy=False)


def _window_mean(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(H - 6, W - 6) means over 7 x 7 windows: seven terms a direction in four additions, 4 + 2 + 1."""
    pairs = values[:-1] + values[1:]
    sums = pairs[:-5] + pairs[2:-3]
    sums += pairs[4:-1]
    sums += values[6:]
    pairs = sums[:, :-1] + sums[:, 1:]
    total = pairs[:, :-5] + pairs[:, 2:-3]
    total += pairs[:, 4:-1]
    total += sums[:, 6:]
    total *= np.float32(1 / SSIM_WINDOW_PX**2)
    return total


def divided(outline: Points, step: float) -> Points:
    """The same closed outline with further points, at most `step` apart."""
    edges = np.roll(outline, -1, axis=0) - outline
    pieces = np.maximum(np.ceil(np.hypot(*edges.T) / step), 1).astype(np.int64)
    vertex, number = repeated(pieces)
    result: Points = outline[vertex] + (number / pieces[vertex])[:, None] * edges[vertex]
    return result


def _hausdorff95(
    one: Sequence[Points],
    other: Sequence[Points],
    pixel_size: PixelSize,
    shape: tuple[int, ...],
    ignore: Booleans | None,
) -> float:
    """95th percentile of the distances from each contour to the other, pooled."""
    scale = np.array([pixel_size.x_nm, pixel_size.y_nm])
    parts = []
    for outlines in (one, other):
        if not outlines:
            return float("nan")
        points = np.concatenate(outlines)
        kept = ~on_border(points, (shape[0], shape[1]))
        if ignore is not None:
            largest = np.array([shape[1] - 1, shape[0] - 1])
            column, row = np.rint(np.clip(points, 0, largest)).astype(np.int64).T
            kept &= ~ignore[row, column]
        if not kept.any():
            return float("nan")
        parts.append((points * scale, following_point(outlines), kept))
    distances = [_distances(parts[0], parts[1]), _distances(parts[1], parts[0])]
    return float(np.percentile(np.concatenate(distances), 95))


def _distances(of: tuple[Points, Integers, Booleans], to: tuple[Points, Integers, Booleans]) -> Floats:
    """From contour points to the nearest of the two segments at the other contour's nearest point."""
    chosen = np.flatnonzero(of[2])
    chosen = chosen[:: -(-len(chosen) // HAUSDORFF_POINTS)]
    points = of[0][chosen]
    targets, following, kept = to
    candidates = np.flatnonzero(kept)
    _, nearest = scipy.spatial.KDTree(targets[candidates]).query(points)
    middle = candidates[nearest]
    previous = np.empty_like(following)
    previous[following] = np.arange(len(following))
    best = np.full(len(points), np.inf)
    for start, end in ((targets[middle], targets[following[middle]]), (targets[previous[middle]], targets[middle])):
        edge, reach = end - start, points - start
        squared = np.einsum("ij,ij->i", edge, edge)
        share = np.clip(np.einsum("ij,ij->i", reach, edge) / np.where(squared > 0, squared, 1), 0, 1)
        best = np.minimum(best, np.hypot(*(reach - share[:, None] * edge).T))
    return best
