"""How often the gate promotes a network that is no better, and how often one that is.

Simulated retrainings: paired gains of a metric on 100 held-out images of G groups, with a within-group correlation.
No gain: at most 6 % promoted with 20 groups, 10 % with 10. A gain of half the paired difference's standard deviation:
at least 88 % promoted with 20 groups.

Run: python -m benchmarks.gate [RUNS [GROUPS ...]]
"""

import sys

import numpy as np

from semiview.learning.gate import SampleScores, compare

IMAGES = 100
CORRELATIONS = (0.0, 0.1, 0.2, 0.3)
LEVEL, SPREAD, PAIRED_SD = 0.9, 0.03, 0.01  # of the IoU: level, spread over images, sd of the paired difference
FAULT_RATE = 0.1  # missing, bridged or extra features an image, in both networks alike
TYPES = ("line_space", "contact", "logic", "sram")


def scores(iou: float, number: int, group: int, groups: int, faults: int) -> SampleScores:
    # The pattern type is of the group, as it is where a group is a structure.
    kind = TYPES[group * len(TYPES) // groups]
    name = str(number)
    return SampleScores(name, name, str(group), kind, iou, iou, iou, 1 - iou, 20.0, 1.0, 1.0, 3.0, 5.0, faults, 0, 0)


def promoted(groups: int, correlation: float, gain: float, run: int) -> bool:
    """One retraining, with a gain in standard deviations of the paired difference."""
    rng = np.random.default_rng((run, groups, int(100 * correlation)))
    of_image = rng.permutation(np.arange(IMAGES) % groups)
    easy = LEVEL + SPREAD * rng.standard_normal(IMAGES)
    shared = np.sqrt(correlation) * rng.standard_normal(groups)[of_image]
    difference = PAIRED_SD * (gain + shared + np.sqrt(1 - correlation) * rng.standard_normal(IMAGES))
    faults = rng.poisson(FAULT_RATE, (2, IMAGES))
    before = [scores(easy[i], i, int(of_image[i]), groups, int(faults[0, i])) for i in range(IMAGES)]
    after = [scores(easy[i] + difference[i], i, int(of_image[i]), groups, int(faults[1, i])) for i in range(IMAGES)]
    return compare(before, after).verdict == "promote"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    wanted = [int(count) for count in sys.argv[2:]] or [20, 10]
    print(f"{'gain sd':>8} {'groups':>7} {'correlation':>12} {'runs':>6} {'promoted %':>11} {'error %':>8}")
    for groups in wanted:
        for gain in (0.0, 0.5):
            for correlation in CORRELATIONS:
                share = float(np.mean([promoted(groups, correlation, gain, run) for run in range(runs)]))
                error = float(np.sqrt(share * (1 - share) / runs))
                row = f"{gain:8.1f} {groups:7d} {correlation:12.1f} {runs:6d}"
                print(f"{row} {100 * share:11.2f} {100 * error:8.2f}", flush=True)


if __name__ == "__main__":
    main()
