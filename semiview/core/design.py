"""What should have been printed: polygons of the design near one field of view."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from semiview.core.outline import Points, bounds

Tone = Literal["raised", "opening"]
Role = Literal["target", "fill", "opc", "sraf", "ignore"]


@dataclass(frozen=True, slots=True, eq=False)
class DesignLayer:
    """Merged polygons of one layer: outer boundaries counter-clockwise, holes clockwise (y up), in nm.

    `name` is "layer/datatype", or "mask" for a design that came as a picture.
    """

    name: str
    role: Role
    outlines: tuple[Points, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The polygons that touch a field, in nm, whole and merged per role.

    Attributes
    ----------
    target
        All target layers merged: what EPE and gauges refer to. Outer boundaries counter-clockwise, holes clockwise.
    layers
        Each layer by itself, to be shown.
    tone
        raised: drawn = standing material; opening: drawn = hole or trench; None: nobody said yet.
    field_nm
        (x_min, y_min, x_max, y_max): polygons that touch this box are complete; outside it some are missing.
    """

    target: tuple[Points, ...]
    layers: tuple[DesignLayer, ...]
    tone: Tone | None
    field_nm: tuple[float, float, float, float]
    path: str = ""
    cell: str = ""
    sha256: str = ""

    @property
    def ignore(self) -> tuple[Points, ...]:
        """Outlines of the layers whose role is ignore, in nm."""
        return tuple(outline for layer in self.layers if layer.role == "ignore" for outline in layer.outlines)

    @property
    def alignable(self) -> tuple[Points, ...]:
        """Outlines of target and fill layers, in nm: what may help to find the registration."""
        fill = tuple(outline for layer in self.layers if layer.role == "fill" for outline in layer.outlines)
        return self.target + fill

    @property
    def edge_count(self) -> int:
        """Number of edges of the target."""
        return int(np.sum([len(outline) for outline in self.target], dtype=np.int64))

    def target_bounds_nm(self) -> tuple[float, float, float, float]:
        """Bounding box of the target; NaN without one."""
        return bounds(self.target)
