import numpy as np
import pytest
import torch

from semiview.learning.fine_features import settled_at_its_scale
from semiview.learning.inference import predict, predict_averaged, tiled
from semiview.learning.networks import (
    TILING,
    PatternNet,
    WindowAttention,
    architecture,
    build,
    parameter_count,
)
from semiview.learning.samples import scaled


def awake(network):
    """A network in which every part works: fresh ones begin with branches and attention that say nothing."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("second.weight") or (name.startswith("far.steps") and name.endswith("weight")):
                torch.nn.init.kaiming_normal_(parameter, nonlinearity="linear")
            elif name.startswith("around") and name.endswith(("gain", "ask.weight")):
                torch.nn.init.normal_(parameter)
        network.head.weight.mul_(3)  # so that the answer is far from 0.5
    return network.eval()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return awake(PatternNet())


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).integers(0, 255, (700, 810)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("attention", [True, False])
def test_that_the_tile_size_does_not_show(attention):
    torch.manual_seed(4)
    network = awake(PatternNet(attention=attention))
    picture = np.random.default_rng(0).integers(0, 255, (300, 1400)).astype(np.uint8)
    whole = predict(network, picture)
    assert whole.std() > 0.05
    for tile_px in (256, 600):
        np.testing.assert_allclose(predict(network, picture, tile_px=tile_px), whole, atol=1e-3)


@pytest.mark.slow
def test_that_nothing_beyond_the_halo_reaches_a_tile(network):
    torch.manual_seed(0)
    side = TILING.grid_px + 2 * TILING.halo_px + 64
    values = torch.randn(1, 1, side, side)
    others = values.clone()
    others[..., TILING.grid_px + TILING.halo_px :] = torch.randn(side, side)[:, TILING.grid_px + TILING.halo_px :]
    with torch.inference_mode():
        difference = (network(values) - network(others)).abs()[0, 0].amax(0)
    assert not difference[: TILING.grid_px].any()
    assert difference[TILING.grid_px :].any()
    # Attention carries farther than the convolutions do alone.
    assert difference[: TILING.grid_px + TILING.halo_px - 200].any()


def test_that_attention_sees_its_window_and_nothing_else():
    torch.manual_seed(1)
    attention = WindowAttention(64)
    features = torch.randn(2, 64, 11, 20)
    assert torch.equal(attention(features), features), "at first everything goes straight through"
    torch.nn.init.normal_(attention.gain)
    changed = features.clone()
    changed[:, :, 9, 17] += torch.randn(64)  # its window: rows 8 to 10, columns 16 to 19
    with torch.inference_mode():
        moved = (attention(changed) - attention(features)).abs().amax((0, 1)) > 0
    expected = torch.zeros(11, 20, dtype=torch.bool)
    expected[8:, 16:] = True
    assert torch.equal(moved, expected)
    # A window that the border cuts knows nothing of what is not there.
    with torch.inference_mode():
        alone = attention(features[:, :, 8:, 16:])
        torch.testing.assert_close(alone, attention(features)[:, :, 8:, 16:])


def test_that_a_checkpoint_of_an_earlier_network_is_built_as_it_was():
    earlier = build({"network": "PatternNet", "width": 16})
    assert not earlier.around
    assert earlier.far is None
    for made in (PatternNet(16), PatternNet(32), PatternNet(16, attention=False), PatternNet(16, far=False)):
        again = build(architecture(made))
        assert {name: t.shape for name, t in again.state_dict().items()} == {
            name: t.shape for name, t in made.state_dict().items()
        }


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
    assert parameter_count(PatternNet(16)) < 900_000


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

    def by_hand(factor):
        def alone(turned):
            return tiled(network, scaled(np.ascontiguousarray(turned)), torch.sigmoid, factor=factor)

        return np.mean(
            [
                alone(picture),
                alone(picture[:, ::-1])[:, ::-1],
                alone(picture[::-1])[::-1],
                alone(picture[::-1, ::-1])[::-1, ::-1],
            ],
            axis=0,
        )

    np.testing.assert_allclose(four, settled_at_its_scale(scaled(picture), by_hand)[0], atol=2e-6)
