"""What of a measurement is drawn: EPE, residuals, gauges with their values; in nm relative to one origin."""

from collections.abc import Sequence

import numpy as np

from semiview.alignment.residuals import EdgeResiduals
from semiview.core.gauge import Gauge
from semiview.metrology.measurement import Measurement
from semiview.ui.canvas.marks import GaugeMark
from semiview.ui.canvas.overlays import EpeVectors
from semiview.ui.view_settings import EpeSource

RESIDUALS_ENLARGED = 10.0
RESIDUAL_LIMIT_PX = 1.0  # a larger one is drawn in the strongest colour
DRAWN_STATES = ("valid", "missing", "bridge", "extra")


def source_of(measurement: Measurement, wanted: EpeSource) -> str:
    """Whose numbers are drawn; auto: the approved shape's, else the prediction's, else the SEM's."""
    if wanted != "auto":
        return wanted
    return next((name for name in ("approved", "prediction") if name in measurement.outlines_px), "sem")


def epe_vectors(
    measurement: Measurement, wanted: EpeSource, origin_nm: tuple[float, float], tolerance_nm: float
) -> EpeVectors:
    """The vectors of one source; a point that was not observed is left out."""
    table = measurement.epe
    shown = (table.source == source_of(measurement, wanted)) & np.isin(table.state, DRAWN_STATES)
    found = shown & (np.isfinite(table.epe_nm) | (table.state != "valid"))
    return EpeVectors(
        np.column_stack([table.x_nm, table.y_nm])[found] - origin_nm,
        np.column_stack([table.normal_x, table.normal_y])[found],
        np.where(table.state == "valid", table.epe_nm, np.nan)[found],
        tolerance_nm,
    )


def residual_vectors(residuals: EdgeResiduals, nm_per_px: float, origin_nm: tuple[float, float]) -> EpeVectors:
    """Residuals of the registration, enlarged to be seen beside the picture."""
    return EpeVectors(
        residuals.points_nm - origin_nm,
        residuals.normals_nm,
        RESIDUALS_ENLARGED * residuals.offsets_nm,
        RESIDUALS_ENLARGED * RESIDUAL_LIMIT_PX * nm_per_px,
    )


def gauge_marks(
    gauges: Sequence[Gauge], measurement: Measurement | None, wanted: EpeSource, origin_nm: tuple[float, float]
) -> list[GaugeMark]:
    """Measured gauges with their CD, and those placed by hand that have no number yet."""
    marks = []
    measured = set()
    if measurement is not None:
        source = source_of(measurement, wanted)
        for row in measurement.cd:
            if row.source == source:
                measured.add(row.gauge_id)
                known = bool(np.isfinite(row.cd_nm))
                length = row.cd_nm if known else row.length_nm
                text = f"{row.cd_nm:.1f} nm" if known else "–"
                marks.append(_mark(row.x_nm, row.y_nm, row.angle_deg, length, text, origin_nm))
    marks += [
        _mark(gauge.x_nm, gauge.y_nm, gauge.angle_deg, gauge.length_nm, "", origin_nm)
        for gauge in gauges
        if gauge.gauge_id not in measured
    ]
    return marks


def _mark(
    x_nm: float, y_nm: float, angle_deg: float, length_nm: float, text: str, origin_nm: tuple[float, float]
) -> GaugeMark:
    angle = np.deg2rad(angle_deg)
    half = length_nm / 2 * np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([x_nm, y_nm]) - origin_nm
    start, end = middle - half, middle + half
    return GaugeMark((float(start[0]), float(start[1])), (float(end[0]), float(end[1])), text)
