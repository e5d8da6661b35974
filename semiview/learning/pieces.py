"""A step that sees few pixels around, taken piece by piece: what a processor's cache holds, it need not fetch again.

The answer is the same within rounding. Of a large picture only what leaves a step is ever there as a whole.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

MARGIN = 2  # px that a step sees around; even, so that planes of half the size can be cut with the others
PIECE_VALUES = 2**20

Border = tuple[bool, bool, bool, bool]  # is left, right, top, bottom of a piece the picture's own border?
ALL_AROUND: Border = (True, True, True, True)


# A step makes of a border, planes (B, C, H, W) and perhaps planes of half the size (B, C', H, W), less MARGIN at each
# side that is cut; `Locally` takes it there, with the channels of its widest plane.
Step = Callable[..., Tensor]
Locally = Callable[..., Tensor]


def at_once(step: Step, _channels: int, *planes: Tensor) -> Tensor:
    """The step on whole planes."""
    return step(ALL_AROUND, *planes)


def in_pieces(step: Step, channels: int, *planes: Tensor) -> Tensor:
    """As `at_once`, in pieces of a size for a step whose widest plane has so many channels; planes have even sides."""
    height, width = planes[0].shape[2:]
    side = max(int(math.sqrt(PIECE_VALUES / channels)) // MARGIN, 1) * MARGIN
    result = planes[0].new_empty(0)
    for top in range(0, height, side):
        for left in range(0, width, side):
            bottom, right = min(top + side, height), min(left + side, width)
            rows = slice(max(top - MARGIN, 0), min(bottom + MARGIN, height))
            columns = slice(max(left - MARGIN, 0), min(right + MARGIN, width))
            border = (left == 0, right == width, top == 0, bottom == height)
            piece = step(border, *(_cut(plane, height // plane.shape[2], rows, columns) for plane in planes))
            if result.numel() == 0:
                shape = (*piece.shape[:2], height, width)
                result = torch.empty(shape, dtype=piece.dtype, device=piece.device, memory_format=torch.channels_last)
            result[:, :, top:bottom, left:right] = piece
    return result


def _cut(plane: Tensor, smaller: int, rows: slice, columns: slice) -> Tensor:
    return plane[:, :, rows.start // smaller : rows.stop // smaller, columns.start // smaller : columns.stop // smaller]
