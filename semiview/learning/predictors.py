"""Other ways from a picture to a probability than a network of this program, by name.

`classical` needs no checkpoint. `onnx:FILE` runs a network of any origin through onnxruntime. Whatever an installed
package offers under the entry point group `semiview.predictors` has the name it gives itself there; an argument follows
a colon. An entry point is a factory: it takes that argument (perhaps empty) and returns a predictor.
"""

import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.learning.samples import Plane, scaled

# Grey values (H, W) as loaded, the registered design's share of standing material (H, W) or None where it is not known,
# nm per px (x, y; NaN for unknown); returns (H, W) probabilities of standing material.
Predictor = Callable[[npt.NDArray[Any], Plane | None, tuple[float, float]], npt.NDArray[Any]]

GROUP = "semiview.predictors"
CLASSICAL = "classical"
SMOOTHING_PX = 1.5
BINS = 256
SOFTNESS = 0.15  # of the distance between the two classes' means


def predictor_of(name: str) -> Predictor:
    """The predictor of a name, perhaps with an argument: NAME or NAME:ARGUMENT.

    Raises
    ------
    ValueError
        If there is none of that name, or it cannot be loaded.
    """
    kind, _, argument = name.partition(":")
    if kind == CLASSICAL:
        return classical
    if kind == "onnx":
        factory: Any = _onnx_factory()
    else:
        offered = entry_points(group=GROUP)
        if kind not in offered.names:
            known = ", ".join((CLASSICAL, "onnx:FILE", *sorted(offered.names)))
            raise ValueError(f"There is no predictor {kind!r}; there are {known}.")
        try:
            factory = offered[kind].load()
        except Exception as error:  # what others wrote may fail in any way
            raise ValueError(f"The predictor {kind!r} cannot be loaded: {error}.") from error
    try:
        predictor: Predictor = factory(argument)
    except Exception as error:
        raise ValueError(f"The predictor {name!r} cannot be used: {error}") from error
    return predictor


def predictor_names() -> tuple[str, ...]:
    """Names that can be used here without an argument, `classical` first."""
    return (CLASSICAL, *sorted(entry_points(group=GROUP).names))


def checked(probability: npt.NDArray[Any], shape: tuple[int, ...]) -> Plane:
    """What a predictor answered, as float32; ValueError if it is no probability of that picture."""
    result = np.asarray(probability, dtype=np.float32)
    if result.shape != shape:
        raise ValueError(f"the predictor answered {result.shape} for a picture of {shape}")
    if not np.isfinite(result).all() or result.min() < 0 or result.max() > 1:
        raise ValueError("the predictor answered with values that are no probabilities")
    return result


def classical(pixels: npt.NDArray[Any], _design: Plane | None, _nm_per_px: tuple[float, float]) -> Plane:
    """Bright is standing material: Otsu's threshold (1979) of the smoothed picture, softened about it.

    It knows neither rims nor shadows: a way to begin without a checkpoint, and the line that a network has to beat.
    """
    smooth = ndimage.gaussian_filter(scaled(pixels), SMOOTHING_PX)
    if not np.ptp(smooth) > 0:
        return np.full(smooth.shape, 0.5, np.float32)
    counts, edges = np.histogram(smooth, BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * middles)
    lower = sums[:-1] / np.maximum(below, 1)
    upper = (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    best = int(np.argmax(below * above * (upper - lower) ** 2.0))
    softness = SOFTNESS * float(upper[best] - lower[best])
    result: Plane = (1 / (1 + np.exp(-np.clip((smooth - edges[best + 1]) / softness, -30, 30)))).astype(np.float32)
    return result


def _onnx_factory() -> Any:
    try:
        return importlib.import_module("semiview.learning.onnx_network").onnx_predictor
    except ImportError as error:
        raise ValueError("ONNX files need onnxruntime: pip install 'semiview[onnx]'.") from error
