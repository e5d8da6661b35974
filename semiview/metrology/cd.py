"""Critical dimension: the width at every row of a gauge, from the contours of one source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from semiview.core.design import Tone
from semiview.core.gauge import Gauge, GaugeMode
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.contour import Contours, edge_segments
from semiview.metrology.crossing import Booleans
from semiview.metrology.epe import Source
from semiview.metrology.holes import hole_widths
from semiview.metrology.widths import Width, pitches, straight_widths

STRAIGHT_MODES = ("line", "space", "tip_to_tip", "tip_to_line")
CHAIN_SHARE = 0.25  # of a pitch by which the next one may lie elsewhere and still belong to the same grating
CHAIN_DEG = 1.0


@dataclass(frozen=True, slots=True)
class CdRow:
    """A row of gauges.csv without the case. Widths in nm of the scale used; NaN with a reason.

    `cd_sigma_nm` is the spread of the widths along the gauge, `cd_se_nm` the standard error of their mean with the
    neighbouring rows' correlation. `n_failed` rows had no two edges. `nm_per_px_x/y` say which scale was used.

    Of a hole: `cd_nm` is the diameter of a disc of its area, `diameter_a/b_nm` and `ellipse_angle_deg` the axes of
    the least-squares ellipse and the direction of the longer one (as `angle_deg`), `cer3_nm` 3 sigma of the edge
    about that ellipse, and `cer3_unbiased_nm` the same without the noise of the edges (SEM only). Of a pitch: `cd_nm`
    is the mean of the leading and the trailing edges' distances; `pitch_walk_nm` is the mean of its grating's odd
    pitches minus that of the even ones, counted along the direction across.
    """

    gauge_id: str
    feature_id: int
    mode: str
    x_nm: float
    y_nm: float
    angle_deg: float
    source: Source
    cd_nm: float
    cd_sigma_nm: float
    cd_design_nm: float
    cd_min_nm: float
    cd_max_nm: float
    cd_se_nm: float
    length_nm: float
    width_nm: float
    diameter_a_nm: float
    diameter_b_nm: float
    n: int
    n_failed: int
    edge_algorithm: str
    nm_per_px_x: float
    nm_per_px_y: float
    pitch_leading_nm: float
    pitch_trailing_nm: float
    pitch_walk_nm: float
    feret_min_nm: float
    feret_max_nm: float
    ellipse_angle_deg: float
    cer3_nm: float
    cer3_unbiased_nm: float
    reason: str

    @property
    def gauge(self) -> Gauge:
        """The gauge whose width this is."""
        mode: GaugeMode = next(known for known in get_args(GaugeMode) if known == self.mode)
        return Gauge(
            self.gauge_id, mode, self.x_nm, self.y_nm, self.angle_deg, self.length_nm, self.width_nm, self.feature_id,
            self.cd_design_nm,
        )  # fmt: skip


def measure_cd(
    gauges: Sequence[Gauge],
    contours: Contours,
    registration: Registration,
    pixel_size: PixelSize,
    shape: tuple[int, int],
    source: Source,
    edge_algorithm: str,
    ignore: Booleans | None = None,
    tone: Tone = "raised",
) -> tuple[CdRow, ...]:
    """Widths of all gauges in the contours of one source.

    Parameters
    ----------
    pixel_size
        The scale that widths are given in; the registration only says where to look.
    ignore
        (H, W) True where nothing may be read; a gauge whose middle or edge lies there has no CD.
    tone
        What the drawn features are whose tips and pitches are measured: material or openings.
    """
    if not gauges:
        return ()
    widths: list[Width]
    if not pixel_size.known:
        widths = [Width(reason="pixel size unknown")] * len(gauges)
    else:
        widths = [Width()] * len(gauges)
        place = (registration, pixel_size, shape, ignore)
        by_mode = {"straight": STRAIGHT_MODES, "pitch": ("pitch",), "hole": ("hole",)}
        for name, modes in by_mode.items():
            numbers = [number for number, gauge in enumerate(gauges) if gauge.mode in modes]
            chosen = [gauges[number] for number in numbers]
            if not chosen:
                continue
            if name == "hole":
                found = hole_widths(chosen, contours, *place)
            else:
                read = straight_widths if name == "straight" else pitches
                found = read(chosen, edge_segments(contours, shape), *place, tone)
            for number, width in zip(numbers, found, strict=True):
                widths[number] = width
    rows = tuple(
        cd_row(gauge, width, source, edge_algorithm, pixel_size) for gauge, width in zip(gauges, widths, strict=True)
    )
    return _with_pitch_walk(rows)


def cd_row(gauge: Gauge, width: Width, source: Source, edge_algorithm: str, pixel_size: PixelSize) -> CdRow:
    """The row of a gauge and what it gave, without the walk that only its neighbours tell."""
    return CdRow(
        gauge.gauge_id, gauge.feature_id, gauge.mode, gauge.x_nm, gauge.y_nm, gauge.angle_deg, source,
        width.cd, width.sigma, gauge.cd_design_nm, width.low, width.high, width.standard_error,
        gauge.length_nm, gauge.width_nm, width.a, width.b, width.n, width.n_failed, edge_algorithm,
        pixel_size.x_nm, pixel_size.y_nm, width.leading, width.trailing, float("nan"), width.feret_min,
        width.feret_max, width.ellipse_angle_deg, width.cer3, width.cer3_unbiased, width.reason,
    )  # fmt: skip


def _with_pitch_walk(rows: tuple[CdRow, ...]) -> tuple[CdRow, ...]:
    """The same rows, each pitch with the walk of the grating that it is part of."""
    known = [number for number, row in enumerate(rows) if row.mode == "pitch" and np.isfinite(row.cd_nm)]
    result = list(rows)
    for chain in _gratings(rows, known):
        if len(chain) < 2:
            continue
        values = np.array([rows[number].cd_nm for number in chain])
        walk = float(values[::2].mean() - values[1::2].mean())
        for number in chain:
            result[number] = replace(rows[number], pitch_walk_nm=walk)
    return tuple(result)


def _gratings(rows: Sequence[CdRow], numbers: Sequence[int]) -> list[list[int]]:
    """The numbers of neighbouring pitches of one direction and about one size, in their order across."""
    alike: dict[tuple[int, int], list[int]] = {}
    for number in numbers:
        row = rows[number]
        drawn = row.cd_design_nm if np.isfinite(row.cd_design_nm) else row.cd_nm
        key = (round(row.angle_deg / CHAIN_DEG), round(np.log(drawn) / CHAIN_SHARE))
        alike.setdefault(key, []).append(number)
    chains: list[list[int]] = []
    for members in alike.values():
        angle = np.deg2rad(rows[members[0]].angle_deg)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        places = np.array([(rows[number].x_nm, rows[number].y_nm) for number in members]) @ turn.T
        order = np.argsort(places[:, 0], kind="stable")
        open_chains: list[tuple[float, float, list[int]]] = []  # where the last one lies across and along, and all
        for number, (across, along) in zip((members[i] for i in order), places[order].tolist(), strict=True):
            pitch, width = rows[number].cd_nm, rows[number].width_nm
            for place, chain in enumerate(open_chains):
                step = across - chain[0] - pitch
                if abs(step) < CHAIN_SHARE * pitch and abs(along - chain[1]) < width:
                    chain[2].append(number)
                    open_chains[place] = (across, along, chain[2])
                    break
            else:
                open_chains.append((across, along, [number]))
        chains += [chain for _, _, chain in open_chains]
    return chains
