"""Going from case to case, and deciding."""

from semiview.ui.actions.spec import ActionSpec

REVIEW_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("review.next", "Next case", "review", ("D",), "The next case of the list", "next", repeats=True),
    ActionSpec("review.previous", "Previous case", "review", ("A",), "The case before", "previous", repeats=True),
    ActionSpec(
        "review.next_undecided", "Next undecided", "review", ("Ctrl+Shift+D",), "The next case without a decision"
    ),
    ActionSpec(
        "review.previous_undecided",
        "Previous undecided",
        "review",
        ("Ctrl+Shift+A",),
        "The last case without a decision before this one",
    ),
    ActionSpec(
        "review.next_valuable",
        "Most valuable next",
        "review",
        ("N",),
        "The case whose look is worth the most; the review panel says why",
    ),
    ActionSpec(
        "review.second_look",
        "Second look",
        "review",
        ("Q",),
        "Ask that somebody else looks at it too, or ask it no longer; kept with your note",
        short="⚑ Second look",
        checkable=True,
    ),
    ActionSpec(
        "review.accept",
        "Accept",
        "review",
        ("Return", "Enter"),
        "Accept the shape as it stands (the correction, if there is one) and go on",
        "accept",
        tool="pan",
    ),
    ActionSpec("review.reject", "Reject…", "review", ("X",), "Choose a reason and reject", "reject"),
    ActionSpec("review.skip", "Skip", "review", ("S",), "Leave it undecided for now and go on", "skip"),
    ActionSpec(
        "review.retract",
        "Take back",
        "review",
        ("U",),
        "Go back to the last decision made here and take it back",
        "retract",
    ),
)
