"""A rate over cases that nobody chose is the true one, however the others were chosen."""

import numpy as np
import pytest

from semiview.monitoring.random_share import Rate, random_order, random_share, rate_of


def test_that_the_interval_is_the_known_one() -> None:
    low, high = Rate(5, 20).bounds()
    assert (low, high) == pytest.approx((0.0866, 0.4910), abs=1e-4)  # tables of Clopper and Pearson
    assert Rate(0, 20).bounds() == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert Rate(20, 20).bounds()[1] == 1
    assert Rate().bounds() == (0, 1)
    assert np.isnan(Rate().share)
    assert "5 of 20 (25 %, 95 % interval 9 to 49 %)" in Rate(5, 20).words


def test_that_the_front_of_the_order_counts_up_to_the_first_case_that_nobody_decided() -> None:
    order = random_order(f"c{n}" for n in range(10))
    decided = dict.fromkeys((order[0], order[2], order[3], order[7]), True)
    assert list(random_share(order[::-1], decided, [order[1]])) == [order[0], order[2], order[3]]
    assert list(random_share(order, decided)) == [order[0]]


def test_that_it_is_unbiased_where_the_bad_ones_are_reviewed_first() -> None:
    rng = np.random.default_rng(0)
    found, everything = [], []
    for run in range(300):
        bad = {f"{run}-{n}": bool(rng.random() < 0.2) for n in range(200)}
        by_value = sorted(bad, key=lambda case_id: bad[case_id] + rng.normal(0, 0.3), reverse=True)
        by_chance = random_order(bad)
        decided: dict[str, bool] = {}
        for place in range(1, 101):
            queue = by_chance if place % 5 == 0 else by_value
            case_id = next(one for one in queue if one not in decided)
            decided[case_id] = bad[case_id]
        found.append(rate_of(random_share(bad, decided).values()).share)
        everything.append(rate_of(decided.values()).share)
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(0.2, abs=3 * error)
    assert np.mean(everything) > 0.3
