"""Critical dimension: the width at every row of a gauge, from the contours of one source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from semiview.core.gauge import Gauge, GaugeMode
from semiview.core.outline import Points, signed_area
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.contour import Contours, edge_segments, inside_picture
from semiview.metrology.crossing import Booleans, Crossings, Floats, Integers, SegmentGrid, following_point, repeated
from semiview.metrology.epe import Source

ROWS_AT_MOST = 128
SLOPE_SIGMAS = 4.0
HOLE_SHARE = 0.75  # of a hole's outline on which an edge must have been found


@dataclass(frozen=True, slots=True)
class CdRow:
    """A row of gauges.csv without the case. Widths in nm of the scale used; NaN with a reason.

    `cd_sigma_nm` is the spread of the widths along the gauge, `cd_se_nm` the standard error of their mean with the
    neighbouring rows' correlation. `n_failed` rows had no two edges. `nm_per_px_x/y` say which scale was used.
    """

    gauge_id: str
    feature_id: int
    mode: str
    x_nm: float
    y_nm: float
    angle_deg: float
    source: Source
    cd_nm: float
    cd_sigma_nm: float
    cd_design_nm: float
    cd_min_nm: float
    cd_max_nm: float
    cd_se_nm: float
    length_nm: float
    width_nm: float
    diameter_a_nm: float
    diameter_b_nm: float
    n: int
    n_failed: int
    edge_algorithm: str
    nm_per_px_x: float
    nm_per_px_y: float
    reason: str

    @property
    def gauge(self) -> Gauge:
        """The gauge whose width this is."""
        mode: GaugeMode = next(known for known in get_args(GaugeMode) if known == self.mode)
        return Gauge(
            self.gauge_id, mode, self.x_nm, self.y_nm, self.angle_deg, self.length_nm, self.width_nm, self.feature_id,
            self.cd_design_nm,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Width:
    cd: float = float("nan")
    sigma: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    standard_error: float = float("nan")
    a: float = float("nan")
    b: float = float("nan")
    n: int = 0
    n_failed: int = 0
    reason: str = ""


def measure_cd(
    gauges: Sequence[Gauge],
    contours: Contours,
    registration: Registration,
    pixel_size: PixelSize,
    shape: tuple[int, int],
    source: Source,
    edge_algorithm: str,
    ignore: Booleans | None = None,
) -> tuple[CdRow, ...]:
    """Widths of all gauges in the contours of one source.

    Parameters
    ----------
    pixel_size
        The scale that widths are given in; the registration only says where to look.
    ignore
        (H, W) True where nothing may be read; a gauge whose middle or edge lies there has no CD.
    """
    if not gauges:
        return ()
    widths: list[_Width]
    if not pixel_size.known:
        widths = [_Width(reason="pixel size unknown")] * len(gauges)
    else:
        grid = edge_segments(contours, shape)
        straight = [index for index, gauge in enumerate(gauges) if gauge.mode in ("line", "space")]
        round_ones = [index for index, gauge in enumerate(gauges) if gauge.mode == "hole"]
        chosen = [gauges[index] for index in straight]
        answers = _straight(chosen, grid, registration, pixel_size, shape, ignore)
        chosen = [gauges[index] for index in round_ones]
        answers += _holes(chosen, contours, registration, pixel_size, shape, ignore)
        by_index = dict(zip(straight + round_ones, answers, strict=True))
        widths = [
            by_index.get(index, _Width(reason=f"{gauge.mode} is not built yet")) for index, gauge in enumerate(gauges)
        ]
    return tuple(
        CdRow(
            gauge.gauge_id, gauge.feature_id, gauge.mode, gauge.x_nm, gauge.y_nm, gauge.angle_deg, source,
            width.cd, width.sigma, gauge.cd_design_nm, width.low, width.high, width.standard_error,
            gauge.length_nm, gauge.width_nm, width.a, width.b, width.n, width.n_failed, edge_algorithm,
            pixel_size.x_nm, pixel_size.y_nm, width.reason,
        )
        for gauge, width in zip(gauges, widths, strict=True)
    )  # fmt: skip


def _straight(
    gauges: Sequence[Gauge],
    grid: SegmentGrid,
    registration: Registration,
    pixel_size: PixelSize,
    shape: tuple[int, int],
    ignore: Booleans | None,
) -> list[_Width]:
    """Lines and spaces: two edges on each row across."""
    if not gauges:
        return []
    angle = np.deg2rad([gauge.angle_deg for gauge in gauges])
    across = np.column_stack([np.cos(angle), np.sin(angle)])
    along = np.column_stack([-across[:, 1], across[:, 0]])
    middle = np.array([(gauge.x_nm, gauge.y_nm) for gauge in gauges])
    linear = registration.linear_px()
    direction_px = across @ linear.T
    nominal = np.hypot(*(direction_px * (pixel_size.x_nm, pixel_size.y_nm)).T)  # nominal nm per design nm
    box_nm = np.array([gauge.width_nm for gauge in gauges])
    half_nm = np.array([gauge.length_nm for gauge in gauges]) / 2
    rows = np.clip(np.rint(box_nm * np.hypot(*(along @ linear.T).T)), 1, ROWS_AT_MOST).astype(np.int64)
    gauge_of, number = repeated(rows)
    offset = ((number + 0.5) / rows[gauge_of] - 0.5) * box_nm[gauge_of]
    starts = registration.to_px(middle[gauge_of] + offset[:, None] * along[gauge_of])
    ends = half_nm[gauge_of]
    crossed = grid.crossings(starts, direction_px[gauge_of], -ends, ends)

    drawn = np.array([gauge.cd_design_nm for gauge in gauges])
    is_space = np.array([gauge.mode == "space" for gauge in gauges])
    outward = np.where(is_space[gauge_of[crossed.line]], -crossed.cosine, crossed.cosine)
    expected = np.nan_to_num(drawn / 2)[gauge_of[crossed.line]]
    by_hand = np.isnan(drawn)[gauge_of[crossed.line]]
    right = _edge(crossed, (outward >= 0.5) & (~by_hand | (crossed.along > 0)), expected, len(starts))
    left = _edge(crossed, (outward <= -0.5) & (~by_hand | (crossed.along < 0)), -expected, len(starts))
    good = right > left
    if ignore is not None:
        good &= ~(_marked(starts + left[:, None] * direction_px[gauge_of], ignore)
                  | _marked(starts + right[:, None] * direction_px[gauge_of], ignore)
                  | _marked(starts, ignore))  # fmt: skip
    largest = np.array([shape[1] - 1, shape[0] - 1])
    outside = ((starts < 0) | (starts > largest)).any(axis=1)

    count = len(gauges)
    owner = gauge_of[good]
    n = np.bincount(owner, minlength=count)
    total = np.maximum(n, 1)
    tilt = _tilt(owner, offset[good], (left[good] + right[good]) / 2, n)
    width = (right[good] - left[good]) * (nominal * tilt)[owner]
    mean = np.bincount(owner, width, count) / total
    residual = width - mean[owner]
    squares = np.bincount(owner, residual**2, count)
    sigma = np.sqrt(squares / np.maximum(n - 1, 1))
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, owner, width)
    np.maximum.at(high, owner, width)
    together = owner[1:] == owner[:-1]
    lagged = np.bincount(owner[1:][together], (residual[1:] * residual[:-1])[together], count)
    correlation = np.clip(lagged / np.where(squares > 0, squares, 1), 0, 0.99)
    standard_error = sigma / np.sqrt(total * (1 - correlation) / (1 + correlation))
    beyond = np.bincount(gauge_of, outside, count) > 0
    results = []
    for i in range(count):
        failed = int(rows[i] - n[i])
        if beyond[i]:
            results.append(_Width(n=int(n[i]), n_failed=failed, reason="outside the picture"))
        elif 2 * n[i] < rows[i] or n[i] == 0:
            results.append(_Width(n=int(n[i]), n_failed=failed, reason="edges in fewer than half of the rows"))
        else:
            several = n[i] > 1
            results.append(
                _Width(
                    cd=float(mean[i]),
                    sigma=float(sigma[i]) if several else float("nan"),
                    low=float(low[i]),
                    high=float(high[i]),
                    standard_error=float(standard_error[i]) if several else float("nan"),
                    n=int(n[i]),
                    n_failed=failed,
                )
            )
    return results


def _shares(contours: Contours, shape: tuple[int, int]) -> tuple[Booleans, Floats]:
    """(R,) whether each outline lies wholly within the picture, and the share of its length that is an edge."""
    if not contours.outlines:
        return np.empty(0, dtype=bool), np.empty(0)
    contour = np.concatenate(contours.outlines)
    lengths = np.hypot(*(contour[following_point(contours.outlines)] - contour).T)
    counts = np.array([len(outline) for outline in contours.outlines], dtype=np.int64)
    found = np.ones(len(contour), dtype=bool) if contours.found is None else contours.found
    return _share(lengths, inside_picture(contours, shape), counts) == 1, _share(lengths, found, counts)


def _share(lengths: Floats, marked: Booleans, counts: Integers) -> Floats:
    """(R,) share of each outline's length that is marked."""
    ring = np.repeat(np.arange(len(counts)), counts)
    unmarked = np.bincount(ring, np.where(marked, 0.0, lengths), len(counts))
    return 1 - unmarked / np.maximum(np.bincount(ring, lengths, len(counts)), 1e-9)


def _edge(crossed: Crossings, wanted: Booleans, expected: Floats, count: int) -> Floats:
    """(count,) place of the wanted crossing nearest to the expected place on each line; NaN where there is none."""
    place = np.full(count, np.nan)
    found = crossed.where(wanted).nearest(expected[wanted])
    place[found.line] = found.along
    return place


def _tilt(owner: Integers, offset: Floats, centre: Floats, n: Integers) -> Floats:
    """(G,) cosine between the gauge and the edges' fitted normal; 1 where the tilt is within its own error."""
    count = len(n)
    total = np.maximum(n, 1)
    x = offset - (np.bincount(owner, offset, count) / total)[owner]
    y = centre - (np.bincount(owner, centre, count) / total)[owner]
    xx = np.bincount(owner, x * x, count)
    safe = np.where(xx > 0, xx, 1)
    slope = np.bincount(owner, x * y, count) / safe
    left_over = np.bincount(owner, (y - slope[owner] * x) ** 2, count)
    error = np.sqrt(left_over / np.maximum(n - 2, 1) / safe)
    return np.where((n >= 8) & (np.abs(slope) > SLOPE_SIGMAS * error), 1 / np.hypot(1, slope), 1.0)


def _marked(places: Points, ignore: Booleans) -> Booleans:
    largest = np.array([ignore.shape[1] - 1, ignore.shape[0] - 1])
    column, row = np.rint(np.clip(np.nan_to_num(places), 0, largest)).astype(np.int64).T
    result: Booleans = ignore[row, column]
    return result


def _holes(
    gauges: Sequence[Gauge],
    contours: Contours,
    registration: Registration,
    pixel_size: PixelSize,
    shape: tuple[int, int],
    ignore: Booleans | None,
) -> list[_Width]:
    """Area-equivalent diameter, ellipse of equal second moments and Feret diameters of the void in each gauge's box."""
    if not gauges:
        return []
    outlines_px = contours.outlines
    whole, found_share = _shares(contours, shape)
    areas = [signed_area(outline) for outline in outlines_px]
    voids = [index for index, area in enumerate(areas) if area > 0]  # rows count down: a void is positive
    middles = np.array([outlines_px[index].mean(axis=0) for index in voids]).reshape(-1, 2)
    places = registration.to_nm(middles)
    results = []
    for gauge in gauges:
        # The box holds the drawn hole and half its diameter on each side; what lies beyond is a neighbour.
        half = np.array([(gauge.length_nm - np.nan_to_num(gauge.cd_design_nm)) / 2, gauge.width_nm / 2])
        inside = (np.abs(places - (gauge.x_nm, gauge.y_nm)) <= half).all(axis=1)
        if not inside.any():
            results.append(_Width(n_failed=1, reason="no hole found"))
            continue
        index = max((voids[place] for place in np.flatnonzero(inside)), key=areas.__getitem__)
        if not whole[index]:
            results.append(_Width(n_failed=1, reason="cut by the border"))
        elif found_share[index] < HOLE_SHARE:
            results.append(_Width(n_failed=1, reason="edge not seen all round"))
        elif ignore is not None and _marked(outlines_px[index], ignore).any():
            results.append(_Width(n_failed=1, reason="ignored"))
        else:
            results.append(_round_width(outlines_px[index] * (pixel_size.x_nm, pixel_size.y_nm)))
    return results


def _round_width(outline_nm: Points) -> _Width:
    """Diameters of one closed outline in nominal nm."""
    middle = outline_nm.mean(axis=0)
    x, y = (outline_nm - middle).T
    x1, y1 = np.roll(x, -1), np.roll(y, -1)
    cross = x * y1 - x1 * y
    area = cross.sum() / 2
    centre_x, centre_y = ((x + x1) * cross).sum() / (6 * area), ((y + y1) * cross).sum() / (6 * area)
    xx = ((x * x + x * x1 + x1 * x1) * cross).sum() / (12 * area) - centre_x**2
    yy = ((y * y + y * y1 + y1 * y1) * cross).sum() / (12 * area) - centre_y**2
    xy = ((x * y1 + 2 * x * y + 2 * x1 * y1 + x1 * y) * cross).sum() / (24 * area) - centre_x * centre_y
    minor, major = np.linalg.eigvalsh(np.array([[xx, xy], [xy, yy]]))
    angles = np.deg2rad(np.arange(0, 180, 3))
    projected = np.outer(np.cos(angles), x) + np.outer(np.sin(angles), y)
    feret = projected.max(axis=1) - projected.min(axis=1)
    return _Width(
        cd=float(2 * np.sqrt(abs(area) / np.pi)),
        sigma=float(np.std(2 * np.hypot(x - centre_x, y - centre_y))),
        low=float(feret.min()),
        high=float(feret.max()),
        a=float(4 * np.sqrt(max(major, 0.0))),
        b=float(4 * np.sqrt(max(minor, 0.0))),
        n=len(outline_nm),
    )
