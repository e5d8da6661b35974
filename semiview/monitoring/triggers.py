"""Is it time to retrain? New corrections say so; drift never does alone, for it does not say who is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy import special

from semiview.monitoring.reference import Stratum

TAIL = 0.05


@dataclass(frozen=True, slots=True)
class TriggerRules:
    """When a run is proposed, or begun unattended.

    Attributes
    ----------
    corrections
        New corrections that are enough by themselves.
    corrections_with_drift
        Enough in a stratum that drifts.
    correction_rate
        Share of a stratum's predictions that reviewers correct, above which it is time; its 95 % lower bound counts.
    decisions
        Fewest decisions from which a rate is told.
    cool_down_h
        Hours since the last run began before another one is proposed.
    images_asked
        How many images of a drifting stratum are asked to be reviewed.
    """

    corrections: int = 20
    corrections_with_drift: int = 5
    correction_rate: float = 0.2
    decisions: int = 20
    cool_down_h: float = 12.0
    images_asked: int = 5

    def __post_init__(self) -> None:
        for name in ("corrections", "corrections_with_drift", "decisions", "images_asked"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")
        if not 0 < self.correction_rate <= 1:
            raise ValueError(f"correction_rate lies in (0, 1], not at {self.correction_rate}")
        if not self.cool_down_h >= 0:
            raise ValueError(f"cool_down_h is not negative, unlike {self.cool_down_h}")


@dataclass(frozen=True, slots=True)
class StratumReview:
    """What reviewers did in one stratum.

    Attributes
    ----------
    new_corrections
        Approved corrections that no run has learned from.
    accepted, corrected
        Predictions of the current checkpoint that were accepted as they are, and corrected.
    moved
        The feature that drifts now, in words; empty: none does.
    to_review
        Undecided cases of it, those that show the drift best first.
    """

    stratum: Stratum
    new_corrections: int = 0
    accepted: int = 0
    corrected: int = 0
    moved: str = ""
    to_review: tuple[str, ...] = ()

    @property
    def correction_rate(self) -> float:
        """Share of decided predictions that were corrected; NaN without any."""
        decided = self.accepted + self.corrected
        return self.corrected / decided if decided else float("nan")

    @property
    def least_rate(self) -> float:
        """95 % lower bound of the rate (Clopper and Pearson 1934); 0 without corrections."""
        if not self.corrected:
            return 0.0
        return float(special.betaincinv(self.corrected, self.accepted + 1, TAIL))


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether to retrain now.

    Attributes
    ----------
    train
        It is time, and nothing speaks against it.
    reasons
        Why it is time; sentences. They stand too while the cool-down lasts.
    waits
        Why not now although it is time, or an empty string.
    review_first
        Cases to be reviewed where a stratum drifts and nobody has corrected enough of it.
    asks
        Why they are asked for.
    """

    train: bool
    reasons: tuple[str, ...] = ()
    waits: str = ""
    review_first: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


def advise(
    strata: Sequence[StratumReview], now: datetime, last_run: datetime | None, rules: TriggerRules | None = None
) -> Advice:
    """Apply the rules.

    Parameters
    ----------
    now, last_run
        With a time zone; None: nothing has been trained yet.
    """
    rules = rules or TriggerRules()
    reasons: list[str] = []
    asks: list[str] = []
    review_first: list[str] = []
    fresh = sum(one.new_corrections for one in strata)
    if fresh >= rules.corrections:
        reasons.append(f"{fresh} new corrections; {rules.corrections} are enough")
    for one in strata:
        where = one.stratum.words
        if one.moved and one.new_corrections >= rules.corrections_with_drift:
            reasons.append(f"{where}: {one.moved} drifts, and there are {one.new_corrections} new corrections of it")
        elif one.moved:
            asked = one.to_review[: rules.images_asked]
            review_first += asked
            asks.append(
                f"{where}: {one.moved} drifts; drift alone does not say that the network is wrong. "
                + (f"Review {', '.join(asked)}." if asked else "Take further images of it and review them.")
            )
        decided = one.accepted + one.corrected
        if decided >= rules.decisions and one.new_corrections and one.least_rate > rules.correction_rate:
            reasons.append(
                f"{where}: {one.corrected} of {decided} predictions were corrected, surely more than "
                f"{rules.correction_rate:.0%}"
            )
    waits = ""
    if reasons and last_run is not None:
        ready = last_run + timedelta(hours=rules.cool_down_h)
        if now < ready:
            hours = (ready - now).total_seconds() / 3600
            waits = f"the last run began less than {rules.cool_down_h:g} h ago; {hours:.1f} h to go"
    return Advice(bool(reasons) and not waits, tuple(reasons), waits, tuple(dict.fromkeys(review_first)), tuple(asks))


def training_advice(pairs: int, subpixel_share: float, groups: int) -> tuple[str, str]:
    """Which row of the decision table a project is in, and what to do there.

    Parameters
    ----------
    pairs
        Approved pairs of SEM image and shape.
    subpixel_share
        Share of them whose registration is sub-pixel; NaN for unknown.
    groups
        Independent groups among them.
    """
    if pairs < 100:
        row, what = (
            "under 100 pairs",
            "fine-tune the checkpoint in use for a few epochs; do not train from the beginning",
        )
    elif pairs < 1000:
        row, what = "100 to 1,000 pairs", "fine-tune, with replay and early stopping; more groups help more than pairs"
    elif pairs < 10_000:
        row, what = "1,000 to 10,000 pairs", "standard supervised training pays, more epochs too"
    else:
        row, what = "over 10,000 pairs", "a wider network pays (width 32, with a GPU)"
    if groups < 10:
        what += (
            f"; {groups} group{'' if groups == 1 else 's'} so far, and the gate promotes by itself from 10 held out on"
        )
    if np.isfinite(subpixel_share) and subpixel_share < 0.5:
        what += "; most registrations are not sub-pixel, so that only shapes approved on the image can be learned from"
    return row, what
