"""Rows of numbers as a table: the worst first until a person sorts otherwise, filtered, copied with every digit."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

Index = QModelIndex | QPersistentModelIndex
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Values = npt.NDArray[Any]

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
PLACE_TITLES = ("x nm", "y nm", "reason")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, how a value is written, what the title's tip says.

    Attributes
    ----------
    rank
        From the values to what they are sorted by; None: the values themselves.
    colour
        Of a value; None: the text's own.
    """

    title: str
    write: Callable[[Any], str]
    tip: str = ""
    right: bool = True
    rank: Callable[[Values], Values] | None = None
    colour: Callable[[Any], QColor | None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """N rows to be shown.

    Attributes
    ----------
    values
        One array (N,) a column.
    places_nm
        (N, 2) design nm; NaN: nowhere.
    worst_first
        (N,) the order that stands while nobody sorts.
    keys
        What each row is: it finds the row again after the next measurement.
    reasons
        Why a value is missing; empty: no reason for any.
    """

    values: tuple[Values, ...]
    places_nm: npt.NDArray[np.float64]
    worst_first: Integers
    keys: Sequence[Hashable]
    reasons: Sequence[str] = ()

    @classmethod
    def none(cls, columns: int) -> "Rows":
        """No rows."""
        return cls(tuple(np.empty(0) for _ in range(columns)), np.empty((0, 2)), np.empty(0, np.int64), ())

    def __len__(self) -> int:
        return len(self.worst_first)


def nanometres(value: float) -> str:
    """One decimal; empty for NaN."""
    return "" if math.isnan(value) else f"{value:.1f}"


def signed_nanometres(value: float) -> str:
    """One decimal with its sign; empty for NaN."""
    return "" if math.isnan(value) else f"{value:+.1f}"


def hundredths(value: float) -> str:
    """Two decimals; empty for NaN."""
    return "" if math.isnan(value) else f"{value:.2f}"


def whole(value: float) -> str:
    """A count."""
    return str(int(value))


def natural(values: Values) -> Values:
    """Ranks of names in which numbers count as numbers.

    Examples
    --------
    >>> natural(np.array(["line-10", "line-9", "hole-1"])).tolist()
    [2, 1, 0]
    """
    parts = [_natural_key(str(name)) for name in values]
    ranks = np.empty(len(parts), np.int64)
    ranks[sorted(range(len(parts)), key=parts.__getitem__)] = np.arange(len(parts))
    return ranks


class ColumnModel(QAbstractTableModel):
    """Equally long columns, an order, a filter, and a place in design nm for each row."""

    def __init__(self, columns: tuple[Column, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._rows = Rows.none(len(columns))
        self._shown: Booleans | None = None
        self._order: Integers = np.empty(0, np.int64)
        self._sorting: tuple[int, bool] | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is in the columns."""
        return self._columns

    def set_rows(self, rows: Rows, shown: Booleans | None = None, columns: tuple[Column, ...] | None = None) -> None:
        """New rows, of which only those marked in `shown` are seen; perhaps of other columns."""
        self.beginResetModel()
        if columns is not None and columns != self._columns:
            self._columns, self._sorting = columns, None
        self._rows, self._shown = rows, shown
        self._order = self._ordered()
        self.endResetModel()

    def show_only(self, shown: Booleans | None) -> None:
        """See only these rows of those there are; None: all."""
        self.beginResetModel()
        self._shown = shown
        self._order = self._ordered()
        self.endResetModel()

    def number(self, row: int) -> int:
        """Which of the rows handed in a shown row is."""
        return int(self._order[row])

    def key(self, row: int) -> Hashable:
        """What a shown row is."""
        return self._rows.keys[self.number(row)]

    def row_of(self, key: Hashable) -> int | None:
        """Where a row is shown; None: it is not."""
        found = [row for row, number in enumerate(self._order.tolist()) if self._rows.keys[number] == key]
        return found[0] if found else None

    def rows_of(self, keys: set[Hashable]) -> list[int]:
        """Where these rows are shown."""
        if not keys:
            return []
        return [row for row, number in enumerate(self._order.tolist()) if self._rows.keys[number] in keys]

    def place_nm(self, row: int) -> tuple[float, float]:
        """(x, y) of a shown row in design nm; NaN: it has no place."""
        x, y = self._rows.places_nm[self._order[row]]
        return float(x), float(y)

    def as_text(self, rows: Sequence[int]) -> str:
        """Shown rows with a header, tab-separated, with places and reasons, as a spreadsheet takes them."""
        titles = [*(column.title for column in self._columns), *PLACE_TITLES]
        lines = ["\t".join(titles)]
        for row in rows:
            number = self.number(row)
            cells = [
                _precise(values[number], column)
                for column, values in zip(self._columns, self._rows.values, strict=True)
            ]
            x, y = self.place_nm(row)
            reason = self._rows.reasons[number] if len(self._rows.reasons) else ""
            lines.append("\t".join((*cells, _number(x), _number(y), reason)))
        return "\n".join(lines) + "\n"

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Qt; a negative column is worst first."""
        self._sorting = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        keys = [(self._order[index.row()], index.column()) for index in old]
        self._order = self._ordered()
        places = {number: row for row, number in enumerate(self._order.tolist())} if old else {}
        self.changePersistentIndexList(old, [self.index(places[int(number)], at) for number, at in keys])
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Qt."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Qt."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        return self._columns[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        number, column = int(self._order[index.row()]), self._columns[index.column()]
        value = self._rows.values[index.column()][number]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.write(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.right:
            return _RIGHT
        if role == Qt.ItemDataRole.ForegroundRole and column.colour is not None:
            return column.colour(value)
        if role == Qt.ItemDataRole.ToolTipRole and len(self._rows.reasons):
            return self._rows.reasons[number] or None
        return None

    def _ordered(self) -> Integers:
        if self._sorting is None:
            order = self._rows.worst_first
        else:
            column, descending = self._sorting
            values, rank = self._rows.values[column], self._columns[column].rank
            order = _sorted(values if rank is None else rank(values), descending)
        return order if self._shown is None else order[self._shown[order]]


def _sorted(values: Values, descending: bool) -> Integers:
    """Stable; what is not a number stands last either way."""
    if values.dtype.kind in "fiub":
        numbers = values.astype(np.float64)
        return np.argsort(-numbers if descending else numbers, kind="stable")
    order = np.argsort(values, kind="stable")
    return order[::-1] if descending else order


def _precise(value: Any, column: Column) -> str:
    return _number(float(value)) if isinstance(value, np.floating | float) else column.write(value)


def _number(value: float) -> str:
    text = "" if math.isnan(value) else f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _natural_key(name: str) -> tuple[str, int, str]:
    head = name.rstrip("0123456789")
    return head, int(name[len(head) :] or -1), name
