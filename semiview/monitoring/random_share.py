"""How often predictions are corrected, from cases that nobody chose.

What is reviewed first is reviewed because it looks bad: over all decided cases the share of corrections says too much.
Every fifth place of the review order is filled in an order that is as good as random. The cases at its front that are
all decided, however they came to be, are a random sample of all cases; their share is unbiased.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scipy import special

TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of the decided predictions were corrected."""

    corrected: int = 0
    decided: int = 0

    @property
    def share(self) -> float:
        """NaN without any decision."""
        return self.corrected / self.decided if self.decided else float("nan")

    def bounds(self, tail: float = TAIL) -> tuple[float, float]:
        """Interval that leaves out `tail` on each side (Clopper and Pearson 1934); (0, 1) without any decision."""
        rest = self.decided - self.corrected
        low = float(special.betaincinv(self.corrected, rest + 1, tail)) if self.corrected else 0.0
        high = float(special.betaincinv(self.corrected + 1, rest, 1 - tail)) if rest else 1.0
        return low, high

    @property
    def words(self) -> str:
        """For a person: 3 of 20 (15 %, 95 % interval 3 to 38 %)."""
        if not self.decided:
            return "none yet"
        low, high = self.bounds()
        interval = f"95 % interval {100 * low:.0f} to {100 * high:.0f} %"
        return f"{self.corrected} of {self.decided} ({100 * self.share:.0f} %, {interval})"


def random_order(case_ids: Iterable[str]) -> list[str]:
    """Cases in an order that has nothing to do with them, the same each time and wherever it is asked."""
    return sorted(case_ids, key=lambda case_id: (zlib.crc32(case_id.encode()), case_id))


def random_share(case_ids: Iterable[str], decided: Mapping[str, bool], settled: Iterable[str] = ()) -> dict[str, bool]:
    """Those of the decided cases that are a random sample of all: the front of the random order.

    Parameters
    ----------
    decided
        By case whose prediction was accepted or corrected: whether it was corrected.
    settled
        Cases that can say nothing of the predictions and are passed over: rejected, skipped, decided when another
        checkpoint was in use.
    """
    passed = set(settled)
    found = {}
    for case_id in random_order(case_ids):
        if case_id in decided:
            found[case_id] = decided[case_id]
        elif case_id not in passed:
            break
    return found


def rate_of(corrected: Iterable[bool]) -> Rate:
    """The rate of some decided cases."""
    said = list(corrected)
    return Rate(sum(said), len(said))
