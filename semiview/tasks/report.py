"""What leaves the program for others: a page for a ticket, EPE markers for KLayout, contours as a layout."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from semiview.core.outline import Points
from semiview.files.contour_file import ContouredCase, write_contours
from semiview.files.durable_file import write_durably
from semiview.files.marker_file import MarkedCase, write_markers
from semiview.files.problem import FileProblem
from semiview.files.report.html import html_of
from semiview.files.report.pdf import pdf_of
from semiview.files.report.pictures import case_figures
from semiview.files.report.reported import Report, ReportedCase
from semiview.files.summary import summarised
from semiview.files.table_rows import tables_of
from semiview.files.tables import manifest_of, workbook_tables
from semiview.files.workbook import write_workbook
from semiview.tasks.measure import (
    MeasureOptions,
    in_words,
    measured_cases,
    measured_of,
    opened_and_measured,
    project_inputs,
    wanted_cases,
)
from semiview.tasks.pool import each_case
from semiview.tasks.progress import CaseDone, CaseFailed, Progress, Task
from semiview.tasks.workspace import Workspace

PAGES, MARKERS, CONTOURS, WORKBOOKS = (".html", ".pdf"), (".lyrdb",), (".gds", ".oas"), (".xlsx",)
SUFFIXES = (*PAGES, *MARKERS, *CONTOURS, *WORKBOOKS)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What was written: how many cases it shows, markers or polygons it holds, and why others are missing."""

    path: Path
    cases: int
    items: int
    size_bytes: int
    failed: dict[str, str]
    seconds: float


def check_suffix(out: Path) -> None:
    """Raise FileProblem if a report cannot be of this kind."""
    if out.suffix.lower() not in SUFFIXES:
        kinds = ".html or .pdf: a page; .lyrdb: EPE markers; .gds or .oas: contours; .xlsx: tables"
        raise FileProblem(out, f"A report of the kind {out.suffix or '(none)'} is not known.", f"Name it {kinds}.")
    if not out.absolute().parent.is_dir():
        raise FileProblem(out.absolute().parent, "There is no such folder.", "Make it, or write elsewhere.")


def report_project(
    workspace: Workspace, out: Path, options: MeasureOptions, case_ids: Sequence[str] | None = None
) -> Task[ReportResult]:
    """Measure the cases and write the file; its ending says what it becomes.

    Raises
    ------
    FileProblem
        If the ending is none of SUFFIXES or the file cannot be written.
    """
    check_suffix(out)
    begun = time.monotonic()
    wanted = wanted_cases(workspace, options, case_ids)
    failed: dict[str, str] = {}
    suffix = out.suffix.lower()
    if suffix in PAGES:
        pages = yield from _answers(workspace, _reported_case, wanted, options, failed)
        reported = [each for each, _ in pages]
        shown, items = len(pages), sum(len(each.figures) for each in reported)
        report = _report(workspace, reported, failed, len(wanted), time.monotonic() - begun)
        yield Progress(len(wanted), len(wanted), out.name)
        write_durably(out, html_of(report) if suffix == ".html" else pdf_of(report))
    elif suffix in MARKERS:
        marked = yield from _answers(workspace, _marked_case, wanted, options, failed)
        layouts = {layout for _, layout in marked if layout}
        items = write_markers(out, [each for each, _ in marked], layout=min(layouts) if len(layouts) == 1 else "")
        shown = len(marked)
    elif suffix in WORKBOOKS:
        measured, reasons = yield from measured_cases(workspace, options, wanted)
        failed |= reasons
        tables = tables_of(measured)
        summary = summarised(measured, failed, len(wanted), time.monotonic() - begun)
        manifest = manifest_of(measured, project_inputs(workspace))
        write_workbook(out, workbook_tables(tables), {"summary": summary, "manifest": manifest})
        shown, items = len(measured), sum(len(table) for table in tables)
    else:
        contoured = yield from _answers(workspace, _contoured_case, wanted, options, failed)
        shown, items = len(contoured), write_contours(out, [each for each, _ in contoured])
    return ReportResult(out, shown, items, out.stat().st_size, failed, time.monotonic() - begun)


def _answers(
    workspace: Workspace,
    work: Callable[[Workspace, str, Any], tuple[Answer, str]],
    wanted: Sequence[str],
    options: MeasureOptions,
    failed: dict[str, str],
) -> Task[list[tuple[Answer, str]]]:
    """The work's answers in the order of `wanted`; a reservation that it names is a failure, its answer is kept."""
    found: dict[str, tuple[Answer, str]] = {}
    for number, outcome in enumerate(each_case(workspace, work, wanted, options, options.jobs), start=1):
        if outcome.answer is None:
            failed[outcome.case_id] = outcome.reason
            yield CaseFailed(outcome.case_id, outcome.reason)
        else:
            found[outcome.case_id] = outcome.answer
            yield CaseDone(outcome.case_id, "measured")
        yield Progress(number, len(wanted), outcome.case_id)
    return [found[case_id] for case_id in wanted if case_id in found]


def _reported_case(workspace: Workspace, case_id: str, options: MeasureOptions) -> tuple[ReportedCase, str]:
    opened, document, measurement = opened_and_measured(workspace, case_id, options)
    figures = case_figures(opened.case, document, measurement, case_id)
    prediction, review = opened.case.prediction, opened.review
    checkpoint = "" if prediction is None else prediction.checkpoint_id
    measured = measured_of(opened, document, measurement)
    return ReportedCase(measured, figures, review.state, review.reviewer, checkpoint), in_words(measurement)


def _marked_case(workspace: Workspace, case_id: str, options: MeasureOptions) -> tuple[MarkedCase, str]:
    opened, document, measurement = opened_and_measured(workspace, case_id, options)
    if measurement.reasons:
        raise FileProblem(workspace.project.folder, f"{case_id}: {'; '.join(measurement.reasons)}")
    design = opened.case.design
    if design is None:
        raise FileProblem(workspace.project.folder, f"{case_id}: without a design there is no EPE to mark.")
    return MarkedCase(case_id, design.cell, measurement.epe, document.settings.tolerance_nm), design.path


def _contoured_case(workspace: Workspace, case_id: str, options: MeasureOptions) -> tuple[ContouredCase, str]:
    opened, document, measurement = opened_and_measured(workspace, case_id, options)
    registration = document.registration
    if not opened.case.sem.pixel_size.known:
        raise FileProblem(workspace.project.folder, f"{case_id}: the pixel size is unknown, so nothing lies in nm.")
    if opened.case.design is not None and registration.unusable_because is not None:
        reason = f"{case_id}: where it lies in the design is not known ({registration.unusable_because})."
        raise FileProblem(workspace.project.folder, reason, "Register it, or take the stage at its word.")
    outlines: dict[str, tuple[Points, ...]] = {
        source: tuple(registration.outline_to_nm(outline) for outline in found)
        for source, found in measurement.outlines_px.items()
    }
    design = () if opened.case.design is None else opened.case.design.target
    return ContouredCase(case_id, outlines, design), ""


def _report(
    workspace: Workspace, reported: Sequence[ReportedCase], failed: dict[str, str], count: int, seconds: float
) -> Report:
    measured = [each.measured for each in reported]
    for each in measured:
        if each.measurement.reasons:
            failed[each.case_id] = "; ".join(each.measurement.reasons)
    try:
        current = workspace.registry.current()
        checkpoint = current.id, current.sha256
    except FileProblem:
        checkpoint = "", ""
    folder = workspace.project.folder
    return Report(
        title=f"{folder.name}: SEM against design" if any(each.layout for each in measured) else f"{folder.name}: SEM",
        project=str(folder),
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
        cases=reported,
        failed=failed,
        summary=summarised(measured, failed, count, seconds),
        manifest=manifest_of(measured, project_inputs(workspace)),
        checkpoint=checkpoint,
    )
