"""The case list as a table: one line a case, sorted and filtered without touching the files."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from semiview.core.review import ReviewState
from semiview.ui.theme import BAD, BUSY, DOUBT, GOOD, dot
from semiview.ui.thumbnails import Thumbnails

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("Case", "Decision", "EPE", "Registration", "Type")
CASE, DECISION, EPE, REGISTRATION, TYPE = range(len(COLUMNS))

STATE_COLOURS: dict[str, str] = {
    "undecided": "", "accepted": GOOD, "corrected": GOOD, "rejected": BAD, "skipped": DOUBT, "disputed": BAD,
    "saving": BUSY, "not saved": BAD,
}  # fmt: skip
_STATE_ORDER = {name: number for number, name in enumerate(STATE_COLOURS)}
_CLASS_ORDER = {"failed": 0, "ambiguous": 1, "significant": 2, "few pixel": 3, "subpixel": 4, "by hand": 5, "": 6}


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What the list shows of a case.

    Attributes
    ----------
    saving
        "", "saving" or "not saved": shown in place of the state.
    registration
        Class or verdict in one or two words; empty: nobody has looked.
    worst_epe_nm
        Largest |EPE| of what was measured last; NaN: not measured.
    missing
        Number of EPE points without a contour.
    problem
        Why the case cannot be opened; empty if nothing is known against it.
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

    @property
    def shown_state(self) -> str:
        """State, or how far its saving is."""
        return self.saving or self.state


class CaseModel(QAbstractTableModel):
    """Lines in the order and choice of the list. Frozen: a decision moves no row until `refresh`.

    It sorts and filters by itself: a proxy would ask for two cells at each comparison, a second for 10,000 cases.
    """

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.thumbnails = thumbnails
        self._lines: dict[str, CaseLine] = {}
        self._shown: list[str] = []
        self._rows: dict[str, int] = {}
        self._words: tuple[str, ...] = ()
        self._state = ""
        self._sorting: tuple[int, bool] | None = None
        self._dots = {name: dot(colour) for name, colour in STATE_COLOURS.items() if colour}
        thumbnails.arrived.connect(self._picture_arrived)

    @property
    def lines(self) -> tuple[CaseLine, ...]:
        """All lines in the order of the project, shown or not."""
        return tuple(self._lines.values())

    @property
    def case_ids(self) -> tuple[str, ...]:
        """Cases as they stand in the list now."""
        return tuple(self._shown)

    def __contains__(self, case_id: str) -> bool:
        return case_id in self._lines

    def set_lines(self, lines: Iterable[CaseLine]) -> None:
        """Another project."""
        self._lines = {line.case_id: line for line in lines}
        self.refresh()

    def line(self, case_id: str) -> CaseLine:
        """The line of a case; KeyError if the project has no such case."""
        return self._lines[case_id]

    def update(self, case_id: str, **changes: Any) -> None:
        """Change fields of a line; it stays where it is."""
        line = replace(self._lines[case_id], **changes)
        if line == self._lines[case_id]:
            return
        self._lines[case_id] = line
        row = self._rows.get(case_id)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def choose(self, text: str, state: str) -> None:
        """Show the cases that hold every word of `text`; `state` empty: any."""
        self._words, self._state = tuple(text.lower().split()), state
        self.refresh()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Qt; a negative column is the order of the project."""
        self._sorting = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self.refresh()

    def refresh(self) -> None:
        """Sort and choose again by what is known now."""
        self.beginResetModel()
        lines = [line for line in self._lines.values() if self._accepts(line)]
        if self._sorting is not None:
            column, descending = self._sorting
            lines.sort(key=lambda line: _sort_key(line, column), reverse=descending)
        self._shown = [line.case_id for line in lines]
        self._rows = {case_id: row for row, case_id in enumerate(self._shown)}
        self.endResetModel()

    def row_of(self, case_id: str) -> int:
        """Row of a case in the order shown; -1 if it is not shown."""
        return self._rows.get(case_id, -1)

    def neighbour(self, case_id: str | None, step: int, undecided: bool = False) -> str | None:
        """The next (+1) or previous (-1) case in the order shown; None at the end. It does not wrap around.

        With `undecided` those with a decision, or with one being saved, are passed over.
        """
        row = -1 if case_id is None else self.row_of(case_id)
        if row < 0:
            row = -1 if step > 0 else len(self._shown)
        row += step
        while 0 <= row < len(self._shown):
            line = self._lines[self._shown[row]]
            if not undecided or (line.state in ("undecided", "disputed") and line.saving != "saving"):
                return line.case_id
            row += step
        return None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Qt."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Qt."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            what = "Largest EPE of the shape that counts; ! marks missing contours. " if section == EPE else ""
            return f"{what}Click to sort; the order then stays until Refresh"
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        line, column = self._lines[self._shown[index.row()]], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(line, column)
        if role == Qt.ItemDataRole.DecorationRole:
            if column == CASE:
                return self.thumbnails.get(line.case_id)
            if column == DECISION:
                return self._dots.get(line.shown_state)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(line)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == EPE:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _accepts(self, line: CaseLine) -> bool:
        if self._state and line.shown_state != self._state:
            return False
        text = f"{line.case_id} {line.pattern_type} {line.registration} {line.state} {line.reviewer}".lower()
        return all(word in text for word in self._words)

    def _picture_arrived(self, case_id: str) -> None:
        row = self._rows.get(case_id)
        if row is not None:
            cell = self.index(row, CASE)
            self.dataChanged.emit(cell, cell, [Qt.ItemDataRole.DecorationRole])


def _text(line: CaseLine, column: int) -> str:
    if column == CASE:
        return line.case_id
    if column == DECISION:
        return line.shown_state
    if column == TYPE:
        return line.pattern_type.replace("_", " ")
    if column == REGISTRATION:
        return line.registration
    if math.isnan(line.worst_epe_nm):
        return "missing" if line.missing else ""
    return f"{line.worst_epe_nm:.0f} nm" + (" !" if line.missing else "")


def _sort_key(line: CaseLine, column: int) -> Any:
    if column == DECISION:
        return _STATE_ORDER[line.shown_state]
    if column == REGISTRATION:
        return _CLASS_ORDER.get(line.registration, 3)
    if column == EPE:
        return line.missing > 0, -1.0 if math.isnan(line.worst_epe_nm) else line.worst_epe_nm
    return _text(line, column)


def _tip(line: CaseLine) -> str:
    if line.problem:
        return line.problem
    parts = [line.case_id, line.shown_state + (f" by {line.reviewer}" if line.reviewer else "")]
    parts += [f"reason: {line.reason}"] if line.reason else []
    parts += [f"registration: {line.registration or 'nobody has looked'}"]
    parts += [f"{line.missing} EPE points have no contour"] if line.missing else []
    return "\n".join(parts)
