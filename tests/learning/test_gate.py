import json

import numpy as np
import pytest

from semiview.learning.gate import GateRules, SampleScores, compare, group_bounds


def scores(values, groups, pattern_types=None, faults=0, epe_max_nm=2.0):
    return [
        SampleScores(
            f"s{i}", f"c{i}", group, (pattern_types or ["logic"] * len(values))[i],
            float(value), float(value), float(value), 1 - float(value), 20.0, 1.0, 1.0, 2.0, epe_max_nm, faults, 0, 0,
        )
        for i, (value, group) in enumerate(zip(values, groups, strict=True))
    ]  # fmt: skip


def groups_of(count, size):
    return [f"g{i // size}" for i in range(count * size)]


def grouped_gains(rng, groups, size, gain, correlation):
    """Paired differences of sd 1 with the given correlation within a group."""
    shared = np.repeat(rng.normal(0, np.sqrt(correlation), groups), size)
    return gain + shared + rng.normal(0, np.sqrt(1 - correlation), groups * size)


def test_that_a_clear_gain_on_many_groups_is_promoted():
    rng = np.random.default_rng(0)
    names = groups_of(12, 5)
    old = rng.normal(0.90, 0.01, 60)
    report = compare(scores(old, names), scores(old + rng.normal(0.02, 0.01, 60), names))
    assert report.verdict == "promote"
    assert report.figure("iou").gain == pytest.approx(0.02, abs=0.005)
    assert report.figure("l1").gain == pytest.approx(report.figure("iou").gain)


def test_that_the_same_network_is_not_promoted():
    names = groups_of(12, 5)
    old = scores(np.linspace(0.8, 0.9, 60), names)
    report = compare(old, old)
    assert report.verdict == "reject"
    assert "not sure" in report.reasons[0]


@pytest.mark.parametrize(("groups", "limit"), [(20, 0.06), (10, 0.10)])
def test_that_no_gain_is_promoted_about_as_rarely_as_the_bound_says(groups, limit):
    rng = np.random.default_rng(1)
    names = groups_of(groups, 5)
    runs = 1000
    promoted = sum(group_bounds(grouped_gains(rng, groups, 5, 0.0, 0.3), names, run)[0] > 0 for run in range(runs))
    assert promoted / runs <= limit + 2 * np.sqrt(limit / runs)


def test_that_a_gain_of_half_a_standard_deviation_is_seen():
    rng = np.random.default_rng(2)
    names = groups_of(20, 5)
    runs = 300
    seen = sum(group_bounds(grouped_gains(rng, 20, 5, 0.5, 0.3), names, run)[0] > 0 for run in range(runs))
    assert seen / runs >= 0.88


def test_that_with_few_groups_the_engineer_decides_whatever_the_gain():
    names = groups_of(4, 3)
    old = np.full(12, 0.5)
    for gain in (0.3, -0.3):
        report = compare(scores(old, names), scores(old + gain, names))
        assert report.verdict == "engineer decides"
        assert "12 held-out samples of 4 groups" in report.reasons[0]
        assert report.figure("iou").gain == pytest.approx(gain)


def test_that_a_type_that_gets_worse_stops_the_promotion():
    names = groups_of(20, 5)
    types = ["contact" if i < 30 else "logic" for i in range(100)]
    old = np.full(100, 0.8)
    new = old + np.where(np.array(types) == "contact", -0.01, 0.05)
    report = compare(scores(old, names, types), scores(new, names, types))
    assert report.figure("iou").lower > 0
    assert report.verdict == "reject"
    assert any("contact gets worse" in reason for reason in report.reasons)


def test_that_more_lost_features_stop_the_promotion():
    names = groups_of(12, 5)
    old = np.full(60, 0.8)
    report = compare(scores(old, names), scores(old + 0.05, names, faults=1))
    assert report.verdict == "reject"
    assert any("missing, bridged or extra" in reason for reason in report.reasons)


def test_that_the_largest_epe_error_is_held_to_the_limit():
    names = groups_of(12, 5)
    old = np.full(60, 0.8)
    new = scores(old + 0.05, names, epe_max_nm=9.0)
    assert compare(scores(old, names), new, GateRules(worst_epe_nm=10.0)).verdict == "promote"
    assert compare(scores(old, names), new, GateRules(worst_epe_nm=8.0)).verdict == "reject"


def test_that_an_unknown_pixel_size_leaves_the_other_figures():
    names = groups_of(2, 2)
    unknown = [
        SampleScores(f"s{i}", "c", name, "", 0.5, 0.6, 0.7, 0.1, 20.0, *[float("nan")] * 4, 0, 0, 0)
        for i, name in enumerate(names)
    ]
    report = compare(unknown, unknown)
    assert report.figure("epe_mean") is None
    assert report.figure("dice").current == pytest.approx(0.6)


def test_that_nothing_held_out_is_said_and_not_promoted():
    report = compare([], [])
    assert report.verdict == "engineer decides"
    assert "0 held-out samples" in report.reasons[0]
    json.dumps(report.as_json())


def test_that_one_group_has_no_bounds():
    assert np.isnan(group_bounds(np.ones(3), ["g"] * 3, 0)).all()


def test_that_the_samples_that_lost_most_come_first():
    names = groups_of(5, 1)
    report = compare(scores([0.5] * 5, names), scores([0.6, 0.2, 0.5, 0.4, 0.7], names))
    assert [entry.sample_id for entry in report.worst_changed][:2] == ["s1", "s3"]


def test_that_different_samples_are_not_compared():
    with pytest.raises(ValueError, match="same samples"):
        compare(scores([0.5], ["g"]), scores([0.5, 0.6], ["g", "g"]))
