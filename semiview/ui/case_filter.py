"""What a person types to find cases: words, and conditions on one column such as lot:A1 or epe>10."""

import operator
import re
from collections.abc import Callable, Sequence

from semiview.ui.case_line import CASE, DECISION, EPE, REGISTRATION, REVIEWER, TYPE, CaseLine, Column

Test = Callable[[CaseLine], bool]

HELP = (
    "Words that a case must hold in name, decision, registration, type or reviewer.\n"
    "One column: lot:A1, registration:failed, type:logic; a number: epe>10, dose<=20."
)
_CONDITION = re.compile(r"([^:<>=\s]+)(<=|>=|:|<|>|=)(\S*)")
_COMPARE = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "=": operator.eq}
_WORDS_IN = (CASE, DECISION, REGISTRATION, TYPE, REVIEWER)


def filter_of(text: str, columns: Sequence[Column]) -> tuple[Test, ...]:
    """Tests that a line must pass, all of them. A column is found by the beginning of its title."""
    return tuple(_test(word, columns) for word in text.lower().split())


def _test(word: str, columns: Sequence[Column]) -> Test:
    condition = _CONDITION.fullmatch(word)
    if condition is not None:
        name, sign, wanted = condition.groups()
        column = next((each for each in columns if each.title.lower().replace(" ", "_").startswith(name)), None)
        if column is not None:
            return _of_column(column, column is columns[EPE], sign, wanted)

    def holds(line: CaseLine) -> bool:
        return any(word in columns[number].text(line).lower() for number in _WORDS_IN)

    return holds


def _of_column(column: Column, is_epe: bool, sign: str, wanted: str) -> Test:
    if sign == ":":
        return lambda line: wanted in column.text(line).lower()
    compare = _COMPARE[sign]
    limit = _number(wanted)

    def passes(line: CaseLine) -> bool:
        value = line.worst_epe_nm if is_epe else _number(column.text(line))
        if value is not None and limit is not None:
            return bool(compare(value, limit))
        return sign == "=" and column.text(line).lower() == wanted

    return passes


def _number(text: str) -> float | None:
    try:
        return float(text.split()[0]) if text else None
    except ValueError:
        return None
