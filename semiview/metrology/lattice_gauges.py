"""Gauges of a picture without a design that repeats: its lines and spaces, or its holes, and rows of its lattice."""

from itertools import pairwise

import numpy as np

from semiview.core.gauge import Gauge, GaugeMode
from semiview.core.outline import bounds, signed_area
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.cd import CdRow, cd_row
from semiview.metrology.contour import Contours, edge_segments, inside_picture
from semiview.metrology.crossing import Booleans, Floats
from semiview.metrology.gauge import is_compact
from semiview.metrology.lattice import Lattice, Period
from semiview.metrology.widths import Width

MARGIN_PX = 2.0
SCANS = 31  # rows across on which lines are looked for
FEWEST_SCANS = 0.6  # of the scans, on which a line must be seen
STRAY_SHARE = 0.3  # of a period by which a line may stray from one scan to the next, or from its neighbour's pitch
CELL_SHARE = (0.05, 0.9)  # of the lattice's cell that a hole may fill


def lattice_gauges(
    lattice: Lattice | None, contours: Contours, registration: Registration, shape: tuple[int, int]
) -> tuple[Gauge, ...]:
    """Gauges of the picture's own features; none without a lattice or a pixel size.

    Of one period: a gauge for each line and each space, as long as it can be seen whole, and a pitch from each line to
    the next. Of two: a hole for each compact void. Like gauges by hand they have no drawn width. Their
    names begin with `found`.
    """
    if lattice is None or not np.isfinite(registration.frame.nm_per_px) or not contours.outlines:
        return ()
    if len(lattice.periods) == 1:
        return _line_gauges(lattice.periods[0], contours, registration, shape)
    return _hole_gauges(lattice, contours, registration, shape)


def lattice_rows(
    lattice: Lattice | None, registration: Registration, pixel_size: PixelSize, edge_algorithm: str
) -> tuple[CdRow, ...]:
    """The lattice's vectors as rows of the mode `pitch`, named lattice-1 and lattice-2, at the picture's middle."""
    if lattice is None:
        return ()
    x, y = registration.to_nm(np.array([registration.frame.centre_px]))[0].tolist()
    rows = []
    for number, period in enumerate(lattice.periods):
        length, angle = _to_design(np.array(period.step_px), registration)
        gauge = Gauge(f"lattice-{number + 1}", "pitch", x, y, angle, length, 0.0)
        width = Width(period.length_nm, standard_error=period.se_nm)
        rows.append(cd_row(gauge, width, "sem", edge_algorithm, pixel_size))
    return tuple(rows)


def _line_gauges(
    period: Period, contours: Contours, registration: Registration, shape: tuple[int, int]
) -> tuple[Gauge, ...]:
    step = np.array(period.step_px)
    pitch = float(np.hypot(*step))
    across = step / pitch
    along = np.array([-across[1], across[0]])
    middle = np.array(registration.frame.centre_px)
    reach = float(np.hypot(*shape)) / 2
    ahead = np.arange(-reach, reach)
    ahead = ahead[_in_picture(middle + ahead[:, None] * along, shape)]
    scans = np.linspace(ahead[0], ahead[-1], SCANS + 2)[1:-1]
    lines = _tracks(contours, shape, middle + scans[:, None] * along, across, pitch)
    found: list[tuple[GaugeMode, float, float]] = [("line", place, pitch / 2) for place, _ in lines]
    for (one, first), (two, second) in pairwise(lines):
        if abs(two - one - pitch) < STRAY_SHARE * pitch:
            gap = two - one - (first + second) / 2
            found.append(("space", (one + two + (first - second) / 2) / 2, pitch / 2))
            found.append(("pitch", (one + two) / 2, (two - one + max(first, second)) / 2 + 0.4 * gap))
    gauges: list[Gauge] = []
    numbers = dict.fromkeys(("line", "space", "pitch"), 0)
    for mode, place, half in found:
        numbers[mode] += 1
        places = middle + place * across + np.arange(-reach, reach)[:, None] * along
        whole = _in_picture(places - half * across, shape) & _in_picture(places + half * across, shape)
        if np.count_nonzero(whole) < FEWEST_SCANS * len(ahead):
            continue
        seen = places[whole]
        x, y = registration.to_nm(seen.mean(axis=0)[None])[0].tolist()
        length, angle = _to_design(2 * half * across, registration)
        width, _ = _to_design(seen[-1] - seen[0], registration)
        gauges.append(Gauge(f"found-{mode}-{numbers[mode]}", mode, x, y, angle, length, width))
    return tuple(gauges)


def _tracks(
    contours: Contours, shape: tuple[int, int], starts: Floats, across: Floats, pitch: float
) -> list[tuple[float, float]]:
    """Mean place across and mean width in px of each line that is seen on most of the scans, in their order."""
    count = len(starts)
    far = np.full(count, 2.0 * float(np.hypot(*shape)))
    crossed = edge_segments(contours, shape).crossings(starts, np.tile(across, (count, 1)), -far, far)
    order = np.lexsort((crossed.along, crossed.line))
    scan, place, leaves = crossed.line[order], crossed.along[order], crossed.cosine[order] > 0
    begins = np.flatnonzero((scan[1:] == scan[:-1]) & ~leaves[:-1] & leaves[1:])
    begins = begins[place[begins + 1] - place[begins] < pitch]
    scan, centre, width = scan[begins], (place[begins] + place[begins + 1]) / 2, place[begins + 1] - place[begins]
    tracks: list[list[int]] = []
    for number in sorted(range(count), key=lambda each: abs(each - count // 2)):
        here = np.flatnonzero(scan == number)
        # The nearest scan that each track has been seen on lies on the same side of the middle.
        last = np.array([centre[min(track, key=lambda each: abs(scan[each] - number))] for track in tracks])
        for index in here.tolist():
            distance = np.abs(last - centre[index]) if len(last) else np.empty(0)
            if len(distance) and distance.min() < STRAY_SHARE * pitch:
                tracks[int(distance.argmin())].append(index)
            else:
                tracks.append([index])
    lines = [
        (float(centre[track].mean()), float(width[track].mean()))
        for track in tracks
        if len(track) >= FEWEST_SCANS * count
    ]
    return sorted(lines)


def _hole_gauges(
    lattice: Lattice, contours: Contours, registration: Registration, shape: tuple[int, int]
) -> tuple[Gauge, ...]:
    (u1, v1), (u2, v2) = (period.step_px for period in lattice.periods)
    cell = abs(u1 * v2 - u2 * v1)
    inside = inside_picture(contours, shape)
    gauges: list[Gauge] = []
    first = 0
    for outline in contours.outlines:
        area, whole = signed_area(outline), inside[first : first + len(outline)].all()
        first += len(outline)
        if not whole or not CELL_SHARE[0] * cell < area < CELL_SHARE[1] * cell:
            continue
        if not is_compact(outline):
            continue
        x_min, y_min, x_max, y_max = bounds([registration.to_nm(outline)])
        middle = (x_min + x_max) / 2, (y_min + y_max) / 2
        gauges.append(Gauge(f"found-hole-{len(gauges) + 1}", "hole", *middle, 0.0, x_max - x_min, y_max - y_min))
    return tuple(gauges)


def _to_design(step_px: Floats, registration: Registration) -> tuple[float, float]:
    """Length in design nm and direction in deg, in (-90, 90], of a vector in px."""
    x, y = np.linalg.inv(registration.linear_px()) @ step_px
    return float(np.hypot(x, y)), 90.0 - (90.0 - float(np.rad2deg(np.arctan2(y, x)))) % 180.0


def _in_picture(points: Floats, shape: tuple[int, int]) -> Booleans:
    largest = np.array([shape[1] - 1, shape[0] - 1])
    result: Booleans = np.all((points >= MARGIN_PX) & (points <= largest - MARGIN_PX), axis=-1)
    return result
