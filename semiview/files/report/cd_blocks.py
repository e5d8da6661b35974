"""CD of one field in a report: each kind of gauge in a line, then the worst gauges of all sources side by side."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from semiview.files.report.blocks import Block, Grid, Heading, Paragraph, plain, signed, word
from semiview.metrology.cd import CdRow
from semiview.metrology.epe import Source
from semiview.metrology.gauge_comparison import SOURCES, ComparedGauge, compare_gauges

MOST_ROWS = 15  # of a case's gauges; the CSV has them all
MOST_REASONS = 5


def cd_blocks(rows: Sequence[CdRow]) -> list[Block]:
    """One line a gauge with the sources side by side, worst first; what has no value with its reason."""
    gauges = compare_gauges(rows)
    if not gauges:
        return []
    present = [source for source in SOURCES if any(source in each.rows for each in gauges)]
    read = [each for each in gauges if any(math.isfinite(row.cd_nm) for row in each.rows.values())]
    drawn = any(math.isfinite(each.drawn_nm) for each in gauges)
    lines = []
    for each in read[:MOST_ROWS]:
        first = each.first
        cells = [each.gauge_id, first.mode.replace("_", " "), f"{first.x_nm:.0f}", f"{first.y_nm:.0f}"]
        cells += [plain(each.drawn_nm)] if drawn else []
        for source in present:
            cells += [plain(each.cd_nm(source)), signed(each.bias_nm(source))] if drawn else [plain(each.cd_nm(source))]
        own = each.rows.get(present[0], first)
        cells += [
            plain(own.cd_sigma_nm),
            plain(own.cd_se_nm),
            _rows_found(own),
        ]
        lines.append((*cells, each.reason))
    columns = ["gauge", "mode", "x", "y", *(("drawn",) if drawn else ())]
    for source in present:
        columns += [word(source), "bias"] if drawn else [word(source)]
    columns += ["sigma", "s.e.", "rows", ""]
    more = f" The {MOST_ROWS} worst of {len(read)}." if len(read) > MOST_ROWS else ""
    note = f"nm, worst first.{more} sigma, s.e. and rows are of the {word(present[0])}."
    blocks: list[Block] = [Heading(3, "CD, nm"), _cd_by_mode(gauges, present, drawn)]
    lost = _lost_in_words([each for each in gauges if each not in read])
    blocks += [Paragraph(lost, doubt=True)] if lost else []
    return [*blocks, Grid(tuple(columns), tuple(lines), note)] if lines else blocks


def _cd_by_mode(gauges: Sequence[ComparedGauge], present: Sequence[Source], drawn: bool) -> Grid:
    """How many gauges of each kind there are, how many each source could read, and their mean against the design."""
    lines = []
    for mode in dict.fromkeys(each.first.mode for each in gauges):
        alike = [each for each in gauges if each.first.mode == mode]
        cells = [mode.replace("_", " "), str(len(alike))]
        for source in present:
            widths = np.array([each.cd_nm(source) for each in alike], np.float64)
            values = np.array([each.bias_nm(source) for each in alike], np.float64) if drawn else widths
            known = values[np.isfinite(values)]
            mean, sigma = (float(known.mean()), float(known.std())) if len(known) else (math.nan, math.nan)
            read = str(np.count_nonzero(np.isfinite(widths)))
            cells += [read, signed(mean) if drawn else plain(mean), plain(sigma)]
        lines.append(tuple(cells))
    columns = ["kind", "gauges"]
    for source in present:
        columns += [f"read in {word(source)}", "mean bias" if drawn else "mean", "sigma"]
    return Grid(tuple(columns), tuple(lines), narrow=True)


def _lost_in_words(lost: Sequence[ComparedGauge]) -> str:
    """How many gauges no source could read, and why."""
    why = Counter((each.first.mode.replace("_", " "), each.first.reason or "no reason given") for each in lost)
    parts = [f"{count:,} x {mode}: {reason}" for (mode, reason), count in why.most_common(MOST_REASONS)]
    more = "; and others" if len(why) > MOST_REASONS else ""
    return f"{len(lost):,} gauges could not be read: {'; '.join(parts)}{more}." if lost else ""


def _rows_found(row: CdRow) -> str:
    return f"{row.n}/{row.n + row.n_failed}" if row.n + row.n_failed else ""
