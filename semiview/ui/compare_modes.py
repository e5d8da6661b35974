"""Ways to compare what a case has: the table that the menu, the toolbar, the key and the canvas read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["sem", "design", "prediction", "other", "expected"]
CompareMode = Literal["three", "two", "single", "overlay", "blink", "curtain", "checkerboard", "difference", "red_cyan"]
Pair = Literal["sem_design", "sem_prediction", "prediction_design", "prediction_other", "sem_expected"]

KIND_TITLES: Mapping[Kind, str] = {
    "sem": "SEM",
    "design": "Design",
    "prediction": "Prediction",
    "other": "Another checkpoint",
    "expected": "Predicted SEM",
}
# What a case has by itself stands in a view of its own; a guest takes the design's place.
VIEWS: tuple[Kind, ...] = ("sem", "design", "prediction")
GUESTS: tuple[Kind, ...] = ("other", "expected")


@dataclass(frozen=True, slots=True)
class CompareSpec:
    """One way to compare.

    Attributes
    ----------
    views
        What stands side by side, each in a view of its own; None: one view shows the two pictures of a pair together.
    adjusts
        What Shift+wheel changes; empty: nothing.
    """

    title: str
    tip: str
    views: tuple[Kind, ...] | None = None
    adjusts: Literal["", "divider", "blend", "checker", "span"] = ""


COMPARE_MODES: Mapping[CompareMode, CompareSpec] = {
    "three": CompareSpec("Three views", "SEM, design and prediction side by side", ("sem", "design", "prediction")),
    "two": CompareSpec("Two views", "The two pictures that are compared side by side", ()),
    "single": CompareSpec("SEM alone", "One large view", ("sem",)),
    "overlay": CompareSpec("Overlay", "The second laid over the first; Shift+wheel says how strongly", adjusts="blend"),
    "blink": CompareSpec("Blink", "One and the other by turns; hold F to turn by hand"),
    "curtain": CompareSpec("Curtain", "One beside the other, the divider moves", adjusts="divider"),
    "checkerboard": CompareSpec("Checkerboard", "Fields of both by turns; Shift+wheel their size", adjusts="checker"),
    "difference": CompareSpec(
        "Difference",
        "Orange where the first is brighter, blue where the second is; Shift+wheel how soon",
        adjusts="span",
    ),
    "red_cyan": CompareSpec("Red and cyan", "The first red, the second cyan; grey where they agree"),
}

PAIRS: Mapping[Pair, tuple[Kind, Kind]] = {
    "sem_design": ("sem", "design"),
    "sem_prediction": ("sem", "prediction"),
    "prediction_design": ("prediction", "design"),
    "prediction_other": ("prediction", "other"),
    "sem_expected": ("sem", "expected"),
}


def pair_title(pair: Pair) -> str:
    """Both names of a pair.

    >>> pair_title("sem_design")
    'SEM and design'
    """
    first, second = (KIND_TITLES[kind] for kind in PAIRS[pair])
    return f"{first} and {second[0].lower()}{second[1:]}"


def guest(pair: Pair) -> Kind | None:
    """The picture of a pair that is not the case's own; None: both are.

    >>> guest("sem_expected"), guest("sem_design")
    ('expected', None)
    """
    return next((kind for kind in PAIRS[pair] if kind in GUESTS), None)


def shown(mode: CompareMode, pair: Pair) -> tuple[Kind, ...]:
    """The views that stand in the window: with one picture each, or the first alone that shows a pair together."""
    views = COMPARE_MODES[mode].views
    return ("sem",) if views is None else views or PAIRS[pair]


def composed(mode: CompareMode) -> bool:
    """True if one view shows two pictures together."""
    return COMPARE_MODES[mode].views is None
