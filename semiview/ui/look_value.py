"""Which case is most worth a look, and why, in words.

A sum of grounds, each small enough that two beat one. Every fifth place is filled at random from the rest, so that what
is reviewed does not become what the order likes.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from semiview.monitoring.random_share import random_order
from semiview.ui.case_line import CaseLine

RANDOM_EVERY = 5
ENOUGH_SAMPLES = 8  # approved cases of a pattern type from which on it is not rare any more
AT_RANDOM = "picked at random, as one in five is, so that the easy ones are seen too"
DISPUTED, SECOND_LOOK = 100.0, 60.0
REGISTRATION = {"failed": 40.0, "ambiguous": 35.0, "weak": 35.0, "significant": 25.0, "few pixel": 10.0, "": 15.0}
MISSING, EPE, EPE_FULL_NM = 15.0, 20.0, 30.0  # all of EPE's weight at so large a worst value
RARE, UNCERTAIN, NOVEL = 20.0, 30.0, 20.0
NOTHING_SPECIAL = "undecided, with nothing against it"

Ranked = tuple[tuple[str, str], ...]


def ranked(lines: Sequence[CaseLine], reviewer: str = "") -> Ranked:
    """(case_id, why) of the cases that want a decision or a second look, the most valuable first.

    Parameters
    ----------
    reviewer
        Who looks: a second look that they asked for themselves is somebody else's.
    """
    samples = approved_by_type(lines)
    waiting = [line for line in lines if _wants_look(line, reviewer)]
    valued = {line.case_id: look_value(line, samples[line.pattern_type]) for line in waiting}
    by_value = deque(sorted(waiting, key=lambda line: -valued[line.case_id][0]))
    waiting_by_id = {line.case_id: line for line in waiting}
    by_chance = deque(waiting_by_id[case_id] for case_id in random_order(waiting_by_id))
    taken: set[str] = set()
    order = []
    for place in range(1, len(waiting) + 1):
        queue = by_chance if place % RANDOM_EVERY == 0 else by_value
        while queue[0].case_id in taken:
            queue.popleft()
        line = queue.popleft()
        taken.add(line.case_id)
        order.append((line.case_id, AT_RANDOM if queue is by_chance else valued[line.case_id][1]))
    return tuple(order)


def approved_by_type(lines: Iterable[CaseLine]) -> Counter[str]:
    """How many cases of each pattern type are approved."""
    return Counter(line.pattern_type for line in lines if line.state in ("accepted", "corrected"))


def look_value(line: CaseLine, samples: int) -> tuple[float, str]:
    """What a look at a case is worth, and its grounds, the heaviest first.

    Parameters
    ----------
    samples
        Approved cases of its pattern type.
    """
    grounds = sorted(_grounds(line, samples), key=lambda ground: -ground[0])
    words = ", ".join(words for _, words in grounds) or NOTHING_SPECIAL
    return sum(worth for worth, _ in grounds), words


def _wants_look(line: CaseLine, reviewer: str) -> bool:
    return line.saving != "saving" and (
        line.state in ("undecided", "disputed") or (bool(line.second_look) and line.second_look != reviewer)
    )


def _grounds(line: CaseLine, samples: int) -> Iterable[tuple[float, str]]:
    if line.state == "disputed":
        yield DISPUTED, f"disputed ({line.reason})" if line.reason else "disputed"
    if line.second_look:
        yield SECOND_LOOK, f"{line.second_look} wants a second look"
    registration = REGISTRATION.get(line.registration, 0.0)
    if registration:
        yield registration, f"registration {line.registration}" if line.registration else "not registered yet"
    if line.missing:
        yield MISSING, f"{line.missing} EPE points have no contour"
    if not math.isnan(line.worst_epe_nm):
        worth = EPE * min(line.worst_epe_nm / EPE_FULL_NM, 1.0)
        if worth >= 1.0:
            yield worth, f"worst EPE {line.worst_epe_nm:.0f} nm"
    if line.pattern_type and samples < ENOUGH_SAMPLES:
        kind = line.pattern_type.replace("_", " ")
        yield (
            RARE * (1 - samples / ENOUGH_SAMPLES),
            f"only {samples} of {kind} approved" if samples else f"no {kind} approved yet",
        )
    for value, weight, words in (
        (line.uncertainty, UNCERTAIN, "the network is unsure"), (line.novelty, NOVEL, "unlike the training images"),
    ):  # fmt: skip
        if value * weight >= 1.0:
            yield value * weight, words
