"""The network: SEM picture in, logit of standing material out.

A U-Net whose norms act on the channels of each pixel alone and whose borders are reflected, so that a tile with
enough halo gives the same answer as the whole picture.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH_PRESETS = (16, 32)
LEVEL_FACTORS = (1, 2, 4, 4, 4, 4)
DOWNSCALING = 2 ** (len(LEVEL_FACTORS) - 1)
# Two 3 x 3 convolutions per level reach 126 px on the way down and 62 px up, pooling and enlarging another 31 each.
HALO_PX = 256


class PixelNorm(nn.Module):
    """LayerNorm over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.offset = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        last = features.permute(0, 2, 3, 1)
        normed = functional.layer_norm(last, self.gain.shape, self.gain, self.offset)
        return normed.permute(0, 3, 1, 2)


class Block(nn.Module):
    """A convolution, and a second one beside a way straight through, which alone is there at first.

    Only the branch is normed: a norm on the way through would leave of a flat grey little more than its sign.
    """

    def __init__(self, incoming: int, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.first = nn.Conv2d(incoming, channels, 3, padding=1, padding_mode="reflect")
        self.norm = PixelNorm(channels)
        self.dropout = nn.Dropout2d(dropout)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        nn.init.kaiming_normal_(self.first.weight, nonlinearity="linear")
        nn.init.zeros_(self.second.weight)

    def forward(self, features: Tensor) -> Tensor:
        """(B, incoming, H, W) to (B, channels, H, W)."""
        through: Tensor = self.first(features)
        branch: Tensor = self.second(self.dropout(functional.relu(self.norm(through))))
        return through + branch


class PatternNet(nn.Module):
    """SEM -> logit of standing material. Each level sees the picture itself, averaged, beside the features.

    Parameters
    ----------
    width
        Channels of the first level: 16 has 0.7 M parameters and suits a CPU, 32 has 2.7 M.
    dropout
        Of whole channels in the two deepest levels, while training.
    """

    def __init__(self, width: int = 16, dropout: float = 0.05) -> None:
        super().__init__()
        channels = [width * factor for factor in LEVEL_FACTORS]
        deep = len(channels) - 2
        self.width = width
        self.down = nn.ModuleList(
            Block(incoming + 1, outgoing, dropout if level >= deep else 0.0)
            for level, (incoming, outgoing) in enumerate(zip([0, *channels[:-1]], channels, strict=True))
        )
        steps = list(pairwise(channels))
        self.narrow = nn.ModuleList(nn.Conv2d(deeper, outgoing, 1) for outgoing, deeper in steps)
        self.up = nn.ModuleList(Block(2 * outgoing, outgoing) for outgoing, _ in steps)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 1, H, W) scaled grey values, sides multiples of 32, to (B, 1, H, W) logits."""
        skips: list[Tensor] = []
        features = pictures
        for level, block in enumerate(self.down):
            if level > 0:
                pictures = functional.avg_pool2d(pictures, 2)
                features = torch.cat([functional.avg_pool2d(features, 2), pictures], dim=1)
            features = block(features)
            skips.append(features)
        for level in reversed(range(len(self.up))):
            enlarged = functional.interpolate(self.narrow[level](features), scale_factor=2.0, mode="nearest")
            features = self.up[level](torch.cat([enlarged, skips[level]], dim=1))
        logits: Tensor = self.head(features)
        return logits


def parameter_count(network: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in network.parameters())


def architecture(network: PatternNet) -> dict[str, Any]:
    """What a card must say so that the same network can be built again."""
    return {"network": "PatternNet", "width": network.width}


def build(description: dict[str, Any]) -> PatternNet:
    """The network of a card, with fresh weights.

    Raises
    ------
    ValueError
        If this version has no such network.
    """
    if description.get("network") != "PatternNet" or description.get("width") not in WIDTH_PRESETS:
        raise ValueError(f"this version has no network {description}")
    return PatternNet(int(description["width"]))
