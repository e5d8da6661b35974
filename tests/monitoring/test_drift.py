"""When the monitor speaks, and when it keeps quiet. The full rates are in benchmarks/drift.py."""

import json

import numpy as np
import pytest

from semiview.monitoring.drift import TAIL, WINDOW, divergence, smallest_change, watch
from semiview.monitoring.features import BINS, FEATURES, GreyRange, ImageFeatures
from semiview.monitoring.reference import Observation, Profile, Reference, Stratum

MEAN = np.array([80.0, 100.0, 0.05, 4.0, 10.0, 10.0])
SPREAD = 0.05 * MEAN


def pictures(
    count: int, seed: int, change: dict[str, float] | None = None, of_group: int = 1, group_share: float = 0.0
) -> list[Observation]:
    """Normal features, sd 5 %; `change` is relative; grey levels are a bell whose width is the contrast."""
    rng = np.random.default_rng(seed)
    factor = 1 + np.array([(change or {}).get(name, 0.0) for name in FEATURES])
    found = []
    for number in range(count):
        if number % of_group == 0:
            lot = np.sqrt(group_share) * rng.standard_normal(len(FEATURES))
        values = MEAN * factor + SPREAD * (lot + np.sqrt(1 - group_share) * rng.standard_normal(len(FEATURES)))
        bell = np.exp(-0.5 * ((np.arange(BINS) - values[0] / 4) / (values[1] / 16)) ** 2)
        features = ImageFeatures.of(values.tolist(), (bell / bell.sum()).tolist())
        found.append(Observation(f"{seed}-{number}", f"{seed}-{number // of_group}", features))
    return found


def profile(seed: int = 0, count: int = 100, **how: float) -> Profile:
    return Profile.of(Stratum("T", "M1", "sram", "2"), GreyRange(0, 256), pictures(count, seed, **how))


def test_that_pictures_like_the_reference_are_steady():
    alarms = [
        window.state != "steady"
        for seed in range(20)
        for window in watch(profile(seed), pictures(100, 900 + seed)).windows
    ]
    assert len(alarms) == 100
    assert np.mean(alarms) <= 0.005


@pytest.mark.parametrize(("feature", "change"), [("contrast", -0.1), ("edge_width", 0.1), ("noise", 0.3)])
def test_that_a_change_of_two_standard_deviations_is_found_by_the_third_window(feature: str, change: float):
    for seed in range(4):
        found = watch(profile(seed), pictures(60, 500 + seed, {feature: change}))
        assert found.state == "drift"
        assert found.feature == feature
        assert found.since == found.windows[0].names[0]
        assert set(found.examples) <= set(found.windows[-1].names)
        assert found.change == pytest.approx(change, abs=0.05)


def test_that_the_onset_is_the_window_in_which_the_change_began():
    seen = pictures(40, 1) + pictures(40, 2, {"contrast": -0.15})
    assert watch(profile(), seen).since == "2-0"


def test_that_lots_do_not_alarm_although_windows_of_one_lot_differ():
    reference = profile(0, 100, of_group=10, group_share=0.5)
    alarms = []
    for seed in range(30):
        reference = profile(seed, 100, of_group=10, group_share=0.5)
        seen = pictures(60, 700 + seed, of_group=WINDOW, group_share=0.5)
        alarms += [window.state != "steady" for window in watch(reference, seen).windows]
    assert np.mean(alarms) <= 0.005
    blind = Profile(*(getattr(reference, n) for n in ("stratum", "bins", "names")), reference.names, reference.values,
                    reference.histograms)  # fmt: skip
    alone = [Observation(one.name, one.name, one.features) for one in pictures(60, 700, of_group=20, group_share=0.5)]
    assert any(window.state == "drift" for window in watch(blind, alone).windows)  # what the groups are for


def test_that_what_a_window_can_see_is_said_for_its_number_of_lots():
    reference = profile(0, 100, of_group=10, group_share=0.5)
    alone, lot = smallest_change(reference, WINDOW, WINDOW), smallest_change(reference, WINDOW, 1)
    assert (lot > 2 * alone).all()


def test_that_a_slow_change_is_told_by_the_moving_average():
    seen = [one for step in range(12) for one in pictures(20, 40 + step, {"noise": 0.006 * step})]
    found = watch(profile(3), seen)
    assert found.state in ("slow change", "drift")
    assert found.feature == "noise"


def test_that_a_reference_of_one_group_never_alarms_and_says_why():
    found = watch(profile(0, 40, of_group=40), pictures(20, 5, {"contrast": -0.5}))
    assert found.state == "steady"
    assert "one group" in found.note


def test_that_a_small_reference_says_so():
    assert "29 reference images" in watch(profile(0, 29), []).note
    assert watch(profile(0, 30), []).note == ""
    assert watch(profile(0, 30), pictures(19, 1)).state == "waiting"


def test_that_a_feature_that_never_varied_alarms_only_if_it_changes():
    one = pictures(60, 0)[0].features
    still = Profile.of(Stratum(), GreyRange(0, 256), [Observation(str(i), str(i), one) for i in range(30)])
    same = watch(still, [Observation(str(i), str(i), one) for i in range(20)])
    assert same.state == "steady"
    other = ImageFeatures.of((one.values() * 1.01).tolist(), np.roll(one.histogram, 3).tolist())
    assert watch(still, [Observation(str(i), str(i), other) for i in range(20)]).state == "drift"


def test_that_divergence_is_nought_for_equal_and_positive_for_other_histograms():
    even = np.full(BINS, 1 / BINS)
    assert divergence(even, even) == 0
    assert divergence(np.roll(pictures(1, 0)[0].features.histogram, 2), even) > 0


def test_that_variances_of_lots_are_those_they_were_made_with():
    values = pictures(4000, 11, of_group=10, group_share=0.4)
    between, within = Profile.of(Stratum(), GreyRange(0, 256), values).variances
    assert np.sqrt(between) / SPREAD == pytest.approx(np.full(6, np.sqrt(0.4)), rel=0.12)
    assert np.sqrt(within) / SPREAD == pytest.approx(np.full(6, np.sqrt(0.6)), rel=0.05)


def test_that_the_expected_rate_bounds_what_a_normal_feature_does():
    assert watch(profile(), []).expected_false_alarms == pytest.approx(12 * TAIL)


def test_that_a_reference_comes_back_from_its_file_and_a_changed_one_is_refused():
    one = profile(0, 30, of_group=3)
    reference = Reference(2, "2026-01-01T00:00:00+00:00", ("a", "b"), {one.stratum: one})
    back = Reference.from_json(reference.to_json())
    again = back.profiles[one.stratum]
    assert (back.number, back.records, again.names, again.groups) == (2, ("a", "b"), one.names, one.groups)
    assert again.values == pytest.approx(one.values, rel=1e-6)
    assert watch(again, pictures(60, 9)).state == watch(one, pictures(60, 9)).state
    said = json.loads(reference.to_json())
    said["strata"][0]["pictures"][0]["features"][0] += 1
    with pytest.raises(ValueError, match="not what was written"):
        Reference.from_json(json.dumps(said).encode())
    with pytest.raises(ValueError, match="newer"):
        Reference.from_json(b'{"format": 99}')
