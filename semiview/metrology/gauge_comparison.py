"""The same gauges on the design, in the SEM, in the prediction and in the approved shape, side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from semiview.metrology.cd import CdRow
from semiview.metrology.epe import Source

SOURCES: tuple[Source, ...] = ("sem", "prediction", "approved")


@dataclass(frozen=True, slots=True, eq=False)
class ComparedGauge:
    """One gauge in every source that was asked for its width.

    Attributes
    ----------
    rows
        By source; a source that does not know the gauge is left out.
    """

    gauge_id: str
    rows: Mapping[Source, CdRow]

    @property
    def first(self) -> CdRow:
        """The row of the first source: place, mode and drawn width are the same in all."""
        return next(iter(self.rows.values()))

    @property
    def drawn_nm(self) -> float:
        """Drawn width, nm; NaN if none was drawn."""
        return self.first.cd_design_nm

    def cd_nm(self, source: Source) -> float:
        """The width in a source, nm; NaN where it could not be read."""
        return self.rows[source].cd_nm if source in self.rows else math.nan

    def bias_nm(self, source: Source) -> float:
        """Printed minus drawn, nm; NaN without either."""
        return self.cd_nm(source) - self.drawn_nm

    @property
    def worst_nm(self) -> float:
        """Largest difference to the drawn width, without one between two sources, nm; NaN with nothing to compare."""
        found = [row.cd_nm for row in self.rows.values() if math.isfinite(row.cd_nm)]
        if math.isfinite(self.drawn_nm):
            return max((abs(cd - self.drawn_nm) for cd in found), default=math.nan)
        return max(found) - min(found) if len(found) > 1 else math.nan

    @property
    def reason(self) -> str:
        """Why a source has no value, or what is to be said of it."""
        told: dict[str, list[str]] = {}
        for source, row in self.rows.items():
            told.setdefault(row.reason, []).append(source)
        everywhere = len(told) == 1
        return "; ".join(
            reason if everywhere else f"{' and '.join(sources)}: {reason}" for reason, sources in told.items() if reason
        )


def compare_gauges(rows: Sequence[CdRow]) -> tuple[ComparedGauge, ...]:
    """One entry a gauge, worst first: what a source could not read, then the largest difference."""
    gauges: dict[str, dict[Source, CdRow]] = {}
    for source in SOURCES:
        for row in rows:
            if row.source == source:
                gauges.setdefault(row.gauge_id, {})[source] = row
    return tuple(sorted((ComparedGauge(name, found) for name, found in gauges.items()), key=worst_first))


def worst_first(gauge: ComparedGauge) -> float:
    """Key to sort by."""
    if any(math.isnan(row.cd_nm) for row in gauge.rows.values()):
        return -math.inf
    return 0.0 if math.isnan(gauge.worst_nm) else -gauge.worst_nm
