"""How far beyond the edge of the material a measured contour and a prediction lie, in simulated pictures.

A measured contour is where the grey crosses a threshold, a share of a pixel beyond the material that depends on rim,
shadow and beam. Of the shipped checkpoints one has learned where the material ends, the other where a contour is
measured.

Run: python -m benchmarks.edge_definition [FIELDS]
"""

import sys

import numpy as np

from semiview.learning.checkpoint_file import load_network
from semiview.learning.evaluation import contour_errors_px
from semiview.learning.inference import predict_scaled
from semiview.learning.placement_examples import as_measured
from semiview.learning.registry import read_reference, shipped_paths
from semiview.learning.samples import Plane, Sample
from semiview.learning.simulated_samples import simulated_sample, smallest_width_px

FIRST_SEED, LEAST_PX, LEAST_DOSE = 43_000_000, 20.0, 40.0
KINDS = ("line_space", "isolated", "bars")


def beyond_px(shape: Plane, sample: Sample) -> float:
    """Median distance of a shape's contour beyond the true edge; NaN without a contour."""
    errors = contour_errors_px(shape, sample.target, sample.weight < 0.5)
    return float(np.nanmedian(errors)) if np.isfinite(errors).any() else float("nan")


def spread(beyond: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    low, high = np.quantile(beyond, (0.1, 0.9))
    return f"mean {np.mean(beyond):+.3f}, sd {np.std(beyond):.3f}, 80 % in {low:+.2f} to {high:+.2f}"


def main() -> None:
    fields = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    networks = [load_network(path)[0] for path in shipped_paths()]
    found: list[tuple[float, ...]] = []
    seed = FIRST_SEED
    while len(found) < fields:
        kind = KINDS[seed % len(KINDS)]
        if smallest_width_px(seed, kind) >= LEAST_PX:
            sample = simulated_sample(seed, kind, LEAST_DOSE)
            shapes = [as_measured(sample).target, *(predict_scaled(network, sample.pixels) for network in networks)]
            beyond = tuple(beyond_px(shape, sample) for shape in shapes)
            if np.isfinite(beyond).all():
                found.append(beyond)
        seed += 1
    print(f"{fields} fields, features of {LEAST_PX:g} px and a dose of {LEAST_DOSE:g} at least; px beyond an edge")
    names = ["measured contour", *(read_reference(path).id for path in shipped_paths())]
    columns = np.array(found).T
    for name, column in zip(names, columns, strict=True):
        print(f"{name:20} of the material: {spread(column)}; as measured: {spread(column - columns[0])}")


if __name__ == "__main__":
    main()
