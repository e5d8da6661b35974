"""Measure a whole project into tables."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from semiview.core.case import Case
from semiview.core.document import Document, Scale
from semiview.core.gauge import Gauge
from semiview.files.case_file_name import case_file_name
from semiview.files.durable_file import make_folder
from semiview.files.gauge_file import GaugeTemplate, ListedGauge, write_gauges
from semiview.files.known_files import sha256_of_file
from semiview.files.measured_case import MeasuredCase
from semiview.files.measured_part import read_part, write_part
from semiview.files.table_rows import tables_of
from semiview.files.tables import write_measurements
from semiview.metrology.gauge import box_of
from semiview.metrology.measurement import Measurement, measure
from semiview.tasks.align import at_its_word
from semiview.tasks.measured_under import measured_under
from semiview.tasks.open import OpenedCase, open_case
from semiview.tasks.pool import each_case
from semiview.tasks.progress import CaseDone, CaseFailed, CaseWarned, Progress, Task
from semiview.tasks.workspace import Workspace

PARTS = "parts"
LATTICE = "lattice-"


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
    gauges
        Of a gauge file, measured beside those that the design asks for.
    template
        Write `gauges.<its name>.csv` too, in the columns of another program.
    excel
        Write one workbook of all tables too.
    resume
        Take over what an earlier run into the same folder has measured under the same conditions.
    parts
        Where each measured case is kept as soon as it is done; None: nowhere.
    """

    only_accepted: bool = False
    nominal: bool = False
    jobs: int = 0
    scale: Scale | None = None
    gauges: tuple[ListedGauge, ...] = ()
    template: GaugeTemplate | None = None
    excel: bool = False
    resume: bool = False
    parts: Path | None = None


def measure_project(
    workspace: Workspace, out: Path, options: MeasureOptions, case_ids: Sequence[str] | None = None
) -> Task[dict[str, Any]]:
    """Write all tables, summary.json and manifest.json; returns the summary.

    A case without a usable registration is measured without EPE and design gauges, and counts as failed. Each case is
    kept as soon as it is done. When it is stopped, what has been measured is written, and the cases whose turn had not
    come are named as failed.
    """
    begun = time.monotonic()
    options = replace(options, parts=out / PARTS)
    make_folder(out / PARTS)
    wanted = wanted_cases(workspace, options, case_ids)
    measured: dict[str, MeasuredCase] = {}
    failed: dict[str, str] = {}

    def written() -> dict[str, Any]:
        ordered = [measured[case_id] for case_id in wanted if case_id in measured]
        seconds = time.monotonic() - begun
        inputs = project_inputs(workspace)
        summary = write_measurements(out, ordered, failed, len(wanted), seconds, inputs, options.excel)
        if options.template is not None:
            gauges = next(table for table in tables_of(ordered) if table.name == "gauges")
            write_gauges(out / f"gauges.{options.template.name}.csv", gauges.rows, options.template)
        return summary

    try:
        yield from _measured(workspace, options, wanted, measured, failed)
        yield Progress(len(wanted), len(wanted), "writing the tables")
    except (KeyboardInterrupt, GeneratorExit):
        failed.update({case_id: "stopped before its turn" for case_id in wanted if case_id not in {*measured, *failed}})
        written()
        raise
    return written()


def wanted_cases(workspace: Workspace, options: MeasureOptions, case_ids: Sequence[str] | None) -> list[str]:
    """The cases that the options leave, in the case list's order."""
    wanted = [row.case_id for row in workspace.project.rows] if case_ids is None else list(case_ids)
    if options.only_accepted:
        states = {case_id: review.state for case_id, review in workspace.store.reviews().items()}
        wanted = [case_id for case_id in wanted if states.get(case_id) in ("accepted", "corrected")]
    return wanted


def project_inputs(workspace: Workspace) -> dict[str, str]:
    """sha256 by path of the project's own files that a measurement depends on."""
    project = workspace.project
    paths = (project.folder / "cases.csv", project.folder / "project.toml", project.registrations_path)
    return {str(path): sha256_of_file(path) for path in paths if path.exists()}


def measured_cases(
    workspace: Workspace, options: MeasureOptions, wanted: Sequence[str]
) -> Task[tuple[list[MeasuredCase], dict[str, str]]]:
    """The measured cases in the order of `wanted`, and by case why one is missing or has a reservation."""
    measured: dict[str, MeasuredCase] = {}
    failed: dict[str, str] = {}
    yield from _measured(workspace, options, wanted, measured, failed)
    return [measured[case_id] for case_id in wanted if case_id in measured], failed


def _measured(
    workspace: Workspace,
    options: MeasureOptions,
    wanted: Sequence[str],
    measured: dict[str, MeasuredCase],
    failed: dict[str, str],
) -> Task[None]:
    """Measure one case after another into `measured` and `failed`."""
    for outcome in each_case(workspace, measure_case, wanted, options, options.jobs):
        if outcome.answer is None:
            failed[outcome.case_id] = outcome.reason
            yield CaseFailed(outcome.case_id, outcome.reason)
        else:
            measured[outcome.case_id] = outcome.answer
            measurement = outcome.answer.measurement
            for warning in outcome.answer.warnings:
                yield CaseWarned(outcome.case_id, warning)
            if measurement.reasons:
                failed[outcome.case_id] = "; ".join(measurement.reasons)
                yield CaseFailed(outcome.case_id, failed[outcome.case_id])
            else:
                taken = ", taken over" if outcome.answer.taken_over else ""
                yield CaseDone(outcome.case_id, in_words(measurement) + taken)
        yield Progress(len(set(measured) | set(failed)), len(wanted), outcome.case_id)


def measure_case(workspace: Workspace, case_id: str, options: MeasureOptions) -> MeasuredCase:
    """Measure one case with the registration that counts, or take over what was measured under the same conditions."""
    opened, document = opened_to_measure(workspace, case_id, options)
    if options.parts is None:
        return measured_of(opened, document, measure(opened.case, document))
    part = options.parts / f"{case_file_name(case_id)}.npz"
    conditions = measured_under(opened, document)
    held = read_part(part) if options.resume else None
    if held is not None and held.measured_under == conditions:
        return replace(held, taken_over=True)
    measured = measured_of(opened, document, measure(opened.case, document))
    measured = replace(measured, measured_under=conditions, measured_at=datetime.now(UTC).isoformat(timespec="seconds"))
    write_part(part, measured)
    return measured


def opened_to_measure(workspace: Workspace, case_id: str, options: MeasureOptions) -> tuple[OpenedCase, Document]:
    """The case, and the document it is measured under."""
    opened = open_case(workspace, case_id)
    document = opened.document
    if options.nominal and document.registration.trust.verdict is None:
        document = replace(document, registration=at_its_word(document.registration))
    if options.scale is not None:
        document = replace(document, settings=replace(document.settings, scale=options.scale))
    listed = gauges_of_case(options.gauges, opened.case, document)
    document = replace(document, gauges=(*document.gauges, *(each.gauge for each in listed)))
    return opened, with_approved_shape(workspace, opened.case, document)


def opened_and_measured(
    workspace: Workspace, case_id: str, options: MeasureOptions
) -> tuple[OpenedCase, Document, Measurement]:
    """The case, the document it was measured under, and what was measured."""
    opened, document = opened_to_measure(workspace, case_id, options)
    return opened, document, measure(opened.case, document)


def measured_of(opened: OpenedCase, document: Document, measurement: Measurement) -> MeasuredCase:
    """What the tables need of a measured case."""
    return MeasuredCase.of(opened.case, document, opened.review.record_id, measurement)


def gauges_of_case(gauges: Sequence[ListedGauge], case: Case, document: Document) -> list[ListedGauge]:
    """Of listed gauges those that name the case, and of those that name none the ones in its picture.

    None while nobody vouches for the registration.
    """
    if not np.isfinite(document.registration.frame.nm_per_px) or document.registration.unusable_because is not None:
        return []
    largest = np.array([case.sem.shape[1] - 1, case.sem.shape[0] - 1])

    def shown(gauge: Gauge) -> bool:
        corners = document.registration.to_px(box_of(gauge))
        return bool(np.all((corners >= 0) & (corners <= largest)))

    return [each for each in gauges if each.case_id == case.case_id or (not each.case_id and shown(each.gauge))]


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
    """One line for a person: CD rows, the period of a picture that repeats, roughness, EPE and what is missing."""
    parts = [f"{len(measurement.cd)} CD rows"]
    periods = [f"{row.cd_nm:.2f}" for row in measurement.cd if row.gauge_id.startswith(LATTICE)]
    parts += [f"lattice {' and '.join(periods)} nm"] if periods else []
    rough = [row for row in measurement.roughness if row.kind == "LWR" and math.isfinite(row.sigma3_unbiased_nm)]
    parts += [f"LWR {row.sigma3_unbiased_nm:.2f} nm" for row in rough[:1]]
    for source, summary in measurement.epe_summary.items():
        told = f"{summary.mean_nm:+.2f} nm (3 sigma {summary.sigma3_nm:.2f}, " if summary.n else "no edge read ("
        parts.append(f"EPE {source} {told}{summary.missing} missing)")
    return ", ".join(parts)
