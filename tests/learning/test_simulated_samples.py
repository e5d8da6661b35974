import numpy as np
import pytest

from semiview.learning.registry import read_reference, starter_path
from semiview.learning.simulated_samples import (
    PATTERN_TYPES,
    REPLAY_SEEDS,
    replay_samples,
    replay_sha256,
    simulated_sample,
    simulated_samples,
)


@pytest.mark.parametrize("pattern_type", PATTERN_TYPES)
def test_that_every_pattern_type_gives_material_and_ground(pattern_type):
    shares = [float(simulated_sample(seed, pattern_type, side_px=128).target.mean()) for seed in range(6)]
    assert 0.02 < np.median(shares) < 0.98


def test_that_a_field_follows_from_its_seed():
    one, other = simulated_sample(5, side_px=128), simulated_sample(5, side_px=128)
    np.testing.assert_array_equal(one.pixels, other.pixels)
    np.testing.assert_array_equal(one.target, other.target)
    assert not np.array_equal(one.pixels, simulated_sample(6, side_px=128).pixels)


def test_that_pixel_sizes_span_two_decades_and_types_take_turns():
    samples = list(simulated_samples(range(len(PATTERN_TYPES) * 2)))
    assert [sample.pattern_type for sample in samples] == [*PATTERN_TYPES, *PATTERN_TYPES]
    sizes = [sample.nm_per_px[0] for sample in samples]
    assert max(sizes) / min(sizes) > 10


def test_that_the_set_to_replay_is_the_one_that_the_shipped_checkpoint_was_made_with():
    said = read_reference(starter_path()).card["replay"]
    assert said["seeds"] == [REPLAY_SEEDS.start, REPLAY_SEEDS.stop]
    assert said["sha256"] == replay_sha256()
    kinds = [sample.pattern_type for sample in replay_samples()]
    assert {kind: kinds.count(kind) for kind in PATTERN_TYPES} == dict.fromkeys(PATTERN_TYPES, len(kinds) // 8)
