"""The network the other way: the design's raster in, the scaled SEM picture out."""

from collections.abc import Mapping

import torch
from torch import Tensor

from semiview.learning.adversary import Adversary
from semiview.learning.networks import PatternNet
from semiview.learning.ranks import ALONE, Ranks
from semiview.learning.samples import Batch
from semiview.learning.trainer import Trainer

ADVERSARY = "adversary/"


def picture_loss(made: Tensor, wanted: Tensor, weight: Tensor, ranks: Ranks = ALONE) -> Tensor:
    """Mean absolute difference over the pixels that count: the unit in which all other terms are given."""
    differing, counted = ranks.total(torch.stack([((made - wanted).abs() * weight).sum(), weight.sum()])).unbind()
    return differing / counted.clamp(min=1)


class SemTrainer(Trainer):
    """Trains pattern -> SEM on L1, and against an opponent if there is one. A batch's `pixels` are the pattern."""

    def __init__(
        self,
        network: PatternNet,
        steps: int,
        learning_rate: float,
        weight_decay: float,
        seed: int,
        device: torch.device,
        ranks: Ranks = ALONE,
        adversarial: bool = False,
    ) -> None:
        super().__init__(network, steps, learning_rate, weight_decay, seed, device, ranks)
        self.adversary = Adversary(seed, device, ranks) if adversarial else None

    def training_loss(self, batch: Batch) -> Tensor:
        """L1, and what the opponent says."""
        patterns, wanted, weight = self.planes(self.ranks.share(batch))
        made = self.answer(self.network, patterns)
        return self.against(patterns, made, wanted, weight)

    def against(self, patterns: Tensor, made: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
        """Loss of pictures that this network made of patterns."""
        loss = picture_loss(made, wanted, weight, self.ranks)
        return loss if self.adversary is None else loss + self.adversary.terms(patterns, wanted, made, weight)

    def loss(self, network: PatternNet, batch: Batch, ranks: Ranks = ALONE) -> Tensor:
        """L1 alone: comparable between runs, with an opponent and without."""
        patterns, wanted, weight = self.planes(batch)
        return picture_loss(self.answer(network, patterns), wanted, weight, ranks)

    def state(self) -> dict[str, Tensor]:
        """Everything the next step depends on, the opponent's part too."""
        theirs = {} if self.adversary is None else self.adversary.state()
        return {**super().state(), **{ADVERSARY + name: tensor for name, tensor in theirs.items()}}

    def restore(self, state: Mapping[str, Tensor], step: int) -> None:
        """Go on where `state` was taken after `step` steps."""
        theirs = {name.removeprefix(ADVERSARY): t for name, t in state.items() if name.startswith(ADVERSARY)}
        if self.adversary is not None:
            self.adversary.restore(theirs, step)
        super().restore({name: t for name, t in state.items() if not name.startswith(ADVERSARY)}, step)
