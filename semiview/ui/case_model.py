"""The case list as a table: one line a case, sorted and filtered without touching the files."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from semiview.ui.case_filter import Test, filter_of
from semiview.ui.case_line import CASE, COLUMNS, DECISION, STATE_COLOURS, CaseLine, Column, metadata_columns, tip
from semiview.ui.look_value import AT_RANDOM, approved_by_type, look_value, ranked
from semiview.ui.theme import dot
from semiview.ui.thumbnails import Thumbnails

Index = QModelIndex | QPersistentModelIndex


class CaseModel(QAbstractTableModel):
    """Lines in the order and choice of the list. Frozen: a decision moves no row until `refresh`.

    It sorts and filters by itself: a proxy would ask for two cells at each comparison, a second for 10,000 cases.

    Attributes
    ----------
    reviewer
        Whose order of value it is.
    """

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.thumbnails = thumbnails
        self.reviewer = ""
        self._columns: tuple[Column, ...] = COLUMNS
        self._lines: dict[str, CaseLine] = {}
        self._shown: list[str] = []
        self._rows: dict[str, int] = {}
        self._ranked: tuple[str, ...] = ()
        self._approved: Counter[str] = Counter()  # by pattern type
        self._text, self._state = "", ""
        self._sorting: tuple[int, bool] | None = None
        self._dots = {name: dot(colour) for name, colour in STATE_COLOURS.items() if colour}
        thumbnails.arrived.connect(self._picture_arrived)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the open project."""
        return self._columns

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
        self.beginResetModel()
        self._lines = {line.case_id: line for line in lines}
        self._columns = (*COLUMNS, *metadata_columns(self._lines.values()))
        if self._sorting is not None and self._sorting[0] >= len(self._columns):
            self._sorting = None
        self._rank()
        self._arrange()
        self.endResetModel()

    def line(self, case_id: str) -> CaseLine:
        """The line of a case; KeyError if the project has no such case."""
        return self._lines[case_id]

    def update(self, case_id: str, **changes: Any) -> None:
        """Change fields of a line; it stays where it is."""
        line = replace(self._lines[case_id], **changes)
        if line == self._lines[case_id]:
            return
        if line.rank and line.why != AT_RANDOM:
            # Its place in the order stays until it is refreshed, its grounds are those of now.
            line = replace(line, why=look_value(line, self._approved[line.pattern_type])[1])
        self._lines[case_id] = line
        row = self._rows.get(case_id)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self._columns) - 1))

    def choose(self, text: str, state: str) -> None:
        """Show the cases that pass every word of `text`, see `case_filter`; `state` empty: any."""
        self._text, self._state = text, state
        self._reset()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Qt; a negative column is the order of the project."""
        self._sorting = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self._reset()

    def refresh(self) -> None:
        """Rank, sort and choose again by what is known now."""
        self._rank()
        self._reset()

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
            if not undecided or line.waits:
                return line.case_id
            row += step
        return None

    def most_valuable(self, but: str | None = None) -> str | None:
        """The case whose look is worth the most and that passes the filter, other than the open one."""
        for case_id in self._ranked:
            line = self._lines[case_id]
            wanted = line.waits or (line.second_look and line.second_look != self.reviewer)
            if case_id != but and case_id in self._rows and wanted and not line.open_by and not line.problem:
                return case_id
        return None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Qt."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Qt."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            what = self._columns[section].tip
            return f"{what}Click to sort, the order then stays until Refresh; right-click chooses columns"
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        line, column = self._lines[self._shown[index.row()]], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[column].text(line)
        if role == Qt.ItemDataRole.DecorationRole:
            if column == CASE:
                return self.thumbnails.get(line.case_id)
            if column == DECISION:
                return self._dots.get(line.shown_state)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(line)
        if role == Qt.ItemDataRole.TextAlignmentRole and self._columns[column].number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _reset(self) -> None:
        self.beginResetModel()
        self._arrange()
        self.endResetModel()

    def _rank(self) -> None:
        order = ranked(tuple(self._lines.values()), self.reviewer)
        self._approved = approved_by_type(self._lines.values())
        self._ranked = tuple(case_id for case_id, _ in order)
        places = {case_id: (place, why) for place, (case_id, why) in enumerate(order, 1)}
        for case_id, line in self._lines.items():
            rank, why = places.get(case_id, (0, ""))
            if (line.rank, line.why) != (rank, why):
                self._lines[case_id] = replace(line, rank=rank, why=why)

    def _arrange(self) -> None:
        tests = filter_of(self._text, self._columns)
        lines = [line for line in self._lines.values() if self._accepts(line, tests)]
        if self._sorting is not None:
            column, descending = self._sorting
            lines.sort(key=self._columns[column].key, reverse=descending)
        self._shown = [line.case_id for line in lines]
        self._rows = {case_id: row for row, case_id in enumerate(self._shown)}

    def _accepts(self, line: CaseLine, tests: tuple[Test, ...]) -> bool:
        if self._state == "second look":
            return bool(line.second_look) and all(test(line) for test in tests)
        if self._state and line.shown_state != self._state:
            return False
        return all(test(line) for test in tests)

    def _picture_arrived(self, case_id: str) -> None:
        row = self._rows.get(case_id)
        if row is not None:
            cell = self.index(row, CASE)
            self.dataChanged.emit(cell, cell, [Qt.ItemDataRole.DecorationRole])
