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
    chosen = [gauge for gauge in gauges if gauge.mode == "line" and np.isfinite(gauge.cd_design_nm)]
    if not chosen:
        return ()
    begins, ends = _straight_stretches(chosen, design)
    return tuple(
        LongLine(gauge, gauge.cd_design_nm, begin, end)
        for gauge, begin, end in zip(chosen, begins.tolist(), ends.tolist(), strict=True)
        if np.isfinite(begin)
    )


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


def _straight_stretches(gauges: Sequence[Gauge], design: Design) -> tuple[Floats, Floats]:
    """(G,) from where to where both drawn edges run straight, in nm from each gauge's middle; NaN without two edges."""
    grid, starts, ends = _drawn_edges(design)
    middles = np.array([(gauge.x_nm, gauge.y_nm) for gauge in gauges]) - np.array(design.field_nm[:2])
    lines = [LongLine(gauge, gauge.cd_design_nm, 0.0, 0.0) for gauge in gauges]
    across, along = np.array([line.across for line in lines]), np.array([line.along for line in lines])
    half = np.array([gauge.cd_design_nm for gauge in gauges]) / 2
    crossed = grid.crossings(middles, across, -half - 1.0, half + 1.0)
    reaches = np.full((2, 2, len(gauges)), np.nan)  # of each side: nearer and farther end
    for number, side in enumerate((-1.0, 1.0)):
        there = crossed.where(side * crossed.along > 0)
        edge = there.nearest(side * half[there.line])
        places = np.stack([starts[edge.segment], ends[edge.segment]]) - middles[edge.line]
        reaches[number][:, edge.line] = np.sort(np.einsum("kij,ij->ki", places, along[edge.line]), axis=0)
    return reaches[:, 0].max(axis=0) + CORNER_NM, reaches[:, 1].min(axis=0) - CORNER_NM
