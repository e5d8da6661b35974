"""CD and EPE as tables; the worst stands first until a person sorts otherwise."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from semiview.metrology.cd import CdRow
from semiview.metrology.epe import EpeTable

Index = QModelIndex | QPersistentModelIndex
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_STATE_RANK = {"missing": 0, "bridge": 0, "extra": 0, "valid": 1, "unobserved": 2}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, how a value is written, and what the title's tip says."""

    title: str
    write: Callable[[Any], str]
    tip: str = ""
    right: bool = True


def nanometres(value: float) -> str:
    """One decimal, signed where it may be negative; empty for NaN."""
    return "" if math.isnan(value) else f"{value:.1f}"


def signed_nanometres(value: float) -> str:
    """With its sign; empty for NaN."""
    return "" if math.isnan(value) else f"{value:+.1f}"


class ColumnModel(QAbstractTableModel):
    """Equally long columns, an order, and a place in design nm for each row."""

    def __init__(self, columns: tuple[Column, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._values: tuple[npt.NDArray[Any], ...] = tuple(np.empty(0) for _ in columns)
        self._places = np.empty((0, 2))
        self._worst = np.empty(0, np.int64)
        self._order = np.empty(0, np.int64)
        self._sorting: tuple[int, bool] | None = None
        self._tips: Sequence[str] = ()

    def set_values(
        self,
        values: Sequence[npt.NDArray[Any]],
        places_nm: npt.NDArray[np.float64],
        worst_first: npt.NDArray[np.int64],
        tips: Sequence[str] = (),
    ) -> None:
        """New rows; `worst_first` is the order that stands while nobody sorts."""
        self.beginResetModel()
        self._values, self._places, self._worst, self._tips = tuple(values), places_nm, worst_first, tips
        self._order = self._ordered()
        self.endResetModel()

    def place_nm(self, row: int) -> tuple[float, float]:
        """(x, y) of a shown row in design nm."""
        x, y = self._places[self._order[row]]
        return float(x), float(y)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Qt; a negative column is worst first."""
        self._sorting = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self.layoutAboutToBeChanged.emit()
        self._order = self._ordered()
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Qt."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Qt."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        return self._columns[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt."""
        row, column = int(self._order[index.row()]), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[column].write(self._values[column][row])
        if role == Qt.ItemDataRole.TextAlignmentRole and self._columns[column].right:
            return _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and self._tips:
            return self._tips[row] or None
        return None

    def _ordered(self) -> npt.NDArray[np.int64]:
        if self._sorting is None:
            return self._worst
        column, descending = self._sorting
        order = np.argsort(self._values[column], kind="stable")
        return order[::-1] if descending else order


class EpeModel(ColumnModel):
    """EPE points of one source."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(
            (
                Column(
                    "EPE nm", signed_nanometres, "Signed along the design edge's outward normal; + is printed larger"
                ),
                Column("σ nm", nanometres, "Standard deviation of the edge's place"),
                Column("State", str, "missing: no contour within reach", right=False),
                Column("At", str, "On a straight edge or near a corner", right=False),
                Column("Feature", lambda value: str(int(value)), "Number of the polygon in the design"),
            ),
            parent,
        )

    def show_table(self, table: EpeTable | None, source: str) -> None:
        """Show the points of a source."""
        if table is None:
            self.set_values([np.empty(0)] * 5, np.empty((0, 2)), np.empty(0, np.int64))
            return
        chosen = np.flatnonzero(np.asarray(table.source) == source)
        epe, state = np.asarray(table.epe_nm)[chosen], np.asarray(table.state)[chosen]
        rank = np.array([_STATE_RANK[str(name)] for name in state])
        size = np.where(np.isnan(epe), 0.0, np.abs(epe))
        places = np.stack([np.asarray(table.x_nm)[chosen], np.asarray(table.y_nm)[chosen]], axis=1)
        columns = [epe, np.asarray(table.sigma_nm)[chosen], state, np.asarray(table.feature_class)[chosen],
                   np.asarray(table.feature_id)[chosen]]  # fmt: skip
        self.set_values(
            columns, places, np.lexsort((-size, rank)), [str(why) for why in np.asarray(table.reason)[chosen]]
        )


class CdModel(ColumnModel):
    """Gauges of one source."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(
            (
                Column("Gauge", str, right=False),
                Column("CD nm", nanometres, "Mean width over the gauge's profiles"),
                Column("Drawn", nanometres, "Width in the design"),
                Column("Δ nm", signed_nanometres, "Printed minus drawn"),
                Column("σ nm", nanometres, "Standard deviation over the profiles"),
                Column("Kind", str, right=False),
            ),
            parent,
        )

    def show_rows(self, rows: Sequence[CdRow], source: str) -> None:
        """Show the gauges of a source."""
        chosen = [row for row in rows if row.source == source]
        cd = np.array([row.cd_nm for row in chosen], np.float64)
        drawn = np.array([row.cd_design_nm for row in chosen], np.float64)
        places = np.array([(row.x_nm, row.y_nm) for row in chosen], np.float64).reshape(-1, 2)
        # What could not be measured stands before the largest difference.
        size = np.where(np.isnan(cd), np.inf, np.where(np.isnan(drawn), 0.0, np.abs(cd - drawn)))
        columns = [
            np.array([row.gauge_id for row in chosen], np.str_), cd, drawn, cd - drawn,
            np.array([row.cd_sigma_nm for row in chosen], np.float64),
            np.array([row.mode.replace("_", " ") for row in chosen], np.str_),
        ]  # fmt: skip
        self.set_values(columns, places, np.argsort(-size, kind="stable"), [row.reason for row in chosen])
