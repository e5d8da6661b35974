"""What the list shows of a case, and the columns that it shows it in."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from semiview.core.review import ReviewState
from semiview.ui.theme import BAD, BUSY, DOUBT, GOOD

STATE_COLOURS: dict[str, str] = {
    "undecided": "", "accepted": GOOD, "corrected": GOOD, "rejected": BAD, "skipped": DOUBT, "disputed": BAD,
    "saving": BUSY, "not saved": BAD,
}  # fmt: skip
_STATE_ORDER = {name: number for number, name in enumerate(STATE_COLOURS)}
NO_DESIGN = "no design"  # in place of a registration
_CLASS_ORDER = {"failed": 0, "ambiguous": 1, "significant": 2, "few pixel": 3, "subpixel": 4, "by hand": 5, "": 6,
                NO_DESIGN: 7}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What the list shows of a case.

    Attributes
    ----------
    saving
        "", "saving" or "not saved": shown in place of the state.
    registration
        Class or verdict in one or two words, or `NO_DESIGN`; empty: nobody has looked.
    worst_epe_nm
        Largest |EPE| of what was measured last; NaN: not measured.
    missing
        Number of EPE points without a contour.
    problem
        Why the case cannot be opened; empty if nothing is known against it.
    second_look
        Who wants somebody else to look at it; empty: nobody.
    open_by
        Who has it open in another window; empty: nobody.
    uncertainty, novelty
        0 to 1, of the prediction and of the image; NaN: unknown.
    rank
        Place in the order of what a look is worth, from 1; 0: it needs none.
    why
        Why it stands there, in words.
    metadata
        Further columns of the case list.
    """

    case_id: str
    pattern_type: str = ""
    state: ReviewState = "undecided"
    saving: str = ""
    reviewer: str = ""
    reason: str = ""
    registration: str = ""
    worst_epe_nm: float = math.nan
    missing: int = 0
    problem: str = ""
    second_look: str = ""
    open_by: str = ""
    uncertainty: float = math.nan
    novelty: float = math.nan
    rank: int = 0
    why: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown_state(self) -> str:
        """State, or how far its saving is."""
        return self.saving or self.state

    @property
    def waits(self) -> bool:
        """True while a decision about it is wanted and none is on its way."""
        return self.state in ("undecided", "disputed") and self.saving != "saving"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list: its cell as text, and what it is sorted by."""

    title: str
    text: Callable[[CaseLine], str]
    key: Callable[[CaseLine], Any]
    tip: str = ""
    number: bool = False


def _by_text(text: Callable[[CaseLine], str]) -> Callable[[CaseLine], Any]:
    return lambda line: natural(text(line))


def _epe_text(line: CaseLine) -> str:
    if math.isnan(line.worst_epe_nm):
        return "missing" if line.missing else ""
    return f"{line.worst_epe_nm:.0f} nm" + (" !" if line.missing else "")


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.0f} %"


def _or_less(value: float) -> float:
    return -1.0 if math.isnan(value) else value


def _type_text(line: CaseLine) -> str:
    return line.pattern_type.replace("_", " ")


def _decision_text(line: CaseLine) -> str:
    return line.shown_state + (" ⚑" if line.second_look else "")


COLUMNS: tuple[Column, ...] = (
    Column("Case", lambda line: line.case_id, lambda line: natural(line.case_id)),
    Column("Decision", _decision_text, lambda line: (_STATE_ORDER[line.shown_state], not line.second_look),
           "⚑: somebody wants a second look. "),
    Column("EPE", _epe_text, lambda line: (line.missing > 0, _or_less(line.worst_epe_nm)),
           "Largest EPE of the shape that counts, as measured last (Measure, Measure all cases); ! marks missing "
           "contours. ", number=True),
    Column("Registration", lambda line: line.registration, lambda line: _CLASS_ORDER.get(line.registration, 3)),
    Column("Type", _type_text, _by_text(_type_text)),
    Column("Worth", lambda line: str(line.rank or ""), lambda line: line.rank or math.inf,
           "Place in the order of what a look is worth; the row's tip says why. ", number=True),
    Column("Uncertain", lambda line: _share(line.uncertainty), lambda line: _or_less(line.uncertainty),
           "How unsure the network is. ", number=True),
    Column("Novel", lambda line: _share(line.novelty), lambda line: _or_less(line.novelty),
           "How unlike the training images it is. ", number=True),
    Column("Reviewer", lambda line: line.reviewer, _by_text(lambda line: line.reviewer)),
    Column("Open by", lambda line: line.open_by, _by_text(lambda line: line.open_by), "In another window. "),
)  # fmt: skip
CASE, DECISION, EPE, REGISTRATION, TYPE, WORTH, UNCERTAIN, NOVEL, REVIEWER, OPEN_BY = range(len(COLUMNS))


def metadata_columns(lines: Iterable[CaseLine]) -> tuple[Column, ...]:
    """A column for each further column of the case list that some case fills."""
    names = dict.fromkeys(name for line in lines for name, text in line.metadata.items() if text)
    return tuple(_metadata_column(name) for name in names)


def _metadata_column(name: str) -> Column:
    def text(line: CaseLine) -> str:
        return line.metadata.get(name, "")

    return Column(name, text, _by_text(text), f"Column {name} of the case list. ")


def natural(text: str) -> tuple[int, float, str]:
    """To sort by: numbers by their size before words, blanks last.

    >>> sorted(["b", "10", "", "9"], key=natural)
    ['9', '10', 'b', '']
    """
    try:
        return 0, float(text), ""
    except ValueError:
        return (1, 0.0, text.lower()) if text else (2, 0.0, "")


def tip(line: CaseLine) -> str:
    """Everything about a line, for its tooltip."""
    if line.problem:
        return line.problem
    parts = [line.case_id, line.shown_state + (f" by {line.reviewer}" if line.reviewer else "")]
    parts += [f"reason: {line.reason}"] if line.reason else []
    parts += [f"registration: {line.registration or 'nobody has looked'}"]
    parts += [f"{line.missing} EPE points have no contour"] if line.missing else []
    parts += [f"second look wanted by {line.second_look}"] if line.second_look else []
    parts += [f"open by {line.open_by} in another window"] if line.open_by else []
    parts += [f"worth a look, no. {line.rank}: {line.why}"] if line.rank else []
    return "\n".join(parts)
