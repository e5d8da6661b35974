"""Blocks that a report is made of, before it becomes HTML or PDF, and numbers as they stand in them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from semiview.files.report.figure import Figure


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; one of level 2 begins a page in print."""

    level: int
    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain words; `doubt` for what a reader must not miss."""

    text: str
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. Columns whose cells are numbers stand right; a cell may link to an anchor."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    narrow: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Figures side by side."""

    figures: tuple[Figure, ...]


Block = Heading | Paragraph | Grid | Gallery


def word(source: str) -> str:
    """A source as it is called in a report."""
    return "SEM" if source == "sem" else source


def plain(value: float | int | str | None, digits: int = 2) -> str:
    """A number with so many digits, empty for none; text as it is."""
    if isinstance(value, str):
        return value
    return "" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def signed(value: float | None) -> str:
    """A number with its sign, empty for none."""
    return "" if value is None or not math.isfinite(value) else f"{value:+.2f}"


def mean(values: Iterable[float]) -> float:
    """Mean of those that are numbers; NaN for none."""
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else math.nan
