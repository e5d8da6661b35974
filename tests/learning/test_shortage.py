"""Where memory runs out, smaller pieces are tried before giving up."""

import numpy as np
import pytest
import torch

from semiview.learning import inference
from semiview.learning.inference import predict
from semiview.learning.networks import PatternNet
from semiview.learning.pieces import Locally
from semiview.learning.shortage import is_out_of_memory
from semiview.learning.tiles import Tiling


def test_that_the_processors_allocator_is_understood():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


class Small(PatternNet):
    """A network for which only tiles of the smallest size are not too large."""

    def __init__(self, largest_px: int) -> None:
        super().__init__()
        self.largest_px = largest_px
        self.seen_px: list[int] = []

    def forward(self, pictures: torch.Tensor, _locally: Locally) -> torch.Tensor:
        self.seen_px.append(max(pictures.shape[2:]))
        if self.seen_px[-1] > self.largest_px:
            torch.empty(2**60, dtype=torch.uint8)
        return pictures


def test_that_a_picture_too_large_for_the_memory_is_seen_in_smaller_tiles(monkeypatch):
    monkeypatch.setattr(inference, "TILING", Tiling(32, 256, 256, 1024))
    picture = np.random.default_rng(0).integers(0, 255, (300, 1024)).astype(np.uint8)
    network = Small(768)
    np.testing.assert_array_equal(predict(network, picture), predict(Small(4096), picture))
    assert network.seen_px[:2] == [1024, 768], "at once, then in tiles of 512 px"
    with pytest.raises(RuntimeError, match="memory"):
        predict(Small(32), picture)
