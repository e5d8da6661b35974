"""What all tabs of the panel show: one measurement, seen through one source."""

from dataclasses import dataclass

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.metrology.epe import Source
from semiview.metrology.measurement import Measurement

ORDER: tuple[Source, ...] = ("sem", "prediction", "approved")


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A measurement of a case's document, and whose contour is looked at first."""

    case: Case
    document: Document
    measurement: Measurement
    source: Source

    @property
    def sources(self) -> tuple[Source, ...]:
        """Those that there are."""
        return tuple(source for source in ORDER if source in self.measurement.outlines_px)
