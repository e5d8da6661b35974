"""Both ways at once: SEM -> pattern and pattern -> SEM, each held to what the other makes of its answer.

The pattern is the approved shape, what was printed: held to the design, the cycle would push contours from where the
edges are to where they were drawn. So it needs no registration. Pictures without an approved shape take part too: what
the one network draws in them must let the other paint the picture again.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from semiview.learning.networks import PatternNet, architecture, build
from semiview.learning.ranks import ALONE, Ranks
from semiview.learning.samples import Batch, Sample, draw_batch
from semiview.learning.sem_trainer import SemTrainer, picture_loss
from semiview.learning.trainer import Trainer, pattern_loss

CYCLE_SHARE = 0.1  # of the L1 term: 10 to 100
BACKWARD = "backward/"
UNPAIRED_STREAM = 1


class TwoWayTrainer(Trainer):
    """Trains SEM -> pattern, which is what is validated and kept, with pattern -> SEM as its companion."""

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
        unpaired: Sequence[Sample] = (),
    ) -> None:
        super().__init__(network, steps, learning_rate, weight_decay, seed, device, ranks)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            companion = build({**architecture(network), "placement": (0, 0)})
        self.backward = SemTrainer(
            companion, steps, learning_rate, weight_decay, seed, device, ranks, adversarial=adversarial
        )
        self.unpaired = tuple(unpaired)

    def train_step(self, batch: Batch) -> float:
        """One step of both; returns the loss of SEM -> pattern alone, which other runs can be compared with.

        Raises
        ------
        TrainingBrokenError
            If a loss or a gradient is no longer a number.
        """
        self.backward.begin_step()
        self.begin_step()
        forward, companion = self._losses(batch)
        for trainer in (self, self.backward):
            trainer.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(forward + companion)
        value = self.end_step(forward)
        self.backward.end_step(companion)
        return value

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Of SEM -> pattern, and all that the companion adds."""
        pictures, shapes, weight = self.planes(self.ranks.share(batch))
        logits = self.answer(self.network, pictures)
        drawn = as_pattern(torch.sigmoid(logits))
        patterns = as_pattern(shapes)
        made = self.answer(self.backward.network, patterns)
        companion = self.backward.against(patterns, made, pictures, weight)
        again = torch.sigmoid(self.answer(self.network, made))
        cycle = picture_loss(self.answer(self.backward.network, drawn), pictures, weight, self.ranks)
        cycle = cycle + picture_loss(again, shapes, weight, self.ranks)
        if self.unpaired:
            cycle = cycle + self._unpaired_cycle(len(batch.pixels), batch.pixels.shape[-1])
        return pattern_loss(logits, shapes, weight, self.ranks), companion + CYCLE_SHARE * cycle

    def _unpaired_cycle(self, size: int, patch_px: int) -> Tensor:
        rng = np.random.default_rng((self.seed, self.step, UNPAIRED_STREAM))
        pictures, _, weight = self.planes(self.ranks.share(draw_batch(self.unpaired, (), size, 0, patch_px, rng)))
        drawn = as_pattern(torch.sigmoid(self.answer(self.network, pictures)))
        return picture_loss(self.answer(self.backward.network, drawn), pictures, weight, self.ranks)

    def state(self) -> dict[str, Tensor]:
        """Everything the next step of both depends on."""
        theirs = {BACKWARD + name: tensor for name, tensor in self.backward.state().items()}
        return {**super().state(), **theirs}

    def restore(self, state: Mapping[str, Tensor], step: int) -> None:
        """Go on where `state` was taken after `step` steps."""
        theirs = {name.removeprefix(BACKWARD): t for name, t in state.items() if name.startswith(BACKWARD)}
        self.backward.restore(theirs, step)
        super().restore({name: t for name, t in state.items() if not name.startswith(BACKWARD)}, step)


def as_pattern(share: Tensor) -> Tensor:
    """Share of standing material, 0 to 1, on the scale of pictures, -1 to 1."""
    return 2 * share - 1
