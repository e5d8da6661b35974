import math

import numpy as np
import pytest
import torch

from semiview.learning.networks import PatternNet
from semiview.learning.samples import Batch
from semiview.learning.trainer import Trainer, TrainingBrokenError, pattern_loss


def batch(seed=0, side=64):
    rng = np.random.default_rng(seed)
    target = np.zeros((2, 1, side, side), np.float32)
    target[..., side // 4 : side // 2] = 1
    pixels = (target * 2 - 1 + rng.normal(0, 0.2, target.shape)).astype(np.float32)
    return Batch(pixels, target, np.ones_like(target))


def trainer(steps=40, rate=3e-3):
    torch.manual_seed(0)
    return Trainer(PatternNet(), steps, rate, 1e-2, 7, torch.device("cpu"))


def test_that_the_loss_is_least_where_probability_is_the_share_of_material():
    share = torch.tensor([0.0001, 0.3, 0.9999]).repeat(1, 1, 8, 8)
    right = torch.logit(share)
    weight = torch.ones_like(share)
    least = float(pattern_loss(right, share, weight))
    for shift in (-0.3, 0.3):
        assert float(pattern_loss(right + shift, share, weight)) > least


def test_that_ignored_pixels_change_neither_loss_nor_gradient():
    torch.manual_seed(0)
    logits = torch.randn(1, 1, 16, 16, requires_grad=True)
    weight = torch.ones(1, 1, 16, 16)
    weight[..., 8:] = 0
    target = (torch.rand(1, 1, 16, 16) > 0.5).float()
    pattern_loss(logits, target, weight).backward()
    assert not logits.grad[..., 8:].any()
    assert logits.grad[..., :8].any()


@pytest.mark.slow
def test_that_training_lowers_the_loss():
    made = trainer()
    losses = [made.train_step(batch(step)) for step in range(20)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_that_a_restored_trainer_takes_the_same_steps():
    straight, broken = trainer(), trainer()
    for step in range(3):
        straight.train_step(batch(step))
        broken.train_step(batch(step))
    resumed = trainer()
    resumed.restore({name: tensor.clone() for name, tensor in broken.state().items()}, 3)
    for step in range(3, 6):
        assert straight.train_step(batch(step)) == resumed.train_step(batch(step))
    for name, tensor in straight.average.items():
        assert torch.equal(tensor, resumed.average[name])


def test_that_a_loss_that_is_no_number_ends_training_with_the_weights_as_they_were():
    made = trainer()
    made.train_step(batch())
    before = {name: tensor.clone() for name, tensor in made.network.state_dict().items()}
    bad = batch()
    bad.pixels[0, 0, 3, 3] = np.nan
    with pytest.raises(TrainingBrokenError, match="no longer a number at step 2"):
        made.train_step(bad)
    for name, tensor in made.network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_that_the_rate_warms_up_and_falls_to_a_hundredth():
    made = trainer(steps=100, rate=1e-2)
    rates = []
    for step in range(100):
        made.step = step
        rates.append(made.rate())
    assert rates[0] < rates[3] < max(rates) == pytest.approx(1e-2)
    assert rates[-1] == pytest.approx(1e-4, rel=0.2)


def test_that_without_samples_the_validation_loss_is_not_a_number():
    assert math.isnan(trainer().validation_loss([]))


def test_that_half_precision_computes_in_it_and_keeps_the_weights_in_full():
    torch.manual_seed(0)
    full = Trainer(PatternNet(), 10, 1e-3, 1e-2, 7, torch.device("cpu"))
    torch.manual_seed(0)
    half = Trainer(PatternNet(), 10, 1e-3, 1e-2, 7, torch.device("cpu"), half=True)
    one, other = full.train_step(batch()), half.train_step(batch())
    assert one != other
    assert other == pytest.approx(one, rel=0.02)
    assert {tensor.dtype for tensor in half.state().values()} == {torch.float32}
    assert not full.half, "on a processor only if it is asked for"
