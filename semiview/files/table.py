"""What all tables of `measure` have in common: a row, a table, and what every row carries."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from semiview.core.sem_image import PixelSize
from semiview.files.measured_case import MeasuredCase

INFO_COLUMNS = ("pattern_type", "group", "tool", "recipe", "layer_name", "lot", "wafer", "field", "acquired_at")
CARRIED = ("status", "reason", "verdict", "record_id", "nm_per_px_x", "nm_per_px_y", "scale_source", *INFO_COLUMNS)
OK, NO_VALUE = "ok", "no value"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class CaseRows:
    """The rows of all cases, made anew whenever they are gone through: a project has millions of EPE points."""

    measured: Sequence[MeasuredCase]
    rows_of: Callable[[MeasuredCase], list[Row]]

    def __iter__(self) -> Iterator[Row]:
        for each in self.measured:
            yield from self.rows_of(each)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table by its file's name without the ending."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Row]

    def __len__(self) -> int:
        return sum(1 for _ in self.rows)


def carried(each: MeasuredCase, size: PixelSize | None = None) -> Row:
    """What every row of a case carries beside its own columns; `size`: the scale of its numbers."""
    info, size = each.info, size or each.measurement.scale
    return {
        "case_id": each.case_id,
        "verdict": each.registration.trust.verdict,
        "record_id": each.record_id,
        "nm_per_px_x": size.x_nm,
        "nm_per_px_y": size.y_nm,
        "scale_source": size.source,
        **{name: getattr(info, name) for name in INFO_COLUMNS},
    }


def status_of(value: float) -> str:
    """Whether a row has its value."""
    return NO_VALUE if math.isnan(value) else OK
