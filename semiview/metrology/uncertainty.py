"""How far a network's contour moves when the picture is turned and mirrored: a band about the contour."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.core.outline import Points
from semiview.metrology.contour import on_border
from semiview.metrology.crossing import Floats

REACH_PX = 12.0  # a band wider than this says only that there is no edge
PERCENTILE = 95.0


def contour_sigma_px(
    probability: npt.NDArray[np.float32], spread: npt.NDArray[np.float32], outlines_px: Sequence[Points]
) -> tuple[Floats, ...]:
    """Standard deviation in px of the contour's place along its normal, at each point of each outline.

    To first order a probability that is off by ds shifts its contour by ds / |grad p|; at most 12 px.

    Parameters
    ----------
    probability, spread
        (H, W) mean over the turns and mirror images of a picture, and the standard deviation over them.
    """
    slopes = np.gradient(probability)
    found = []
    for outline in outlines_px:
        at = outline[:, ::-1].T
        sigma, down, across = (
            ndimage.map_coordinates(plane, at, order=1, mode="nearest") for plane in (spread, slopes[0], slopes[1])
        )
        steep = np.hypot(down, across)
        found.append(np.minimum(sigma / np.maximum(steep, 1e-6), REACH_PX).astype(np.float64))
    return tuple(found)


def edge_uncertainty_px(
    probability: npt.NDArray[np.float32], spread: npt.NDArray[np.float32], outlines_px: Sequence[Points]
) -> float:
    """95th percentile of the contour's standard deviation in px, the picture's border left out; NaN without contour."""
    sigmas = contour_sigma_px(probability, spread, outlines_px)
    shape = (probability.shape[0], probability.shape[1])
    inner = [sigma[~on_border(outline, shape)] for sigma, outline in zip(sigmas, outlines_px, strict=True)]
    values = np.concatenate(inner) if inner else np.empty(0)
    return float(np.percentile(values, PERCENTILE)) if len(values) else float("nan")
