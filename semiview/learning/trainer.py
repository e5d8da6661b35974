"""Optimiser, schedule, moving average and loss: one training step, and all of its state as tensors.

Every random choice of a step follows from the seed and the step's number, so that a resumed run takes the same way.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from semiview.learning.networks import DOWNSCALING, PatternNet, architecture, build
from semiview.learning.ranks import ALONE, Ranks
from semiview.learning.samples import Batch, Sample, middle_batch

WARM_UP_SHARE = 0.05
LAST_RATE = 0.01
LONGEST_GRADIENT = 1.0
AVERAGE_DECAY = 0.99
EDGE_REACH_PX = 2
DICE_SHARE, EDGE_SHARE = 0.5, 0.5
VALIDATION_PX = 1024
PREFIXES = ("network", "average", "first_moment", "second_moment")


class TrainingBrokenError(Exception):
    """Training cannot go on; the text is a sentence for the user."""


def pattern_loss(logits: Tensor, target: Tensor, weight: Tensor, ranks: Ranks = ALONE) -> Tensor:
    """Cross entropy, Dice and cross entropy along edges; ignored pixels count nowhere.

    All three are least where the probability equals the share of material in the pixel, so that the half contour
    keeps its sub-pixel place. With several processes it is the loss of their batches taken together.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
    edge = _highest_near(target) + _highest_near(-target)
    probability = torch.sigmoid(logits)
    sums = (
        entropy.sum(),
        weight.sum(),
        (entropy * edge).sum(),
        (weight * edge).sum(),
        (probability * target * weight).sum(),
        ((probability.square() + target.square()) * weight).sum(),
    )
    everywhere, counted, along_edges, edges, both, squares = ranks.total(torch.stack(sums)).unbind()
    dice = 1 - (2 * both + 1) / (squares + 1)
    return everywhere / counted.clamp(min=1) + DICE_SHARE * dice + EDGE_SHARE * along_edges / edges.clamp(min=1)


def _highest_near(plane: Tensor) -> Tensor:
    """Maximum within EDGE_REACH_PX, first along the rows, then along the columns."""
    side, reach = 2 * EDGE_REACH_PX + 1, EDGE_REACH_PX
    return functional.max_pool2d(functional.max_pool2d(plane, (1, side), 1, (0, reach)), (side, 1), 1, (reach, 0))


class Trainer:
    """A network in training and the moving average of its weights, which is what is validated and kept.

    With several processes each takes its share of every batch, and all take the same step.

    Parameters
    ----------
    half
        Compute in bfloat16 what bears it; weights, loss and what is validated stay in float32. None: on a GPU only.
        Processors with instructions for it take two thirds of the time, others longer.
    """

    def __init__(
        self,
        network: PatternNet,
        steps: int,
        learning_rate: float,
        weight_decay: float,
        seed: int,
        device: torch.device,
        ranks: Ranks = ALONE,
        half: bool | None = None,
    ) -> None:
        # Tensor cores want the channels last; elsewhere it would only change the last bits of the results.
        self.network = network.to(device)
        if device.type == "cuda":
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.steps, self.learning_rate, self.seed, self.device = steps, learning_rate, seed, device
        self.ranks = ranks
        self.half = device.type == "cuda" if half is None else half
        self.step = 0
        self.average = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        decayed = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=learning_rate)

    def rate(self) -> float:
        """Learning rate of the step to come."""
        warm_up = max(int(WARM_UP_SHARE * self.steps), 1)
        if self.step < warm_up:
            return self.learning_rate * (self.step + 1) / warm_up
        share = min((self.step - warm_up) / max(self.steps - warm_up, 1), 1.0)
        return self.learning_rate * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * share)))

    def rng(self) -> np.random.Generator:
        """Source of the choices for the step to come."""
        return np.random.default_rng((self.seed, self.step))

    def train_step(self, batch: Batch) -> float:
        """One step; returns its loss.

        Raises
        ------
        TrainingBrokenError
            If the loss or the gradient is no longer a number.
        """
        self.begin_step()
        loss = self.training_loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        return self.end_step(loss)

    def begin_step(self) -> None:
        """Set what the step to come depends on."""
        torch.manual_seed(int(np.random.SeedSequence((self.seed, self.step)).generate_state(1)[0]))
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()

    def end_step(self, loss: Tensor) -> float:
        """Follow the gradients that `loss` left; returns its value, or raises TrainingBrokenError."""
        self.ranks.average_gradients(self.network)
        length = torch.nn.utils.clip_grad_norm_(self.network.parameters(), LONGEST_GRADIENT)
        value = float(loss.detach())
        if not (math.isfinite(value) and math.isfinite(float(length))):
            raise TrainingBrokenError(
                f"The loss is no longer a number at step {self.step + 1}. Nothing of this run is kept; "
                "look for a damaged sample, or train with a smaller learning rate."
            )
        self.optimizer.step()
        self.step += 1
        decay = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, tensor in self.network.state_dict().items():
                self.average[name].lerp_(tensor, 1 - decay)
        return value

    def validation_loss(self, samples: Sequence[Sample]) -> float:
        """Mean loss of the averaged network on the samples' middles; NaN without samples."""
        if not samples:
            return math.nan
        network = self.averaged()
        with torch.inference_mode():
            losses = [float(self.loss(network, middle_batch(s, VALIDATION_PX, DOWNSCALING))) for s in samples]
        return sum(losses) / len(losses)

    def averaged(self) -> PatternNet:
        """A network of its own with the averaged weights, ready to predict."""
        network = build(architecture(self.network)).to(self.device)
        network.load_state_dict(self.average)
        return network.eval()

    def state(self) -> dict[str, Tensor]:
        """Everything the next step depends on, apart from the step's number."""
        moments: dict[str, dict[str, Tensor]] = {"first_moment": {}, "second_moment": {}}
        for name, parameter in self.network.named_parameters():
            of_parameter = self.optimizer.state.get(parameter)
            if of_parameter:
                moments["first_moment"][name] = of_parameter["exp_avg"]
                moments["second_moment"][name] = of_parameter["exp_avg_sq"]
        parts = {"network": self.network.state_dict(), "average": self.average, **moments}
        return {
            f"{part}/{name}": t.cpu().contiguous() for part, tensors in parts.items() for name, t in tensors.items()
        }

    def restore(self, state: Mapping[str, Tensor], step: int) -> None:
        """Go on where `state` was taken after `step` steps."""
        parts: dict[str, dict[str, Tensor]] = {prefix: {} for prefix in PREFIXES}
        for key, tensor in state.items():
            prefix, _, name = key.partition("/")
            parts[prefix][name] = tensor.to(self.device)
        self.network.load_state_dict(parts["network"])
        self.average = parts["average"]
        for name, parameter in self.network.named_parameters():
            if name in parts["first_moment"]:
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(step)),
                    "exp_avg": torch.empty_like(parameter).copy_(parts["first_moment"][name]),
                    "exp_avg_sq": torch.empty_like(parameter).copy_(parts["second_moment"][name]),
                }
        self.step = step

    def training_loss(self, batch: Batch) -> Tensor:
        """What a step makes smaller."""
        return self.loss(self.network, self.ranks.share(batch), self.ranks)

    def loss(self, network: PatternNet, batch: Batch, ranks: Ranks = ALONE) -> Tensor:
        """How far what a network answers to a batch is from what it should."""
        pixels, target, weight = self.planes(batch)
        return pattern_loss(self.answer(network, pixels), target, weight, ranks)

    def planes(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """A batch on the device."""
        on_gpu = self.device.type == "cuda"
        ready = (torch.from_numpy(plane) for plane in (batch.pixels, batch.target, batch.weight))
        pixels, target, weight = (
            # From pinned memory the three copies run beside each other and beside what is still being computed.
            (plane.pin_memory() if on_gpu else plane).to(
                self.device, memory_format=torch.channels_last, non_blocking=on_gpu
            )
            for plane in ready
        )
        return pixels, target, weight

    def answer(self, network: torch.nn.Module, planes: Tensor) -> Tensor:
        """What a network answers, in float32."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half and network.training):
            answered: Tensor = network(planes)
        return answered.float()
