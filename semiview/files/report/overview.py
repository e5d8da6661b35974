"""The first pages of a report: all fields in a table, pattern types, and what was not or not wholly measured."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from semiview.files.measured_case import MeasuredCase
from semiview.files.report.blocks import Block, Gallery, Grid, Heading, Paragraph, mean, plain, signed, word
from semiview.files.report.charts import cd_chart, epe_histogram
from semiview.files.report.figure import Figure
from semiview.files.report.pictures import epe_source
from semiview.files.report.reported import Report, ReportedCase, edge_epe
from semiview.metrology.gauge_comparison import SOURCES

OVERVIEW = (
    *("case", "type", "verdict", "review", "source", "EPE mean", "3 sigma", "largest", "missing", "CD bias", "sigma"),
)
SCORES = ("SSIM", "IoU", "Dice", "L1", "Hausdorff 95")


def overview(report: Report, ordered: Sequence[ReportedCase], anchors: Mapping[str, str]) -> list[Block]:
    """Everything about all fields; `anchors` by case."""
    blocks: list[Block] = []
    if report.failed:
        reasons = tuple(report.failed.items())
        blocks += [Heading(3, "Not or not wholly measured"), Grid(("case", "reason"), reasons, links=anchors)]
    doubts = tuple(
        (each.measured.case_id, " ".join(each.measured.warnings)) for each in ordered if each.measured.warnings
    )
    if doubts:
        blocks += [Heading(3, "Doubtful input"), Grid(("case", "what is doubtful"), doubts, links=anchors)]
    if not ordered:
        return [*blocks, Paragraph("No field could be shown.", doubt=True)]
    rows = tuple(_overview_row(each) for each in ordered)
    note = "nm. Worst first: by the largest |EPE| on edges. CD bias is of lines, else holes, else spaces."
    blocks += [Heading(3, "All fields"), Grid(OVERVIEW, rows, note, anchors)]
    values = np.concatenate([edge_epe(each.measured) for each in ordered])
    drawn = any(math.isfinite(row.cd_design_nm) for each in ordered for row in each.measured.measurement.cd)
    if len(values) or drawn or any(each.measured.measurement.scores for each in ordered):
        blocks += _by_type(report, ordered)
    if len(values) or drawn:
        tolerance = ordered[0].measured.settings.tolerance_nm
        told = f"EPE of all fields: {len(values)} points; line: mean; dashed: tolerance {tolerance:g} nm"
        histogram = epe_histogram(values, tolerance, told)
        blocks.append(Gallery((histogram, _cd_figure([each.measured for each in ordered]))))
    precision = report.summary.get("static_precision")
    if precision:
        told = (
            f"3 sigma {plain(precision['sigma3_nm'])} nm (95 %: {plain(precision['low_nm'])} to "
            f"{plain(precision['high_nm'])} nm) of {precision['gauges']} gauges that images of one pixel size repeat, "
            f"{precision['degrees']} degrees of freedom."
        )
        blocks += [Heading(3, "Static precision"), Paragraph(told)]
    matching = report.summary.get("matching")
    if matching:
        line = tuple((name, plain(value, 4)) for name, value in matching.items())
        blocks += [Heading(3, "Against the reference tool"), Grid(("", ""), line, narrow=True)]
    return blocks


def _by_type(report: Report, ordered: Sequence[ReportedCase]) -> list[Block]:
    """Domain metrics of each pattern type with the image scores beside them, worst first."""
    scores = _scores_by_type(ordered)
    lines = []
    types = sorted(report.summary["per_pattern_type"].items(), key=lambda item: -(item[1]["epe"]["max_nm"] or -1))
    for name, numbers in types:
        epe, cd = numbers["epe"], numbers["cd"]
        own = [name or "(not said)", str(numbers["cases"]), signed(epe["mean_nm"]), plain(epe["sigma3_nm"])]
        own += [plain(epe["max_nm"]), str(epe["missing"]), signed(cd["bias_mean_nm"]), plain(cd["bias_sigma_nm"])]
        lines.append((*own, *scores.get(name, ("",) * len(SCORES))) if scores else tuple(own))
    columns: tuple[str, ...] = ("type", "fields", "EPE mean", "3 sigma", "largest", "missing", "CD bias", "sigma")
    note = "nm. There is no prediction, so there are no image scores."
    if scores:
        columns += SCORES
        note = "nm. Image scores are of the prediction against the approved shape, else against the design."
    return [Heading(3, "By pattern type"), Grid(columns, tuple(lines), note)]


def _overview_row(each: ReportedCase) -> tuple[str, ...]:
    measured = each.measured
    summary = measured.measurement.epe_summary.get(epe_source(measured.measurement))
    bias, spread = _cd_bias(measured)
    epe = ("", "", "", "")
    if summary is not None:
        missing = str(summary.missing)
        epe = (signed(summary.mean_nm), plain(summary.sigma3_nm), plain(summary.max_nm), missing)
    trust = measured.registration.trust
    return (
        measured.case_id, measured.info.pattern_type, trust.verdict or "unregistered", each.state,
        word(epe_source(measured.measurement)), *epe, signed(bias), plain(spread),
    )  # fmt: skip


def _scores_by_type(ordered: Sequence[ReportedCase]) -> dict[str, tuple[str, ...]]:
    by_type: dict[str, list[tuple[float, ...]]] = {}
    for each in ordered:
        scores = {score.against: score for score in each.measured.measurement.scores}
        score = scores.get("approved") or scores.get("design")
        if score is not None:
            values = (score.ssim, score.iou, score.dice, score.l1, score.hausdorff95_nm)
            by_type.setdefault(each.measured.info.pattern_type, []).append(values)
    return {name: tuple(plain(mean(column), 3) for column in zip(*rows, strict=True)) for name, rows in by_type.items()}


def _cd_figure(measured: Sequence[MeasuredCase]) -> Figure:
    rows = [row for each in measured for row in each.measurement.cd if math.isfinite(row.cd_design_nm)]
    present = [source for source in SOURCES if any(row.source == source for row in rows)]
    every = np.array([row.cd_design_nm for row in rows], dtype=np.float64)
    series = [
        (
            source,
            np.array([row.cd_nm if row.source == source else math.nan for row in rows], dtype=np.float64),
        )
        for source in present
    ]
    return cd_chart(every, series, "CD minus the drawn width of every gauge")


def _cd_bias(measured: MeasuredCase) -> tuple[float, float]:
    rows = [row for row in measured.measurement.cd if row.source == epe_source(measured.measurement)]
    for mode in ("line", "hole", "space"):
        biases = np.array([row.cd_nm - row.cd_design_nm for row in rows if row.mode == mode], dtype=np.float64)
        biases = biases[np.isfinite(biases)]
        if len(biases):
            return float(biases.mean()), float(biases.std())
    return math.nan, math.nan
