"""The network: SEM picture in, logit of standing material out.

A U-Net whose norms act on the channels of each pixel alone, whose borders are reflected and whose attention looks
around in windows that lie on a fixed grid, so that a tile on that grid with enough halo gives the same answer as the
whole picture.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from semiview.learning.edge_placement import EdgePlacement
from semiview.learning.pieces import Border, Locally, at_once
from semiview.learning.tiles import Tiling

WIDTH_PRESETS = (16, 32)
LEVEL_FACTORS = (1, 2, 4, 4, 4, 4)
DOWNSCALING = 2 ** (len(LEVEL_FACTORS) - 1)
ATTENDING_LEVELS = (len(LEVEL_FACTORS) - 2, len(LEVEL_FACTORS) - 1)
WINDOW = 8  # side of the attention's windows, in pixels of their level
HEADS = 4
MOST_EXAMPLES = 100_000
REACHES = (2, 4, 6)  # of the deepest level's far steps, in its pixels
# Tiles begin on multiples of the deepest window. What is wrong beyond a tile's outer border spoils, on the way down,
# 62 px and with them a window of 128 px, two convolutions of the deepest level and with them a window of 256 px; the
# far steps 384 px more; on the way up 62 px and, by enlarging, 31: less than 768.
# On a processor a tile with its halo takes 2.5 GB.
TILING = Tiling(multiple_px=DOWNSCALING, grid_px=WINDOW * DOWNSCALING, halo_px=3 * WINDOW * DOWNSCALING, tile_px=2048)


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
        self.first = nn.Conv2d(incoming, channels, 3)
        self.norm = PixelNorm(channels)
        self.dropout = nn.Dropout2d(dropout)
        self.second = nn.Conv2d(channels, channels, 3)
        nn.init.kaiming_normal_(self.first.weight, nonlinearity="linear")
        nn.init.zeros_(self.second.weight)

    def forward(self, border: Border, features: Tensor) -> Tensor:
        """(B, incoming, H, W) to (B, channels, H, W), less two pixels at each side that is no border."""
        through: Tensor = self.first(_reflected(features, border))
        branch: Tensor = self.dropout(functional.relu(self.norm(through), inplace=True))
        branch = self.second(_reflected(branch, border))
        left, right, top, bottom = (0 if here else 1 for here in border)
        height, width = through.shape[2:]
        return branch + through[:, :, top : height - bottom, left : width - right]


class JoiningBlock(Block):
    """A block on the way up: what comes from below is enlarged and joined to what the way down left."""

    def forward(self, border: Border, features: Tensor, deeper: Tensor) -> Tensor:  # type: ignore[override]
        """(B, C, H, W) and (B, C, H / 2, W / 2) to (B, channels, H, W), less two pixels as in `Block`."""
        enlarged = functional.interpolate(deeper, scale_factor=2.0, mode="nearest")
        return super().forward(border, torch.cat([enlarged, features], dim=1))


def _reflected(features: Tensor, border: Border) -> Tensor:
    """With one pixel more where the picture ends."""
    return functional.pad(features, [int(here) for here in border], mode="reflect") if any(border) else features


class WindowAttention(nn.Module):
    """Each pixel sees all others of its window: what repeats in a pattern, and which side of a far edge it is on.

    Its gain starts at 0, so that at first everything goes straight through.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = PixelNorm(channels)
        self.ask = nn.Conv2d(channels, 3 * channels, 1)
        self.answer = nn.Conv2d(channels, channels, 1)
        self.gain = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape; windows are counted from the upper left corner."""
        count, channels, height, width = features.shape
        # Windows that the border cuts are filled up with pixels that nobody looks at.
        missing = (0, -width % WINDOW, 0, -height % WINDOW)
        asked = functional.pad(self.ask(self.norm(features)), missing)
        there = functional.pad(torch.ones_like(features[:, :1]), missing)
        rows, columns = (height + missing[3]) // WINDOW, (width + missing[1]) // WINDOW

        def windows(planes: Tensor, heads: int) -> Tensor:
            """(B, heads * D, H, W) to (B * windows, heads, WINDOW^2, D)."""
            cut = planes.reshape(planes.shape[0], heads, -1, rows, WINDOW, columns, WINDOW)
            return cut.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, heads, WINDOW**2, planes.shape[1] // heads)

        query, key, value = (windows(part, HEADS) for part in asked.chunk(3, dim=1))
        mask = windows(there, 1).transpose(2, 3) > 0
        seen = functional.scaled_dot_product_attention(query, key, value, mask)
        back = seen.reshape(count, rows, columns, HEADS, WINDOW, WINDOW, channels // HEADS)
        back = back.permute(0, 3, 6, 1, 4, 2, 5).reshape(count, channels, rows * WINDOW, columns * WINDOW)
        answered: Tensor = self.answer(back[:, :, :height, :width])
        return features + self.gain[:, None, None] * answered


class FarSteps(nn.Module):
    """Convolutions that reach farther and farther: what a wide flat grey is stands at its edges, hundreds of px away.

    At first everything goes straight through.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(PixelNorm(channels) for _ in REACHES)
        steps = [
            nn.Conv2d(channels, channels, 3, padding=reach, dilation=reach, padding_mode="replicate")
            for reach in REACHES
        ]
        for step in steps:
            nn.init.zeros_(step.weight)
        self.steps = nn.ModuleList(steps)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        for norm, step in zip(self.norms, self.steps, strict=True):
            features = features + step(functional.relu(norm(features)))
        return features


class PatternNet(nn.Module):
    """SEM -> logit of standing material. Each level sees the picture itself, averaged, beside the features.

    Parameters
    ----------
    width
        Channels of the first level: 16 has 0.8 M parameters and suits a CPU, 32 has 3.3 M.
    dropout
        Of whole channels in the two deepest levels, while training.
    attention
        Look around in windows at the two deepest levels.
    far
        Look farther than the windows at the deepest level.
    placement
        How many examples, of simulated fields and of approved shapes, tell how far its contours lie off. They act on
        probabilities, see `EdgePlacement`, not on these logits.
    """

    def __init__(
        self,
        width: int = 16,
        dropout: float = 0.05,
        attention: bool = True,
        far: bool = True,
        placement: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__()
        self.channels = channels = [width * factor for factor in LEVEL_FACTORS]
        deep = len(channels) - 2
        self.width = width
        self.down = nn.ModuleList(
            Block(incoming + 1, outgoing, dropout if level >= deep else 0.0)
            for level, (incoming, outgoing) in enumerate(zip([0, *channels[:-1]], channels, strict=True))
        )
        self.around = nn.ModuleDict(
            {str(level): WindowAttention(channels[level]) for level in ATTENDING_LEVELS if attention}
        )
        self.far = FarSteps(channels[-1]) if far else None
        steps = list(pairwise(channels))
        self.narrow = nn.ModuleList(nn.Conv2d(deeper, outgoing, 1) for outgoing, deeper in steps)
        self.up = nn.ModuleList(JoiningBlock(2 * outgoing, outgoing) for outgoing, _ in steps)
        self.head = nn.Conv2d(width, 1, 1)
        self.placement = EdgePlacement(*placement)

    def forward(self, pictures: Tensor, locally: Locally = at_once) -> Tensor:
        """(B, 1, H, W) scaled grey values, sides multiples of 32, to (B, 1, H, W) logits.

        `locally` takes the steps that see few pixels around, all at once or in pieces.
        """
        skips: list[Tensor] = []
        features = pictures
        for level, block in enumerate(self.down):
            if level > 0:
                skips.append(features)
                pictures = functional.avg_pool2d(pictures, 2)
                features = torch.cat([functional.avg_pool2d(features, 2), pictures], dim=1)
            features = locally(block, self.channels[level], features)
            if str(level) in self.around:
                features = self.around[str(level)](features)
        if self.far is not None:
            features = self.far(features)
        for level in reversed(range(len(self.up))):
            step = self.up[level] if level > 0 else self._last
            features = locally(step, 2 * self.channels[level], skips.pop(), self.narrow[level](features))
        return features

    def _last(self, border: Border, features: Tensor, deeper: Tensor) -> Tensor:
        logits: Tensor = self.head(self.up[0](border, features, deeper))
        return logits


def parameter_count(network: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in network.parameters())


def architecture(network: PatternNet) -> dict[str, Any]:
    """What a card must say so that the same network can be built again."""
    return {
        "network": "PatternNet",
        "width": network.width,
        "attention": len(network.around) > 0,
        "far": network.far is not None,
        "placement": network.placement.counts,
    }


def build(description: dict[str, Any]) -> PatternNet:
    """The network of a card, with fresh weights.

    Raises
    ------
    ValueError
        If this version has no such network.
    """
    if description.get("network") != "PatternNet" or description.get("width") not in WIDTH_PRESETS:
        raise ValueError(f"this version has no network {description}")
    examples = tuple(description.get("placement", (0, 0)))  # older checkpoints have none
    if len(examples) != 2 or not all(isinstance(n, int) and 0 <= n <= MOST_EXAMPLES for n in examples):
        raise ValueError(f"this version has no network {description}")
    return PatternNet(
        int(description["width"]),
        attention=bool(description.get("attention")),
        far=bool(description.get("far")),
        placement=examples,
    )
