"""Closed polygons: (N, 2) float64 points, the last joined to the first and not repeated.

Inside lies on the left as a person sees it on the screen: in design nm (y up) an outer boundary has positive
signed area, a hole negative. In image px (rows down) the shoelace sign is the other way round.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


def as_outline(points: npt.ArrayLike) -> Points:
    """A read-only (N, 2) float64 copy, without a repeated last point.

    Raises
    ------
    ValueError
        If the shape is not (N, 2), fewer than three points are left or a coordinate is not finite.
    """
    outline = np.array(points, dtype=np.float64)
    if outline.ndim != 2 or outline.shape[1] != 2:
        raise ValueError(f"an outline is (N, 2), this one is {outline.shape}")
    if len(outline) > 1 and np.array_equal(outline[0], outline[-1]):
        outline = outline[:-1].copy()
    if len(outline) < 3:
        raise ValueError(f"an outline needs three points, this one has {len(outline)}")
    if not np.isfinite(outline).all():
        raise ValueError("an outline has a coordinate that is not finite")
    outline.setflags(write=False)
    return outline


def signed_area(outline: Points) -> float:
    """Shoelace area in the square of the points' unit; positive if counter-clockwise with y up.

    >>> signed_area(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]))
    2.0
    """
    # Relative to the first point: 14 mm from the origin the products alone would cost six digits.
    x, y = (outline - outline[0]).T
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def bounds(outlines: Iterable[Points]) -> tuple[float, float, float, float]:
    """(x_min, y_min, x_max, y_max) over all outlines; NaN if there are none."""
    points = list(outlines)
    if not points:
        return (float("nan"),) * 4
    lows = np.min([outline.min(axis=0) for outline in points], axis=0)
    highs = np.max([outline.max(axis=0) for outline in points], axis=0)
    return float(lows[0]), float(lows[1]), float(highs[0]), float(highs[1])


def rectangle(x_min: float, y_min: float, x_max: float, y_max: float) -> Points:
    """The outline of a box, counter-clockwise with y up."""
    return as_outline([(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)])


def with_breaks(outlines: Sequence[Points]) -> Points:
    """All outlines closed and joined into one (M, 2) array with a NaN row between them, to be drawn in one go."""
    if not outlines:
        return np.empty((0, 2))
    gap = np.full((1, 2), np.nan)
    return np.concatenate([part for outline in outlines for part in (outline, outline[:1], gap)])[:-1]


def contains(outlines: Sequence[Points], points: Points) -> npt.NDArray[np.bool_]:
    """(N,) True where a point lies inside by the even-odd rule over all outlines together."""
    inside = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for outline in outlines:
        x0, y0 = outline.T
        x1, y1 = np.roll(outline, -1, axis=0).T
        for ax, ay, bx, by in zip(x0, y0, x1, y1, strict=True):
            straddles = (ay > y) != (by > y)
            if straddles.any():
                crossing = ax + (y[straddles] - ay) * (bx - ax) / (by - ay)
                inside[straddles] ^= x[straddles] < crossing
    return inside
