"""The largest EPE of a case in one number, for lists."""

import math

import numpy as np

from semiview.metrology.measurement import Measurement

SHAPES = ("approved", "prediction", "sem")  # the first that was measured counts


def worst_epe(measurement: Measurement) -> tuple[float, int]:
    """Largest |EPE| in nm (NaN: none) and the number of points without a contour, of the shape that counts."""
    for source in SHAPES:
        if source in measurement.outlines_px:
            mine = np.asarray(measurement.epe.source) == source
            values = np.abs(np.asarray(measurement.epe.epe_nm, np.float64)[mine])
            missing = int(np.count_nonzero(np.asarray(measurement.epe.state)[mine] == "missing"))
            valid = values[np.isfinite(values)]
            return (float(valid.max()) if len(valid) else math.nan), missing
    return math.nan, 0
