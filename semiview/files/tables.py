"""The tables of `measure`: gauges.csv, epe.csv, roughness.csv, scores.csv, summary.json and manifest.json."""

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from semiview.core.case import Case
from semiview.core.document import MeasureSettings
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.files.csv_table import cell_text, table_bytes
from semiview.files.durable_file import make_folder, write_durably
from semiview.metrology.cd import CdRow
from semiview.metrology.measurement import REGISTRATION_SCALE, Measurement

INFO_COLUMNS = ("pattern_type", "group", "tool", "recipe", "layer_name", "lot", "wafer", "field", "acquired_at")
CARRIED = ("status", "reason", "verdict", "record_id", "nm_per_px_x", "nm_per_px_y", "scale_source", *INFO_COLUMNS)
GAUGE_COLUMNS = (
    *("case_id", "gauge_id", "feature_id", "mode", "x_nm", "y_nm", "angle_deg", "source", "cd_nm", "cd_sigma_nm"),
    *("cd_design_nm", "cd_min_nm", "cd_max_nm", "cd_se_nm", "length_nm", "width_nm", "diameter_a_nm"),
    *("diameter_b_nm", "n", "n_failed", "edge_algorithm"),
)
EPE_COLUMNS = (
    *("case_id", "feature_id", "x_nm", "y_nm", "normal_x", "normal_y", "source", "epe_nm", "sigma_nm"),
    *("feature_class", "state", "epe_registration_nm", "epe_bias_nm", "epe_local_nm", "edge_sigma_nm", "edge_bound_nm"),
)
SCORE_COLUMNS = (
    *("case_id", "pattern_type", "against", "l1", "ssim", "psnr", "iou", "dice", "hausdorff95_nm"),
    *("epe_mean_nm", "epe_3sigma_nm", "cd_bias_nm"),
)
ROUGHNESS_COLUMNS = (
    *("case_id", "gauge_id", "kind", "n_edges", "length_nm", "sigma3_biased_nm", "sigma3_unbiased_nm", "sigma3_se_nm"),
    *("xi_nm", "hurst", "noise_nm", "correlation", "edge_algorithm"),
)
SOURCES = ("sem", "prediction", "approved")  # the summary speaks of the first that gave a value
MODES = ("line", "hole", "space")
OK, NO_VALUE = "ok", "no value"
PACKAGES = ("semiview", "numpy", "scipy", "contourpy", "scikit-image", "gdstk", "shapely", "tifffile")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredCase:
    """What the tables need of one case: made by `of` without the design's and the prediction's arrays.

    Attributes
    ----------
    inputs
        sha256 of every file that was read, by its path.
    """

    case: Case
    registration: Registration
    record_id: str
    measurement: Measurement
    settings: MeasureSettings = field(default_factory=MeasureSettings)
    inputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        case: Case,
        registration: Registration,
        record_id: str,
        measurement: Measurement,
        settings: MeasureSettings,
    ) -> "MeasuredCase":
        """Keep what the tables tell, small enough to travel between processes."""
        inputs = {case.sem.path: case.sem.sha256}
        if case.design is not None:
            inputs[case.design.path] = case.design.sha256
        small = replace(case, design=None, prediction=None)
        return cls(small, registration, record_id, measurement, settings, inputs)


def write_measurements(
    folder: Path,
    measured: Sequence[MeasuredCase],
    failed: Mapping[str, str],
    case_count: int,
    seconds: float,
) -> dict[str, Any]:
    """Write all tables of `measure` into a folder.

    Parameters
    ----------
    failed
        Reason by case: not measured, or measured without what was asked for.
    case_count
        Number of cases that were wanted.

    Returns
    -------
    What summary.json holds.

    Raises
    ------
    FileProblem
        If a table could not be written.
    """
    make_folder(folder)
    _write(folder / "gauges.csv", GAUGE_COLUMNS, [row for each in measured for row in _gauge_rows(each)])
    _write(folder / "epe.csv", EPE_COLUMNS, [row for each in measured for row in _epe_rows(each)])
    _write(folder / "roughness.csv", ROUGHNESS_COLUMNS, [row for each in measured for row in _roughness_rows(each)])
    _write(folder / "scores.csv", SCORE_COLUMNS, [row for each in measured for row in _score_rows(each)])
    summary = summarised(measured, failed, case_count, seconds)
    write_durably(folder / "summary.json", _json(summary))
    write_durably(folder / "manifest.json", _json(_manifest(measured)))
    return summary


def summarised(
    measured: Sequence[MeasuredCase], failed: Mapping[str, str], case_count: int, seconds: float
) -> dict[str, Any]:
    """The numbers of summary.json; None for NaN.

    `epe` and `cd` are of one source, named beside them: the SEM's own edges if they gave any value, else the
    prediction, else the approved shape. `per_source` has all.
    """
    types = sorted({each.case.info.pattern_type for each in measured})
    present = [source for source in SOURCES if any(source in each.measurement.outlines_px for each in measured)]
    per_source = {name: {"epe": _epe_numbers(measured, name), "cd": _cd_numbers(measured, name)} for name in present}
    read = [name for name, numbers in per_source.items() if numbers["epe"]["n"] or numbers["cd"]["n"]]
    source = next(iter((*read, *present)), SOURCES[0])
    summary: dict[str, Any] = _finite(
        {
            "cases": case_count,
            "ok": case_count - len(failed),
            "failed": [{"case": case_id, "reason": reason} for case_id, reason in failed.items()],
            "source": source,
            "epe": _epe_numbers(measured, source),
            "cd": _cd_numbers(measured, source),
            "per_source": per_source,
            "per_pattern_type": {
                name: {"cases": len(of_type), "epe": _epe_numbers(of_type, source), "cd": _cd_numbers(of_type, source)}
                for name in types
                for of_type in [[each for each in measured if each.case.info.pattern_type == name]]
            },
            "seconds": seconds,
        }
    )
    return summary


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


def _gauge_rows(each: MeasuredCase) -> list[Row]:
    carried = _carried(each)
    return [
        {**carried, **asdict(row), "status": NO_VALUE if math.isnan(row.cd_nm) else OK} for row in each.measurement.cd
    ]


def _epe_rows(each: MeasuredCase) -> list[Row]:
    x_nm, y_nm, _ = each.registration.pixel_axes()  # EPE goes to design nm through the registration
    carried, table = _carried(each, PixelSize(x_nm, y_nm, REGISTRATION_SCALE)), each.measurement.epe
    columns: dict[str, list[Any]] = {one.name: getattr(table, one.name).tolist() for one in fields(table)}
    columns["status"] = [NO_VALUE if math.isnan(value) else OK for value in columns["epe_nm"]]
    names = list(columns)
    return [{**carried, **dict(zip(names, values, strict=True))} for values in zip(*columns.values(), strict=True)]


def _roughness_rows(each: MeasuredCase) -> list[Row]:
    carried = _carried(each)
    return [
        {**carried, **asdict(row), "status": NO_VALUE if math.isnan(row.sigma3_unbiased_nm) else OK}
        for row in each.measurement.roughness
    ]


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


def _write(path: Path, own: Sequence[str], rows: Sequence[Row]) -> None:
    columns = (*own, *(name for name in CARRIED if name not in own))
    write_durably(path, table_bytes(columns, ([cell_text(row[name]) for name in columns] for row in rows)))


def _manifest(measured: Sequence[MeasuredCase]) -> dict[str, Any]:
    settings = [asdict(each.settings) for each in measured]
    return {
        "settings": _finite(settings[0]) if settings else {},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "inputs": {path: sha256 for each in measured for path, sha256 in each.inputs.items()},
        "cases": {
            each.case.case_id: {
                "pixel_size_source": each.case.sem.pixel_size.source,
                "scale": {
                    "x_nm": _finite(each.measurement.scale.x_nm),
                    "y_nm": _finite(each.measurement.scale.y_nm),
                    "source": each.measurement.scale.source,
                },
                "registration": each.registration.method,
                "warnings": list(each.case.warnings),
            }
            for each in measured
        },
    }


def _finite(value: Any) -> Any:
    """The same structure with None for numbers that are not finite, which JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
