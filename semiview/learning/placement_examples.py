"""Where a network put the edges of known shapes, and where they are: what its `EdgePlacement` learns from."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch

from semiview.core.document import MeasureSettings
from semiview.core.raster import coverage
from semiview.core.sem_image import SemImage
from semiview.learning.edge_placement import LOOK_SIZE, Values, look_of
from semiview.learning.evaluation import contour_errors_px
from semiview.learning.inference import unplaced
from semiview.learning.networks import PatternNet
from semiview.learning.samples import Sample
from semiview.metrology.contour import half_contours, outline_seeds, sem_contours

Example = tuple[Values, float]

LEAST_EDGES = 20
REACH_PX = 6.0  # for a measured contour, from the true one
LARGEST_ERROR_PX = 1.0  # more is no shift of an edge but another edge


def example(network: PatternNet, sample: Sample, device: torch.device | None = None) -> Example | None:
    """What the edges of a sample look like to a network, and by how many of its px they should go outward.

    None where too few edges were found, or others.
    """
    return examples_of(network, (sample,), device)[0]


def examples_of(
    network: PatternNet, shapes: Sequence[Sample], device: torch.device | None = None
) -> list[Example | None]:
    """As `example`, of one picture with several approved shapes."""
    pixels = shapes[0].pixels
    said, factor = unplaced(network, pixels, device=device)
    look = look_of(said, pixels, factor)
    found: list[Example | None] = []
    for sample in shapes:
        errors_px = factor * contour_errors_px(said, sample.target, sample.weight < 0.5)
        errors_px = errors_px[np.isfinite(errors_px)]
        is_shift = len(errors_px) >= LEAST_EDGES and abs(np.median(errors_px)) <= LARGEST_ERROR_PX
        found.append((look, -float(np.median(errors_px))) if look is not None and is_shift else None)
    return found


def as_measured(sample: Sample) -> Sample:
    """A sample with the contours that are measured in its picture instead of its shape, from which they are sought."""
    seeds = outline_seeds(half_contours(sample.target), REACH_PX)
    found = sem_contours(SemImage.from_pixels(sample.pixels), seeds, MeasureSettings(), REACH_PX)
    return replace(sample, target=coverage(found.outlines, sample.target.shape))


def stacked(examples: Iterable[Example | None]) -> tuple[Values, Values]:
    """(N, LOOK_SIZE) looks and (N,) shifts in px of the examples that are some."""
    some = [one for one in examples if one is not None]
    looks, shifts_px = np.array([look for look, _ in some]), np.array([shift for _, shift in some])
    return looks.reshape(len(some), LOOK_SIZE), shifts_px
