"""matching.csv: own values of the SEM beside another tool's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from semiview.files.measured_case import MeasuredCase
from semiview.files.table import Row, carried, status_of
from semiview.metrology.crossing import Floats
from semiview.metrology.tool_matching import Matching, match_tools, variance_ratio

MATCHING_COLUMNS = (
    *("case_id", "gauge_id", "mode", "source", "cd_nm", "cd_se_nm", "cd_reference_nm", "cd_reference_sigma_nm"),
    *("difference_nm", "fitted_nm", "residual_nm"),
)


def matching_rows(measured: Sequence[MeasuredCase]) -> tuple[list[Row], Matching | None]:
    """Own values of the SEM beside another tool's, and the line between them; residuals from that line."""
    rows: list[Row] = []
    for each in measured:
        for row in each.measurement.cd:
            if row.source == "sem" and row.gauge_id in each.references:
                reference, sigma = each.references[row.gauge_id]
                rows.append(
                    {
                        **carried(each),
                        **asdict(row),
                        "cd_reference_nm": reference,
                        "cd_reference_sigma_nm": sigma,
                        "difference_nm": row.cd_nm - reference,
                        "status": status_of(row.cd_nm - reference),
                        "reason": row.reason or ("" if math.isfinite(reference) else "no reference value"),
                    }
                )
    reference_nm, own_nm = _column(rows, "cd_reference_nm"), _column(rows, "cd_nm")
    ratio = variance_ratio(_column(rows, "cd_se_nm"), _column(rows, "cd_reference_sigma_nm"))
    line = match_tools(reference_nm, own_nm, ratio)
    for found in rows:
        fitted = math.nan if line is None else float(line.offset_nm + line.slope * found["cd_reference_nm"])
        found |= {"fitted_nm": fitted, "residual_nm": found["cd_nm"] - fitted}
    return rows, line


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([row[name] for row in rows], dtype=np.float64)
