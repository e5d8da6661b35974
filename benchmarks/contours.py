"""Half contours beside scikit-image's find_contours on one map: time of each, ratio, and largest coordinate difference.

Times are of one core's work, the best of several.

Run: python -m benchmarks.contours
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree
from skimage.measure import find_contours

from semiview.core.outline import Points
from semiview.metrology.contour import half_contours, on_border

SHAPE = (1370, 2048)
REPEATS = 5

their_contours: Callable[..., list[Points]] = find_contours  # scikit-image carries no annotations


def main() -> None:
    noise = np.random.default_rng(0).normal(size=SHAPE)
    print(f"{'map':>22} {'points':>8} {'ours ms':>8} {'skimage ms':>10} {'ratio':>6} {'max difference px':>18}")
    for name, width in (("coarse features", 24.0), ("dense features", 8.0), ("very dense features", 4.0)):
        smooth = gaussian_filter(noise, width)
        probability = 1 / (1 + np.exp(-8 * smooth / smooth.std()))
        ours, our_ms = timed(lambda: half_contours(probability))  # noqa: B023
        theirs, their_ms = timed(lambda: their_contours(probability, 0.5))  # noqa: B023
        own = np.concatenate(ours)
        own = own[~on_border(own, SHAPE)]
        other = np.concatenate(theirs)[:, ::-1]
        apart = max(float(np.max(KDTree(a).query(b)[0])) for a, b in ((own, other), (other, own)))
        print(f"{name:>22} {len(own):8d} {our_ms:8.1f} {their_ms:10.1f} {their_ms / our_ms:6.1f} {apart:18.2e}")


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """The answer, and the best of several processor times in ms."""
    best = float("inf")
    for _ in range(REPEATS):
        begun = time.process_time()
        answer = run()
        best = min(best, time.process_time() - begun)
    return answer, 1e3 * best


if __name__ == "__main__":
    main()
