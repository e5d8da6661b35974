"""How well a prediction matches an approved shape: image scores, and EPE of one against the other in nm."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.core.sem_image import PixelSize
from semiview.learning.gate import SampleScores
from semiview.learning.samples import Plane, Sample
from semiview.metrology.contour import half_contours, on_border
from semiview.metrology.crossing import SegmentGrid
from semiview.metrology.pixel_scores import pixel_scores
from semiview.metrology.walk import walk

STEP_PX = 2.0
CHORD_PX = 3.0
REACH_PX = 12.0
CELL_PX = 8.0
UPSIDE_DOWN = np.array([1.0, -1.0])
LARGEST_SPECK_PX = 12  # a feature of fewer pixels is no feature
MOST_PSNR_DB = 100.0


@dataclass(frozen=True, slots=True)
class Faults:
    """Features that came out wrong altogether."""

    missing: int
    bridge: int
    extra: int


def score(sample: Sample, probability: Plane) -> SampleScores:
    """Scores of one prediction against the sample's approved shape; ignored pixels count nowhere."""
    ignored = sample.weight < 0.5
    approved, predicted = np.where(ignored, 0, sample.target), np.where(ignored, 0, probability)
    size = PixelSize(*sample.nm_per_px) if np.isfinite(sample.nm_per_px).all() else PixelSize()
    scores = pixel_scores(probability, sample.target, ignored, size)
    nm_per_px = float(np.sqrt(np.prod(sample.nm_per_px)))
    errors = nm_per_px * contour_errors_px(probability, sample.target, ignored)
    errors = errors[np.isfinite(errors)]
    faults = count_faults(predicted >= 0.5, approved >= 0.5)
    return SampleScores(
        sample.sample_id,
        sample.case_id,
        sample.group,
        sample.pattern_type,
        scores.iou,
        scores.dice,
        scores.ssim,
        scores.l1,
        min(scores.psnr, MOST_PSNR_DB),
        float(np.abs(errors).mean()) if len(errors) else float("nan"),
        float(abs(errors.mean())) if len(errors) else float("nan"),
        float(3 * errors.std()) if len(errors) else float("nan"),
        float(np.abs(errors).max()) if len(errors) else float("nan"),
        faults.missing,
        faults.bridge,
        faults.extra,
    )


def contour_errors_px(probability: Plane, approved: Plane, ignored: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(N,) signed distance of the predicted contour from points on the approved one, along its normals.

    Positive: the prediction has material beyond the approved edge. NaN where there is no predicted edge of the same
    sense within 12 px. Points on the picture's border or beside ignored pixels are left out.
    """
    height, width = approved.shape
    # `walk` goes with y up: the rows are turned round for it, and its normals back.
    steps = walk([outline * UPSIDE_DOWN for outline in half_contours(approved)], STEP_PX, CHORD_PX)
    points, normals = steps.points * UPSIDE_DOWN, steps.normals * UPSIDE_DOWN
    column, row = np.rint(points).astype(np.int64).T
    blocked = ndimage.binary_dilation(ignored, iterations=2)
    counted = ~blocked[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    counted &= ~on_border(points, approved.shape)
    points, normals = points[counted], normals[counted]
    errors = np.full(len(points), np.nan)
    reach = np.full(len(points), REACH_PX)
    grid = SegmentGrid.of(half_contours(probability), CELL_PX, rows_down=True)
    crossings = grid.crossings(points, normals, -reach, reach)
    nearest = crossings.where(crossings.cosine > 0).nearest()
    errors[nearest.line] = nearest.along
    return errors


def count_faults(predicted: npt.NDArray[np.bool_], approved: npt.NDArray[np.bool_]) -> Faults:
    """Count approved features without prediction, predictions that join features, and predictions of nothing."""
    found, found_count = ndimage.label(predicted)
    wanted, wanted_count = ndimage.label(approved)
    pairs = np.unique(np.stack([found[predicted & approved], wanted[predicted & approved]]), axis=1)
    joined = np.bincount(pairs[0], minlength=found_count + 1)[1:]
    met = np.bincount(pairs[1], minlength=wanted_count + 1)[1:]
    found_size = np.bincount(found.ravel(), minlength=found_count + 1)[1:]
    wanted_size = np.bincount(wanted.ravel(), minlength=wanted_count + 1)[1:]
    return Faults(
        int(np.count_nonzero((met == 0) & (wanted_size > LARGEST_SPECK_PX))),
        int(np.maximum(joined - 1, 0).sum()),
        int(np.count_nonzero((joined == 0) & (found_size > LARGEST_SPECK_PX))),
    )
