"""The tables of `measure` as rows: which columns they have, and what stands in them.

Columns begin with those of the contract in their order; then whatever else a row of that kind holds, then what every
row carries: status and reason, the registration's verdict, the decision, the pixel, and what the case list says.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

from semiview.core.sem_image import PixelSize
from semiview.files.compared_table import COMPARED_COLUMNS, compared_rows
from semiview.files.matching_table import MATCHING_COLUMNS, matching_rows
from semiview.files.measured_case import MeasuredCase
from semiview.files.opc_table import OPC_COLUMNS, opc_rows
from semiview.files.table import CARRIED, NO_VALUE, OK, CaseRows, Row, Table, carried, status_of
from semiview.metrology.cd import CdRow
from semiview.metrology.epe import EpeTable
from semiview.metrology.measurement import REGISTRATION_SCALE
from semiview.metrology.roughness import RoughnessRow
from semiview.metrology.scores import ScoreRow

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


def tables_of(measured: Sequence[MeasuredCase]) -> tuple[Table, ...]:
    """All tables.

    `compared` only where gauges have a drawn width or several sources, `matching` only where a gauge file brought
    another tool's values.
    """
    tables = [
        _table("gauges", GAUGE_COLUMNS, CdRow, measured, _gauge_rows),
        _table("epe", EPE_COLUMNS, EpeTable, measured, _epe_rows, ("epe_preset",)),
        _table("roughness", ROUGHNESS_COLUMNS, RoughnessRow, measured, _roughness_rows),
        _table("scores", SCORE_COLUMNS, ScoreRow, measured, _score_rows),
        Table("opc_gauges", (*OPC_COLUMNS, "status", "reason"), opc_rows(measured)),
    ]
    compared = compared_rows(measured)
    if compared:
        tables.append(Table("compared", (*COMPARED_COLUMNS, *CARRIED), compared))
    if any(each.references for each in measured):
        tables.append(Table("matching", (*MATCHING_COLUMNS, *CARRIED), matching_rows(measured)[0]))
    return tuple(tables)


def _table(
    name: str,
    agreed: tuple[str, ...],
    kind: type[Any],
    measured: Sequence[MeasuredCase],
    rows_of: Callable[[MeasuredCase], list[Row]],
    more: tuple[str, ...] = (),
) -> Table:
    also = tuple(one.name for one in fields(kind) if one.name not in agreed and one.name not in CARRIED)
    last = tuple(column for column in CARRIED if column not in agreed)
    return Table(name, (*agreed, *also, *more, *last), CaseRows(measured, rows_of))


def _gauge_rows(each: MeasuredCase) -> list[Row]:
    own = carried(each)
    return [{**own, **asdict(row), "status": status_of(row.cd_nm)} for row in each.measurement.cd]


def _epe_rows(each: MeasuredCase) -> list[Row]:
    x_nm, y_nm, _ = each.registration.pixel_axes()  # EPE goes to design nm through the registration
    own, table = carried(each, PixelSize(x_nm, y_nm, REGISTRATION_SCALE)), each.measurement.epe
    columns: dict[str, list[Any]] = {one.name: getattr(table, one.name).tolist() for one in fields(table)}
    columns["status"] = [status_of(value) for value in columns["epe_nm"]]
    own["epe_preset"] = each.settings.epe_preset
    names = list(columns)
    return [{**own, **dict(zip(names, values, strict=True))} for values in zip(*columns.values(), strict=True)]


def _roughness_rows(each: MeasuredCase) -> list[Row]:
    own = carried(each)
    return [{**own, **asdict(row), "status": status_of(row.sigma3_unbiased_nm)} for row in each.measurement.roughness]


def _score_rows(each: MeasuredCase) -> list[Row]:
    own, withheld = carried(each), "; ".join(each.measurement.reasons)
    rows = []
    for score in each.measurement.scores:
        row = {**own, **asdict(score)}
        holes = any(isinstance(value, float) and math.isnan(value) for value in asdict(score).values())
        row["status"] = NO_VALUE if holes else OK
        row["reason"] = score.reason or (withheld if holes else "")
        rows.append(row)
    return rows
