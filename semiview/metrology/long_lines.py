"""Lines that run straight for long enough to tell the roughness of their edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semiview.core.design import Design
from semiview.core.gauge import Gauge
from semiview.core.outline import bounds
from semiview.metrology.cd import CdRow
from semiview.metrology.crossing import Floats, SegmentGrid

CORNER_NM = 40.0


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line about a gauge, `cd_nm` wide, straight from `begin_nm` to `end_nm` along it, from the gauge's middle."""

    gauge: Gauge
    cd_nm: float
    begin_nm: float
    end_nm: float

    @property
    def across(self) -> Floats:
        """(2,) unit vector across the line in design nm."""
        angle = np.deg2rad(self.gauge.angle_deg)
        result: Floats = np.array([np.cos(angle), np.sin(angle)])
        return result

    @property
    def along(self) -> Floats:
        """(2,) unit vector along the line in design nm."""
        x, y = self.across
        result: Floats = np.array([-y, x])
        return result


def drawn_lines(gauges: Sequence[Gauge], design: Design) -> tuple[LongLine, ...]:
    """The stretches along which both drawn edges of each line gauge run straight, corners left out."""
    lines = []
    for gauge in gauges:
        if gauge.mode == "line" and np.isfinite(gauge.cd_design_nm):
            line = LongLine(gauge, gauge.cd_design_nm, 0.0, 0.0)
            stretch = _straight_stretch(line, design)
            if stretch is not None:
                lines.append(LongLine(gauge, gauge.cd_design_nm, *stretch))
    return tuple(lines)


def lines_without_design(rows: Sequence[CdRow], gauges: Sequence[Gauge]) -> tuple[LongLine, ...]:
    """The measured lines among the gauges, each as long as its gauge and as wide as they all are on average."""
    measured = {row.gauge_id: row.cd_nm for row in rows if row.mode == "line" and np.isfinite(row.cd_nm)}
    if not measured:
        return ()
    mean = float(np.mean(list(measured.values())))
    return tuple(
        LongLine(gauge, mean, -gauge.width_nm / 2, gauge.width_nm / 2) for gauge in gauges if gauge.gauge_id in measured
    )


@lru_cache(maxsize=4)
def _drawn_edges(design: Design) -> tuple[SegmentGrid, Floats, Floats]:
    origin = np.array(design.field_nm[:2])
    outlines = [outline - origin for outline in design.target]
    low, high = np.array(bounds(outlines)).reshape(2, 2)
    starts = np.concatenate(outlines)
    ends = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
    return SegmentGrid.of(outlines, float(np.max(high - low)) / 256, rows_down=False), starts, ends


def _straight_stretch(line: LongLine, design: Design) -> tuple[float, float] | None:
    """From where to where along the line both drawn edges run straight, in nm from the gauge's middle."""
    grid, starts, ends = _drawn_edges(design)
    middle = np.array([[line.gauge.x_nm, line.gauge.y_nm]]) - np.array(design.field_nm[:2])
    reach = np.array([0.5 * line.cd_nm + 1.0])
    crossed = grid.crossings(middle, line.across[None], -reach, reach)
    sides = [crossed.where(side * crossed.along > 0).nearest(side * line.cd_nm / 2) for side in (-1.0, 1.0)]
    if any(len(side.line) == 0 for side in sides):
        return None
    segments = np.array([side.segment[0] for side in sides])
    places = np.sort((np.stack([starts[segments], ends[segments]], axis=1) - middle) @ line.along, axis=1)
    return float(places[:, 0].max()) + CORNER_NM, float(places[:, 1].min()) - CORNER_NM
