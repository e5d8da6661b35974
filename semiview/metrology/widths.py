"""Widths read row by row across oriented boxes: lines, spaces, tips and pitches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from semiview.core.design import Tone
from semiview.core.gauge import Gauge
from semiview.core.outline import Points
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.crossing import Booleans, Crossings, Floats, Integers, SegmentGrid, repeated

ROWS_AT_MOST = 128
PITCH_ROWS = 32  # a pitch has no roughness of its own to tell
SLOPE_SIGMAS = 4.0
FACING_COSINE = 0.5
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Width:
    """What one gauge gave, in nominal nm; NaN with a reason. The fields are those of `CdRow`."""

    cd: float = NAN
    sigma: float = NAN
    low: float = NAN
    high: float = NAN
    standard_error: float = NAN
    a: float = NAN
    b: float = NAN
    n: int = 0
    n_failed: int = 0
    leading: float = NAN
    trailing: float = NAN
    feret_min: float = NAN
    feret_max: float = NAN
    ellipse_angle_deg: float = NAN
    cer3: float = NAN
    cer3_unbiased: float = NAN
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Lines across the boxes of G gauges, R in all.

    Attributes
    ----------
    gauge, offset
        (R,) which gauge, and the place along it in design nm.
    starts, ends
        (R, 2) middles in px and (R,) half lengths in design nm.
    direction_px
        (G, 2) px per design nm across.
    nominal
        (G,) nominal nm per design nm across.
    counts, outside
        (G,) rows of each gauge, and whether one of them leaves the picture.
    """

    gauge: Integers
    offset: Floats
    starts: Points
    ends: Floats
    direction_px: Points
    nominal: Floats
    counts: Integers
    outside: Booleans

    @classmethod
    def of(
        cls,
        gauges: Sequence[Gauge],
        registration: Registration,
        pixel_size: PixelSize,
        shape: tuple[int, int],
        at_most: int = ROWS_AT_MOST,
    ) -> "_Rows":
        angle = np.deg2rad([gauge.angle_deg for gauge in gauges])
        across = np.column_stack([np.cos(angle), np.sin(angle)])
        along = np.column_stack([-across[:, 1], across[:, 0]])
        middle = np.array([(gauge.x_nm, gauge.y_nm) for gauge in gauges])
        linear = registration.linear_px()
        direction_px = across @ linear.T
        box_nm = np.array([gauge.width_nm for gauge in gauges])
        half_nm = np.array([gauge.length_nm for gauge in gauges]) / 2
        counts = np.clip(np.rint(box_nm * np.hypot(*(along @ linear.T).T)), 1, at_most).astype(np.int64)
        gauge, number = repeated(counts)
        offset = ((number + 0.5) / counts[gauge] - 0.5) * box_nm[gauge]
        starts = registration.to_px(middle[gauge] + offset[:, None] * along[gauge])
        largest = np.array([shape[1] - 1, shape[0] - 1])
        outside = ~((starts >= 0) & (starts <= largest)).all(axis=1)
        return cls(
            gauge, offset, starts, half_nm[gauge], direction_px,
            np.hypot(*(direction_px * (pixel_size.x_nm, pixel_size.y_nm)).T),
            counts, np.bincount(gauge, outside, len(gauges)) > 0,
        )  # fmt: skip

    def crossings(self, grid: SegmentGrid) -> Crossings:
        return grid.crossings(self.starts, self.direction_px[self.gauge], -self.ends, self.ends)

    def ignored_at(self, places: Iterable[Floats], ignore: Booleans | None) -> Booleans:
        """(R,) whether one of the places on each row is ignored."""
        result = np.zeros(len(self.gauge), dtype=bool)
        if ignore is not None:
            for along in places:
                result |= marked(self.starts + along[:, None] * self.direction_px[self.gauge], ignore)
        return result


def straight_widths(
    gauges: Sequence[Gauge],
    grid: SegmentGrid,
    registration: Registration,
    pixel_size: PixelSize,
    shape: tuple[int, int],
    ignore: Booleans | None,
    tone: Tone,
) -> list[Width]:
    """Lines, spaces and tips: two edges on each row across. `tone` tells what lies between two drawn tips."""
    if not gauges:
        return []
    rows = _Rows.of(gauges, registration, pixel_size, shape)
    crossed = rows.crossings(grid)
    drawn = np.array([gauge.cd_design_nm for gauge in gauges])
    is_space = np.array([gauge.mode == "space" or (gauge.mode[:3] == "tip" and tone == "raised") for gauge in gauges])
    outward = np.where(is_space[rows.gauge[crossed.line]], -crossed.cosine, crossed.cosine)
    expected = np.nan_to_num(drawn / 2)[rows.gauge[crossed.line]]
    by_hand = np.isnan(drawn)[rows.gauge[crossed.line]]
    count = len(rows.gauge)
    right = _edge(crossed, (outward >= FACING_COSINE) & (~by_hand | (crossed.along > 0)), expected, count)
    left = _edge(crossed, (outward <= -FACING_COSINE) & (~by_hand | (crossed.along < 0)), -expected, count)
    return _read(rows, np.stack([left, right]), right - left, (np.zeros(count),), ignore)[0]


def pitches(
    gauges: Sequence[Gauge],
    grid: SegmentGrid,
    registration: Registration,
    pixel_size: PixelSize,
    shape: tuple[int, int],
    ignore: Booleans | None,
    tone: Tone,
) -> list[Width]:
    """From a feature to the next, both in the box: the mean of leading and trailing edges' distances, row by row.

    Leading edges are those that are met first along the gauge's direction.
    """
    if not gauges:
        return []
    rows = _Rows.of(gauges, registration, pixel_size, shape, PITCH_ROWS)
    crossed = rows.crossings(grid)
    crossed = crossed.where(np.abs(crossed.cosine) >= FACING_COSINE)
    order = np.lexsort((crossed.along, crossed.line))
    line, along = crossed.line[order], crossed.along[order]
    leaves = (crossed.cosine[order] > 0) == (tone == "raised")
    begins = np.flatnonzero((line[1:] == line[:-1]) & ~leaves[:-1] & leaves[1:])
    row, enter, leave = line[begins], along[begins], along[begins + 1]
    middle = (enter + leave) / 2
    half = np.array([gauge.cd_design_nm for gauge in gauges])[rows.gauge[row]] / 2
    edges = np.full((4, len(rows.gauge)), np.nan)
    for column, side in ((0, -1.0), (2, 1.0)):
        # Without a drawn pitch: the features next to the gauge's middle.
        distance = np.where(np.isfinite(half), np.abs(middle - side * half), np.abs(middle))
        wanted = np.flatnonzero(side * middle > 0)
        wanted = wanted[np.lexsort((distance[wanted], row[wanted]))]
        _, first = np.unique(row[wanted], return_index=True)
        nearest = wanted[first]
        edges[column, row[nearest]], edges[column + 1, row[nearest]] = enter[nearest], leave[nearest]
    between = edges[2:] - edges[:2]
    results, good, scale = _read(rows, edges, between.mean(axis=0), (), ignore)
    owner, count = rows.gauge[good], len(gauges)
    number = np.maximum(np.bincount(owner, minlength=count), 1)
    means = [np.bincount(owner, (each * scale)[good], count) / number for each in between]
    return [
        replace(width, leading=float(one), trailing=float(other)) if np.isfinite(width.cd) else width
        for width, one, other in zip(results, *means, strict=True)
    ]


def marked(places: Points, ignore: Booleans) -> Booleans:
    """(N,) whether each place in px is marked in (H, W); the nearest pixel of the picture counts."""
    largest = np.array([ignore.shape[1] - 1, ignore.shape[0] - 1])
    column, row = np.rint(np.clip(np.nan_to_num(places), 0, largest)).astype(np.int64).T
    result: Booleans = ignore[row, column]
    return result


def _read(
    rows: _Rows, edges: Floats, widths: Floats, others: Sequence[Floats], ignore: Booleans | None
) -> tuple[list[Width], Booleans, Floats]:
    """What each gauge gives, which rows are good, and (R,) nominal nm across the edges per design nm across the gauge.

    Parameters
    ----------
    edges, others
        (E, R) places of the edges on each row, NaN where there is none, and other places that must not be ignored.
    widths
        (R,) in design nm across the gauge.
    """
    ignored = rows.ignored_at((*edges, *others), ignore)
    good = np.isfinite(edges).all(axis=0) & (widths > 0) & ~ignored
    scale = (rows.nominal * _tilt(rows, good, edges.mean(axis=0)))[rows.gauge]
    return _averages(rows, good, widths * scale, ignored), good, scale


def _averages(rows: _Rows, good: Booleans, value: Floats, ignored: Booleans) -> list[Width]:
    """Mean, spread, extremes and standard error of the good rows of each gauge."""
    count = len(rows.counts)
    owner, value = rows.gauge[good], value[good]
    n = np.bincount(owner, minlength=count)
    total = np.maximum(n, 1)
    mean = np.bincount(owner, value, count) / total
    residual = value - mean[owner]
    squares = np.bincount(owner, residual**2, count)
    sigma = np.sqrt(squares / np.maximum(n - 1, 1))
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, owner, value)
    np.maximum.at(high, owner, value)
    together = owner[1:] == owner[:-1]
    lagged = np.bincount(owner[1:][together], (residual[1:] * residual[:-1])[together], count)
    correlation = np.clip(lagged / np.where(squares > 0, squares, 1), 0, 0.99)
    standard_error = sigma / np.sqrt(total * (1 - correlation) / (1 + correlation))
    sigma[n < 2], standard_error[n < 2] = np.nan, np.nan
    failed = rows.counts - n
    left_out = 2 * np.bincount(rows.gauge, ignored, count) > rows.counts
    columns = zip(
        *(each.tolist() for each in (rows.outside, left_out, mean, sigma, low, high, standard_error, n, failed)),
        strict=True,
    )
    results = []
    for beyond, hidden, cd, spread, least, most, error, found, lost in columns:
        if beyond:
            results.append(Width(n=found, n_failed=lost, reason="outside the picture"))
        elif hidden:
            results.append(Width(n=found, n_failed=lost, reason="ignored"))
        elif found < lost or found == 0:
            results.append(Width(n=found, n_failed=lost, reason="edges in fewer than half of the rows"))
        else:
            results.append(Width(cd, spread, least, most, error, n=found, n_failed=lost))
    return results


def _edge(crossed: Crossings, wanted: Booleans, expected: Floats, count: int) -> Floats:
    """(count,) place of the wanted crossing nearest to the expected place on each line; NaN where there is none."""
    place = np.full(count, np.nan)
    found = crossed.where(wanted).nearest(expected[wanted])
    place[found.line] = found.along
    return place


def _tilt(rows: _Rows, good: Booleans, centre: Floats) -> Floats:
    """(G,) cosine between the gauge and the edges' fitted normal; 1 where the tilt is within its own error."""
    owner, offset, centre = rows.gauge[good], rows.offset[good], centre[good]
    count = len(rows.counts)
    n = np.bincount(owner, minlength=count)
    total = np.maximum(n, 1)
    x = offset - (np.bincount(owner, offset, count) / total)[owner]
    y = centre - (np.bincount(owner, centre, count) / total)[owner]
    xx = np.bincount(owner, x * x, count)
    safe = np.where(xx > 0, xx, 1)
    slope = np.bincount(owner, x * y, count) / safe
    left_over = np.bincount(owner, (y - slope[owner] * x) ** 2, count)
    error = np.sqrt(left_over / np.maximum(n - 2, 1) / safe)
    return np.where((n >= 8) & (np.abs(slope) > SLOPE_SIGMAS * error), 1 / np.hypot(1, slope), 1.0)
