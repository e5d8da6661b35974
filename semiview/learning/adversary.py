"""An opponent that tells generated SEM pictures from real ones, patch by patch, knowing the pattern (PatchGAN).

Least squares, spectral norm, one-sided label smoothing; the generator is also asked for the same inner features.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from semiview.learning.ranks import ALONE, Ranks

# As shares of the L1 term's 100: feature matching 10, adversarial 0.5.
FEATURE_SHARE, ADVERSARIAL_SHARE = 0.1, 0.005
REAL_LABEL = 0.9
CHANNELS = (32, 64, 128)
RATE, BETAS = 2e-4, (0.5, 0.999)
SLOPE = 0.2


class PatchOpponent(nn.Module):
    """Pattern and picture to a verdict per patch of 46 px, near 1 for real."""

    def __init__(self) -> None:
        super().__init__()
        steps = zip((2, *CHANNELS[:-1]), CHANNELS, strict=True)
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(incoming, outgoing, 4, stride=2, padding=1)) for incoming, outgoing in steps
        )
        self.head = spectral_norm(nn.Conv2d(CHANNELS[-1], 1, 4, padding=1))

    def forward(self, patterns: Tensor, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, 1, H, W) each to (B, 1, H / 8 - 1, W / 8 - 1) verdicts, and the features of each layer."""
        features = torch.cat([patterns, pictures], dim=1)
        inner = []
        for layer in self.layers:
            features = functional.leaky_relu(layer(features), SLOPE)
            inner.append(features)
        verdicts: Tensor = self.head(features)
        return verdicts, inner


class Adversary:
    """The opponent in training, step by step with the generator."""

    def __init__(self, seed: int, device: torch.device, ranks: Ranks = ALONE) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.opponent = PatchOpponent().to(device)
        self.device, self.ranks = device, ranks
        self.optimizer = torch.optim.Adam(self.opponent.parameters(), RATE, BETAS)

    def terms(self, patterns: Tensor, real: Tensor, made: Tensor, weight: Tensor) -> Tensor:
        """Let the opponent learn from one batch; what it then says against `made`, for the generator to make smaller.

        Ignored pixels are the same in both pictures, so that no verdict rests on them.
        """
        made = made * weight + real * (1 - weight)
        self._learn(patterns, real, made.detach())
        self.opponent.requires_grad_(False)
        verdicts, features = self.opponent(patterns, made)
        with torch.no_grad():
            _, wanted = self.opponent(patterns, real)
        self.opponent.requires_grad_(True)
        unlike = torch.stack([functional.l1_loss(one, other) for one, other in zip(features, wanted, strict=True)])
        result: Tensor = FEATURE_SHARE * unlike.mean() + ADVERSARIAL_SHARE * (verdicts - 1).square().mean()
        return result

    def _learn(self, patterns: Tensor, real: Tensor, made: Tensor) -> None:
        self.opponent.train()
        for_real, for_made = self.opponent(patterns, real)[0], self.opponent(patterns, made)[0]
        loss = ((for_real - REAL_LABEL).square().mean() + for_made.square().mean()) / 2
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.ranks.average_gradients(self.opponent)
        self.optimizer.step()

    def state(self) -> dict[str, Tensor]:
        """Everything the opponent's next step depends on, apart from the step's number."""
        tensors = {f"opponent/{name}": tensor for name, tensor in self.opponent.state_dict().items()}
        for name, parameter in self.opponent.named_parameters():
            for moment in ("exp_avg", "exp_avg_sq"):
                if parameter in self.optimizer.state:
                    tensors[f"{moment}/{name}"] = self.optimizer.state[parameter][moment]
        return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}

    def restore(self, state: Mapping[str, Tensor], step: int) -> None:
        """Go on where `state` was taken after `step` steps."""
        parts: dict[str, dict[str, Tensor]] = {"opponent": {}, "exp_avg": {}, "exp_avg_sq": {}}
        for key, tensor in state.items():
            part, _, name = key.partition("/")
            parts[part][name] = tensor.to(self.device)
        self.opponent.load_state_dict(parts["opponent"])
        for name, parameter in self.opponent.named_parameters():
            if name in parts["exp_avg"]:
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(step)),
                    "exp_avg": parts["exp_avg"][name].clone(),
                    "exp_avg_sq": parts["exp_avg_sq"][name].clone(),
                }
