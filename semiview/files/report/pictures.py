"""Pictures of one case: the design on the SEM, its contour with the EPE, and the worst place near by."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.outline import Points
from semiview.core.registration import Registration
from semiview.files.report.figure import (
    ABSENT,
    DESIGN,
    FAR_INSIDE,
    FAR_OUTSIDE,
    INSIDE,
    OUTSIDE,
    PREDICTION,
    SEM_EDGE,
    Box,
    Figure,
    Line,
    Picture,
    Words,
    joined,
    thinned,
)
from semiview.metrology.epe import EpeTable, Source
from semiview.metrology.measurement import Measurement

WIDEST_PX, QUALITY = 1000, 80
THIN = 0.35  # of a figure's unit: what nobody sees at print size
MOST_VECTORS = 4000
TYPICAL_VECTOR = 9.0  # units that the 90th percentile of |EPE| is drawn as
CLOSE_PX = 220  # side of the picture of the worst place
SOURCES: tuple[Source, ...] = ("sem", "prediction", "approved")
EDGES = {"sem": SEM_EDGE, "prediction": PREDICTION, "approved": "#f0e442"}


def case_figures(case: Case, document: Document, measurement: Measurement, name: str) -> tuple[Figure, ...]:
    """The figures of a case, small enough to travel between processes; `name` is that of its picture."""
    height, width = case.sem.shape
    scale = min(WIDEST_PX / width, 1.0)
    picture = Picture(name, _jpeg(case.sem.pixels, scale))
    size = float(round(width * scale)), float(round(height * scale))
    registration = document.registration
    figures = []
    design = _design_px(case, registration)
    source = epe_source(measurement)
    bar = _scale_bar(size, case.sem.pixel_size.x_nm / scale)
    if design:
        figures.append(Figure(*size, (_outlines(design, scale, DESIGN), *bar), "Design (blue) on the SEM", picture))
    marks: list[Line | Box | Words] = []
    named = []
    for each in SOURCES:
        outlines = measurement.outlines_px.get(each, ())
        if outlines and each in (source, "prediction"):
            marks.append(_outlines(outlines, scale, EDGES[each]))
            named.append(f"{_name(each)} contour ({_colour_name(each)})")
    vectors, told = _vectors(measurement.epe, source, registration, scale, document.settings.tolerance_nm)
    marks += vectors
    caption = ", ".join([*named, told] if told else named) or "SEM"
    figures.append(Figure(*size, (*marks, *bar), caption, picture))
    close = _worst_place(case, document, measurement, design, source, name)
    return (*figures, close) if close is not None else tuple(figures)


def epe_source(measurement: Measurement) -> Source:
    """Whose EPE is shown: the SEM's own if it has any value, else the prediction's, else the approved shape's."""
    table = measurement.epe
    valued = set(table.source[np.isfinite(table.epe_nm)].tolist())
    present = [name for name in SOURCES if name in measurement.outlines_px]
    return next((name for name in SOURCES if name in valued), present[0] if present else "sem")


def _design_px(case: Case, registration: Registration) -> list[Points]:
    if case.design is None or not np.isfinite(registration.frame.nm_per_px):
        return []
    height, width = case.sem.shape
    placed = [registration.to_px(outline) for outline in case.design.target]
    return [each for each in placed if (each.max(axis=0) > 0).all() and (each.min(axis=0) < (width, height)).all()]


def _outlines(outlines_px: list[Points] | tuple[Points, ...], scale: float, colour: str) -> Line:
    return Line(joined([thinned((each + 0.5) * scale, THIN) for each in outlines_px]), colour, 1.1)


def _vectors(
    epe: EpeTable, source: Source, registration: Registration, scale: float, tolerance_nm: float
) -> tuple[list[Line | Box | Words], str]:
    """EPE as strokes along the normals, enlarged so that they are seen, and how that is said."""
    table = epe.where((epe.source == source) & (epe.feature_class == "edge"))
    valid = np.isfinite(table.epe_nm)
    points = _px(table, registration) * scale
    marks: list[Line | Box | Words] = []
    said = ""
    if valid.any():
        nm = 1 / (registration.frame.nm_per_px / scale)
        typical = float(np.percentile(np.abs(table.epe_nm[valid]), 90)) * nm
        enlarged = max(_round_number(TYPICAL_VECTOR / max(typical, 1e-6)), 1.0)
        every = max(int(np.ceil(np.count_nonzero(valid) / MOST_VECTORS)), 1)
        shown = valid & ((np.arange(len(valid)) % every == 0) | (np.abs(np.nan_to_num(table.epe_nm)) > tolerance_nm))
        normals = registration.directions_to_px(np.column_stack([table.normal_x, table.normal_y])[shown])
        steps = normals * (table.epe_nm[shown] * nm * enlarged)[:, None]
        begins, values = points[shown], table.epe_nm[shown]
        half = tolerance_nm / 2
        for chosen, colour in (
            ((values >= 0) & (values <= half), OUTSIDE),
            ((values < 0) & (values >= -half), INSIDE),
            (values > half, FAR_OUTSIDE),
            (values < -half, FAR_INSIDE),
        ):
            if chosen.any():
                ends = begins[chosen] + steps[chosen]
                gaps = np.full_like(ends, np.nan)
                strokes = np.stack([begins[chosen], ends, gaps], axis=1).reshape(-1, 2)
                marks.append(Line(strokes, colour, 1.0))
        part = "" if every == 1 else f", every {every}th point and all beyond the tolerance"
        said = f"EPE x{enlarged:g} (red outside, blue inside the design{part})"
    absent = np.isin(table.state, ("missing", "bridge"))
    stray = epe.where((epe.source == source) & (epe.state == "extra"))
    places = np.concatenate([points[absent], _px(stray, registration) * scale])[:MOST_VECTORS]
    marks += [Box(x - 1.5, y - 1.5, 3, 3, ABSENT) for x, y in places.tolist()]
    if len(places):
        said = f"{said}; magenta: missing, bridged or extra" if said else "magenta: missing, bridged or extra"
    return marks, said


def _px(table: EpeTable, registration: Registration) -> Points:
    points: Points = registration.to_px(np.column_stack([table.x_nm, table.y_nm])) + 0.5
    return points


def _worst_place(
    case: Case, document: Document, measurement: Measurement, design: list[Points], source: Source, name: str
) -> Figure | None:
    """The point of largest |EPE| at four figure units a pixel, true to scale."""
    table = measurement.epe.where((measurement.epe.source == source) & np.isfinite(measurement.epe.epe_nm))
    table = table.where(table.feature_class == "edge")
    if not len(table):
        return None
    worst = int(np.argmax(np.abs(table.epe_nm)))
    registration = document.registration
    middle = registration.to_px([[table.x_nm[worst], table.y_nm[worst]]])[0]
    height, width = case.sem.shape
    side = min(CLOSE_PX, height, width)
    left = int(np.clip(round(middle[0] - side / 2), 0, width - side))
    top = int(np.clip(round(middle[1] - side / 2), 0, height - side))
    scale = 520 / side
    corner = np.array([left, top])
    pixels = _stretched(case.sem.pixels)[top : top + side, left : left + side]
    enlarged = cv2.resize(pixels, (520, 520), interpolation=cv2.INTER_CUBIC)
    near = [each - corner for each in design if _touches(each - corner, side)]
    outlines = measurement.outlines_px.get(source, ())
    found = [each - corner for each in outlines if _touches(each - corner, side)]
    here = (middle - corner + 0.5) * scale
    ring = [(here[0] + 14 * np.cos(angle), here[1] + 14 * np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 33)]
    marks = (
        _outlines(near, scale, DESIGN),
        _outlines(found, scale, EDGES[source]),
        Line(np.array(ring), "#ffffff", 1.5),
        *_scale_bar((520.0, 520.0), case.sem.pixel_size.x_nm / scale),
    )
    feature = int(table.feature_id[worst])
    place = f"feature {feature}, x {table.x_nm[worst]:.0f}, y {table.y_nm[worst]:.0f} nm"
    caption = f"Largest EPE: {table.epe_nm[worst]:+.2f} nm at {place}"
    return Figure(520.0, 520.0, marks, caption, Picture(f"{name} worst", _encoded(enlarged)))


def _touches(outline: Points, side: int) -> bool:
    low, high = outline.min(axis=0), outline.max(axis=0)
    return bool((high > 0).all() and (low < side).all())


def _scale_bar(size: tuple[float, float], nm_per_unit: float) -> tuple[Box | Words, ...]:
    """A bar of a round length at the lower left; none while the pixel size is unknown."""
    if not np.isfinite(nm_per_unit):
        return ()
    length_nm = _round_number(size[0] / 6 * nm_per_unit)
    units = length_nm / nm_per_unit
    text = f"{length_nm / 1000:g} µm" if length_nm >= 1000 else f"{length_nm:g} nm"
    y = size[1] - 14
    room = max(units, 62.0) + 16
    return (
        Box(8, y - 22, room, 30, "#000000", 0.55),
        Box(16, y, units, 3.5, "#ffffff"),
        Words(16, y - 6, text, "#ffffff", 14),
    )


def _round_number(value: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten below."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(factor for factor in (1, 2, 5) if factor * power <= value * 1.0001))


def _jpeg(pixels: npt.NDArray[Any], scale: float) -> bytes:
    grey: npt.NDArray[Any] = _stretched(pixels)
    if scale < 1:
        height, width = grey.shape
        grey = cv2.resize(grey, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return _encoded(grey)


def _encoded(grey: npt.NDArray[Any]) -> bytes:
    return bytes(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def _stretched(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Grey values from the 0.5th to the 99.5th percentile as 0 to 255."""
    low, high = np.percentile(pixels[::4, ::4], (0.5, 99.5))
    if high <= low:
        return np.full(pixels.shape, 128, np.uint8)
    grey = np.clip((pixels.astype(np.float32) - low) * (255 / (high - low)), 0, 255)
    return np.asarray(grey, dtype=np.uint8)


def _name(source: str) -> str:
    return {"sem": "SEM", "approved": "approved"}.get(source, source)


def _colour_name(source: str) -> str:
    return {"sem": "green", "prediction": "orange", "approved": "yellow"}[source]
