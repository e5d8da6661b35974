"""One field in a report: its pictures, how it was registered and measured, EPE, CD, roughness and scores."""

import math
from collections.abc import Iterable

from semiview.files.measured_case import MeasuredCase
from semiview.files.report.blocks import Block, Gallery, Grid, Heading, Paragraph, plain, signed, word
from semiview.files.report.cd_blocks import cd_blocks
from semiview.files.report.charts import epe_histogram, spectrum_chart
from semiview.files.report.figure import Figure
from semiview.files.report.pictures import epe_source
from semiview.files.report.reported import ReportedCase, edge_epe

EPE_FIGURES = (*("source", "points", "mean", "RMS", "3 sigma", "largest", "missing", "bridge", "extra", "unobserved"),)
ROUGHNESS_FIGURES = (
    *(
        "lines like",
        "kind",
        "edges",
        "length",
        "3 sigma biased",
        "3 sigma unbiased",
        "±",
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


def case_blocks(each: ReportedCase, anchor: str) -> list[Block]:
    """Everything about one field, under `anchor`."""
    measured = each.measured
    measurement = measured.measurement
    blocks: list[Block] = [Heading(2, measured.case_id, anchor)]
    blocks += [Paragraph(reason, doubt=True) for reason in (*measurement.reasons, *measured.warnings)]
    blocks.append(Gallery((*each.figures, *_histogram(measured))))
    blocks.append(Grid(("", ""), tuple(_facts(each)), narrow=True))
    epe = [
        (
            word(source), str(summary.n), signed(summary.mean_nm), plain(summary.rms_nm), plain(summary.sigma3_nm),
            plain(summary.max_nm), str(summary.violations), str(summary.missing), str(summary.bridge),
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
    blocks += cd_blocks(measurement.cd)
    rough = tuple(
        (
            row.gauge_id, row.kind, str(row.n_edges), plain(row.length_nm, 0), plain(row.sigma3_biased_nm),
            plain(row.sigma3_unbiased_nm), plain(row.sigma3_se_nm), plain(row.xi_nm, 1), plain(row.hurst),
            plain(row.noise_nm), row.reason,
        )
        for row in measurement.roughness
    )  # fmt: skip
    if rough:
        blocks += [Heading(3, "Roughness, nm"), Grid(ROUGHNESS_FIGURES, rough)]
    if charts:
        blocks.append(Gallery(tuple(charts)))
    scores = tuple(
        (
            score.against, plain(score.l1, 4), plain(score.ssim, 3), plain(score.psnr, 1), plain(score.iou, 3),
            plain(score.dice, 3), plain(score.hausdorff95_nm, 1), signed(score.epe_mean_nm),
            plain(score.epe_3sigma_nm), signed(score.cd_bias_nm), score.reason,
        )
        for score in measurement.scores
    )  # fmt: skip
    if scores:
        blocks += [Heading(3, "Prediction: image scores beside what they stand for"), Grid(SCORE_FIGURES, scores)]
    return blocks


def _histogram(measured: MeasuredCase) -> tuple[Figure, ...]:
    values = edge_epe(measured)
    if not len(values):
        return ()
    told = f"EPE of {measured.case_id}, {word(epe_source(measured.measurement))}, {len(values)} points"
    return (epe_histogram(values, measured.settings.tolerance_nm, told),)


def _facts(each: ReportedCase) -> Iterable[tuple[str, str]]:
    measured = each.measured
    registration, scale = measured.registration, measured.measurement.scale
    trust, size = registration.trust, measured.pixel_size
    info = ", ".join(
        f"{name} {getattr(measured.info, name)}"
        for name in ("pattern_type", "layer_name", "tool", "recipe", "lot", "wafer", "field", "acquired_at")
        if getattr(measured.info, name)
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
        sigma = f"sigma {plain(trust.sigma_x_nm)}, {plain(trust.sigma_y_nm)} nm"
        yield "its error", f"{sigma}; residual {plain(trust.residual_nm)} nm"
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
    yield "image", f"{measured.image} (sha256 {measured.image_sha256[:16]}...)"


def _settings_in_words(measured: MeasuredCase) -> str:
    settings = measured.settings
    level = f" {settings.threshold_percent:g} %" if settings.edge_algorithm == "threshold" else ""
    sites = f"; EPE at the sites of {settings.epe_preset}" if settings.epe_preset else ""
    return f"{settings.edge_algorithm}{level}, {settings.rows_averaged} rows averaged{sites}"
