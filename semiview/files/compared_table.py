"""compared.csv: the same gauges on the design, in the SEM, in the prediction and in the approved shape, worst first."""

import math
from collections.abc import Sequence

from semiview.files.measured_case import MeasuredCase
from semiview.files.table import NO_VALUE, OK, Row, carried
from semiview.metrology.gauge_comparison import SOURCES, ComparedGauge, compare_gauges, worst_first

COMPARED_COLUMNS = (
    *("case_id", "gauge_id", "feature_id", "mode", "x_nm", "y_nm", "angle_deg", "cd_design_nm"),
    *(f"{source}_{kind}_nm" for source in SOURCES for kind in ("cd", "bias")),
    "worst_nm",
)


def compared_rows(measured: Sequence[MeasuredCase]) -> list[Row]:
    """One row a gauge that has something to be compared with; those of all cases together, worst first."""
    found = [
        (gauge, each)
        for each in measured
        for gauge in compare_gauges(each.measurement.cd)
        if math.isfinite(gauge.drawn_nm) or len(gauge.rows) > 1
    ]
    return [_row(gauge, each) for gauge, each in sorted(found, key=lambda pair: worst_first(pair[0]))]


def _row(gauge: ComparedGauge, each: MeasuredCase) -> Row:
    first = gauge.first
    widths = {f"{source}_cd_nm": gauge.cd_nm(source) for source in SOURCES}
    biases = {f"{source}_bias_nm": gauge.bias_nm(source) for source in SOURCES}
    read = all(math.isfinite(row.cd_nm) for row in gauge.rows.values())
    return {
        **carried(each),
        **{name: getattr(first, name) for name in COMPARED_COLUMNS[1:8]},
        **widths,
        **biases,
        "worst_nm": gauge.worst_nm,
        "status": OK if read else NO_VALUE,
        "reason": gauge.reason,
    }
