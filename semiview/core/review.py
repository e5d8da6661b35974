"""What a reviewer decides about a case."""

from dataclasses import dataclass
from typing import Literal

DecisionKind = Literal["accept", "correct", "reject", "skip", "retract", "note"]
ReviewState = Literal["undecided", "accepted", "corrected", "rejected", "skipped", "disputed"]

REJECT_REASONS = (
    "wrong shape",
    "bad image (blur, charging, drift)",
    "wrong field or wrong layer",
    "registration cannot be settled",
    "defect, not the process",
    "other",
)

STATE_AFTER: dict[DecisionKind, ReviewState] = {
    "accept": "accepted",
    "correct": "corrected",
    "reject": "rejected",
    "skip": "skipped",
    "retract": "undecided",
}


@dataclass(frozen=True, slots=True)
class Approval:
    """The three things a decision approves separately."""

    shape: bool = True
    registration: bool = False
    measurements: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision before it is written: what the reviewer said, and the words that go with it.

    Raises
    ------
    ValueError
        If a rejection has no reason.
    """

    kind: DecisionKind
    reviewer: str
    approval: Approval = Approval()
    reason: str = ""
    note: str = ""
    seconds_spent: float = 0.0
    supersedes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind == "reject" and not self.reason:
            raise ValueError("a rejection needs a reason")


@dataclass(frozen=True, slots=True)
class Review:
    """Where the review of a case stands: its state and the newest record that made it so."""

    state: ReviewState = "undecided"
    record_id: str = ""
    reviewer: str = ""
    reason: str = ""
