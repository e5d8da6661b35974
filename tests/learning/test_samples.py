from dataclasses import replace

import numpy as np
import pytest

from semiview.learning.samples import Sample, draw_batch, in_grey, middle_batch, scaled


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


def test_that_picture_shape_and_weight_are_cut_and_turned_alike():
    source = sample()
    source = replace(source, weight=source.pixels.copy())
    batch = draw_batch([source], [], 16, 0, 64, np.random.default_rng(0))
    np.testing.assert_array_equal(batch.pixels, batch.target)
    np.testing.assert_array_equal(batch.pixels, batch.weight)


def test_that_all_eight_turns_and_mirror_images_are_drawn_and_no_other_picture():
    source = sample(shape=(64, 64))
    turned = [np.rot90(source.pixels, quarters) for quarters in range(4)]
    known = [plane.tobytes() for one in turned for plane in (one, one[:, ::-1])]
    drawn = draw_batch([source], [], 200, 0, 64, np.random.default_rng(0)).pixels[:, 0]
    assert {plane.tobytes() for plane in drawn} == set(known)
    flat = replace(source, nm_per_px=(2.0, 2.2))
    drawn = draw_batch([flat], [], 200, 0, 64, np.random.default_rng(0)).pixels[:, 0]
    # What is left turns neither axis into the other, so that x stays x: no axis metadata has to be turned with it.
    half = [plane.tobytes() for one in turned[::2] for plane in (one, one[:, ::-1])]
    assert {plane.tobytes() for plane in drawn} == set(half)


def test_that_patches_hold_grey_values_of_the_picture_and_no_others():
    source = sample()
    batch = draw_batch([source], [], 8, 0, 64, np.random.default_rng(1))
    assert np.isin(batch.pixels, source.pixels).all()


def test_that_patches_show_both_sides_of_an_edge_where_they_can():
    wide = sample(shape=(400, 400), value=0.0)
    target = np.zeros((400, 400), np.float32)
    target[:, 170:230] = 1
    drawn = draw_batch([replace(wide, target=target)], [], 100, 0, 64, np.random.default_rng(0)).target
    both = [0 < plane.mean() < 1 for plane in drawn]
    # A random place shows one of the two edges 31 % of the time, one of eight 95 %.
    assert sum(both) > 85
    ignored = replace(wide, target=target, weight=1 - target)
    assert draw_batch([ignored], [], 4, 0, 64, np.random.default_rng(0)).pixels.shape == (4, 1, 64, 64)


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


def test_that_the_replayed_half_has_every_pattern_type_equally_often():
    old = [*(sample(f"o{i}", "common", value=-1.0) for i in range(9)), sample("r", "rare", value=-2.0)]
    batch = draw_batch([sample("n", value=1.0)], old, 400, 200, 64, np.random.default_rng(0))
    first = batch.pixels[:, 0, 0, 0]
    assert int((first == 1).sum()) == 200
    assert float((first == -2).sum()) == pytest.approx(100, abs=25)


def test_that_every_patch_of_a_picture_keeps_the_scale_of_the_whole():
    dark_half = np.zeros((128, 128), np.uint16)
    dark_half[:, 64:] = 1000
    whole = scaled(dark_half)
    source = replace(sample(shape=(128, 128)), pixels=whole, target=whole)
    batch = draw_batch([source], [], 50, 0, 64, np.random.default_rng(0))
    assert set(np.unique(batch.pixels)) == {np.float32(-1), np.float32(1)}  # a patch all dark is not stretched


def test_that_the_scale_can_be_undone_to_the_grey_levels_of_the_picture():
    picture = np.random.default_rng(0).integers(1000, 50_000, (64, 64)).astype(np.uint16)
    values = scaled(picture)
    inside = np.abs(values) < 3
    np.testing.assert_allclose(in_grey(values, picture)[inside], picture[inside], rtol=1e-3)


def test_that_a_picture_smaller_than_the_patch_is_reflected():
    small = sample(shape=(40, 50))
    batch = draw_batch([small], [], 4, 0, 96, np.random.default_rng(0))
    assert batch.pixels.shape == (4, 1, 96, 96)
    assert np.isin(batch.pixels, small.pixels).all()


@pytest.mark.parametrize("shape", [(33, 70), (64, 64), (700, 513)])
def test_that_the_middle_of_a_field_has_sides_the_network_can_halve(shape):
    batch = middle_batch(sample(shape=shape), 512, 32)
    assert all(side % 32 == 0 and 64 <= side <= 512 for side in batch.pixels.shape[2:])
