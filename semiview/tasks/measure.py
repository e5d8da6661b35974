"""Measure a whole project into tables."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from semiview.core.case import Case
from semiview.core.document import Document, Scale
from semiview.files.tables import MeasuredCase, write_measurements
from semiview.metrology.measurement import Measurement, measure
from semiview.tasks.align import at_its_word
from semiview.tasks.open import open_case
from semiview.tasks.pool import each_case
from semiview.tasks.progress import CaseDone, CaseFailed, Progress, Task
from semiview.tasks.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """Which cases are measured, and with which registration.

    Attributes
    ----------
    only_accepted
        Leave out what nobody accepted or corrected.
    nominal
        Take the nominal frame at its word where no registration stands.
    scale
        Whose pixel size CD and roughness are in; None: as the project's settings say.
    """

    only_accepted: bool = False
    nominal: bool = False
    jobs: int = 0
    scale: Scale | None = None


def measure_project(
    workspace: Workspace, out: Path, options: MeasureOptions, case_ids: Sequence[str] | None = None
) -> Task[dict[str, Any]]:
    """Write gauges.csv, epe.csv, scores.csv, summary.json and manifest.json; returns the summary.

    A case without a usable registration is measured without EPE and design gauges, and counts as failed.
    """
    begun = time.monotonic()
    reviews = workspace.store.reviews()
    wanted = [row.case_id for row in workspace.project.rows] if case_ids is None else list(case_ids)
    if options.only_accepted:
        states = {case_id: review.state for case_id, review in reviews.items()}
        wanted = [case_id for case_id in wanted if states.get(case_id) in ("accepted", "corrected")]
    measured: dict[str, MeasuredCase] = {}
    failed: dict[str, str] = {}
    for outcome in each_case(workspace, measure_case, wanted, options, options.jobs):
        if outcome.answer is None:
            failed[outcome.case_id] = outcome.reason
            yield CaseFailed(outcome.case_id, outcome.reason)
        else:
            measured[outcome.case_id] = outcome.answer
            measurement = outcome.answer.measurement
            if measurement.reasons:
                failed[outcome.case_id] = "; ".join(measurement.reasons)
                yield CaseFailed(outcome.case_id, failed[outcome.case_id])
            else:
                yield CaseDone(outcome.case_id, in_words(measurement))
        yield Progress(len(set(measured) | set(failed)), len(wanted), outcome.case_id)
    ordered = [measured[case_id] for case_id in wanted if case_id in measured]
    return write_measurements(out, ordered, failed, len(wanted), time.monotonic() - begun)


def measure_case(workspace: Workspace, case_id: str, options: MeasureOptions) -> MeasuredCase:
    """Measure one case with the registration that counts."""
    opened = open_case(workspace, case_id)
    document = opened.document
    if options.nominal and document.registration.trust.verdict is None:
        document = replace(document, registration=at_its_word(document.registration))
    if options.scale is not None:
        document = replace(document, settings=replace(document.settings, scale=options.scale))
    document = with_approved_shape(workspace, opened.case, document)
    measurement = measure(opened.case, document)
    record_id = opened.review.record_id
    return MeasuredCase.of(opened.case, document.registration, record_id, measurement, document.settings)


def with_approved_shape(workspace: Workspace, case: Case, document: Document) -> Document:
    """The document with the shape that the newest decision approved of this very picture, if there is one."""
    approved = workspace.store.approved_shape(case.case_id)
    if approved is None:
        return document
    image = workspace.store.header(workspace.store.head(case.case_id)).image_sha256
    shape, ignore = approved
    if image not in ("", case.sem.sha256) or shape.shape != case.sem.shape:
        return document
    return replace(document, correction=shape, ignore=ignore)


def in_words(measurement: Measurement) -> str:
    """One line for a person: points, mean and spread of EPE, what is missing, CD rows."""
    parts = [f"{len(measurement.cd)} CD rows"]
    for source, summary in measurement.epe_summary.items():
        parts.append(
            f"EPE {source} {summary.mean_nm:+.2f} nm (3 sigma {summary.sigma3_nm:.2f}, {summary.missing} missing)"
        )
    return ", ".join(parts)
