"""What the tables and the report need of one measured case, small enough to travel between processes and be kept."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from semiview.core.case import Case, CaseInfo
from semiview.core.document import Document, MeasureSettings
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.files.known_files import inputs_of
from semiview.metrology.contour import Contours
from semiview.metrology.measurement import Measurement


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredCase:
    """A measured case, made by `of` without any picture.

    Attributes
    ----------
    image, image_sha256
        The SEM file.
    pixel_size
        The nominal one; `measurement.scale` is that of its numbers.
    warnings
        What is doubtful about the case's files.
    measurement
        Its outlines are left out; their sources are still named.
    inputs
        sha256 of every file that was read, by its path.
    tone, cell, layout
        Of the design: raised, opening or empty; the cell's name; the file's path.
    references
        By gauge, what another tool measured: nm, and its standard deviation (NaN if not known).
    measured_under
        Hash of everything the numbers depend on; empty where nobody asked for it.
    measured_at
        UTC, ISO 8601.
    taken_over
        True if it was measured by an earlier run.
    """

    info: CaseInfo
    image: str
    image_sha256: str
    pixel_size: PixelSize
    registration: Registration
    record_id: str
    measurement: Measurement
    warnings: tuple[str, ...] = ()
    settings: MeasureSettings = field(default_factory=MeasureSettings)
    inputs: Mapping[str, str] = field(default_factory=dict)
    tone: str = ""
    cell: str = ""
    layout: str = ""
    references: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    measured_under: str = ""
    measured_at: str = ""
    taken_over: bool = False

    @classmethod
    def of(cls, case: Case, document: Document, record_id: str, measurement: Measurement) -> "MeasuredCase":
        """Keep what is told of the case and of the document it was measured under, and the hashes of its files."""
        design, sem, inputs = case.design, case.sem, inputs_of(case)
        about = ("", "", "") if design is None else (design.tone or "", design.cell, design.path)
        bare = replace(measurement, contours=dict.fromkeys(measurement.contours, Contours(())))
        references = {
            gauge.gauge_id: (gauge.reference_nm, gauge.reference_sigma_nm)
            for gauge in document.gauges
            if math.isfinite(gauge.reference_nm)
        }
        return cls(
            case.info, sem.path, sem.sha256, sem.pixel_size, document.registration, record_id, bare, case.warnings,
            document.settings, inputs, *about, references,
        )  # fmt: skip

    @property
    def case_id(self) -> str:
        """The case's unique name."""
        return self.info.case_id
