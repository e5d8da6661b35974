"""Charts of the report: the histogram of EPE, the spectrum of roughness with its fit, CD against the drawn width."""

import math
from collections.abc import Sequence

import numpy as np

from semiview.files.report.figure import INSIDE, OUTSIDE, PREDICTION, SEM_EDGE, Box, Figure, Line, Words
from semiview.metrology.crossing import Floats
from semiview.metrology.roughness import Spectrum

WIDTH, HEIGHT = 420.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 12.0, 12.0, 40.0
BINS = 41
SMALL = 9.5
TAIL_PERCENTILES = 1.0, 99.0


def epe_histogram(epe_nm: Floats, tolerance_nm: float, caption: str) -> Figure:
    """Signed EPE of the valid points on edges: what is printed outside the design to the right, red."""
    values = epe_nm[np.isfinite(epe_nm)]
    reach = max(float(np.percentile(np.abs(values), 99.5)), 1e-3) * 1.1 if len(values) else max(tolerance_nm, 1.0)
    edges = np.linspace(-reach, reach, BINS + 1)
    counts, _ = np.histogram(np.clip(values, -reach, reach), edges)
    highest = max(int(counts.max(initial=0)), 1)
    marks: list[Line | Box | Words] = []
    frame = _Frame((-reach, reach), (0.0, highest * 1.08))
    marks += frame.axes(ticks(-reach, reach), ticks(0, highest * 1.08), "EPE, nm (positive: printed outside)", "points")
    for low, high, count in zip(edges[:-1], edges[1:], counts.tolist(), strict=True):
        if count:
            x0, x1, y = frame.x(low), frame.x(high), frame.y(count)
            colour = OUTSIDE if low + high > 0 else INSIDE
            marks.append(Box(x0 + 0.4, y, x1 - x0 - 0.8, frame.y(0) - y, colour))
    for bound in (-tolerance_nm, tolerance_nm):
        if abs(bound) < reach:
            marks.append(frame.line([bound, bound], [0, highest * 1.08], "muted", dashed=True))
    if len(values):
        mean = float(values.mean())
        marks.append(frame.line([mean, mean], [0, highest * 1.08], "ink", 1.4))
    return Figure(WIDTH, HEIGHT, tuple(marks), caption)


def spectrum_chart(spectrum: Spectrum, caption: str) -> Figure:
    """PSD of the edges, the fitted expected periodogram, the roughness alone and the noise floor, on log scales."""
    used = slice(1, None)
    frequency = spectrum.frequency_per_nm[used]
    curves = [
        (spectrum.psd_nm3[used], INSIDE, 1.0, False),
        (spectrum.model_nm3[used], SEM_EDGE, 1.4, True),
        (spectrum.fitted_nm3[used], OUTSIDE, 1.8, False),
    ]
    shown = [curve[np.isfinite(curve) & (curve > 0)] for curve, *_ in (curves[0], curves[2])]
    positive = np.concatenate(shown)
    if len(positive) == 0:
        return Figure(WIDTH, HEIGHT, (Words(WIDTH / 2, HEIGHT / 2, "no spectrum", "muted", 11, "middle"),), caption)
    low, high = math.floor(np.log10(positive.min()) * 2) / 2, math.ceil(np.log10(positive.max()) * 2) / 2
    frame = _Frame((float(np.log10(frequency[0])), float(np.log10(frequency[-1]))), (low, max(high, low + 1)))
    marks: list[Line | Box | Words] = frame.axes(
        decades(*frame.x_range), decades(*frame.y_range), "frequency, 1/nm", "PSD, nm³", logarithmic=True
    )
    for curve, colour, width, dashed in curves:
        good = np.isfinite(curve) & (curve > 0)
        if good.any():
            level = np.clip(np.log10(curve[good]), *frame.y_range)
            marks.append(frame.line(np.log10(frequency[good]), level, colour, width, dashed))
    legend = [("measured", INSIDE), ("fit", OUTSIDE), ("without noise", SEM_EDGE)]
    if spectrum.noise_nm3 > 0 and frame.y_range[0] < math.log10(spectrum.noise_nm3) < frame.y_range[1]:
        floor = math.log10(spectrum.noise_nm3)
        marks.append(frame.line(frame.x_range, [floor, floor], "muted", 1.0, True))
        legend.append(("noise floor", "muted"))
    # A spectrum falls: the lower left is free.
    for number, (text, colour) in enumerate(reversed(legend)):
        y = HEIGHT - BOTTOM - 8 - 13 * number
        marks.append(Line(np.array([[LEFT + 10, y - 3], [LEFT + 24, y - 3]]), colour, 2))
        marks.append(Words(LEFT + 28, y, text, "ink", SMALL))
    return Figure(WIDTH, HEIGHT, tuple(marks), caption)


def cd_chart(drawn_nm: Floats, measured_nm: Sequence[tuple[str, Floats]], caption: str) -> Figure:
    """CD minus the drawn width against the drawn width, one colour for each source."""
    colours = {"sem": SEM_EDGE, "prediction": PREDICTION, "approved": OUTSIDE}
    biases = [(name, values - drawn_nm) for name, values in measured_nm]
    every = np.concatenate([bias[np.isfinite(bias)] for _, bias in biases] or [np.zeros(0)])
    seen = drawn_nm[np.isfinite(drawn_nm)]
    if len(every) == 0 or len(seen) == 0:
        return Figure(WIDTH, HEIGHT, (Words(WIDTH / 2, HEIGHT / 2, "no CD", "muted", 11, "middle"),), caption)
    # A few that are far off would leave the others on one line: those stand at the border.
    lowest, highest = np.percentile(every, TAIL_PERCENTILES)
    room = max(float(highest - lowest) * 0.15, 0.5)
    wide = max(float(np.ptp(seen)) * 0.05, 1.0)
    x_range = float(seen.min()) - wide, float(seen.max()) + wide
    y_range = min(float(lowest), 0.0) - room, max(float(highest), 0.0) + room
    frame = _Frame(x_range, y_range)
    marks: list[Line | Box | Words] = frame.axes(ticks(*x_range), ticks(*y_range), "drawn, nm", "CD - drawn, nm")
    marks.append(frame.line(x_range, [0, 0], "muted", 1.0, True))
    for name, bias in biases:
        for x, y in zip(drawn_nm.tolist(), bias.tolist(), strict=True):
            if math.isfinite(x) and math.isfinite(y):
                y = min(max(y, y_range[0]), y_range[1])
                marks.append(Box(frame.x(x) - 1.5, frame.y(y) - 1.5, 3, 3, colours.get(name, "ink"), 0.8))
    for number, (name, _) in enumerate(biases):
        marks.append(Box(WIDTH - 84, TOP + 6 + 13 * number, 7, 7, colours.get(name, "ink")))
        marks.append(Words(WIDTH - 72, TOP + 13 + 13 * number, name.replace("sem", "SEM"), "ink", SMALL))
    beyond = int(np.count_nonzero((every < y_range[0]) | (every > y_range[1])))
    if beyond:
        caption = f"{caption}; {beyond} of {len(every)} lie beyond its border"
    return Figure(WIDTH, HEIGHT, tuple(marks), caption)


def ticks(low: float, high: float, about: int = 6) -> list[tuple[float, str]]:
    """Round numbers within a range, and how they are written.

    >>> ticks(-0.3, 1.1, 3)
    [(0.0, '0'), (0.5, '0.5'), (1.0, '1')]
    """
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [(number * step, f"{number * step:g}") for number in range(first, math.floor(high / step) + 1)]


def decades(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten within a range of logarithms."""
    whole = range(math.ceil(low), math.floor(high) + 1)
    return [(float(power), f"{10.0**power:g}") for power in whole]


class _Frame:
    """Where values lie within the axes."""

    def __init__(self, x_range: tuple[float, float], y_range: tuple[float, float]) -> None:
        self.x_range, self.y_range = x_range, y_range

    def x(self, value: float) -> float:
        low, high = self.x_range
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def line(
        self, x: Sequence[float] | Floats, y: Sequence[float] | Floats, colour: str, width: float = 1.0,
        dashed: bool = False,
    ) -> Line:  # fmt: skip
        places = [(self.x(float(a)), self.y(float(b))) for a, b in zip(x, y, strict=True)]
        return Line(np.array(places), colour, width, dashed)

    def axes(
        self, x_ticks: list[tuple[float, str]], y_ticks: list[tuple[float, str]], x_name: str, y_name: str,
        logarithmic: bool = False,
    ) -> list[Line | Box | Words]:  # fmt: skip
        marks: list[Line | Box | Words] = []
        for value, text in x_ticks:
            marks.append(self.line([value, value], self.y_range, "grid", 0.7))
            marks.append(Words(self.x(value), HEIGHT - BOTTOM + 13, text, "muted", SMALL, "middle"))
        for value, text in y_ticks:
            marks.append(self.line(self.x_range, [value, value], "grid", 0.7))
            marks.append(Words(LEFT - 5, self.y(value) + 3, text, "muted", SMALL, "end"))
        if logarithmic and not y_ticks:
            marks.append(Words(LEFT - 5, TOP + 6, f"{10 ** self.y_range[1]:.2g}", "muted", SMALL, "end"))
        corner = [self.x_range[0], self.x_range[0], self.x_range[1]]
        marks.append(self.line(corner, [self.y_range[1], self.y_range[0], self.y_range[0]], "muted"))
        marks.append(Words((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_name, "ink", 10.5, "middle"))
        marks.append(Words(13, (TOP + HEIGHT - BOTTOM) / 2, y_name, "ink", 10.5, "middle", upright=True))
        return marks
