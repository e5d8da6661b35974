"""Statistics of EPE: over a field, and by side, orientation and class of its edges."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from semiview.metrology.crossing import Booleans
from semiview.metrology.epe import EpeTable

AXIS_COSINE = 0.966  # within 15 degrees of an axis


@dataclass(frozen=True, slots=True)
class EpeSummary:
    """Statistics in nm over the valid points of the class `edge`; the counts are over all points.

    `missing_features` counts features whose every observed point is missing. NaN where n is 0.
    """

    n: int
    mean_nm: float
    mean_abs_nm: float
    rms_nm: float
    sigma3_nm: float
    max_nm: float
    p5_nm: float
    median_nm: float
    p95_nm: float
    violations: int
    valid: int
    missing: int
    bridge: int
    extra: int
    unobserved: int
    missing_features: int


def summarise(table: EpeTable, tolerance_nm: float, feature_class: str = "edge") -> EpeSummary:
    """Statistics of one source's rows."""
    valid = table.state == "valid"
    values = table.epe_nm[valid & (table.feature_class == feature_class)]
    observed = (table.state != "unobserved") & (table.state != "extra")
    absent = table.state == "missing"
    features = np.unique(table.feature_id[observed])
    seen = np.unique(table.feature_id[observed & ~absent])
    nan = float("nan")
    mean = mean_abs = rms = spread = largest = low = median = high = nan
    if len(values):
        mean, mean_abs = float(values.mean()), float(np.abs(values).mean())
        rms, spread, largest = float(np.sqrt(np.mean(values**2))), float(3 * values.std()), float(np.abs(values).max())
        low, median, high = (float(value) for value in np.percentile(values, (5, 50, 95)))
    return EpeSummary(
        n=len(values), mean_nm=mean, mean_abs_nm=mean_abs, rms_nm=rms, sigma3_nm=spread, max_nm=largest,
        p5_nm=low, median_nm=median, p95_nm=high, violations=int(np.sum(np.abs(values) > tolerance_nm)),
        valid=int(valid.sum()), missing=int(absent.sum()), bridge=int(np.sum(table.state == "bridge")),
        extra=int(np.sum(table.state == "extra")), unobserved=int(np.sum(table.state == "unobserved")),
        missing_features=len(features) - len(seen),
    )  # fmt: skip


def summarise_by_group(table: EpeTable, tolerance_nm: float) -> Mapping[str, EpeSummary]:
    """The same of parts of one source's rows; groups without a row are left out.

    `side right`, `left`, `top`, `bottom`: edges whose outward normal points there in the design, within 15 degrees;
    `orientation upright`, `level`, `oblique`: how the edge itself runs; `class edge`, `class corner`.
    """
    x, y = table.normal_x, table.normal_y
    straight = table.feature_class == "edge"
    upright, level = np.abs(x) > AXIS_COSINE, np.abs(y) > AXIS_COSINE
    groups: dict[str, Booleans] = {
        "side right": straight & (x > AXIS_COSINE),
        "side left": straight & (x < -AXIS_COSINE),
        "side top": straight & (y > AXIS_COSINE),
        "side bottom": straight & (y < -AXIS_COSINE),
        "orientation upright": straight & upright,
        "orientation level": straight & level,
        "orientation oblique": straight & ~upright & ~level & np.isfinite(x),
        "class edge": straight,
        "class corner": table.feature_class == "corner",
    }
    return {
        name: summarise(table.where(members), tolerance_nm, "corner" if name == "class corner" else "edge")
        for name, members in groups.items()
        if members.any()
    }
