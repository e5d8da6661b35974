"""Everything that is read from one case: contours, CD, EPE and image scores."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np

from semiview.core.case import Case
from semiview.core.coverage import Coverage
from semiview.core.design import Design, Tone
from semiview.core.document import Document, MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.outline import Points
from semiview.core.prediction import Prediction
from semiview.core.registration import Frame, Registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.cd import CdRow, measure_cd
from semiview.metrology.contour import (
    Contours,
    design_seeds,
    outline_seeds,
    picture_contours,
    sem_contours,
    shape_contours,
)
from semiview.metrology.epe import EpeTable, Source, measure_epe
from semiview.metrology.epe_points import design_points, edge_reach_nm
from semiview.metrology.epe_summary import EpeSummary, summarise
from semiview.metrology.gauge import design_gauges
from semiview.metrology.ignored import IgnoredBy, ignored_region
from semiview.metrology.lattice import Lattice, picture_lattice
from semiview.metrology.lattice_gauges import lattice_gauges, lattice_rows
from semiview.metrology.long_lines import drawn_lines, lines_without_design
from semiview.metrology.precision import EdgePrecision, edge_precision
from semiview.metrology.roughness import Roughness, RoughnessRow, Spectrum, measure_roughness
from semiview.metrology.scores import ScoreRow, score_against_approved, score_against_design

FALLBACK_REACH_PX = 20.0
REGISTRATION_SCALE = "registration"
NUDGES = (0.02, 3e-4, 3e-4, 3e-4)  # deg, scales and shear that move the border of a field by some 0.3 px


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What `measure` found.

    Attributes
    ----------
    contours
        Of standing material, of each source that exists, with the stretches on which an edge was found.
    epe
        Rows of all sources.
    reasons
        Why something that was asked for is withheld: sentences for a person. Empty if nothing is.
    seconds
        Wall time of the measurement.
    precision
        What the picture's noise allows on its own edges, and what the algorithm reached; None without SEM edges.
    roughness, spectra
        Of the drawn lines that are long enough, from the picture, and the power spectrum of each row with its fit.
    scale
        Pixel size that CD, roughness and distances between contours are given in, and whose it is.
    lattice
        Period and tilt of a picture that repeats and was read without a design; None otherwise.
    """

    contours: Mapping[Source, Contours]
    epe: EpeTable
    cd: tuple[CdRow, ...]
    scores: tuple[ScoreRow, ...]
    epe_summary: Mapping[Source, EpeSummary]
    reasons: tuple[str, ...]
    seconds: float
    precision: EdgePrecision | None = None
    roughness: tuple[RoughnessRow, ...] = ()
    spectra: tuple[Spectrum, ...] = ()
    scale: PixelSize = field(default_factory=PixelSize)
    lattice: Lattice | None = None

    @property
    def outlines_px(self) -> Mapping[Source, tuple[Points, ...]]:
        """The contours' outlines in image px, as they are drawn: closed over stretches without an edge."""
        return {source: contours.outlines for source, contours in self.contours.items()}


@dataclass(frozen=True, slots=True)
class _Conditions:
    """What all sources of one case are measured against: equal where every part is the same object or setting.

    `without_design` says why the picture's own features are measured: the reason why the design cannot be used, empty
    where there is none; None while they are not. `repeated` is the design of a periodic field: which of its features
    these are is not known, but like ones lie where they are drawn.
    """

    sem: SemImage
    design: Design | None
    registration: Registration
    settings: MeasureSettings
    ignored: IgnoredBy
    gauges: tuple[Gauge, ...]
    pixel_size: PixelSize
    without_design: str | None
    repeated: Design | None


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """What was read from one source."""

    contours: Contours
    epe: EpeTable
    cd: tuple[CdRow, ...]
    precision: EdgePrecision | None = None
    roughness: Roughness = field(default_factory=Roughness)
    lattice: Lattice | None = None


def measure(case: Case, document: Document) -> Measurement:
    """Contours, EPE, CD and scores of a case under a document.

    Pure and safe in any thread. What an edit did not touch is remembered by the identity of the values it was read
    from, so that a brush stroke costs only the approved shape's own rows.

    Notes
    -----
    EPE and gauges against the design need a design with a tone, a pixel size and a registration that somebody vouches
    for; otherwise `reasons` tells which is wanting. Gauges placed by hand are read with any registration. Lines,
    spaces, pitches, holes and roughness of a picture that repeats need no place in a design: without one that can be
    used they are found in the picture, and their rows say so. CD and roughness are in nm of the scale that the settings
    choose, EPE in design nm (through the registration).
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
    ignored = IgnoredBy.of(case.sem, document.ignore, design, document.registration)
    scale = measuring_scale(case, document)
    # What repeats can be read off the picture alone: nobody need know where in the design it lies.
    without_design = (
        "; ".join(reason.rpartition(": ")[2] for reason in reasons) if design is None and scale.known else None
    )
    repeated = case.design if design is None and document.registration.trust.verdict == "periodic" else None
    under = _Conditions(
        case.sem, design, document.registration, settings, ignored, document.gauges, scale, without_design, repeated
    )
    for source, shape in shapes.items():
        readings[source] = _read_shape(source, shape, under)
    seeds = design if design is not None else case.prediction
    readings["sem"] = _read_sem(seeds, under)
    summaries = {source: summarise(reading.epe, settings.tolerance_nm) for source, reading in readings.items()}
    return Measurement(
        contours={source: reading.contours for source, reading in readings.items()},
        epe=EpeTable.concatenated([reading.epe for reading in readings.values()]),
        cd=tuple(row for reading in readings.values() for row in reading.cd),
        scores=_scores(case.prediction, document.correction, under, readings),
        epe_summary=summaries if design is not None else {},
        reasons=reasons,
        seconds=time.perf_counter() - begun,
        precision=readings["sem"].precision,
        roughness=readings["sem"].roughness.rows,
        spectra=readings["sem"].roughness.spectra,
        scale=scale,
        lattice=readings["sem"].lattice,
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
    return _read(source, shape_contours(shape_of), under, "half contour")


@lru_cache(maxsize=4)
def _read_sem(seeds_from: Design | Prediction | None, under: _Conditions) -> _Reading:
    """Contours found in the picture from the design, else the prediction, else a threshold, and what they measure."""
    sem, registration, settings = under.sem, under.registration, under.settings
    nm_per_px = registration.frame.nm_per_px
    reach_px = edge_reach_nm(settings, nm_per_px) / nm_per_px if np.isfinite(nm_per_px) else FALLBACK_REACH_PX
    if seeds_from is None:
        contours = picture_contours(sem, settings, reach_px)
    elif isinstance(seeds_from, Design):
        contours = sem_contours(sem, design_seeds(seeds_from, registration, sem.shape, reach_px), settings, reach_px)
    else:
        contours = sem_contours(sem, outline_seeds(shape_contours(seeds_from).outlines, reach_px), settings, reach_px)
    reading = _read("sem", contours, under, settings.edge_algorithm)
    rough, lattice = Roughness(), None
    if under.design is not None:
        rough = _drawn_roughness(under.design, under, reach_px)
    elif under.without_design is not None:
        lattice = picture_lattice(sem, under.pixel_size)
        found = lattice_gauges(lattice, contours, registration, sem.shape)
        ignored = ignored_region(under.ignored)
        rows = measure_cd(
            found, contours, registration, under.pixel_size, sem.shape, "sem", settings.edge_algorithm, ignored
        )
        lines = lines_without_design(rows, found)
        rough = measure_roughness(sem, under.pixel_size, lines, registration, settings, reach_px, ignored)
        if not rough.rows and under.repeated is not None:
            rough = _drawn_roughness(under.repeated, under, reach_px)
        rows = lattice_rows(lattice, registration, under.pixel_size, settings.edge_algorithm) + rows
        reading = replace(reading, cd=told_without_design(rows, under.without_design) + reading.cd)
        rough = replace(rough, rows=told_without_design(rough.rows, under.without_design))
    return replace(reading, precision=edge_precision(contours, sem), roughness=rough, lattice=lattice)


_Row = TypeVar("_Row", CdRow, RoughnessRow)


def told_without_design(rows: tuple[_Row, ...], why: str) -> tuple[_Row, ...]:
    """The rows with why they are not of the design's own gauges; `why` empty: there is no design to be missed."""
    if not why:
        return rows
    said = f"found in the picture, without the design: {why}"
    return tuple(replace(row, reason="; ".join(filter(None, (row.reason, said)))) for row in rows)


def _drawn_roughness(design: Design, under: _Conditions, reach_px: float) -> Roughness:
    """Roughness of the lines that the design draws."""
    if not design.target:
        return Roughness()
    registration = under.registration
    nm_per_px = registration.frame.nm_per_px
    near = tuple(np.round(registration.parameters / (nm_per_px, nm_per_px, *NUDGES)).tolist())
    return _roughness(
        under.sem, under.pixel_size, design, registration.frame, near, under.settings, under.ignored.drawn, reach_px
    )


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
) -> Roughness:
    """Where a line is looked for does not move its edges: the nearest of registrations about a pixel apart will do."""
    values = np.array(near) * (frame.nm_per_px, frame.nm_per_px, *NUDGES)
    registration = Registration(frame, *values.tolist())
    gauges = _design_gauges(design, registration, sem.shape)
    ignored = ignored_region(IgnoredBy.of(sem, ignore, design, registration))
    lines = drawn_lines(gauges, design)
    return measure_roughness(sem, pixel_size, lines, registration, settings, reach_px, ignored)


def _read(source: Source, contours: Contours, under: _Conditions, edge_algorithm: str) -> _Reading:
    design, registration, shape = under.design, under.registration, under.sem.shape
    ignored = ignored_region(under.ignored)
    gauges = under.gauges
    epe = EpeTable.concatenated([])
    if design is not None and design.tone is not None:
        points = _design_points(design, registration, shape, under.settings)
        sem = under.sem if source == "sem" else None
        epe = measure_epe(points, contours, registration, shape, ignored, source, design.tone, sem, under.settings)
        gauges += _design_gauges(design, registration, shape)
    tone: Tone = "raised" if design is None or design.tone is None else design.tone
    cd = measure_cd(gauges, contours, registration, under.pixel_size, shape, source, edge_algorithm, ignored, tone)
    return _Reading(contours, epe, cd)


_design_points = lru_cache(maxsize=4)(design_points)
_design_gauges = lru_cache(maxsize=4)(design_gauges)


def _scores(
    prediction: Prediction | None, correction: Coverage | None, under: _Conditions, readings: Mapping[Source, _Reading]
) -> tuple[ScoreRow, ...]:
    if prediction is None:
        return ()
    rows = []
    own = readings["prediction"].epe, readings["prediction"].cd
    if correction is not None:
        other = readings["approved"].epe, readings["approved"].cd
        rows.append(
            score_against_approved(prediction, correction, under.ignored, under.pixel_size, own, other, under.design)
        )
    if under.design is not None:
        rows.append(
            score_against_design(prediction, under.design, under.registration, under.ignored, under.pixel_size, own)
        )
    return tuple(rows)
