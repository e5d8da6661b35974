"""What the tables and the report need of one measured case, small enough to travel between processes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from semiview.core.case import Case
from semiview.core.document import MeasureSettings
from semiview.core.registration import Registration
from semiview.metrology.measurement import Measurement


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredCase:
    """A measured case, made by `of` without the design's and the prediction's arrays.

    Attributes
    ----------
    inputs
        sha256 of every file that was read, by its path.
    tone, cell, layout
        Of the design: raised, opening or empty; the cell's name; the file's path.
    references
        By gauge, what another tool measured: nm, and its standard deviation (NaN if not known).
    """

    case: Case
    registration: Registration
    record_id: str
    measurement: Measurement
    settings: MeasureSettings = field(default_factory=MeasureSettings)
    inputs: Mapping[str, str] = field(default_factory=dict)
    tone: str = ""
    cell: str = ""
    layout: str = ""
    references: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        case: Case,
        registration: Registration,
        record_id: str,
        measurement: Measurement,
        settings: MeasureSettings,
        references: Mapping[str, tuple[float, float]] | None = None,
    ) -> "MeasuredCase":
        """Keep what is told of the case, and the hashes of its files."""
        inputs = {case.sem.path: case.sem.sha256}
        design = case.design
        if design is not None:
            inputs[design.path] = design.sha256
        if case.prediction is not None and case.prediction.path:
            inputs[case.prediction.path] = sha256_of_file(Path(case.prediction.path))
        small = replace(case, design=None, prediction=None)
        about = ("", "", "") if design is None else (design.tone or "", design.cell, design.path)
        return cls(small, registration, record_id, measurement, settings, inputs, *about, references or {})


def sha256_of_file(path: Path) -> str:
    """Hex digest of a file's bytes; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
