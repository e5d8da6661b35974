"""What stands in a report, block by block, before it becomes HTML or PDF."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from semiview.files.measured_case import MeasuredCase
from semiview.files.report.charts import cd_chart, epe_histogram, spectrum_chart
from semiview.files.report.figure import Figure
from semiview.files.report.pictures import epe_source
from semiview.metrology.cd import CdRow
from semiview.metrology.crossing import Floats
from semiview.metrology.epe import Source

MOST_ROWS = 15  # of a case's gauges; the CSV has them all
SOURCES: tuple[Source, ...] = ("sem", "prediction", "approved")
EPE_FIGURES = (*("source", "points", "mean", "RMS", "3 sigma", "largest", "missing", "bridge", "extra", "unobserved"),)
ROUGHNESS_FIGURES = (
    *(
        "lines like",
        "kind",
        "edges",
        "length",
        "3 sigma biased",
        "3 sigma unbiased",
        "+-",
        "xi",
        "H",
        "noise",
        "reason",
    ),
)
SCORE_FIGURES = (
    *("against", "L1", "SSIM", "PSNR", "IoU", "Dice", "Hausdorff 95 nm", "EPE mean nm", "3 sigma nm", "CD bias nm"),
    "reason",
)
OVERVIEW = (
    *("case", "type", "verdict", "review", "source", "EPE mean", "3 sigma", "largest", "missing", "CD bias", "sigma"),
)
SCORES = ("SSIM", "IoU", "Dice", "L1", "Hausdorff 95")


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


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; one of level 2 begins a page in print."""

    level: int
    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain words; `doubt` for what a reader must not miss."""

    text: str
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. Columns whose cells are numbers stand right; a cell may link to an anchor."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    narrow: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Figures side by side."""

    figures: tuple[Figure, ...]


Block = Heading | Paragraph | Grid | Gallery


def blocks_of(report: Report) -> list[Block]:
    """The report from the whole to the parts: all cases, each case worst first, and where the numbers come from."""
    ordered = sorted(report.cases, key=lambda each: -worst_epe(each.measured))
    anchors = {each.measured.case.case_id: f"case-{number}" for number, each in enumerate(ordered, start=1)}
    blocks: list[Block] = [Heading(1, report.title), Paragraph(_in_one_sentence(report))]
    blocks += _overview(report, ordered, anchors)
    for each in ordered:
        blocks += _case(each, anchors[each.measured.case.case_id])
    return blocks + _provenance(report)


def worst_epe(each: MeasuredCase) -> float:
    """Largest |EPE| on edges of the source that is shown, nm; -1 where there is none."""
    values = _edge_epe(each)
    return float(np.abs(values).max()) if len(values) else -1.0


def _edge_epe(each: MeasuredCase) -> Floats:
    table, source = each.measurement.epe, epe_source(each.measurement)
    wanted = (table.source == source) & (table.feature_class == "edge") & np.isfinite(table.epe_nm)
    values: Floats = table.epe_nm[wanted]
    return values


def _in_one_sentence(report: Report) -> str:
    count, ok = report.summary["cases"], report.summary["ok"]
    about = (
        "All were measured" if ok == count else f"{ok} were measured without reservation, {count - ok} are named below"
    )
    return (
        f"{count} field{'' if count == 1 else 's'} of {report.project}. {about}. Made {report.made} by SemiView "
        f"{report.manifest['versions']['semiview']}. EPE is signed: positive is printed outside the drawn polygon."
    )


def _overview(report: Report, ordered: Sequence[ReportedCase], anchors: Mapping[str, str]) -> list[Block]:
    blocks: list[Block] = []
    if report.failed:
        reasons = tuple(report.failed.items())
        blocks += [Heading(3, "Not or not wholly measured"), Grid(("case", "reason"), reasons, links=anchors)]
    doubts = tuple(
        (each.measured.case.case_id, " ".join(each.measured.case.warnings))
        for each in ordered
        if each.measured.case.warnings
    )
    if doubts:
        blocks += [Heading(3, "Doubtful input"), Grid(("case", "what is doubtful"), doubts, links=anchors)]
    if not ordered:
        return [*blocks, Paragraph("No field could be shown.", doubt=True)]
    rows = tuple(_overview_row(each) for each in ordered)
    note = "nm. Worst first: by the largest |EPE| on edges. CD bias is of lines, else holes, else spaces."
    blocks += [Heading(3, "All fields"), Grid(OVERVIEW, rows, note, anchors)]
    blocks += _by_type(report, ordered)
    values = np.concatenate([_edge_epe(each.measured) for each in ordered])
    tolerance = ordered[0].measured.settings.tolerance_nm
    told = f"EPE of all fields: {len(values)} points; line: mean; dashed: tolerance {tolerance:g} nm"
    blocks.append(Gallery((epe_histogram(values, tolerance, told), _cd_figure([each.measured for each in ordered]))))
    matching = report.summary.get("matching")
    if matching:
        line = tuple((name, _plain(value, 4)) for name, value in matching.items())
        blocks += [Heading(3, "Against the reference tool"), Grid(("", ""), line, narrow=True)]
    return blocks


def _by_type(report: Report, ordered: Sequence[ReportedCase]) -> list[Block]:
    """Domain metrics of each pattern type with the image scores beside them, worst first."""
    scores = _scores_by_type(ordered)
    lines = []
    types = sorted(report.summary["per_pattern_type"].items(), key=lambda item: -(item[1]["epe"]["max_nm"] or -1))
    for name, numbers in types:
        epe, cd = numbers["epe"], numbers["cd"]
        own = [name or "(not said)", str(numbers["cases"]), _signed(epe["mean_nm"]), _plain(epe["sigma3_nm"])]
        own += [_plain(epe["max_nm"]), str(epe["missing"]), _signed(cd["bias_mean_nm"]), _plain(cd["bias_sigma_nm"])]
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
        epe = (_signed(summary.mean_nm), _plain(summary.sigma3_nm), _plain(summary.max_nm), missing)
    trust = measured.registration.trust
    return (
        measured.case.case_id, measured.case.info.pattern_type, trust.verdict or "unregistered", each.state,
        epe_source(measured.measurement), *epe, _signed(bias), _plain(spread),
    )  # fmt: skip


def _scores_by_type(ordered: Sequence[ReportedCase]) -> dict[str, tuple[str, ...]]:
    by_type: dict[str, list[tuple[float, ...]]] = {}
    for each in ordered:
        scores = {score.against: score for score in each.measured.measurement.scores}
        score = scores.get("approved") or scores.get("design")
        if score is not None:
            values = (score.ssim, score.iou, score.dice, score.l1, score.hausdorff95_nm)
            by_type.setdefault(each.measured.case.info.pattern_type, []).append(values)
    return {
        name: tuple(_plain(_mean(column), 3) for column in zip(*rows, strict=True)) for name, rows in by_type.items()
    }


def _case(each: ReportedCase, anchor: str) -> list[Block]:
    measured = each.measured
    case, measurement = measured.case, measured.measurement
    blocks: list[Block] = [Heading(2, case.case_id, anchor)]
    blocks += [Paragraph(reason, doubt=True) for reason in (*measurement.reasons, *case.warnings)]
    blocks.append(Gallery((*each.figures, *_histogram(measured))))
    blocks.append(Grid(("", ""), tuple(_facts(each)), narrow=True))
    epe = [
        (
            _word(source), str(summary.n), _signed(summary.mean_nm), _plain(summary.rms_nm), _plain(summary.sigma3_nm),
            _plain(summary.max_nm), str(summary.violations), str(summary.missing), str(summary.bridge),
            str(summary.extra), str(summary.unobserved),
        )
        for source, summary in measurement.epe_summary.items()
    ]  # fmt: skip
    if epe:
        beyond = f"> {measured.settings.tolerance_nm:g}"
        names = (*EPE_FIGURES[:-4], beyond, *EPE_FIGURES[-4:])
        blocks += [Heading(3, "EPE, nm"), Grid(names, tuple(epe), "Statistics of edges; counts of all points.")]
    charts = []
    for spectrum in measurement.spectra[:2]:
        count = len(spectrum.lines)
        charts.append(
            spectrum_chart(spectrum, f"{spectrum.kind} of {spectrum.gauge_id}, {count} line{'s'[: count > 1]}")
        )
    if charts:
        blocks.append(Gallery(tuple(charts)))
    blocks += _cd(measurement.cd)
    rough = tuple(
        (
            row.gauge_id, row.kind, str(row.n_edges), _plain(row.length_nm, 0), _plain(row.sigma3_biased_nm),
            _plain(row.sigma3_unbiased_nm), _plain(row.sigma3_se_nm), _plain(row.xi_nm, 1), _plain(row.hurst),
            _plain(row.noise_nm), row.reason,
        )
        for row in measurement.roughness
    )  # fmt: skip
    if rough:
        blocks += [Heading(3, "Roughness, nm"), Grid(ROUGHNESS_FIGURES, rough)]
    scores = tuple(
        (
            score.against, _plain(score.l1, 4), _plain(score.ssim, 3), _plain(score.psnr, 1), _plain(score.iou, 3),
            _plain(score.dice, 3), _plain(score.hausdorff95_nm, 1), _signed(score.epe_mean_nm),
            _plain(score.epe_3sigma_nm), _signed(score.cd_bias_nm), score.reason,
        )
        for score in measurement.scores
    )  # fmt: skip
    if scores:
        blocks += [Heading(3, "Prediction: image scores beside what they stand for"), Grid(SCORE_FIGURES, scores)]
    return blocks


def _histogram(measured: MeasuredCase) -> tuple[Figure, ...]:
    values = _edge_epe(measured)
    if not len(values):
        return ()
    told = f"EPE of {measured.case.case_id}, {_word(epe_source(measured.measurement))}, {len(values)} points"
    return (epe_histogram(values, measured.settings.tolerance_nm, told),)


def _facts(each: ReportedCase) -> Iterable[tuple[str, str]]:
    measured = each.measured
    case, registration, scale = measured.case, measured.registration, measured.measurement.scale
    trust, size = registration.trust, case.sem.pixel_size
    info = ", ".join(
        f"{name} {getattr(case.info, name)}"
        for name in ("pattern_type", "layer_name", "tool", "recipe", "lot", "wafer", "field", "acquired_at")
        if getattr(case.info, name)
    )
    if info:
        yield "field", info
    review = f"{each.state}{f' by {each.reviewer}' if each.reviewer else ''}"
    yield "review", f"{review}, record {measured.record_id}" if measured.record_id else review
    words = [trust.verdict or "unregistered", (trust.registration_class or "").replace("_", " "), registration.method]
    yield "registration", ", ".join(word for word in words if word)
    yield (
        "transform",
        f"shift {registration.shift_x_nm:+.2f}, {registration.shift_y_nm:+.2f} nm; rotation "
        f"{registration.rotation_deg:+.4f} deg; scale {registration.scale_x:.5f}, {registration.scale_y:.5f}; "
        f"shear {registration.shear:+.2e}",
    )
    if math.isfinite(trust.sigma_x_nm) or math.isfinite(trust.residual_nm):
        sigma = f"sigma {_plain(trust.sigma_x_nm)}, {_plain(trust.sigma_y_nm)} nm"
        yield "its error", f"{sigma}; residual {_plain(trust.residual_nm)} nm"
    if trust.grounds:
        yield "grounds", "; ".join(trust.grounds)
    if size.known:
        yield "pixel size", f"{size.x_nm:.5g} x {size.y_nm:.5g} nm ({size.source})"
        yield "scale of CD", f"{scale.x_nm:.5g} x {scale.y_nm:.5g} nm per px ({scale.source})"
    else:
        yield "pixel size", "unknown: no nanometre is shown"
    precision = measured.measurement.precision
    if precision is not None:
        yield "edge noise", f"sigma {precision.sigma_px:.3f} px, {precision.ratio:.2f} of the Cramer-Rao bound"
    yield "edges", _settings_in_words(measured)
    if each.checkpoint:
        yield "prediction", f"checkpoint {each.checkpoint}"
    yield "image", f"{case.sem.path} (sha256 {case.sem.sha256[:16]}...)"


def _settings_in_words(measured: MeasuredCase) -> str:
    settings = measured.settings
    level = f" {settings.threshold_percent:g} %" if settings.edge_algorithm == "threshold" else ""
    return f"{settings.edge_algorithm}{level}, {settings.rows_averaged} rows averaged"


def _cd(rows: Sequence[CdRow]) -> list[Block]:
    """One line a gauge with the sources side by side, worst first; what has no value with its reason."""
    gauges: dict[str, dict[str, CdRow]] = {}
    for row in rows:
        gauges.setdefault(row.gauge_id, {})[row.source] = row
    present = [source for source in SOURCES if any(source in each for each in gauges.values())]
    if not gauges:
        return []

    def badness(each: Mapping[str, CdRow]) -> float:
        biases = [abs(row.cd_nm - row.cd_design_nm) for row in each.values()]
        finite = [bias for bias in biases if math.isfinite(bias)]
        return max(finite, default=-1.0)

    ordered = sorted(gauges.items(), key=lambda item: -badness(item[1]))
    lines = []
    for name, each in ordered[:MOST_ROWS]:
        first = next(iter(each.values()))
        cells = [name, first.mode, f"{first.x_nm:.0f}", f"{first.y_nm:.0f}", _plain(first.cd_design_nm)]
        for source in present:
            value = each[source].cd_nm if source in each else math.nan
            cells += [_plain(value), _signed(value - first.cd_design_nm)]
        own = each.get(present[0], first)
        cells += [_plain(own.cd_sigma_nm), _plain(own.cd_se_nm), f"{own.n}/{own.n + own.n_failed}"]
        lines.append((*cells, own.reason))
    columns = ["gauge", "mode", "x", "y", "drawn"]
    for source in present:
        columns += [_word(source), "bias"]
    columns += ["sigma", "s.e.", "rows", ""]
    valued = sum(badness(each) >= 0 for each in gauges.values())
    more = f" The {MOST_ROWS} worst of {len(gauges)}." if len(gauges) > MOST_ROWS else ""
    note = f"nm, worst first; {valued} of {len(gauges)} gauges have a value beside a drawn width.{more}"
    return [Heading(3, "CD, nm"), Grid(tuple(columns), tuple(lines), note)]


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


def _provenance(report: Report) -> list[Block]:
    manifest = report.manifest
    blocks: list[Block] = [Heading(2, "Where the numbers come from", "provenance")]
    identifier, sha256 = report.checkpoint
    if identifier:
        blocks.append(Paragraph(f"Current checkpoint: {identifier}{f', sha256 {sha256}' if sha256 else ''}."))
    versions = tuple((name, str(value)) for name, value in manifest["versions"].items())
    settings = tuple(
        (name, "by default" if value is None else str(value)) for name, value in manifest["settings"].items()
    )
    inputs = tuple((path, sha256) for path, sha256 in manifest["inputs"].items())
    blocks += [Heading(3, "Settings"), Grid(("setting", "value"), settings, narrow=True)]
    blocks += [Heading(3, "Versions"), Grid(("program", "version"), versions, narrow=True)]
    return [*blocks, Heading(3, "Inputs"), Grid(("file", "sha256"), inputs)]


def _word(source: str) -> str:
    return "SEM" if source == "sem" else source


def _plain(value: float | int | str | None, digits: int = 2) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def _signed(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:+.2f}"


def _mean(values: Iterable[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else math.nan
