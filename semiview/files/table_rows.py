"""The tables of `measure` as rows: which columns they have, and what stands in them.

Columns begin with those of the contract in their order; then whatever else a row of that kind holds, then what every
row carries: status and reason, the registration's verdict, the decision, the pixel, and what the case list says.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from semiview.core.outline import Points
from semiview.core.sem_image import PixelSize
from semiview.files.measured_case import MeasuredCase
from semiview.metrology.cd import CdRow
from semiview.metrology.crossing import Floats
from semiview.metrology.epe import EpeTable
from semiview.metrology.measurement import REGISTRATION_SCALE
from semiview.metrology.roughness import RoughnessRow
from semiview.metrology.scores import ScoreRow
from semiview.metrology.tool_matching import Matching, match_tools, outliers

INFO_COLUMNS = ("pattern_type", "group", "tool", "recipe", "layer_name", "lot", "wafer", "field", "acquired_at")
CARRIED = ("status", "reason", "verdict", "record_id", "nm_per_px_x", "nm_per_px_y", "scale_source", *INFO_COLUMNS)
GAUGE_COLUMNS = (
    *("case_id", "gauge_id", "feature_id", "mode", "x_nm", "y_nm", "angle_deg", "source", "cd_nm", "cd_sigma_nm"),
    *("cd_design_nm", "cd_min_nm", "cd_max_nm", "cd_se_nm", "length_nm", "width_nm", "diameter_a_nm"),
    *("diameter_b_nm", "n", "n_failed", "edge_algorithm"),
)
EPE_COLUMNS = (
    *("case_id", "feature_id", "x_nm", "y_nm", "normal_x", "normal_y", "source", "epe_nm", "sigma_nm"),
    *("feature_class", "state", "epe_registration_nm", "epe_bias_nm", "epe_local_nm"),
)
SCORE_COLUMNS = (
    *("case_id", "pattern_type", "against", "l1", "ssim", "psnr", "iou", "dice", "hausdorff95_nm"),
    *("epe_mean_nm", "epe_3sigma_nm", "cd_bias_nm"),
)
ROUGHNESS_COLUMNS = (
    *("case_id", "gauge_id", "kind", "n_edges", "length_nm", "sigma3_biased_nm", "sigma3_unbiased_nm", "sigma3_se_nm"),
    *("xi_nm", "hurst", "noise_nm"),
)
OPC_COLUMNS = (
    *("gauge_name", "structure", "x1", "y1", "x2", "y2", "tone", "drawn_nm", "mean_nm", "sigma_between_images_nm"),
    *("n", "n_excluded", "weight"),
)
MATCHING_COLUMNS = (
    *("case_id", "gauge_id", "mode", "source", "cd_nm", "cd_se_nm", "cd_reference_nm", "cd_reference_sigma_nm"),
    *("difference_nm", "fitted_nm", "residual_nm"),
)
OK, NO_VALUE = "ok", "no value"
WEIGHT_RANGE = 0.1, 10.0
ALIKE_NM, ALIKE_DEG = 1.0, 0.5  # gauges nearer than that read the same drawn edges

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table by its file's name without the ending."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


def tables_of(measured: Sequence[MeasuredCase]) -> tuple[Table, ...]:
    """All tables; `matching` only where a gauge file brought another tool's values."""
    tables = [
        _table("gauges", GAUGE_COLUMNS, CdRow, measured, _gauge_rows),
        _table("epe", EPE_COLUMNS, EpeTable, measured, _epe_rows),
        _table("roughness", ROUGHNESS_COLUMNS, RoughnessRow, measured, _roughness_rows),
        _table("scores", SCORE_COLUMNS, ScoreRow, measured, _score_rows),
        Table("opc_gauges", (*OPC_COLUMNS, "status", "reason"), opc_rows(measured)),
    ]
    if any(each.references for each in measured):
        tables.append(Table("matching", (*MATCHING_COLUMNS, *CARRIED), matching_rows(measured)[0]))
    return tuple(tables)


def _table(
    name: str,
    agreed: tuple[str, ...],
    kind: type[Any],
    measured: Sequence[MeasuredCase],
    rows_of: Callable[[MeasuredCase], list[Row]],
) -> Table:
    also = tuple(one.name for one in fields(kind) if one.name not in agreed and one.name not in CARRIED)
    carried = tuple(column for column in CARRIED if column not in agreed)
    return Table(name, (*agreed, *also, *carried), [row for each in measured for row in rows_of(each)])


def _carried(each: MeasuredCase, size: PixelSize | None = None) -> Row:
    """What every row of a case carries beside its own columns; `size`: the scale of its numbers."""
    info, size = each.case.info, size or each.measurement.scale
    return {
        "case_id": each.case.case_id,
        "verdict": each.registration.trust.verdict,
        "record_id": each.record_id,
        "nm_per_px_x": size.x_nm,
        "nm_per_px_y": size.y_nm,
        "scale_source": size.source,
        **{name: getattr(info, name) for name in INFO_COLUMNS},
    }


def _status(value: float) -> str:
    return NO_VALUE if math.isnan(value) else OK


def _gauge_rows(each: MeasuredCase) -> list[Row]:
    carried = _carried(each)
    return [{**carried, **asdict(row), "status": _status(row.cd_nm)} for row in each.measurement.cd]


def _epe_rows(each: MeasuredCase) -> list[Row]:
    x_nm, y_nm, _ = each.registration.pixel_axes()  # EPE goes to design nm through the registration
    carried, table = _carried(each, PixelSize(x_nm, y_nm, REGISTRATION_SCALE)), each.measurement.epe
    columns: dict[str, list[Any]] = {one.name: getattr(table, one.name).tolist() for one in fields(table)}
    columns["status"] = [_status(value) for value in columns["epe_nm"]]
    names = list(columns)
    return [{**carried, **dict(zip(names, values, strict=True))} for values in zip(*columns.values(), strict=True)]


def _roughness_rows(each: MeasuredCase) -> list[Row]:
    carried = _carried(each)
    return [{**carried, **asdict(row), "status": _status(row.sigma3_unbiased_nm)} for row in each.measurement.roughness]


def _score_rows(each: MeasuredCase) -> list[Row]:
    carried, withheld = _carried(each), "; ".join(each.measurement.reasons)
    rows = []
    for score in each.measurement.scores:
        row = {**carried, **asdict(score)}
        holes = any(isinstance(value, float) and math.isnan(value) for value in asdict(score).values())
        row["status"] = NO_VALUE if holes else OK
        row["reason"] = score.reason or (withheld if holes else "")
        rows.append(row)
    return rows


def opc_rows(measured: Sequence[MeasuredCase]) -> list[Row]:
    """One row for each gauge that several images may have repeated, from the SEM's own edges.

    Gauges of a file are repeats if they have one name; gauges of the design if they read the same drawn edges of the
    same cell: they have one direction and one place across, and overlap along; pitches are left out. A value that
    leaves its repeats is counted in `n_excluded` and named in `reason`; it stays in gauges.csv. `weight` is the inverse
    variance of the mean relative to the table's median, within 0.1 and 10.
    """
    rows = []
    for name, repeats in _repeats(measured):
        rows.append(_opc_row(name, repeats))
    variances = np.array([row.pop("_variance") for row in rows], dtype=np.float64)
    known = variances[variances > 0]
    typical = float(np.median(known)) if len(known) else math.nan
    for row, variance in zip(rows, variances.tolist(), strict=True):
        weight = typical / variance if variance > 0 else math.nan
        row["weight"] = float(np.clip(weight, *WEIGHT_RANGE)) if math.isfinite(weight) else math.nan
        if row["n"] and math.isnan(row["weight"]):
            row["reason"] = "; ".join(filter(None, (row["reason"], "no error bar, so no weight")))
    return rows


_Repeat = tuple[MeasuredCase, CdRow]


def _repeats(measured: Sequence[MeasuredCase]) -> Iterable[tuple[str, list[_Repeat]]]:
    named: dict[str, list[_Repeat]] = {}
    drawn: dict[tuple[Any, ...], list[_Repeat]] = {}
    for each in measured:
        for row in each.measurement.cd:
            if row.source != "sem":
                continue
            if row.feature_id < 0:
                named.setdefault(row.gauge_id, []).append((each, row))
            elif row.mode != "pitch":  # no width that a mask can correct
                # Rounded, so that two next to a boundary may part: the clusters below bring them together again.
                key = (each.layout, each.cell, row.mode, round(row.cd_design_nm, 1), round(row.angle_deg / ALIKE_DEG))
                drawn.setdefault(key, []).append((each, row))
    yield from named.items()
    for alike in drawn.values():
        for group in _same_place(alike):
            first = group[0][1]
            yield f"{first.mode}_{first.x_nm:.0f}_{first.y_nm:.0f}", group


def _same_place(repeats: list[_Repeat]) -> list[list[_Repeat]]:
    """Those that read the same edges: within a nanometre across, and one box of the other along."""
    angle = np.deg2rad(repeats[0][1].angle_deg)
    across = np.array([np.cos(angle), np.sin(angle)])
    places: Points = np.array([(row.x_nm, row.y_nm) for _, row in repeats]).reshape(-1, 2)
    places = places - places[0]
    offset, along = places @ across, places @ np.array([-across[1], across[0]])
    groups: list[list[_Repeat]] = []
    for part in _chained(offset, np.full(len(offset), ALIKE_NM)):
        widths = np.array([repeats[index][1].width_nm for index in part])
        groups += [[repeats[part[index]] for index in inner] for inner in _chained(along[part], widths)]
    return groups


def _chained(values: Floats, reach: Floats) -> list[list[int]]:
    """Indices in groups of neighbours no farther apart than their reach."""
    order = np.argsort(values, kind="stable")
    breaks = np.flatnonzero(np.diff(values[order]) > np.minimum(reach[order][1:], reach[order][:-1])) + 1
    return [part.tolist() for part in np.split(order, breaks)]


def _opc_row(name: str, repeats: list[_Repeat]) -> Row:
    values = np.array([row.cd_nm for _, row in repeats], dtype=np.float64)
    errors = np.array([row.cd_se_nm for _, row in repeats], dtype=np.float64)
    found = np.isfinite(values)
    typical_error = float(np.nanmedian(errors[found])) if np.isfinite(errors[found]).any() else 0.0
    excluded = outliers(values, typical_error)
    kept = values[found & ~excluded]
    n = len(kept)
    spread = float(np.std(kept, ddof=1)) if n > 1 else math.nan
    mean = float(kept.mean()) if n else math.nan
    each, first = repeats[0]
    drawn = [row.cd_design_nm for _, row in repeats if math.isfinite(row.cd_design_nm)]
    drawn_nm = float(np.median(drawn)) if drawn else math.nan
    half = (drawn_nm if math.isfinite(drawn_nm) else first.length_nm) / 2
    middle = np.median([(row.x_nm, row.y_nm) for _, row in repeats], axis=0)
    angle = np.deg2rad(first.angle_deg)
    ends = [middle + side * half * np.array([np.cos(angle), np.sin(angle)]) for side in (-1, 1)]
    words = [
        f"{case.case.case_id} {row.cd_nm:.2f} nm" for (case, row), out in zip(repeats, excluded, strict=True) if out
    ]
    said = [f"excluded as outliers: {', '.join(words)}"] if words else []
    if n == 0:
        said.append(next((row.reason for _, row in repeats if row.reason), "no value"))
    return {
        "gauge_name": name,
        "structure": "_".join(filter(None, (each.case.info.pattern_type, first.mode))),
        "x1": float(ends[0][0]), "y1": float(ends[0][1]), "x2": float(ends[1][0]), "y2": float(ends[1][1]),
        "tone": each.tone,
        "drawn_nm": drawn_nm,
        "mean_nm": mean,
        "sigma_between_images_nm": spread,
        "n": n,
        "n_excluded": int(np.count_nonzero(excluded)),
        "status": OK if n else NO_VALUE,
        "reason": "; ".join(said),
        "_variance": max(spread**2 / n, 1e-6) if n > 1 else typical_error**2 if n else math.nan,
    }  # fmt: skip


def matching_rows(measured: Sequence[MeasuredCase]) -> tuple[list[Row], Matching | None]:
    """Own values of the SEM beside another tool's, and the line between them; residuals from that line."""
    rows: list[Row] = []
    for each in measured:
        for row in each.measurement.cd:
            if row.source == "sem" and row.gauge_id in each.references:
                reference, sigma = each.references[row.gauge_id]
                rows.append(
                    {
                        **_carried(each),
                        **asdict(row),
                        "cd_reference_nm": reference,
                        "cd_reference_sigma_nm": sigma,
                        "difference_nm": row.cd_nm - reference,
                        "status": _status(row.cd_nm - reference),
                        "reason": row.reason or ("" if math.isfinite(reference) else "no reference value"),
                    }
                )
    reference_nm, own_nm = _column(rows, "cd_reference_nm"), _column(rows, "cd_nm")
    line = match_tools(reference_nm, own_nm, _variance_ratio(rows))
    for found in rows:
        fitted = math.nan if line is None else float(line.offset_nm + line.slope * found["cd_reference_nm"])
        found |= {"fitted_nm": fitted, "residual_nm": found["cd_nm"] - fitted}
    return rows, line


def _variance_ratio(rows: Sequence[Row]) -> float:
    """Own variance over the reference's where the file tells the latter's errors, else equal errors."""
    own, other = _column(rows, "cd_se_nm"), _column(rows, "cd_reference_sigma_nm")
    both = (own > 0) & (other > 0)
    return float(np.median(own[both] ** 2) / np.median(other[both] ** 2)) if both.any() else 1.0


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([row[name] for row in rows], dtype=np.float64)
