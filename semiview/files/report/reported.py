"""What a report is about: measured cases with their pictures, and where the numbers come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semiview.files.measured_case import MeasuredCase
from semiview.files.report.figure import Figure
from semiview.files.report.pictures import epe_source
from semiview.metrology.crossing import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ReportedCase:
    """A measured case with its pictures; `state` is where its review stands, `checkpoint` whose prediction it shows."""

    measured: MeasuredCase
    figures: tuple[Figure, ...]
    state: str = "undecided"
    reviewer: str = ""
    checkpoint: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything that a report tells.

    Attributes
    ----------
    summary, manifest
        As summary.json and manifest.json.
    failed
        Reason by case.
    made
        When, as text.
    checkpoint
        Id and sha256 of the current checkpoint.
    """

    title: str
    project: str
    made: str
    cases: Sequence[ReportedCase]
    failed: Mapping[str, str]
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]
    checkpoint: tuple[str, str] = ("", "")


def worst_epe(each: MeasuredCase) -> float:
    """Largest |EPE| on edges of the source that is shown, nm; -1 where there is none."""
    values = edge_epe(each)
    return float(np.abs(values).max()) if len(values) else -1.0


def edge_epe(each: MeasuredCase) -> Floats:
    """EPE on edges of the source that is shown, nm."""
    table, source = each.measurement.epe, epe_source(each.measurement)
    wanted = (table.source == source) & (table.feature_class == "edge") & np.isfinite(table.epe_nm)
    values: Floats = table.epe_nm[wanted]
    return values
