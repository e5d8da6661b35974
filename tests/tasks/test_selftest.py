import math

import numpy as np

from semiview.tasks.progress import Progress
from semiview.tasks.selftest import USUAL, conditions, run_trial, selftest


def test_that_every_condition_differs_from_the_others_and_periodic_ones_are_among_them() -> None:
    names = [(varied, value) for varied, value, _ in conditions()]
    assert len(set(names)) == len(names)
    assert {varied for varied, _ in names} >= {"dose", "rotation", "scale", "shear", "pattern"}


def test_that_a_trial_compares_with_truth_and_bound() -> None:
    outcome = run_trial(USUAL, 0)
    assert outcome.verdict == "unique"
    assert 0 < outcome.median_px < outcome.worst_px < 0.4
    # One field's error lies anywhere between a fifth and five times the bound.
    assert 0.2 < np.sqrt(outcome.mean_square / outcome.least_mean_square) < 5


def test_that_the_selftest_tells_how_far_it_is() -> None:
    task = selftest(fields=1)
    first = next(task)
    assert isinstance(first, Progress)
    assert (first.done, first.total) == (0, len(conditions()))
    second = next(task)
    assert isinstance(second, Progress)
    assert second.done == 1
    assert math.isfinite(second.total)
    task.close()
