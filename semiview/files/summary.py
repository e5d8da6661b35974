"""What summary.json tells of a measurement: EPE and CD over all cases, per source and per pattern type."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from semiview.files.matching_table import matching_rows
from semiview.files.measured_case import MeasuredCase
from semiview.files.opc_table import project_precision
from semiview.files.table import Row
from semiview.metrology.cd import CdRow
from semiview.metrology.worst_epe import worst_epe

SUMMARY = "summary.json"
SOURCES = ("sem", "prediction", "approved")  # the summary speaks of the first that gave a value
MODES = ("line", "hole", "space")
SCORES = ("l1", "ssim", "psnr", "iou", "dice", "hausdorff95_nm", "epe_mean_nm", "epe_3sigma_nm", "cd_bias_nm")


def summarised(
    measured: Sequence[MeasuredCase], failed: Mapping[str, str], case_count: int, seconds: float
) -> dict[str, Any]:
    """The numbers of summary.json; None for NaN.

    `epe` and `cd` are of one source, named beside them: the SEM's own edges if they gave any value, else the
    prediction, else the approved shape. `per_source` has all. `warned` names what is doubtful about a case, such as
    two pixel sizes that differ. `taken_over` counts what an earlier run has measured. `static_precision` is there where
    images repeat a gauge, `matching` where a gauge file brought another tool's values.
    """
    types = sorted({each.info.pattern_type for each in measured})
    present = [source for source in SOURCES if any(source in each.measurement.outlines_px for each in measured)]
    per_source = {name: {"epe": _epe_numbers(measured, name), "cd": _cd_numbers(measured, name)} for name in present}
    read = [name for name, numbers in per_source.items() if numbers["epe"]["n"] or numbers["cd"]["n"]]
    source = next(iter((*read, *present)), SOURCES[0])
    summary: dict[str, Any] = finite(
        {
            "cases": case_count,
            "ok": case_count - len(failed),
            "failed": [{"case": case_id, "reason": reason} for case_id, reason in failed.items()],
            "source": source,
            "epe": _epe_numbers(measured, source),
            "cd": _cd_numbers(measured, source),
            "per_source": per_source,
            "per_pattern_type": {
                name: {
                    "cases": len(of_type),
                    "epe": _epe_numbers(of_type, source),
                    "cd": _cd_numbers(of_type, source),
                    "scores": _score_numbers(of_type),
                }
                for name in types
                for of_type in [[each for each in measured if each.info.pattern_type == name]]
            },
            "per_case": {
                each.case_id: dict(zip(("worst_epe_nm", "missing"), worst_epe(each.measurement), strict=True))
                for each in measured
            },
            "warned": [{"case": each.case_id, "warnings": list(each.warnings)} for each in measured if each.warnings],
            "taken_over": sum(each.taken_over for each in measured),
            **_precision(measured),
            **_matching(measured),
            "seconds": seconds,
        }
    )
    return summary


def worst_by_case(folder: Path) -> dict[str, tuple[float, int]]:
    """Largest |EPE| in nm (NaN: none) and missing points of each case from tables written earlier; none if unreadable.

    It is shown until the case is measured anew, so a table that is gone or damaged is no problem.
    """
    try:
        return worst_of(json.loads((folder / SUMMARY).read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def worst_of(summary: Any) -> dict[str, tuple[float, int]]:
    """The same from what summary.json holds; what has another form is left out."""
    cases = summary.get("per_case") if isinstance(summary, Mapping) else None
    found = {}
    for case_id, numbers in cases.items() if isinstance(cases, Mapping) else ():
        worst, missing = (numbers.get(name) for name in ("worst_epe_nm", "missing")) if numbers else (None, None)
        if isinstance(missing, int):
            found[case_id] = (float(worst) if isinstance(worst, int | float) else math.nan, missing)
    return found


def _epe_numbers(measured: Sequence[MeasuredCase], source: str) -> Row:
    tables = [each.measurement.epe.where(each.measurement.epe.source == source) for each in measured]
    states = np.concatenate([np.empty(0, np.str_), *(table.state for table in tables)])
    values = np.concatenate(
        [
            np.empty(0),
            *(table.epe_nm[(table.state == "valid") & (table.feature_class == "edge")] for table in tables),
        ]
    )
    values = values[np.isfinite(values)]
    some = len(values) > 0
    return {
        "n": len(values),
        "mean_nm": float(values.mean()) if some else math.nan,
        "rms_nm": float(np.sqrt(np.mean(values**2))) if some else math.nan,
        "sigma3_nm": float(3 * values.std()) if some else math.nan,
        "max_nm": float(np.abs(values).max()) if some else math.nan,
        **{state: int(np.count_nonzero(states == state)) for state in ("missing", "bridge", "extra", "unobserved")},
    }


def _score_numbers(measured: Sequence[MeasuredCase]) -> Row:
    """Means of each image score over the cases, by what the prediction is compared with."""
    rows = [row for each in measured for row in each.measurement.scores]
    result: Row = {}
    for against in sorted({row.against for row in rows}):
        of_it = [row for row in rows if row.against == against]
        columns = {name: np.array([getattr(row, name) for row in of_it], dtype=np.float64) for name in SCORES}
        known = {name: values[np.isfinite(values)] for name, values in columns.items()}
        means = {name: float(values.mean()) if len(values) else math.nan for name, values in known.items()}
        result[against] = {"n": len(of_it), **means}
    return result


def _cd_numbers(measured: Sequence[MeasuredCase], source: str) -> Row:
    """Width against the drawn one, of the first mode that was read: a space shrinks by what its lines grow."""
    rows = [row for each in measured for row in each.measurement.cd if row.source == source]
    modes = sorted(
        {row.mode for row in rows}, key=lambda mode: (MODES.index(mode) if mode in MODES else len(MODES), mode)
    )
    per_mode = {mode: _bias_numbers([row for row in rows if row.mode == mode]) for mode in modes}
    read = [mode for mode, numbers in per_mode.items() if numbers["n"]]
    first = next(iter(read), "")
    return {"mode": first, **per_mode.get(first, _bias_numbers([])), "per_mode": per_mode}


def _bias_numbers(rows: Sequence[CdRow]) -> Row:
    bias = np.array([row.cd_nm - row.cd_design_nm for row in rows], dtype=np.float64)
    bias = bias[np.isfinite(bias)]
    some = len(bias) > 0
    return {
        "n": len(bias),
        "bias_mean_nm": float(bias.mean()) if some else math.nan,
        "bias_sigma_nm": float(bias.std()) if some else math.nan,
    }


def _precision(measured: Sequence[MeasuredCase]) -> Row:
    found = project_precision(measured)
    return {} if found is None else {"static_precision": asdict(found)}


def _matching(measured: Sequence[MeasuredCase]) -> Row:
    if not any(each.references for each in measured):
        return {}
    rows, line = matching_rows(measured)
    if line is None:
        pairs = sum(math.isfinite(row["difference_nm"]) for row in rows)
        return {"matching": {"n": pairs, "reason": "a line needs three pairs of different width"}}
    return {"matching": asdict(line)}


def finite(value: Any) -> Any:
    """The same structure with None for numbers that are not finite, which JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
