"""Is it time to retrain? New corrections say so; drift never does alone, for it does not say who is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from semiview.monitoring.random_share import Rate
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
    at_random
        The same of the cases that are a random sample.
    moved
        The feature that drifts now, in words; empty: none does.
    to_review
        Undecided cases of it, those that show the drift best first.
    """

    stratum: Stratum
    new_corrections: int = 0
    accepted: int = 0
    corrected: int = 0
    at_random: Rate = field(default_factory=Rate)
    moved: str = ""
    to_review: tuple[str, ...] = ()

    @property
    def all_cases(self) -> Rate:
        """Over all decided cases; what was reviewed first looked bad, so that this is too high."""
        return Rate(self.corrected, self.accepted + self.corrected)

    def telling(self, decisions: int) -> Rate:
        """The rate of the random sample where it holds so many decisions, else that of all cases."""
        return self.at_random if self.at_random.decided >= decisions else self.all_cases


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
        rate = one.telling(rules.decisions)
        if rate.decided >= rules.decisions and one.new_corrections and rate.bounds(TAIL)[0] > rules.correction_rate:
            sample = " of a random sample" if rate is one.at_random else ""
            reasons.append(
                f"{where}: {rate.corrected} of {rate.decided} predictions{sample} were corrected, surely more than "
                f"{rules.correction_rate:.0%}"
            )
    waits = ""
    if reasons and last_run is not None:
        ready = last_run + timedelta(hours=rules.cool_down_h)
        if now < ready:
            hours = (ready - now).total_seconds() / 3600
            waits = f"the last run began less than {rules.cool_down_h:g} h ago; {hours:.1f} h to go"
    return Advice(bool(reasons) and not waits, tuple(reasons), waits, tuple(dict.fromkeys(review_first)), tuple(asks))
