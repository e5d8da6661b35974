"""Fine features are looked at enlarged, and nothing is moved by it."""

from dataclasses import replace

import numpy as np
import pytest

from semiview.core.raster import coverage
from semiview.learning import inference
from semiview.learning.checkpoint_file import load_network
from semiview.learning.chosen_samples import choose
from semiview.learning.evaluation import contour_errors_px
from semiview.learning.fine_features import at_its_scale, enlarged, is_fine, reduced, settled_at_its_scale
from semiview.learning.inference import predict_at_its_scale, predict_scaled, tiled
from semiview.learning.registry import starter_path
from semiview.learning.samples import Sample
from semiview.learning.simulated_samples import simulated_sample
from semiview.metrology.contour import half_contours


def bars(width: int, pitch: int, side: int = 200) -> np.ndarray:
    share = np.zeros((side, side), np.float32)
    for left in range(pitch // 2, side, pitch):
        share[:, left : left + width] = 1
    return share


@pytest.mark.parametrize("width", [1, 4, 6])
def test_that_narrow_lines_and_narrow_gaps_are_fine(width):
    assert is_fine(bars(width, 60))
    assert is_fine(1 - bars(width, 60))


@pytest.mark.parametrize("width", [7, 20, 45])
def test_that_wide_lines_are_not(width):
    assert not is_fine(bars(width, 60))
    assert not is_fine(1 - bars(width, 60))


@pytest.mark.parametrize("side", [16, 40, 120])
def test_that_corners_are_not_fine(side):
    share = np.zeros((200, 200), np.float32)
    share[40 : 40 + side, 30 : 30 + side] = 1
    assert not is_fine(share)
    assert not is_fine(np.rot90(share).copy())


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_that_a_picture_without_edges_is_not_fine(value):
    assert not is_fine(np.full((50, 60), value, np.float32))


def test_that_one_fine_feature_among_many_wide_ones_is_left_at_its_size():
    share = bars(30, 60)
    share[80:120, 66:70] = 1
    assert not is_fine(share)


@pytest.mark.parametrize("diameter", [4.5, 6.0, 12.0])
def test_that_enlarging_leaves_a_contour_where_it_is(diameter):
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radii = []
    for middle in np.random.default_rng(0).uniform(19.5, 20.5, (30, 2)):
        share = coverage([middle + diameter / 2 * np.column_stack([np.cos(angle), -np.sin(angle)])], (40, 40))
        (here,) = half_contours(share)
        (there,) = half_contours(enlarged(share, 2))
        assert np.abs(reduced(enlarged(share, 2), 2) - share).max() < 0.15
        radii.append([np.hypot(*(at - middle).T).mean() for at in (here, (there - 0.5) / 2)])
    here, there = np.mean(radii, axis=0)
    assert abs(there - here) < 0.005
    assert abs(here - diameter / 2) < 0.04


def test_that_a_fine_sample_is_enlarged_and_another_stays_as_it_is():
    wide = simulated_sample(3, "line_space", side_px=256)
    wide = replace(wide, target=bars(40, 90, 256))
    assert at_its_scale(wide) is wide
    weight = np.ones((256, 256), np.float32)
    weight[10:20, 30:50] = 0
    fine = replace(wide, target=bars(5, 20, 256), weight=weight)
    shown = at_its_scale(fine)
    assert shown.pixels.shape == shown.target.shape == shown.weight.shape == (512, 512)
    assert shown.nm_per_px == pytest.approx(tuple(size / 2 for size in fine.nm_per_px))
    assert not shown.weight[20:40, 60:100].any()
    assert shown.weight.sum() == 4 * weight.sum()
    assert 0 <= shown.target.min() <= shown.target.max() <= 1
    np.testing.assert_allclose(reduced(shown.pixels, 2), fine.pixels, atol=1.0)


def test_that_training_is_shown_enlarged_what_is_fine_and_scoring_is_not(toy):
    chosen = choose(toy.store, toy.store.snapshot(), as_shown=lambda one: replace(one, case_id="shown"))
    assert {one.case_id for one in (*chosen.train, *chosen.validation)} == {"shown"}
    assert chosen.test
    assert "shown" not in {one.case_id for one in chosen.test}


def contacts(seed: int, least_dose: float) -> Sample:
    """A simulated field of contacts some 6 px wide."""
    return next(
        sample
        for number in range(100)
        if is_fine((sample := simulated_sample(seed + number, "contact", least_dose, 128)).target)
    )


def test_that_edges_of_small_contacts_are_placed_better_enlarged():
    network, _ = load_network(starter_path())
    plain, shown = [], []
    for seed in (41_000_000, 41_000_100, 41_000_200):
        sample = contacts(seed, least_dose=60.0)
        at_once = predict_at_its_scale(network, sample.pixels)
        for found, probability in ((plain, at_once), (shown, predict_scaled(network, sample.pixels))):
            found.append(np.nanmean(np.abs(contour_errors_px(probability, sample.target, sample.weight < 0.5))))
    assert np.mean(shown) < 0.85 * np.mean(plain)


def test_that_what_is_enlarged_already_is_looked_at_once(monkeypatch):
    looks = []

    def spied(network, values, last, tile_px, device, factor):
        looks.append((values.shape, factor))
        return tiled(network, values, last, tile_px, device, factor)

    monkeypatch.setattr(inference, "tiled", spied)
    network, _ = load_network(starter_path())
    sample = contacts(41_000_100, least_dose=60.0)
    predict_scaled(network, sample.pixels)
    predict_at_its_scale(network, at_its_scale(sample).pixels)
    assert looks == [((128, 128), 1), ((128, 128), 2), ((256, 256), 1)]


@pytest.mark.parametrize(
    ("noise", "first_shift", "second_shift", "factor"),
    [
        (0.05, 0, 0, 2),  # clear: the second look counts
        (0.05, 0, 3, 1),  # unless it draws what is not there
        (0.3, 0, 0, 1),  # noisy, and nothing was wrong
        (0.3, 3, 0, 2),  # noisy, and the first look drew what is not there
    ],
)
def test_that_the_second_look_counts_in_clear_pictures_and_where_the_first_went_wrong(
    noise, first_shift, second_shift, factor
):
    truth = bars(5, 16)
    picture = (truth + noise * np.random.default_rng(0).standard_normal(truth.shape)).astype(np.float32)
    looks = {1: truth.copy(), 2: truth}
    looks[1][:100] = np.roll(truth, first_shift, axis=1)[:100]
    looks[2] = np.roll(truth, second_shift, axis=1)
    said, chosen = settled_at_its_scale(picture, looks.__getitem__)
    assert chosen == factor
    np.testing.assert_allclose(said, looks[factor], atol=1e-3)
