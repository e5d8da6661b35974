"""When a run is proposed. Drift alone never does it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.monitoring.random_share import Rate
from semiview.monitoring.reference import Stratum
from semiview.monitoring.triggers import StratumReview, TriggerRules, advise

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SRAM = Stratum("CD1", "M1", "sram", "2")


def review(**what: object) -> StratumReview:
    return StratumReview(SRAM, **what)


def test_that_enough_new_corrections_are_enough_wherever_they_lie():
    half = (review(new_corrections=10), StratumReview(Stratum("CD2"), new_corrections=10))
    assert advise(half, NOW, None).train
    assert not advise((review(new_corrections=19),), NOW, None).train


def test_that_drift_needs_corrections_in_its_own_stratum():
    elsewhere = StratumReview(Stratum("CD2"), new_corrections=15)
    said = advise((review(moved="contrast", to_review=tuple("abcdefg")), elsewhere), NOW, None)
    assert not said.train
    assert said.review_first == ("a", "b", "c", "d", "e")
    assert "drift alone does not" in said.asks[0]
    with_own = advise((review(moved="contrast", new_corrections=5),), NOW, None)
    assert with_own.train
    assert with_own.asks == ()


@given(st.integers(0, 4), st.integers(0, 200), st.integers(0, 3))
def test_that_drift_alone_never_trains(corrections: int, accepted: int, corrected: int):
    one = review(
        moved="noise", new_corrections=corrections, accepted=accepted, corrected=min(corrected, accepted // 40)
    )
    assert not advise((one,), NOW, None).train


def test_that_a_rate_counts_only_when_it_is_surely_above_its_limit():
    assert advise((review(new_corrections=1, accepted=10, corrected=10),), NOW, None).train
    assert not advise((review(new_corrections=1, accepted=15, corrected=5),), NOW, None).train  # 25 % of 20
    assert advise((review(new_corrections=1, accepted=300, corrected=100),), NOW, None).train  # 25 % of 400
    assert not advise((review(accepted=10, corrected=10),), NOW, None).train  # all of them learned from already
    assert not advise((review(new_corrections=5, accepted=0, corrected=5),), NOW, None).train  # too few decisions


def test_that_the_cool_down_holds_a_run_back_and_says_how_long():
    many = (review(new_corrections=50),)
    said = advise(many, NOW, NOW - timedelta(hours=2))
    assert not said.train
    assert said.reasons
    assert "10.0 h to go" in said.waits
    assert advise(many, NOW, NOW - timedelta(hours=12)).train
    assert advise(many, NOW, NOW - timedelta(hours=2), TriggerRules(cool_down_h=1)).train


def test_that_the_random_sample_speaks_where_it_is_large_enough():
    chosen = review(new_corrections=1, accepted=20, corrected=30, at_random=Rate(1, 20))  # the bad ones came first
    assert not advise((chosen,), NOW, None).train
    small = review(new_corrections=1, accepted=20, corrected=30, at_random=Rate(1, 19))
    assert advise((small,), NOW, None).train
    bad = advise((review(new_corrections=1, accepted=90, corrected=10, at_random=Rate(10, 20)),), NOW, None)
    assert "10 of 20 predictions of a random sample" in bad.reasons[0]


def test_that_rules_refuse_what_they_cannot_obey():
    for wrong in ({"corrections": 0}, {"correction_rate": 0.0}, {"cool_down_h": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            TriggerRules(**wrong)
