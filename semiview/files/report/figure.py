"""A drawing of lines, boxes and words over an optional picture, as SVG text or on a PDF page."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import cv2
import numpy as np

from semiview.core.outline import Points
from semiview.metrology.crossing import Floats

# Colours of the page, light or dark in HTML, dark on white in PDF; any other colour is "#rrggbb".
PAGE_COLOURS = {"ink": "#1c1c1e", "muted": "#6b6b70", "grid": "#d9d9de"}
DESIGN, SEM_EDGE, PREDICTION = "#56b4e9", "#00c891", "#e69f00"
FAR_OUTSIDE, OUTSIDE, INSIDE, FAR_INSIDE, ABSENT = "#d53c00", "#eb7832", "#4b96e1", "#0055c8", "#ff3cc8"

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A polyline in the figure's units, y down; a row of NaN lifts the pen."""

    points: Points
    colour: str
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text at its base line."""

    x: float
    y: float
    text: str
    colour: str = "ink"
    size: float = 10.0
    anchor: Anchor = "start"
    upright: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG that fills the figure; figures of one `name` share it."""

    name: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """Marks within `width` by `height` units, drawn in their order over the picture."""

    width: float
    height: float
    marks: tuple[Line | Box | Words, ...]
    caption: str
    picture: Picture | None = None


def thinned(outline: Points, tolerance: float) -> Points:
    """A closed line with fewer points, nowhere farther than `tolerance` from the full one, its first point repeated."""
    kept = cv2.approxPolyDP(outline.astype(np.float32)[:, None, :], tolerance, True)[:, 0, :].astype(np.float64)
    closed: Points = np.concatenate([kept, kept[:1]])
    return closed


def joined(lines: Sequence[Points]) -> Points:
    """Several lines as one, the pen lifted between them."""
    gap = np.full((1, 2), np.nan)
    if not lines:
        return np.empty((0, 2))
    result: Points = np.concatenate([part for line in lines for part in (line, gap)])
    return result


def svg_of(figure: Figure, seen: set[str]) -> str:
    """The figure as inline SVG. A picture is written once; `seen` remembers which were."""
    parts = [
        f'<svg viewBox="0 0 {figure.width:g} {figure.height:g}" role="img" aria-label="{escape(figure.caption)}"'
        ' preserveAspectRatio="xMidYMid meet">'
    ]
    if figure.picture is not None:
        name = f"picture-{zlib.crc32(figure.picture.name.encode()):08x}"
        if name in seen:
            parts.append(f'<use href="#{name}"/>')
        else:
            seen.add(name)
            data = base64.b64encode(figure.picture.jpeg).decode()
            parts.append(
                f'<image id="{name}" width="{figure.width:g}" height="{figure.height:g}"'
                f' href="data:image/jpeg;base64,{data}"/>'
            )
    parts += [_svg_mark(mark) for mark in figure.marks]
    parts.append("</svg>")
    return "".join(parts)


def strokes(points: Points) -> list[Points]:
    """The stretches of a line between its gaps."""
    broken = np.flatnonzero(np.isnan(points[:, 0]))
    parts = np.split(points, broken)
    return [part[~np.isnan(part[:, 0])] for part in parts if np.count_nonzero(~np.isnan(part[:, 0])) > 1]


def _svg_mark(mark: Line | Box | Words) -> str:
    if isinstance(mark, Line):
        dashes = ' stroke-dasharray="4 3"' if mark.dashed else ""
        path = "".join(_path(stroke) for stroke in strokes(mark.points))
        if not path:
            return ""
        style = f'stroke-width="{mark.width:g}" {_paint("stroke", mark.colour)}{dashes}'
        return f'<path d="{path}" fill="none" stroke-linejoin="round" {style}/>'
    if isinstance(mark, Box):
        size = f'x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" height="{mark.height:.1f}"'
        return f'<rect {size} {_paint("fill", mark.colour)} fill-opacity="{mark.opacity:g}"/>'
    turn = f' transform="rotate(-90 {mark.x:.1f} {mark.y:.1f})"' if mark.upright else ""
    place = f'x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{mark.size:g}" text-anchor="{mark.anchor}"{turn}'
    return f"<text {place} {_paint('fill', mark.colour)}>{escape(mark.text)}</text>"


def _paint(what: str, colour: str) -> str:
    return f'style="{what}:var(--{colour})"' if colour in PAGE_COLOURS else f'{what}="{colour}"'


def _path(stroke: Floats) -> str:
    """Relative steps of a tenth of a unit: half the bytes of absolute ones, and no drift."""
    tenths = np.rint(stroke * 10).astype(np.int64)
    steps = np.diff(tenths, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    x, y = tenths[0].tolist()
    return f"M{x / 10:g} {y / 10:g}l" + " ".join(f"{dx / 10:g} {dy / 10:g}" for dx, dy in steps.tolist())
