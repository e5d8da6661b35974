"""The width at every row of one gauge."""

from dataclasses import replace

import numpy as np

from semiview.core.gauge import Gauge
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.cd import measure_cd
from semiview.metrology.contour import Contours
from semiview.metrology.crossing import Floats
from semiview.metrology.widths import ROWS_AT_MOST


def width_along(
    gauge: Gauge, contours: Contours, registration: Registration, pixel_size: PixelSize, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Widths of a line or space at its rows, in the gauge's own direction.

    Returns
    -------
    (K,) place of each row along the feature from the gauge's middle, design nm; (K,) width there in nominal nm, NaN
    where it has no two edges. Empty for other modes. Their mean is the gauge's CD, but for a tilt of the edges that
    CD takes out.
    """
    if gauge.mode not in ("line", "space") or not pixel_size.known:
        return np.empty(0), np.empty(0)
    angle = np.deg2rad(gauge.angle_deg)
    along = np.array([-np.sin(angle), np.cos(angle)])
    rows = int(np.clip(np.rint(gauge.width_nm * np.hypot(*(registration.linear_px() @ along))), 1, ROWS_AT_MOST))
    offset: Floats = ((np.arange(rows) + 0.5) / rows - 0.5) * gauge.width_nm
    slices = [
        replace(
            gauge, gauge_id=str(number), x_nm=gauge.x_nm + place * along[0], y_nm=gauge.y_nm + place * along[1],
            width_nm=0.0,
        )
        for number, place in enumerate(offset.tolist())
    ]  # fmt: skip
    measured = measure_cd(slices, contours, registration, pixel_size, shape, "sem", "")
    return offset, np.array([row.cd_nm for row in measured])
