import numpy as np
import pytest
import torch

from semiview.learning.inference import predict, predict_averaged
from semiview.learning.networks import DOWNSCALING, HALO_PX, PatternNet, build, parameter_count


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    made = PatternNet()
    with torch.no_grad():  # so that an untrained network's answer is far from 0.5 everywhere
        made.head.weight.mul_(8)
    return made.eval()


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).integers(0, 255, (700, 810)).astype(np.uint8)


@pytest.mark.slow
def test_that_the_tile_size_does_not_show(network, picture):
    whole = predict(network, picture, tile_px=4096)
    assert whole.std() > 0.05
    for tile_px in (128, 320):
        np.testing.assert_allclose(predict(network, picture, tile_px=tile_px), whole, atol=1e-3)


def test_that_the_halo_covers_what_a_pixel_sees(network):
    side = 2 * HALO_PX + 4 * DOWNSCALING
    values = torch.zeros(1, 1, side, side, requires_grad=True)
    torch.manual_seed(0)
    with torch.no_grad():
        values.add_(torch.randn_like(values))
    middle = side // 2
    network(values)[0, 0, middle, middle].backward()
    seen = np.argwhere(values.grad[0, 0].numpy() != 0)
    assert np.abs(seen - middle).max() <= HALO_PX
    values.grad = None


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (64, 64), (65, 63), (31, 257)])
def test_that_any_picture_size_is_predicted_on_its_own_grid(network, shape):
    probability = predict(network, np.random.default_rng(1).integers(0, 255, shape).astype(np.uint16))
    assert probability.shape == shape
    assert probability.dtype == np.float32
    assert ((probability >= 0) & (probability <= 1)).all()


def test_that_the_same_picture_is_predicted_the_same_twice(network, picture):
    np.testing.assert_array_equal(predict(network, picture[:200, :200]), predict(network, picture[:200, :200]))


def test_that_a_picture_that_is_no_picture_is_refused(network):
    with pytest.raises(ValueError, match="not empty"):
        predict(network, np.zeros((0, 5)))
    with pytest.raises(ValueError, match="not finite"):
        predict(network, np.full((64, 64), np.nan, np.float32))


def test_that_the_small_preset_stays_small():
    assert parameter_count(PatternNet(16)) < 800_000


def test_that_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="no network"):
        build({"network": "Oracle", "width": 16})


def test_that_the_average_turns_with_the_picture(network):
    picture = np.random.default_rng(2).integers(0, 255, (96, 64)).astype(np.uint8)
    mean, spread = predict_averaged(network, picture, square=True)
    turned, turned_spread = predict_averaged(network, np.rot90(picture).copy(), square=True)
    np.testing.assert_allclose(np.rot90(turned, -1), mean, atol=2e-5)
    np.testing.assert_allclose(np.rot90(turned_spread, -1), spread, atol=2e-4)
    assert spread.max() > 1e-3
    once = np.stack([predict(network, picture), predict(network, picture[:, ::-1].copy())[:, ::-1]])
    assert np.abs(once - mean).max() <= 8 * spread.max()


def test_that_oblong_pixels_are_never_turned_by_a_quarter(network):
    picture = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    four, _ = predict_averaged(network, picture, square=False)
    by_hand = np.mean(
        [
            predict(network, picture),
            predict(network, picture[:, ::-1].copy())[:, ::-1],
            predict(network, picture[::-1].copy())[::-1],
            predict(network, picture[::-1, ::-1].copy())[::-1, ::-1],
        ],
        axis=0,
    )
    np.testing.assert_allclose(four, by_hand, atol=2e-6)
