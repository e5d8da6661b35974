"""Everything that is read from one case: contours, CD, EPE and image scores."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from semiview.core.case import Case
from semiview.core.coverage import FULL, Coverage
from semiview.core.design import Design
from semiview.core.document import Document, MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.outline import Points
from semiview.core.prediction import Prediction
from semiview.core.raster import coverage
from semiview.core.registration import Frame, Registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.cd import CdRow, measure_cd
from semiview.metrology.contour import (
    Contours,
    design_seeds,
    half_contours,
    outline_seeds,
    picture_contours,
    picture_noise,
    sem_contours,
)
from semiview.metrology.crossing import Booleans, Floats
from semiview.metrology.epe import EpeSummary, EpeTable, Source, design_points, edge_reach_nm, measure_epe, summarise
from semiview.metrology.gauge import design_gauges
from semiview.metrology.noise import NoiseModel
from semiview.metrology.pixel_scores import PixelScores, divided, pixel_scores
from semiview.metrology.roughness import RoughnessRow, measure_roughness

FALLBACK_REACH_PX = 20.0
REGISTRATION_SCALE = "registration"
NUDGES = (0.02, 3e-4, 3e-4, 3e-4)  # deg, scales and shear that move the border of a field by some 0.3 px


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A row of scores.csv without the case: the prediction against the approved shape or the registered design.

    EPE and CD figures are those of the prediction: against the design where `against` is "design", and the
    difference to the approved shape's own where it is "approved". NaN where `reason` or the case's reasons say why.
    `cd_bias_nm` is how much wider the drawn features are on average: what lies between them (spaces, with tone
    `opening` the lines) counts with the opposite sign, and a pitch not at all. Without a design, that of the lines.
    """

    against: str
    l1: float
    ssim: float
    psnr: float
    iou: float
    dice: float
    hausdorff95_nm: float
    epe_mean_nm: float
    epe_3sigma_nm: float
    cd_bias_nm: float
    reason: str


@dataclass(frozen=True, slots=True)
class EdgePrecision:
    """The picture's noise and what it means for one edge point, medians over the picture's edges in px.

    `ratio` is `sigma_px` over the Cramer-Rao bound.
    """

    noise: NoiseModel
    sigma_px: float
    bound_px: float

    @property
    def ratio(self) -> float:
        """How far above what the data hold; 1 is as good as can be."""
        return self.sigma_px / self.bound_px


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What `measure` found.

    Attributes
    ----------
    outlines_px
        Contours of standing material of each source that exists, in image px.
    epe
        Rows of all sources.
    reasons
        Why something that was asked for is withheld: sentences for a person. Empty if nothing is.
    seconds
        Wall time of the measurement.
    precision
        What the picture's noise allows on its own edges, and what the algorithm reached; None without SEM edges.
    roughness
        Of the drawn lines that are long enough, from the picture.
    scale
        Pixel size that CD, roughness and distances between contours are given in, and whose it is.
    """

    outlines_px: Mapping[Source, tuple[Points, ...]]
    epe: EpeTable
    cd: tuple[CdRow, ...]
    scores: tuple[ScoreRow, ...]
    epe_summary: Mapping[Source, EpeSummary]
    reasons: tuple[str, ...]
    seconds: float
    precision: EdgePrecision | None = None
    roughness: tuple[RoughnessRow, ...] = ()
    scale: PixelSize = field(default_factory=PixelSize)


@dataclass(frozen=True, slots=True)
class _Conditions:
    """What all sources of one case are measured against: equal where every part is the same object or setting."""

    design: Design | None
    registration: Registration
    settings: MeasureSettings
    ignore: Coverage | None
    gauges: tuple[Gauge, ...]
    pixel_size: PixelSize
    shape: tuple[int, int]

    @property
    def ignore_layers(self) -> tuple[Design, Registration] | None:
        """What places the design's ignore layers in the picture; None if it has none."""
        return None if self.design is None or not self.design.ignore else (self.design, self.registration)


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """What was read from one source."""

    outlines: tuple[Points, ...]
    epe: EpeTable
    cd: tuple[CdRow, ...]
    precision: EdgePrecision | None = None
    roughness: tuple[RoughnessRow, ...] = ()


def measure(case: Case, document: Document) -> Measurement:
    """Contours, EPE, CD and scores of a case under a document.

    Pure and safe in any thread. What an edit did not touch is remembered by the identity of the values it was read
    from, so that a brush stroke costs only the approved shape's own rows.

    Notes
    -----
    EPE and gauges against the design need a design with a tone, a pixel size and a registration that somebody vouches
    for; otherwise `reasons` tells which is wanting. Gauges placed by hand are read with any registration. CD and
    roughness are in nm of the scale that the settings choose, EPE in design nm (through the registration).
    """
    begun = time.perf_counter()
    reasons = _withheld(case, document)
    design = case.design if not reasons else None
    settings = document.settings
    readings: dict[Source, _Reading] = {}
    shapes: dict[Source, Prediction | Coverage] = {}
    if case.prediction is not None:
        shapes["prediction"] = case.prediction
    if document.correction is not None:
        shapes["approved"] = document.correction
    scale = measuring_scale(case, document)
    under = _Conditions(
        design, document.registration, settings, document.ignore, document.gauges, scale, case.sem.shape
    )
    for source, shape in shapes.items():
        readings[source] = _read_shape(source, shape, under)
    seeds = design if design is not None else case.prediction
    readings["sem"] = _read_sem(case.sem, seeds, under)
    summaries = {source: summarise(reading.epe, settings.tolerance_nm) for source, reading in readings.items()}
    return Measurement(
        outlines_px={source: reading.outlines for source, reading in readings.items()},
        epe=EpeTable.concatenated([reading.epe for reading in readings.values()]),
        cd=tuple(row for reading in readings.values() for row in reading.cd),
        scores=_scores(case.prediction, document.correction, under, readings),
        epe_summary=summaries if design is not None else {},
        reasons=reasons,
        seconds=time.perf_counter() - begun,
        precision=readings["sem"].precision,
        roughness=readings["sem"].roughness,
        scale=scale,
    )


def measuring_scale(case: Case, document: Document) -> PixelSize:
    """The pixel size for CD and roughness: calibrated, else nominal; the registration's own only where it is asked."""
    nominal, registration = case.sem.pixel_size, document.registration
    if not nominal.known or document.settings.scale == "nominal":
        return nominal
    if document.settings.scale == "registration" and registration.unusable_because is None:
        x_nm, y_nm, _ = registration.pixel_axes()
        return PixelSize(x_nm, y_nm, REGISTRATION_SCALE)
    return case.calibrated or nominal


def _withheld(case: Case, document: Document) -> tuple[str, ...]:
    """Why nothing is read against the design; empty without a design, which is no fault."""
    if not case.sem.pixel_size.known or not np.isfinite(document.registration.frame.nm_per_px):
        return ("no nanometre is shown: the pixel size is unknown",)
    if case.design is None:
        return ()
    if document.registration.unusable_because is not None:
        return (f"no EPE and no design gauges: {document.registration.unusable_because}",)
    if case.design.tone is None:
        return ("no EPE and no design gauges: tone is not set",)
    return ()


@lru_cache(maxsize=8)
def _read_shape(source: Source, shape_of: Prediction | Coverage, under: _Conditions) -> _Reading:
    """Contours of a prediction or a drawn shape, and what is measured on them."""
    return _read(source, _contours(shape_of), under, "half contour")


@lru_cache(maxsize=4)
def _read_sem(sem: SemImage, seeds_from: Design | Prediction | None, under: _Conditions) -> _Reading:
    """Contours found in the picture from the design, else the prediction, else a threshold, and what they measure."""
    registration, settings = under.registration, under.settings
    nm_per_px = registration.frame.nm_per_px
    reach_px = edge_reach_nm(settings, nm_per_px) / nm_per_px if np.isfinite(nm_per_px) else FALLBACK_REACH_PX
    if seeds_from is None:
        contours = picture_contours(sem, settings, reach_px)
    elif isinstance(seeds_from, Design):
        contours = sem_contours(sem, design_seeds(seeds_from, registration, under.shape, reach_px), settings, reach_px)
    else:
        contours = sem_contours(sem, outline_seeds(_contours(seeds_from).outlines, reach_px), settings, reach_px)
    reading = _read("sem", contours, under, settings.edge_algorithm)
    rough: tuple[RoughnessRow, ...] = ()
    if under.design is not None and under.design.target:
        near = tuple(np.round(registration.parameters / (nm_per_px, nm_per_px, *NUDGES)).tolist())
        rough = _roughness(
            sem, under.pixel_size, under.design, registration.frame, near, settings, under.ignore, reach_px
        )
    return replace(reading, precision=_precision(contours, sem), roughness=rough)


@lru_cache(maxsize=4)
def _roughness(
    sem: SemImage,
    pixel_size: PixelSize,
    design: Design,
    frame: Frame,
    near: tuple[float, ...],
    settings: MeasureSettings,
    ignore: Coverage | None,
    reach_px: float,
) -> tuple[RoughnessRow, ...]:
    """Where a line is looked for does not move its edges: the nearest of registrations about a pixel apart will do."""
    values = np.array(near) * (frame.nm_per_px, frame.nm_per_px, *NUDGES)
    registration = Registration(frame, *values.tolist())
    gauges = _design_gauges(design, registration, sem.shape)
    ignored = _ignored((design, registration) if design.ignore else None, ignore, sem.shape)
    return measure_roughness(sem, pixel_size, gauges, design, registration, settings, reach_px, ignored)


def _precision(contours: Contours, sem: SemImage) -> EdgePrecision | None:
    if contours.sigma_px is None or contours.bound_px is None or not np.isfinite(contours.bound_px).any():
        return None
    sigma, bound = float(np.nanmedian(contours.sigma_px)), float(np.nanmedian(contours.bound_px))
    return EdgePrecision(picture_noise(sem), sigma, bound)


def _read(source: Source, contours: Contours, under: _Conditions, edge_algorithm: str) -> _Reading:
    design, registration, shape = under.design, under.registration, under.shape
    ignored = _ignored(under.ignore_layers, under.ignore, shape)
    gauges = under.gauges
    epe = EpeTable.concatenated([])
    if design is not None and design.tone is not None:
        points = _design_points(design, registration, shape, under.settings)
        epe = measure_epe(points, contours, registration, shape, ignored, source, design.tone)
        gauges += _design_gauges(design, registration, shape)
    cd = measure_cd(gauges, contours, registration, under.pixel_size, shape, source, edge_algorithm, ignored)
    return _Reading(contours.outlines, epe, cd)


_design_points = lru_cache(maxsize=4)(design_points)
_design_gauges = lru_cache(maxsize=4)(design_gauges)


@lru_cache(maxsize=4)
def _contours(shape_of: Prediction | Coverage) -> Contours:
    if isinstance(shape_of, Prediction):
        return Contours(half_contours(shape_of.probability, 0.5))
    return Contours(half_contours(shape_of.to_array(), FULL / 2))


@lru_cache(maxsize=4)
def _ignored(
    ignore_layers: tuple[Design, Registration] | None, ignore: Coverage | None, shape: tuple[int, int]
) -> Booleans | None:
    """(H, W) True where nothing may be read: drawn by the reviewer or in the design's ignore layers."""
    marked = None if ignore is None else ignore.mask()
    if ignore_layers is not None:
        design, registration = ignore_layers
        layers = coverage([registration.outline_to_px(outline) for outline in design.ignore], shape) > 0
        marked = layers if marked is None else marked | layers
    return marked


@lru_cache(maxsize=2)
def _design_raster(design: Design, registration: Registration, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """(H, W) share of each pixel that stands, were it printed as drawn."""
    drawn = coverage([registration.outline_to_px(outline) for outline in design.target], shape)
    return drawn if design.tone == "raised" else 1 - drawn


@lru_cache(maxsize=4)
def _compared(
    prediction: Prediction,
    reference: Coverage | tuple[Design, Registration],
    ignore: Coverage | None,
    ignore_layers: tuple[Design, Registration] | None,
    pixel_size: PixelSize,
) -> PixelScores:
    """The prediction against a drawn shape or the registered design."""
    shape = prediction.probability.shape
    ignored = _ignored(ignore_layers, ignore, (shape[0], shape[1]))
    own = _contours(prediction).outlines
    if isinstance(reference, Coverage):
        approved = reference.to_array().astype(np.float32) * np.float32(1 / FULL)
        return pixel_scores(prediction.probability, approved, ignored, pixel_size, own, _contours(reference).outlines)
    design, registration = reference
    raster = _design_raster(design, registration, (shape[0], shape[1]))
    edges = [registration.to_px(outline) for outline in _fine_target(design, registration.frame.nm_per_px)]
    return pixel_scores(prediction.probability, raster, ignored, pixel_size, own, edges)


@lru_cache(maxsize=4)
def _fine_target(design: Design, nm_per_px: float) -> tuple[Points, ...]:
    """The drawn outlines with a point at least every pixel."""
    return tuple(divided(outline, nm_per_px) for outline in design.target)


def _scores(
    prediction: Prediction | None, correction: Coverage | None, under: _Conditions, readings: Mapping[Source, _Reading]
) -> tuple[ScoreRow, ...]:
    if prediction is None:
        return ()
    rows = []
    about = (under.ignore, under.ignore_layers, under.pixel_size)
    own = readings["prediction"]
    if correction is not None:
        scores = _compared(prediction, correction, *about)
        other = readings["approved"]
        count = int(np.sum(own.epe.state != "extra"))
        offsets = own.epe.epe_nm[:count] - other.epe.epe_nm[:count]
        widths = {row.gauge_id: row.cd_nm for row in other.cd}
        biases = _drawn_bias(own.cd, [widths[row.gauge_id] for row in own.cd], under.design)
        rows.append(_score_row("approved", scores, offsets, biases))
    if under.design is not None:
        scores = _compared(prediction, (under.design, under.registration), *about)
        edges = own.epe.epe_nm[own.epe.feature_class == "edge"]
        biases = _drawn_bias(own.cd, [row.cd_design_nm for row in own.cd], under.design)
        rows.append(_score_row("design", scores, edges, biases))
    return tuple(rows)


def _drawn_bias(rows: Sequence[CdRow], expected_nm: Sequence[float], design: Design | None) -> Floats:
    """How much wider each drawn feature is than expected, told from its own gauges and from the gaps beside it."""
    material = 1 if design is None or design.tone != "opening" else -1
    return np.array(
        [
            (material if row.mode == "line" else -material) * (row.cd_nm - expected)
            for row, expected in zip(rows, expected_nm, strict=True)
            if row.mode != "pitch"
        ]
    )


def _score_row(against: str, scores: PixelScores, offsets_nm: Floats, cd_biases_nm: Floats) -> ScoreRow:
    offsets, biases = offsets_nm[np.isfinite(offsets_nm)], cd_biases_nm[np.isfinite(cd_biases_nm)]
    return ScoreRow(
        against, scores.l1, scores.ssim, scores.psnr, scores.iou, scores.dice, scores.hausdorff95_nm,
        float(offsets.mean()) if len(offsets) else float("nan"),
        float(3 * offsets.std()) if len(offsets) else float("nan"),
        float(biases.mean()) if len(biases) else float("nan"),
        scores.reason,
    )  # fmt: skip
