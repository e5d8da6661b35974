"""Everything that undo covers in an open case."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from semiview.core.coverage import Coverage
from semiview.core.equality import same_values
from semiview.core.gauge import Gauge
from semiview.core.registration import Registration

EdgeAlgorithm = Literal["threshold", "derivative", "linear", "sigmoid", "peak", "model"]
Scale = Literal["calibrated", "nominal", "registration"]
EpePreset = Literal["", "ICCAD13"]


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """How edges are found and what counts, the same for every row of one measurement.

    Attributes
    ----------
    edge_algorithm, threshold_percent
        Where on a profile the edge lies; the percentage is between the local minimum and maximum.
    rows_averaged
        Number S of rows along the edge averaged into a profile.
    epe_step_nm
        Distance of EPE points along design edges; NaN: max(5 nm, 1 px).
    corner_nm
        Length beside each corner whose points are of the class `corner`; NaN: 1.3 corner radii, taken as 20 nm or
        3 px, whichever is more.
    epe_reach_nm
        Farthest contour that still belongs to a point; also limited to half the local width or space. NaN: 60 nm or
        30 px, whichever is less, but at least 4 px.
    short_edge_nm
        Edges up to this length carry one EPE point, at their middle; NaN: they are treated as all others.
    tolerance_nm
        |EPE| above it is a violation.
    scale
        Pixel size for CD and roughness: the project's calibration where there is one, the nominal one, or the one
        that the case's own registration found, which hides a real change of CD.
    epe_preset
        Whose sites EPE is read at: those of a contest, whose step, corners and short edges stand in `EPE_PRESETS`;
        empty: as the other settings say.
    """

    edge_algorithm: EdgeAlgorithm = "threshold"
    threshold_percent: float = 50.0
    rows_averaged: int = 4
    epe_step_nm: float = float("nan")
    corner_nm: float = float("nan")
    epe_reach_nm: float = float("nan")
    tolerance_nm: float = 15.0
    scale: Scale = "calibrated"
    short_edge_nm: float = float("nan")
    epe_preset: EpePreset = ""

    def __eq__(self, other: object) -> bool:
        return same_values(self, other)


SITE_SETTINGS = ("epe_step_nm", "short_edge_nm", "corner_nm")
# Where and how strictly EPE is read: in the contest of ICCAD 2013, so that counts compare with what is published.
EPE_PRESETS: Mapping[EpePreset, Mapping[str, float]] = {
    "": {name: getattr(MeasureSettings(), name) for name in (*SITE_SETTINGS, "tolerance_nm")},
    "ICCAD13": {"epe_step_nm": 40.0, "short_edge_nm": 80.0, "corner_nm": 20.0, "tolerance_nm": 15.0},
}


def with_epe_preset(settings: MeasureSettings, preset: EpePreset) -> MeasureSettings:
    """The settings with a preset's sites and tolerance; the empty preset is all along the edges."""
    changes: dict[str, Any] = dict(EPE_PRESETS[preset])
    return replace(settings, epe_preset=preset, **changes)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """Registration, correction, ignore region, gauges and settings of an open case; compared by identity.

    Attributes
    ----------
    correction
        Standing material as the reviewer draws it, in image px; None while the prediction stands uncorrected.
    ignore
        Region that enters no loss, score or measurement; None for none.
    gauges
        Placed by hand; those found from the design are derived and not kept here.
    """

    registration: Registration
    correction: Coverage | None = None
    ignore: Coverage | None = None
    gauges: tuple[Gauge, ...] = ()
    settings: MeasureSettings = field(default_factory=MeasureSettings)

    def bytes_not_in(self, other: "Document | None") -> int:
        """Memory that this document does not share with `other`: what keeping it in the history costs."""
        size = 1024  # the objects themselves, near enough
        for name in ("correction", "ignore"):
            own, others = getattr(self, name), getattr(other, name, None)
            if own is not None and own is not others:
                size += own.bytes_not_in(others)
        return size
