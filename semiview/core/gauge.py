"""Place and direction of a measurement."""

import math
from dataclasses import dataclass
from typing import Literal

from semiview.core.equality import same_values

GaugeMode = Literal["line", "space", "pitch", "tip_to_tip", "tip_to_line", "hole"]


@dataclass(frozen=True, slots=True)
class Gauge:
    """An oriented box in design nm across which a width is read.

    Attributes
    ----------
    angle_deg
        Direction across the feature, counter-clockwise from +x.
    length_nm
        Extent across, along `angle_deg`; it holds both edges.
    width_nm
        Extent along the feature.
    feature_id
        Index of the outline in `Design.target` that the gauge belongs to; -1 if none.
    cd_design_nm
        Drawn width; NaN if the gauge came from a click.
    reference_nm, reference_sigma_nm
        What another tool measured here, and its standard deviation; NaN if not told.
    """

    gauge_id: str
    mode: GaugeMode
    x_nm: float
    y_nm: float
    angle_deg: float
    length_nm: float
    width_nm: float
    feature_id: int = -1
    cd_design_nm: float = math.nan
    reference_nm: float = math.nan
    reference_sigma_nm: float = math.nan

    def __eq__(self, other: object) -> bool:
        return same_values(self, other)
