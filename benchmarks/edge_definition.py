"""How far beyond the edge of the material a measured contour and a prediction lie, in simulated pictures.

A measured contour is where the grey crosses a threshold; the shipped network has learned where material ends. So they
differ by a share of a pixel that depends on rim, shadow and beam, until a network is fine-tuned on approved shapes.

Run: python -m benchmarks.edge_definition [FIELDS]
"""

import sys

import numpy as np

from semiview.core.document import MeasureSettings
from semiview.core.raster import coverage
from semiview.core.sem_image import SemImage
from semiview.learning.checkpoint_file import load_network
from semiview.learning.evaluation import contour_errors_px
from semiview.learning.inference import predict_scaled
from semiview.learning.registry import starter_path
from semiview.learning.samples import Plane, Sample
from semiview.learning.simulated_samples import simulated_sample, smallest_width_px
from semiview.metrology.contour import half_contours, outline_seeds, sem_contours

FIRST_SEED, LEAST_PX, LEAST_DOSE = 43_000_000, 20.0, 40.0
KINDS = ("line_space", "isolated", "bars")
REACH_PX = 6.0


def measured(sample: Sample) -> Plane:
    """Share (H, W) of material within the measured contours, looked for from the true ones."""
    seeds = outline_seeds(half_contours(sample.target), REACH_PX)
    found = sem_contours(SemImage.from_pixels(sample.pixels), seeds, MeasureSettings(), REACH_PX)
    return coverage(found.outlines, sample.target.shape)


def beyond_px(shape: Plane, sample: Sample) -> float:
    """Median distance of a shape's contour beyond the true edge; NaN without a contour."""
    errors = contour_errors_px(shape, sample.target, sample.weight < 0.5)
    return float(np.nanmedian(errors)) if np.isfinite(errors).any() else float("nan")


def main() -> None:
    fields = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    network, _ = load_network(starter_path())
    found: list[tuple[float, ...]] = []
    seed = FIRST_SEED
    while len(found) < fields:
        kind = KINDS[seed % len(KINDS)]
        if smallest_width_px(seed, kind) >= LEAST_PX:
            sample = simulated_sample(seed, kind, LEAST_DOSE)
            shapes = (measured(sample), predict_scaled(network, sample.pixels))
            beyond = tuple(beyond_px(shape, sample) for shape in shapes)
            if np.isfinite(beyond).all():
                found.append(beyond)
        seed += 1
    print(
        f"px beyond the true edge, {fields} fields, features of {LEAST_PX:g} px and a dose of {LEAST_DOSE:g} at least"
    )
    for name, column in zip(("measured contour", "prediction"), np.array(found).T, strict=True):
        low, high = np.quantile(column, (0.1, 0.9))
        print(f"{name:17} mean {np.mean(column):+.3f}, sd {np.std(column):.3f}, 80 % in {low:+.2f} to {high:+.2f}")


if __name__ == "__main__":
    main()
