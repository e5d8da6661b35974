"""Image scores of a prediction, each beside the CD and EPE it stands for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from semiview.core.coverage import FULL, Coverage
from semiview.core.design import Design
from semiview.core.outline import Points
from semiview.core.prediction import Prediction
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.cd import CdRow
from semiview.metrology.contour import shape_contours
from semiview.metrology.crossing import Floats
from semiview.metrology.epe import EpeTable
from semiview.metrology.ignored import IgnoredBy, ignored_region
from semiview.metrology.pixel_scores import PixelScores, divided, pixel_scores


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A row of scores.csv without the case: the prediction against the approved shape or the registered design.

    EPE and CD figures are those of the prediction: against the design where `against` is "design", and the
    difference to the approved shape's own where it is "approved". NaN where `reason` or the case's reasons say why.
    `cd_bias_nm` is how much wider the drawn features are on average: what lies between them (spaces, with tone
    `opening` the lines) counts with the opposite sign; pitches and tips do not count. Without a design, that of the
    lines.
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


def score_against_approved(
    prediction: Prediction,
    correction: Coverage,
    ignored: IgnoredBy,
    pixel_size: PixelSize,
    own: tuple[EpeTable, Sequence[CdRow]],
    other: tuple[EpeTable, Sequence[CdRow]],
    design: Design | None,
) -> ScoreRow:
    """The prediction against the shape that the reviewer drew; EPE and CD of both at the same places."""
    scores = _compared(prediction, correction, ignored, pixel_size)
    count = int(np.sum(own[0].state != "extra"))
    offsets = own[0].epe_nm[:count] - other[0].epe_nm[:count]
    widths = {row.gauge_id: row.cd_nm for row in other[1]}
    biases = _drawn_bias(own[1], [widths[row.gauge_id] for row in own[1]], design)
    return _score_row("approved", scores, offsets, biases)


def score_against_design(
    prediction: Prediction,
    design: Design,
    registration: Registration,
    ignored: IgnoredBy,
    pixel_size: PixelSize,
    own: tuple[EpeTable, Sequence[CdRow]],
) -> ScoreRow:
    """The prediction against the registered design."""
    scores = _compared(prediction, (design, registration), ignored, pixel_size)
    edges = own[0].epe_nm[own[0].feature_class == "edge"]
    biases = _drawn_bias(own[1], [row.cd_design_nm for row in own[1]], design)
    return _score_row("design", scores, edges, biases)


@lru_cache(maxsize=2)
def _design_raster(design: Design, registration: Registration, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """(H, W) share of each pixel that stands, were it printed as drawn."""
    drawn = coverage([registration.outline_to_px(outline) for outline in design.target], shape)
    return drawn if design.tone == "raised" else 1 - drawn


@lru_cache(maxsize=4)
def _compared(
    prediction: Prediction,
    reference: Coverage | tuple[Design, Registration],
    ignored: IgnoredBy,
    pixel_size: PixelSize,
) -> PixelScores:
    """The prediction against a drawn shape or the registered design."""
    region = ignored_region(ignored)
    own = shape_contours(prediction).outlines
    if isinstance(reference, Coverage):
        approved = reference.to_array().astype(np.float32) * np.float32(1 / FULL)
        edges = shape_contours(reference).outlines
        return pixel_scores(prediction.probability, approved, region, pixel_size, own, edges)
    design, registration = reference
    raster = _design_raster(design, registration, ignored.sem.shape)
    outlines = [registration.to_px(outline) for outline in _fine_target(design, registration.frame.nm_per_px)]
    return pixel_scores(prediction.probability, raster, region, pixel_size, own, outlines)


@lru_cache(maxsize=4)
def _fine_target(design: Design, nm_per_px: float) -> tuple[Points, ...]:
    """The drawn outlines with a point at least every pixel."""
    return tuple(divided(outline, nm_per_px) for outline in design.target)


def _drawn_bias(rows: Sequence[CdRow], expected_nm: Sequence[float], design: Design | None) -> Floats:
    """How much wider each drawn feature is than expected, told from its own gauges and from the gaps beside it."""
    material = 1 if design is None or design.tone != "opening" else -1
    return np.array(
        [
            (material if row.mode == "line" else -material) * (row.cd_nm - expected)
            for row, expected in zip(rows, expected_nm, strict=True)
            if row.mode in ("line", "space", "hole")
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
