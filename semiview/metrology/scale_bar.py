"""The scale bar that a microscope burns into its image: its ends at sub-pixel, and what they say of a pixel's size."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.metrology.crossing import Booleans, Floats

Ends = Literal["ticks", "dots", "edges"]

SNAP_DEG = 10.0  # bars are drawn along the rows or columns: what a hand missed of that is not the bar's
SEARCH_SHARE, SEARCH_PX = 0.08, (5.0, 30.0)  # how far from a click an end may lie, of the clicked length and in px
ACROSS_PX = 12.0
LEVEL = 0.5
BESIDE_PX = (1.5, 4.5)  # a tick is looked for that far beside the stroke
LOWEST_CONTRAST = 0.08  # of the image's range
LEAST_SIGMAS = 4.0  # of the noise around it
ROUNDING_PX = (2 / 12) ** 0.5  # both ends were rounded to whole pixels when the bar was drawn
ROWS_PX = 8.0  # how far above or below the clicks the bar may lie
SHORTEST, LONGEST = 0.025, 0.9  # of a bar that is looked for, of the image's width
PIECE, GAP = 0.012, 0.6  # shortest piece of a line with its label in the middle, and the label's share of the line
UNIFORM = 0.7  # share of a proposed bar's line that has its grey value
THICKEST_PX, MOST_LINES = 30, 30
FEWEST_DOTS, DOTTED_SHARE = 8, 0.35  # dots with gaps cover less of the axis than a line with its label
LIKELIEST: tuple[Ends, ...] = ("edges", "ticks", "dots")
NOTHING = "There is no scale bar between the two clicks: click on its left and on its right end."


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """Two ends of a bar in px of the image they were found in, integers being pixel centres.

    Attributes
    ----------
    ends
        What the ends are: the middles of strokes across (ticks), the middles of the outermost dots, or the outer edges
        of a plain bar.
    stroke_px
        Thickness of what ends the bar along it: a tick's, a dot's; 0 for plain edges.
    sigma_px
        Standard deviation of the length: the drawing's rounding to whole pixels, the noise of the ends, and that
        microscopes differ in whether the length is meant from middle to middle or from rim to rim (half a stroke).
    """

    first_px: tuple[float, float]
    second_px: tuple[float, float]
    ends: Ends
    stroke_px: float
    sigma_px: float

    @property
    def length_px(self) -> float:
        """Distance of the two ends."""
        return float(np.hypot(self.second_px[0] - self.first_px[0], self.second_px[1] - self.first_px[1]))

    def pixel_size(self, length_nm: float) -> tuple[float, float]:
        """Nm per px along the bar and its standard deviation, from the length that is written beside the bar.

        Raises
        ------
        ValueError
            If the length is no positive number.
        """
        if not (np.isfinite(length_nm) and length_nm > 0):
            raise ValueError(f"the length of a scale bar is a positive number of nm, not {length_nm!r}")
        size = length_nm / self.length_px
        return size, size * self.sigma_px / self.length_px


def refined_bar(pixels: npt.NDArray[Any], first_px: tuple[float, float], second_px: tuple[float, float]) -> ScaleBar:
    """The bar whose ends somebody clicked on, its ends at sub-pixel.

    Parameters
    ----------
    pixels
        (H, W) of the whole file's image, the data bar included.
    first_px, second_px
        (u, v) within some pixels of the bar's ends.

    Raises
    ------
    ValueError
        If there is no bar between the clicks, or no end near one of them: a sentence for a person.
    """
    start, end = np.array(first_px, dtype=np.float64), np.array(second_px, dtype=np.float64)
    clicked = float(np.hypot(*(end - start)))
    if clicked < 8:
        raise ValueError("The two ends are closer than 8 px: click on the left and on the right end of the scale bar.")
    along = _snapped((end - start) / clicked)
    length = float((end - start) @ along)
    across = np.array([-along[1], along[0]])
    middle = (start + end) / 2
    reach = float(np.clip(SEARCH_SHARE * length, *SEARCH_PX))
    s = np.arange(-np.ceil(length / 2 + reach + 3), np.ceil(length / 2 + reach + 4))
    t = np.arange(-ACROSS_PX, ACROSS_PX + 1)
    # Whole pixels where the bar lies along the rows: nothing is interpolated that need not be.
    origin = np.rint(middle) if np.count_nonzero(along) == 1 else middle
    places = origin + s[None, :, None] * along + t[:, None, None] * across
    strip = ndimage.map_coordinates(
        np.asarray(pixels, dtype=np.float32), (places[..., 1], places[..., 0]), order=1, mode="nearest"
    ).astype(np.float64)
    shift = float((middle - origin) @ along)
    expected = shift - length / 2, shift + length / 2
    ink, noise = _ink(strip, np.abs(t) <= ROWS_PX, float(np.ptp(pixels)))
    v = places[..., 1]
    drawn = (v >= -0.5).all(axis=1) & (v <= pixels.shape[0] - 0.5).all(axis=1) & (np.abs(t) <= ROWS_PX)
    rows, row = _stroke(ink, s, t, drawn, expected, reach)
    low, high = _run_around(drawn & (rows >= LEVEL * rows[row]), row)
    on_axis = ink[low : high + 1].mean(axis=0)
    dotted = float(np.mean(on_axis[(s > expected[0]) & (s < expected[1])] >= LEVEL)) < DOTTED_SHARE
    beside = np.zeros(len(s)) if dotted else _beside(ink, low, high)
    found = [
        _end_near(on_axis, beside, dotted, s, place, sign, reach, noise / np.sqrt(high - low + 1))
        for place, sign in zip(expected, (-1, 1), strict=True)
    ]
    kinds = {kind for _, kind, _, _ in found}
    if len(kinds) > 1:
        raise ValueError("The two ends look unlike each other: click on the outermost ends of one scale bar.")
    axis = float((t[low : high + 1] * rows[low : high + 1]).sum() / rows[low : high + 1].sum())
    points = [origin + place * along + axis * across for place, _, _, _ in found]
    stroke = float(np.mean([width for _, _, width, _ in found]))
    sigma = float(np.sqrt(ROUNDING_PX**2 + stroke**2 / 4 + sum(error**2 for *_, error in found)))
    (u0, v0), (u1, v1) = (point.tolist() for point in points)
    return ScaleBar((u0, v0), (u1, v1), kinds.pop(), stroke, sigma)


def proposed_bar(pixels: npt.NDArray[Any], picture_height: int | None = None) -> ScaleBar | None:
    """The horizontal bar that is most likely the scale bar, or None; a person must confirm it and read its length.

    Parameters
    ----------
    pixels
        (H, W) of the whole file's image.
    picture_height
        Rows of the picture: the bar is looked for below them. None or all rows: it is looked for everywhere.
    """
    height, width = pixels.shape
    top = picture_height if picture_height is not None and height - picture_height >= 8 else 0
    area = np.asarray(pixels[top:], dtype=np.float64)
    value_range = float(np.ptp(area))
    if value_range == 0:
        return None
    background = np.median(area, axis=1 if top == 0 else None, keepdims=True)
    found: list[ScaleBar] = []
    for sign in (1.0, -1.0):
        inked = sign * (area - background) > max(0.2 * value_range, 1.0)
        for row, begin, end in (*_long_runs(inked, width), *_ladders(inked)):
            try:
                bar = refined_bar(area, (float(begin), float(row)), (float(end), float(row)))
            except ValueError:
                continue
            fits = SHORTEST * width <= bar.length_px <= LONGEST * width
            if fits and (bar.ends == "dots" or _uniform(area[row], begin, end)):
                found.append(bar)
    best = max(found, key=lambda bar: (LIKELIEST.index(bar.ends), bar.length_px), default=None)
    return (
        None
        if best is None
        else replace(best, first_px=_lower(best.first_px, top), second_px=_lower(best.second_px, top))
    )


def _lower(point: tuple[float, float], rows: int) -> tuple[float, float]:
    return point[0], point[1] + rows


def _uniform(line: Floats, begin: int, end: int) -> bool:
    """True if most of a line has one grey value: a drawn one, not the rim of a picture."""
    part = line[begin : end + 1]
    return bool(np.mean(np.abs(part - np.median(part)) <= 0.1 * np.ptp(line)) >= UNIFORM)


def _snapped(direction: Floats) -> Floats:
    largest = int(np.argmax(np.abs(direction)))
    if np.abs(direction[1 - largest]) > np.sin(np.deg2rad(SNAP_DEG)):
        return direction
    straight = np.zeros(2)
    straight[largest] = np.sign(direction[largest])
    return straight


def _ink(strip: Floats, near: Booleans, value_range: float) -> tuple[Floats, float]:
    """How much of the bar's own grey value each place has, about 0 to 1, and the noise of that.

    The bar is told by the strongest row near the clicks: its line, or the one place in twenty where it has dots.
    """
    contrast = strip - float(np.median(strip))
    bright, dark = (np.percentile(side[near], 95, axis=1).max() for side in (contrast, -contrast))
    level = float(bright if bright >= dark else -dark)
    scatter = 1.4826 * float(np.median(np.abs(contrast)))
    if abs(level) < max(LOWEST_CONTRAST * max(value_range, 1e-9), LEAST_SIGMAS * scatter):
        raise ValueError(NOTHING)
    quiet = np.abs(contrast) < 0.3 * abs(level)
    noise = float(contrast[quiet].std() / abs(level)) if quiet.any() else 0.0
    return np.clip(contrast / level, -0.5, 1.5), noise


def _stroke(
    ink: Floats, s: Floats, t: Floats, possible: Booleans, expected: tuple[float, float], reach: float
) -> tuple[Floats, int]:
    """Mean ink of each row between the ends, and the row of the bar: inked at both ends and the most between them."""
    between = (s > expected[0]) & (s < expected[1])
    rows: Floats = np.maximum(ink[:, between].mean(axis=1), 0.0)
    at_ends = np.min([ink[:, np.abs(s - place) <= reach].max(axis=1) for place in expected], axis=0)
    possible = possible & (at_ends >= LEVEL) & (rows > 0)
    if not possible.any():
        raise ValueError(NOTHING)
    likely = np.where(possible, rows / rows[possible].max() - 0.03 * np.abs(t), -np.inf)
    return rows, int(np.argmax(likely))


def _run_around(inside: Booleans, at: int) -> tuple[int, int]:
    low = high = at
    while low > 0 and inside[low - 1]:
        low -= 1
    while high < len(inside) - 1 and inside[high + 1]:
        high += 1
    return low, high


def _beside(ink: Floats, low: int, high: int) -> Floats:
    """The profile along the bar just beside its stroke: the stronger of both sides, where only ticks have ink."""
    near, far = (int(np.ceil(reach)) for reach in BESIDE_PX)
    sides = [ink[max(low - far, 0) : max(low - near + 1, 0)], ink[high + near : high + far + 1]]
    profiles = [side.mean(axis=0) for side in sides if len(side)]
    return np.max(profiles, axis=0) if profiles else np.zeros(ink.shape[1])


def _end_near(
    on_axis: Floats, beside: Floats, dotted: bool, s: Floats, expected: float, sign: int, reach: float, noise: float
) -> tuple[float, Ends, float, float]:
    """Place, kind, stroke and error of the bar's end nearest to a place, the bar lying towards -sign of it."""
    ticks = [run for run in _runs(beside >= LEVEL) if run[1] - run[0] < 2 * reach]
    middles = [_middle(beside, s, *run) for run in ticks]
    near = [index for index, middle in enumerate(middles) if abs(middle - expected) <= reach]
    if near:
        index = min(near, key=lambda number: abs(middles[number] - expected))
        width = float(np.clip(beside[ticks[index][0] - 1 : ticks[index][1] + 2], 0, 1).sum())
        return middles[index], "ticks", width, noise / 2
    runs = _runs(on_axis >= LEVEL)
    ends = [(run, _crossing(on_axis, s, run, sign)) for run in runs]
    near_ends = [(run, place) for run, place in ends if abs(place - expected) <= reach]
    if not near_ends:
        raise ValueError(f"There is no end of a scale bar within {reach:.0f} px of a click: click nearer to it.")
    run, place = min(near_ends, key=lambda pair: abs(pair[1] - expected))
    if dotted:
        return _middle(on_axis, s, *run), "dots", float(run[1] - run[0] + 1), noise / 2
    return place, "edges", 0.0, noise


def _runs(inside: Booleans) -> list[tuple[int, int]]:
    """First and last index of each stretch of True."""
    padded = np.concatenate([[False], inside, [False]])
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(begin), int(end) - 1) for begin, end in zip(changes[::2], changes[1::2], strict=True)]


def _middle(profile: Floats, s: Floats, begin: int, end: int) -> float:
    """Centre of gravity of a stroke, its soft rims included."""
    part = slice(max(begin - 1, 0), end + 2)
    weight = np.clip(profile[part], 0, None)
    return float((weight * s[part]).sum() / weight.sum())


def _crossing(profile: Floats, s: Floats, run: tuple[int, int], sign: int) -> float:
    """Outer edge of a run: where the profile crosses half, between the last place inside and the first outside.

    A bar of whole pixels ends half a pixel beyond the centre of its last one.
    """
    inside = run[1] if sign > 0 else run[0]
    outside = inside + sign
    if not 0 <= outside < len(profile):
        return float(s[inside])
    share = (profile[inside] - LEVEL) / (profile[inside] - profile[outside])
    return float(s[inside] + sign * share)


def _long_runs(inked: Booleans, width: int) -> list[tuple[int, int, int]]:
    """(row, first, last) of lines in rows, whole or broken by a label, the longest first; one for each thick line."""
    found: list[tuple[int, int, int]] = []
    for row in range(len(inked)):
        pieces = [run for run in _runs(inked[row]) if run[1] - run[0] + 1 >= PIECE * width]
        joined = [(one[0], two[1]) for one, two in pairwise(pieces) if two[0] - one[1] <= GAP * (two[1] - one[0])]
        for begin, end in (*pieces, *joined):
            if SHORTEST * width <= end - begin + 1 <= LONGEST * width:
                found.append((row, begin, end))
    alike: dict[tuple[int, int], list[int]] = {}
    for row, begin, end in found:
        alike.setdefault((begin, end), []).append(row)
    lines = [(rows[len(rows) // 2], begin, end) for (begin, end), rows in alike.items() if len(rows) <= THICKEST_PX]
    return sorted(lines, key=lambda line: line[1] - line[2])[:MOST_LINES]


def _ladders(inked: Booleans) -> list[tuple[int, int, int]]:
    """(row, first, last) of rows of dots or strokes at equal distances, one for each ladder."""
    rows_of: dict[tuple[int, int], list[int]] = {}
    for row in range(len(inked)):
        marks = np.array(_runs(inked[row]), dtype=np.float64).reshape(-1, 2)
        steps, widths = np.diff(marks.mean(axis=1)), np.diff(marks, axis=1)[:, 0]
        even = (
            (np.abs(np.diff(steps)) <= 1.5) & (np.abs(np.diff(widths))[1:] <= 1) & (np.abs(np.diff(widths))[:-1] <= 1)
        )
        for begin, end in _runs(even):
            if end - begin + 3 >= FEWEST_DOTS and steps[begin] > 4:
                first, last = marks[[begin, end + 2]].mean(axis=1).round().astype(int).tolist()
                rows_of.setdefault((first, last), []).append(row)
    ladders = [(rows[len(rows) // 2], *ends) for ends, rows in rows_of.items() if len(rows) >= 2]
    return sorted(ladders, key=lambda line: line[1] - line[2])[:MOST_LINES]
