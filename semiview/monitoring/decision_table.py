"""What a project can hope for from training, by what it has: the row of the decision table it is in, and advice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

# What a checkpoint is judged by: the shape's pixels (IoU), or its edges in nm (EPE, and CD with it).
Judge = Literal["shape", "edges"]

FEW_GROUPS = 10
THIN_SHARE = 0.1  # of all pairs; a condition with less is learned from the others
THIN_PAIRS = 10
LOOSE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a project has to learn from.

    Attributes
    ----------
    pairs
        Approved pairs of SEM image and shape.
    groups
        Independent groups among them.
    subpixel_share
        Share of their registrations that are sub-pixel; NaN where none was approved.
    conditions
        Pairs by imaging condition: tool and pixel size, in words.
    unknown_size
        Pairs whose pixel size nobody knows.
    judge
        What a checkpoint is judged by here.
    """

    pairs: int
    groups: int
    subpixel_share: float = float("nan")
    conditions: Mapping[str, int] = field(default_factory=dict)
    unknown_size: int = 0
    judge: Judge = "shape"


@dataclass(frozen=True, slots=True)
class TableRow:
    """The cell of each column that the project is in, and what to do there."""

    amount: str
    alignment: str
    conditions: str
    judge: str
    advice: tuple[str, ...]

    @property
    def words(self) -> str:
        """The row in a line."""
        return " · ".join((self.amount, self.alignment, self.conditions, self.judge))


def table_row(has: Holdings) -> TableRow:
    """Find the row and say what to do there."""
    amount, first = _amount(has.pairs)
    alignment, second = _alignment(has)
    conditions, third = _conditions(has)
    judge, fourth = _judge(has)
    few = ""
    if has.groups < FEW_GROUPS:
        groups = f"{has.groups} group{'' if has.groups == 1 else 's'}"
        few = f"{groups} so far: the gate promotes by itself from {FEW_GROUPS} held out on"
    return TableRow(amount, alignment, conditions, judge, tuple(filter(None, (first, few, second, third, fourth))))


def _amount(pairs: int) -> tuple[str, str]:
    if pairs < 100:
        return "under 100 pairs", "fine-tune the checkpoint in use for a few epochs; do not train from the beginning"
    if pairs < 1000:
        return "100 to 1,000 pairs", "fine-tune, with replay and early stopping; more groups help more than pairs"
    if pairs < 10_000:
        return "1,000 to 10,000 pairs", "standard supervised training pays, more epochs too"
    return "over 10,000 pairs", "a wider network pays (width 32, with a GPU)"


def _alignment(has: Holdings) -> tuple[str, str]:
    if not np.isfinite(has.subpixel_share):
        return "no registration approved", "shapes train without one; what learns from the design has to wait"
    if has.subpixel_share < LOOSE_SHARE:
        return (
            f"{100 * has.subpixel_share:.0f} % sub-pixel",
            "most registrations are not sub-pixel, so that only shapes approved on the image can be learned from",
        )
    return f"{100 * has.subpixel_share:.0f} % sub-pixel", ""


def _conditions(has: Holdings) -> tuple[str, str]:
    count = len(has.conditions)
    name = f"{count} imaging condition{'' if count == 1 else 's'}"
    enough = max(THIN_SHARE * has.pairs, THIN_PAIRS)
    thin = sorted((pairs, words) for words, pairs in has.conditions.items() if pairs < enough)
    if count < 2 or not thin:
        return name, ""
    pairs, words = thin[0]
    more = f" and {len(thin) - 1} other{'' if len(thin) == 2 else 's'}" if len(thin) > 1 else ""
    return (
        name,
        f"little is approved of {words} ({pairs}){more}: look there first, what is learned elsewhere may not hold",
    )


def _judge(has: Holdings) -> tuple[str, str]:
    if has.judge == "shape":
        return "judged by IoU", ""
    advice = ""
    if has.unknown_size:
        advice = f"{has.unknown_size} pairs have no pixel size, and count for nothing where EPE in nm decides"
    return "judged by EPE", advice
