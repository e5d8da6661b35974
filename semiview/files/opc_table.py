"""opc_gauges.csv: each gauge over all images that repeat it, for the calibration of a process model."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from semiview.core.outline import Points
from semiview.files.measured_case import MeasuredCase
from semiview.files.table import NO_VALUE, OK, Row
from semiview.metrology.cd import CdRow
from semiview.metrology.crossing import Floats
from semiview.metrology.static_precision import StaticPrecision, static_precision
from semiview.metrology.tool_matching import outliers

OPC_COLUMNS = (
    *("gauge_name", "structure", "x1", "y1", "x2", "y2", "tone", "drawn_nm", "mean_nm", "sigma_between_images_nm"),
    *("n", "n_excluded", "weight"),
    "precision3_nm",
)
SIZE_DIGITS = 4
WEIGHT_RANGE = 0.1, 10.0
FOUND = ("found-", "lattice-")  # nobody knows whether another picture's gauge of that name is the same
ALIKE_NM, ALIKE_DEG = 1.0, 0.5  # gauges nearer than that read the same drawn edges


def opc_rows(measured: Sequence[MeasuredCase]) -> list[Row]:
    """One row for each gauge that several images may have repeated, from the SEM's own edges.

    Gauges of a file are repeats if they have one name; gauges of the design if they read the same drawn edges of the
    same cell: they have one direction and one place across, and overlap along. Pitches are left out, and what was found
    in a picture without a design. A value that leaves its repeats is counted in `n_excluded` and named in `reason`; it
    stays in gauges.csv. `weight` is the inverse variance of the mean relative to the table's median, within 0.1 and 10;
    `precision3_nm` is 3 sigma of the repeats among images of one pixel size.
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


def project_precision(measured: Sequence[MeasuredCase]) -> StaticPrecision | None:
    """Static precision over all gauges that images of one pixel size repeat, outliers left out; None without any."""
    return static_precision([values for _, repeats in _repeats(measured) for values in _at_one_size(*_kept(repeats))])


def _kept(repeats: list[_Repeat]) -> tuple[list[_Repeat], Floats]:
    """The repeats that are no outliers, and their values, nm."""
    values = np.array([row.cd_nm for _, row in repeats], dtype=np.float64)
    errors = np.array([row.cd_se_nm for _, row in repeats], dtype=np.float64)
    found = np.isfinite(values)
    typical = float(np.nanmedian(errors[found])) if np.isfinite(errors[found]).any() else 0.0
    kept = np.flatnonzero(found & ~outliers(values, typical))
    return [repeats[number] for number in kept], values[kept]


def _at_one_size(repeats: list[_Repeat], values: Floats) -> list[Floats]:
    """The values by the pixel size of their images: those of two magnifications are no repeats of one measurement."""
    sizes = np.array([round(each.pixel_size.x_nm, SIZE_DIGITS) for each, _ in repeats])
    return [values[sizes == size] for size in np.unique(sizes)]


def _repeats(measured: Sequence[MeasuredCase]) -> Iterable[tuple[str, list[_Repeat]]]:
    named: dict[str, list[_Repeat]] = {}
    drawn: dict[tuple[Any, ...], list[_Repeat]] = {}
    for each in measured:
        for row in each.measurement.cd:
            if row.source != "sem" or row.gauge_id.startswith(FOUND):
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
    precision = static_precision(_at_one_size(*_kept(repeats)))
    each, first = repeats[0]
    drawn = [row.cd_design_nm for _, row in repeats if math.isfinite(row.cd_design_nm)]
    drawn_nm = float(np.median(drawn)) if drawn else math.nan
    half = (drawn_nm if math.isfinite(drawn_nm) else first.length_nm) / 2
    middle = np.median([(row.x_nm, row.y_nm) for _, row in repeats], axis=0)
    angle = np.deg2rad(first.angle_deg)
    ends = [middle + side * half * np.array([np.cos(angle), np.sin(angle)]) for side in (-1, 1)]
    words = [f"{case.case_id} {row.cd_nm:.2f} nm" for (case, row), out in zip(repeats, excluded, strict=True) if out]
    said = [f"excluded as outliers: {', '.join(words)}"] if words else []
    if n == 0:
        said.append(next((row.reason for _, row in repeats if row.reason), "no value"))
    return {
        "gauge_name": name,
        "structure": "_".join(filter(None, (each.info.pattern_type, first.mode))),
        "x1": float(ends[0][0]), "y1": float(ends[0][1]), "x2": float(ends[1][0]), "y2": float(ends[1][1]),
        "tone": each.tone,
        "drawn_nm": drawn_nm,
        "mean_nm": mean,
        "sigma_between_images_nm": spread,
        "n": n,
        "n_excluded": int(np.count_nonzero(excluded)),
        "precision3_nm": math.nan if precision is None else precision.sigma3_nm,
        "status": OK if n else NO_VALUE,
        "reason": "; ".join(said),
        "_variance": max(spread**2 / n, 1e-6) if n > 1 else typical_error**2 if n else math.nan,
    }  # fmt: skip
