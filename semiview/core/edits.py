"""Pure edits Document -> Document. One that changes nothing returns its argument.

They never search: what a snap, a fill or an alignment found is handed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from semiview.core.coverage import FULL, Coverage, brush_stamp
from semiview.core.document import Document, MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.outline import Points, signed_area
from semiview.core.raster import coverage
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
    base: Coverage = getattr(document, layer) or start
    stamp = brush_stamp(path_px, radius_px, base.shape)
    if stamp is None:
        return document
    top, left, share = stamp
    return _merged(document, layer, base, top, left, share, stroke)


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


def take(
    document: Document,
    layer: Layer,
    start: Coverage,
    top: int,
    left: int,
    source: npt.NDArray[np.uint8],
    share: npt.NDArray[np.uint8],
) -> Document:
    """Put another shape in here: the design's outline, the prediction as it was.

    Parameters
    ----------
    source
        (h, w) uint8 coverage of the other shape, from pixel (top, left) on.
    share
        (h, w) uint8: 255 where it takes the place of what was there, 0 where that stays.
    """
    base: Coverage = getattr(document, layer) or start
    old = base.window(top, left, top + source.shape[0], left + source.shape[1])
    weight = share.astype(np.float32) / FULL
    new = np.rint(old + weight * (source.astype(np.float32) - old)).astype(np.uint8)
    shape = base.replaced(top, left, new)
    return document if shape is getattr(document, layer) or shape is base else _with_layer(document, layer, shape)


def reshape(document: Document, layer: Layer, base: Coverage, changes: Sequence[tuple[Points, Points]]) -> Document:
    """Move outlines of a painted shape: vertices that were dragged, rims that snapped to an edge.

    Only what lies between an old and a new outline is repainted, so that a rim which stays is not touched.

    Parameters
    ----------
    base
        What is repainted: the shape as it was when the gesture began.
    changes
        Pairs (old, new) of closed outlines in image px, inside on the left as seen on the screen.
    """
    shape = base
    for old, new in changes:
        shape = _reshaped(shape, old, new)
    return document if shape is getattr(document, layer) or shape is base else _with_layer(document, layer, shape)


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


def _reshaped(shape: Coverage, old: Points, new: Points) -> Coverage:
    height, width = shape.shape
    points = np.concatenate(_differing(old, new))
    if not len(points):
        return shape
    left, top = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0).tolist()
    right, bottom = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 2, (width, height)).tolist()
    if left >= right or top >= bottom:
        return shape
    before, after = (coverage([outline - (left, top)], (bottom - top, right - left)) for outline in (old, new))
    # The shoelace sign of material is negative where rows run down; within a hole's outline there is none.
    sign = 1.0 if signed_area(old) < 0 else -1.0
    values = shape.window(top, left, bottom, right) + sign * FULL * (after - before)
    return shape.replaced(top, left, np.rint(np.clip(values, 0, FULL)).astype(np.uint8))


def _differing(old: Points, new: Points) -> tuple[Points, Points]:
    """The points of either from the one before the first that differs to the one behind the last."""
    if len(old) == len(new):
        apart = np.flatnonzero((old != new).any(axis=1))
        if not len(apart):
            return old[:0], new[:0]
        near = np.unique(np.concatenate([apart - 1, apart, apart + 1]) % len(old))
        return old[near], new[near]
    common = {tuple(point) for point in old.tolist()} & {tuple(point) for point in new.tolist()}
    parts = []
    for outline in (old, new):
        apart = np.flatnonzero([tuple(point) not in common for point in outline.tolist()])
        near = np.unique(np.concatenate([apart - 1, apart, apart + 1]) % len(outline)) if len(apart) else apart
        parts.append(outline[near])
    return parts[0], parts[1]
