"""Pure edits Document -> Document. One that changes nothing returns its argument.

They never search: what a snap, a fill or an alignment found is handed in.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from semiview.core.coverage import FULL, Coverage
from semiview.core.document import Document, MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.outline import Points
from semiview.core.registration import Registration

Edit = Callable[[Document], Document]
Stroke = Literal["add", "erase"]
Layer = Literal["correction", "ignore"]


def set_registration(document: Document, registration: Registration) -> Document:
    """Take over a registration that was found, typed or dragged."""
    if registration is document.registration:
        return document
    return replace(document, registration=registration)


def nudge(document: Document, right_px: float, up_px: float) -> Document:
    """Move the design over the image, by hand, in image px; impossible while the pixel size is unknown."""
    scale = document.registration.frame.nm_per_px
    if (right_px == 0 and up_px == 0) or np.isnan(scale):
        return document
    return replace(document, registration=document.registration.moved(right_px * scale, up_px * scale).by_hand())


def turn(document: Document, degrees: float) -> Document:
    """Turn the design counter-clockwise about the middle of the picture, by hand."""
    if degrees == 0:
        return document
    return replace(document, registration=document.registration.turned(degrees).by_hand())


def scale(document: Document, factor: float) -> Document:
    """Enlarge the design about the middle of the picture, by hand."""
    if factor == 1:
        return document
    return replace(document, registration=document.registration.scaled(factor).by_hand())


def set_shape(document: Document, layer: Layer, shape: Coverage | None) -> Document:
    """Replace the whole correction or ignore region; None takes it away."""
    if shape is getattr(document, layer):
        return document
    return _with_layer(document, layer, shape)


def paint(
    document: Document, layer: Layer, start: Coverage, path_px: Points, radius_px: float, stroke: Stroke
) -> Document:
    """Draw a round brush along a path.

    Parameters
    ----------
    start
        What is painted on while the document has no such layer yet: the prediction's coverage for the correction, an
        empty one for the ignore region.
    path_px
        (N, 2) positions of the brush's middle in image px; one point makes a dot.
    radius_px
        Its rim is anti-aliased over one pixel.
    """
    if not radius_px > 0:
        raise ValueError(f"a brush needs a positive radius, not {radius_px} px")
    base: Coverage = getattr(document, layer) or start
    height, width = base.shape
    reach = radius_px + 1.0
    left, top = np.floor(path_px.min(axis=0) - reach).astype(int)
    right, bottom = np.ceil(path_px.max(axis=0) + reach).astype(int) + 1
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if left >= right or top >= bottom:
        return document
    stamp = _stroke_coverage(path_px - (left, top), (bottom - top, right - left), radius_px)
    return _merged(document, layer, base, int(top), int(left), stamp, stroke)


def lay(
    document: Document,
    layer: Layer,
    start: Coverage,
    top: int,
    left: int,
    share: npt.NDArray[np.float32],
    stroke: Stroke,
) -> Document:
    """Add or erase a shape given as coverage (h, w) in [0, 1] at (top, left): polygon, fill, design outline."""
    base: Coverage = getattr(document, layer) or start
    stamp = np.rint(np.clip(share, 0, 1) * FULL).astype(np.uint8)
    return _merged(document, layer, base, top, left, stamp, stroke)


def add_gauge(document: Document, gauge: Gauge) -> Document:
    """Keep a gauge; one with the same id is replaced."""
    if gauge in document.gauges:
        return document
    others = tuple(old for old in document.gauges if old.gauge_id != gauge.gauge_id)
    return replace(document, gauges=(*others, gauge))


def remove_gauge(document: Document, gauge_id: str) -> Document:
    """Drop the gauge of that id."""
    left = tuple(gauge for gauge in document.gauges if gauge.gauge_id != gauge_id)
    return document if len(left) == len(document.gauges) else replace(document, gauges=left)


def set_settings(document: Document, settings: MeasureSettings) -> Document:
    """Measure differently."""
    return document if settings == document.settings else replace(document, settings=settings)


def _with_layer(document: Document, layer: Layer, shape: Coverage | None) -> Document:
    return replace(document, correction=shape) if layer == "correction" else replace(document, ignore=shape)


def _merged(
    document: Document, layer: Layer, base: Coverage, top: int, left: int, stamp: npt.NDArray[np.uint8], stroke: Stroke
) -> Document:
    old = base.window(top, left, top + stamp.shape[0], left + stamp.shape[1])
    new = np.maximum(old, stamp) if stroke == "add" else np.minimum(old, FULL - stamp)
    shape = base.replaced(top, left, new)
    return document if shape is getattr(document, layer) or shape is base else _with_layer(document, layer, shape)


def _stroke_coverage(path: Points, shape: tuple[int, int], radius: float) -> npt.NDArray[np.uint8]:
    """Distance to the path, turned into a rim one pixel wide; each segment touches only its own box."""
    result = np.zeros(shape, np.uint8)
    ends = path[1:] if len(path) > 1 else path
    starts = path[:-1] if len(path) > 1 else path
    for start, end in zip(starts, ends, strict=True):
        low = np.maximum(np.floor(np.minimum(start, end) - radius - 1).astype(int), 0)
        high = np.minimum(np.ceil(np.maximum(start, end) + radius + 1).astype(int) + 1, (shape[1], shape[0]))
        if (low >= high).any():
            continue
        v, u = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float64)
        along = end - start
        length2 = float(along @ along)
        share = np.clip(((u - start[0]) * along[0] + (v - start[1]) * along[1]) / length2, 0, 1) if length2 else 0.0
        distance = np.hypot(u - start[0] - share * along[0], v - start[1] - share * along[1])
        rim = np.rint(np.clip(radius + 0.5 - distance, 0, 1) * FULL).astype(np.uint8)
        part = result[low[1] : high[1], low[0] : high[0]]
        np.maximum(part, rim, out=part)
    return result
