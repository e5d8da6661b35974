import numpy as np
import pytest

from semiview.learning.samples import Sample, draw_batch, middle_batch, scaled


def sample(name="s", pattern_type="t", shape=(96, 80), nm_per_px=(2.0, 2.0), value=None):
    rng = np.random.default_rng(len(name))
    pixels = rng.random(shape).astype(np.float32) if value is None else np.full(shape, value, np.float32)
    weight = np.ones(shape, np.float32)
    return Sample(name, name, name, pattern_type, pixels, pixels.copy(), weight, nm_per_px)


def test_that_the_scale_does_not_know_gain_and_offset():
    picture = np.random.default_rng(0).integers(20, 90, (64, 64)).astype(np.uint8)
    brighter = picture.astype(np.uint16) * 300 + 1000
    np.testing.assert_allclose(scaled(picture), scaled(brighter), atol=1e-4)


def test_that_the_scale_is_the_same_every_time_and_bounded():
    picture = np.random.default_rng(0).poisson(3, (64, 64)).astype(np.uint8)
    picture[3, 3] = 255
    np.testing.assert_array_equal(scaled(picture), scaled(picture))
    assert np.abs(scaled(picture)).max() <= 3


def test_that_a_flat_picture_becomes_zero():
    assert not scaled(np.full((40, 40), 77, np.uint8)).any()


def test_that_picture_and_shape_are_cut_and_turned_alike():
    batch = draw_batch([sample()], [], 16, 0, 64, np.random.default_rng(0))
    np.testing.assert_array_equal(batch.pixels, batch.target)


def test_that_patches_hold_grey_values_of_the_picture_and_no_others():
    source = sample()
    batch = draw_batch([source], [], 8, 0, 64, np.random.default_rng(1))
    assert np.isin(batch.pixels, source.pixels).all()


def test_that_pixels_that_are_not_square_are_never_turned_a_quarter():
    rows = np.repeat(np.arange(64, dtype=np.float32)[:, None], 64, axis=1)
    source = Sample("s", "s", "s", "", rows, rows, np.ones_like(rows), (2.0, 2.2))
    batch = draw_batch([source], [], 32, 0, 64, np.random.default_rng(0))
    assert (np.diff(batch.pixels[:, 0], axis=2) == 0).all()
    square = Sample("s", "s", "s", "", rows, rows, np.ones_like(rows), (2.0, 2.0))
    assert np.diff(draw_batch([square], [], 32, 0, 64, np.random.default_rng(0)).pixels[:, 0], axis=2).any()


def test_that_the_wanted_share_is_replayed():
    new, old = sample("new", value=1.0), sample("old", value=-1.0)
    batch = draw_batch([new], [old], 8, 4, 64, np.random.default_rng(0))
    assert int((batch.pixels[:, 0, 0, 0] == -1).sum()) == 4
    assert (draw_batch([new], [], 8, 4, 64, np.random.default_rng(0)).pixels == 1).all()


def test_that_rare_pattern_types_are_drawn_as_often_as_common_ones():
    many = [sample(f"m{i}", "common", value=1.0) for i in range(9)]
    batch = draw_batch([*many, sample("r", "rare", value=-1.0)], [], 400, 0, 64, np.random.default_rng(0))
    assert float((batch.pixels[:, 0, 0, 0] == -1).mean()) == pytest.approx(0.5, abs=0.1)


def test_that_a_picture_smaller_than_the_patch_is_reflected():
    small = sample(shape=(40, 50))
    batch = draw_batch([small], [], 4, 0, 96, np.random.default_rng(0))
    assert batch.pixels.shape == (4, 1, 96, 96)
    assert np.isin(batch.pixels, small.pixels).all()


@pytest.mark.parametrize("shape", [(33, 70), (64, 64), (700, 513)])
def test_that_the_middle_of_a_field_has_sides_the_network_can_halve(shape):
    batch = middle_batch(sample(shape=shape), 512, 32)
    assert all(side % 32 == 0 and 64 <= side <= 512 for side in batch.pixels.shape[2:])
