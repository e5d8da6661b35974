"""What was measured as rows of tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from semiview.metrology.cd import CdRow
from semiview.metrology.epe import EpeTable, Source
from semiview.metrology.epe_markers import EpeMarkers, bound_ratio
from semiview.metrology.gauge_comparison import compare_gauges
from semiview.metrology.roughness import RoughnessRow
from semiview.metrology.scores import ScoreRow
from semiview.ui.column_model import (
    Column,
    Rows,
    hundredths,
    nanometres,
    natural,
    signed_nanometres,
    whole,
)
from semiview.ui.theme import BAD, DOUBT

SOURCE_TITLES = {"sem": "SEM", "prediction": "Pred.", "approved": "Appr."}
SOURCE_TIPS = {
    "sem": "of the edges found in the picture",
    "prediction": "of the prediction's contour",
    "approved": "of the approved shape, or of the correction in hand",
}
VISITED, IMPORTANT, WAIVED = 1, 2, 4
_FAULT_RANK = {"missing": 0, "bridge": 0, "extra": 0, "over tolerance": 1, "": 2, "unobserved": 3}


def _marks_in_signs(flags: int) -> str:
    return "".join(sign for flag, sign in ((IMPORTANT, "★"), (WAIVED, "✕"), (VISITED, "✓")) if int(flags) & flag)


def _fault_colour(fault: str) -> QColor | None:
    return (
        QColor(BAD) if fault in ("missing", "bridge", "extra") else QColor(DOUBT) if fault == "over tolerance" else None
    )


EPE_COLUMNS = (
    Column("EPE nm", signed_nanometres, "Signed along the design edge's outward normal; + is printed larger"),
    Column(
        "State", str, "missing: no contour within reach; bridge: joined to its neighbour; extra: no design edge claims "
        "it; unobserved: outside the picture or ignored", right=False, colour=_fault_colour,
    ),
    Column("n", whole, "Neighbouring points with the same fault; the worst of them stands for all"),
    Column("Mark", _marks_in_signs, "★ important, ✕ waived, ✓ visited", right=False),
    Column("At", str, "On a straight edge or at a corner", right=False),
    Column("Feature", whole, "Number of the polygon in the design"),
    Column("σ nm", nanometres, "Standard deviation of the edge's place, the registration's included"),
    Column("σ/CRB", hundredths, "The edge's own, without the registration, over the Cramér-Rao bound; 1 is best"),
)  # fmt: skip


def marker_keys(source: str, markers: EpeMarkers) -> list[tuple[str, int, float, float]]:
    """What each marker is: its place."""
    places = zip(markers.feature_id.tolist(), markers.x_nm.tolist(), markers.y_nm.tolist(), strict=True)
    return [(source, *place) for place in places]


def marker_rows(source: str, markers: EpeMarkers, flags: npt.NDArray[np.int64]) -> Rows:
    """Places with a fault, the worst first; a mark does not move a place, or the next one would be lost."""
    rank = np.array([_FAULT_RANK[fault] for fault in markers.fault.tolist()])
    size = np.nan_to_num(np.abs(markers.epe_nm))
    return Rows(
        (markers.epe_nm, markers.fault, markers.points, flags, markers.feature_class, markers.feature_id,
         markers.sigma_nm, markers.bound_ratio),
        np.column_stack([markers.x_nm, markers.y_nm]),
        np.lexsort((-markers.points, -size, rank)),
        marker_keys(source, markers),
        markers.reason.tolist(),
    )  # fmt: skip


def point_rows(table: EpeTable) -> Rows:
    """Every EPE point of one source, the worst first."""
    count = len(table)
    state_rank = {"missing": 0, "bridge": 0, "extra": 0, "valid": 1, "unobserved": 2}
    rank = np.array([state_rank[state] for state in table.state.tolist()], np.int64)
    size = np.nan_to_num(np.abs(table.epe_nm))
    return Rows(
        (table.epe_nm, table.state, np.ones(count, np.int64), np.zeros(count, np.int64), table.feature_class,
         table.feature_id, table.sigma_nm, bound_ratio(table)),
        np.column_stack([table.x_nm, table.y_nm]),
        np.lexsort((-size, rank)),
        range(count),
        table.reason.tolist(),
    )  # fmt: skip


# What is told of a gauge beside its CD, of the source chosen above: name in CdRow, column, and the modes that have it.
_ALWAYS, _HOLE, _PITCH = (), ("hole",), ("pitch",)
_MORE: tuple[tuple[str, Column, tuple[str, ...]], ...] = (
    ("cd_sigma_nm", Column("σ", nanometres, "Standard deviation of the widths along the gauge, nm"), _ALWAYS),
    ("cd_se_nm", Column("SE", hundredths, "Standard error of the mean, with the rows' correlation, nm"), _ALWAYS),
    ("cd_min_nm", Column("Min", nanometres, "Narrowest row, nm"), _ALWAYS),
    ("cd_max_nm", Column("Max", nanometres, "Widest row, nm"), _ALWAYS),
    ("diameter_a_nm", Column("a", nanometres, "Longer axis of the least-squares ellipse, nm"), _HOLE),
    ("diameter_b_nm", Column("b", nanometres, "Shorter axis of the least-squares ellipse, nm"), _HOLE),
    ("ellipse_angle_deg", Column("∠ °", nanometres, "Direction of the longer axis, counter-clockwise from +x"), _HOLE),
    ("feret_min_nm", Column("Feret min", nanometres, "Least distance of two parallel tangents, nm"), _HOLE),
    ("feret_max_nm", Column("Feret max", nanometres, "Largest distance of two parallel tangents, nm"), _HOLE),
    ("cer3_nm", Column("CER 3σ", hundredths, "Contact edge roughness about the ellipse, noise included, nm"), _HOLE),
    ("cer3_unbiased_nm", Column("CER unb.", hundredths, "The same without the noise of the edges, nm"), _HOLE),
    ("pitch_leading_nm", Column("Leading", nanometres, "Distance of the leading edges, nm"), _PITCH),
    ("pitch_trailing_nm", Column("Trailing", nanometres, "Distance of the trailing edges, nm"), _PITCH),
    ("pitch_walk_nm", Column("Walk", signed_nanometres, "Odd pitches of the grating minus even ones, nm"), _PITCH),
)


def more_of(modes: set[str]) -> list[tuple[str, Column]]:
    """What else is told where there are gauges of these modes."""
    return [(name, column) for name, column, having in _MORE if not having or modes & set(having)]


def gauge_columns(sources: Sequence[str], drawn: bool, modes: set[str], referenced: bool = False) -> tuple[Column, ...]:
    """Columns of the same gauges on the design, if any is `drawn`, and on every source there is."""
    found = [
        Column("Gauge", str, "Its name in gauges.csv", right=False, rank=natural),
    ]
    if drawn:
        found.append(Column("Design", nanometres, "Drawn width, nm"))
    for source in sources:
        found.append(Column(SOURCE_TITLES[source], nanometres, f"CD {SOURCE_TIPS[source]}, nm"))
        if drawn:
            found.append(Column(f"Δ {SOURCE_TITLES[source]}", signed_nanometres, "Printed minus drawn, nm"))
    found.append(Column("Kind", str, right=False))
    if referenced:
        found.append(Column("Ref.", nanometres, "What another tool measured, nm"))
        found.append(Column("Δ Ref.", signed_nanometres, "The source chosen above minus the other tool, nm"))
    found += [column for _, column in more_of(modes)]
    found.append(Column("Rows", str, "Rows on which both edges were found, of all", right=False))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class GaugeTable:
    """Gauges of all sources side by side: rows with their columns, and the values that are plotted."""

    columns: tuple[Column, ...]
    rows: Rows
    names: list[str]
    drawn_nm: npt.NDArray[np.float64]
    cd_nm: Mapping[str, npt.NDArray[np.float64]]


def gauge_table(
    cd: Sequence[CdRow], sources: Sequence[Source], chosen: Source, references: Mapping[str, float] | None = None
) -> GaugeTable:
    """One row a gauge, worst first; `references`: by gauge what another tool measured, nm."""
    gauges = compare_gauges(cd)
    names, first = [gauge.gauge_id for gauge in gauges], [gauge.first for gauge in gauges]
    mine = [gauge.rows.get(chosen) for gauge in gauges]

    def read(rows: Sequence[CdRow | None], name: str) -> npt.NDArray[np.float64]:
        return np.array([math.nan if row is None else getattr(row, name) for row in rows], np.float64)

    drawn = np.array([row.cd_design_nm for row in first], np.float64)
    some_drawn = bool(np.isfinite(drawn).any())
    widths: dict[str, npt.NDArray[np.float64]] = {
        source: read([gauge.rows.get(source) for gauge in gauges], "cd_nm") for source in sources
    }
    columns: list[npt.NDArray[np.generic]] = [np.array(names, np.str_)]
    columns += [drawn] if some_drawn else []
    for width in widths.values():
        columns += [width, width - drawn] if some_drawn else [width]
    columns.append(np.array([row.mode.replace("_", " ") for row in first], np.str_))
    modes: set[str] = {row.mode for row in first}
    if references:
        reference = np.array([references.get(name, math.nan) for name in names], np.float64)
        columns += [reference, read(mine, "cd_nm") - reference]
    columns += [read(mine, name) for name, _ in more_of(modes)]
    columns.append(np.array([_rows_found(row) for row in mine], np.str_))
    places = np.array([(row.x_nm, row.y_nm) for row in first], np.float64).reshape(-1, 2)
    table = Rows(tuple(columns), places, np.arange(len(names)), names, [gauge.reason for gauge in gauges])
    return GaugeTable(gauge_columns(sources, some_drawn, modes, bool(references)), table, names, drawn, widths)


def _rows_found(row: CdRow | None) -> str:
    return "" if row is None else f"{row.n} of {row.n + row.n_failed}"


ROUGHNESS_COLUMNS = (
    Column("Lines", str, "Lines of one drawn width and direction together", right=False, rank=natural),
    Column("Kind", str, "LER: of each edge; LWR: of the width", right=False),
    Column("3σ nm", hundredths, "Unbiased: the fitted model's own, without the noise"),
    Column("± nm", hundredths, "Standard error of the unbiased 3σ"),
    Column("Biased", hundredths, "3σ of the detrended positions, noise included, nm"),
    Column("ξ nm", nanometres, "Correlation length"),
    Column("H", hundredths, "Hurst exponent"),
    Column("Noise", hundredths, "Standard deviation of one edge position's noise, nm"),
    Column("Edges", whole, "Number of independent edges"),
    Column("L nm", nanometres, "Length of an edge"),
    Column("c", hundredths, "Correlation of left and right edges"),
)


def roughness_rows(rows: Sequence[RoughnessRow]) -> Rows:
    """LER and LWR, the roughest first."""
    unbiased = _column(rows, "sigma3_unbiased_nm")
    values = (
        np.array([row.gauge_id for row in rows], np.str_), np.array([row.kind for row in rows], np.str_), unbiased,
        _column(rows, "sigma3_se_nm"), _column(rows, "sigma3_biased_nm"), _column(rows, "xi_nm"),
        _column(rows, "hurst"), _column(rows, "noise_nm"), np.array([row.n_edges for row in rows], np.int64),
        _column(rows, "length_nm"), _column(rows, "correlation"),
    )  # fmt: skip
    return Rows(
        values,
        np.full((len(rows), 2), math.nan),
        np.argsort(np.where(np.isnan(unbiased), -np.inf, -unbiased), kind="stable"),
        [(row.gauge_id, row.kind) for row in rows],
        [row.reason for row in rows],
    )


# The domain's figures first, then the image's: name in ScoreRow, what it is called, digits.
_SCORES: tuple[tuple[str, str, str], ...] = (
    ("cd_bias_nm", "CD bias, nm", "+.2f"),
    ("epe_mean_nm", "EPE mean, nm", "+.2f"),
    ("epe_3sigma_nm", "EPE 3σ, nm", ".2f"),
    ("hausdorff95_nm", "Hausdorff 95 %, nm", ".2f"),
    ("iou", "IoU", ".4f"),
    ("dice", "Dice", ".4f"),
    ("ssim", "SSIM", ".4f"),
    ("psnr", "PSNR, dB", ".1f"),
    ("l1", "L1", ".4f"),
)


def score_columns(scores: Sequence[ScoreRow]) -> tuple[Column, ...]:
    """The score's name, and a column for each thing that the prediction is compared with."""
    tip = "The prediction compared with it"
    return (Column("Score", str, right=False), *(Column(f"against {row.against}", str, tip) for row in scores))


def score_rows(scores: Sequence[ScoreRow]) -> Rows:
    """A row a score, the domain's figures before the image's; a cell is empty where there is no number."""

    def written(row: ScoreRow, name: str, digits: str) -> str:
        value: float = getattr(row, name)
        return "" if math.isnan(value) else format(value, digits)

    titles = np.array([title for _, title, _ in _SCORES], np.str_)
    values = [np.array([written(row, name, digits) for name, _, digits in _SCORES], np.str_) for row in scores]
    count = len(_SCORES) if scores else 0
    reason = "; ".join(f"against {row.against}: {row.reason}" for row in scores if row.reason)
    return Rows(
        (titles[:count], *values),
        np.full((count, 2), math.nan),
        np.arange(count),
        titles[:count].tolist(),
        [reason] * count,
    )


def _column(rows: Sequence[object], name: str) -> npt.NDArray[np.float64]:
    return np.array([getattr(row, name) for row in rows], np.float64)
