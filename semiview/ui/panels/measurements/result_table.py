"""A table of results: a row shows its place, rows are copied as a spreadsheet takes them."""

import math
from collections.abc import Hashable

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from semiview.ui.column_model import Booleans, Column, ColumnModel, Rows

ROW_PX = 22


class ResultTable(QTableView):
    """Rows of a `ColumnModel`; the rows that were chosen stay chosen through a new measurement.

    Attributes
    ----------
    place_wanted
        (x, y) design nm of the row a person went to.
    row_chosen
        Key of that row.
    """

    place_wanted = Signal(float, float)
    row_chosen = Signal(object)

    def __init__(self, name: str, columns: tuple[Column, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.rows = ColumnModel(columns, self)
        self.setModel(self.rows)
        self._quiet = False
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        numbers = self.verticalHeader()
        numbers.hide()
        numbers.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        numbers.setDefaultSectionSize(ROW_PX)
        titles = self.horizontalHeader()
        titles.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        titles.setHighlightSections(False)
        titles.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        titles.setSortIndicatorClearable(True)
        titles.setMinimumSectionSize(24)
        self.setSortingEnabled(True)
        self.setToolTip("Click a row, or go there with the arrow keys, to see the place. Ctrl+C copies.")
        self.selectionModel().currentChanged.connect(lambda index, _: self._go(index))
        self.clicked.connect(self._go)

    def show_rows(self, rows: Rows, shown: Booleans | None = None, columns: tuple[Column, ...] | None = None) -> None:
        """Other rows; what was chosen stays chosen where it is still there."""
        fresh = columns is not None and columns != self.rows.columns
        chosen, current = set(self.chosen()), self.current()
        was_empty = self.rows.rowCount() == 0
        self._quiet = True
        self.rows.set_rows(rows, shown, columns)
        self._choose_again(chosen, current)
        self._quiet = False
        if fresh or (was_empty and len(rows)):
            self.resizeColumnsToContents()

    def show_only(self, shown: Booleans | None) -> None:
        """Filter the rows there are."""
        chosen, current = set(self.chosen()), self.current()
        self._quiet = True
        self.rows.show_only(shown)
        self._choose_again(chosen, current)
        self._quiet = False

    def chosen(self) -> list[Hashable]:
        """Keys of the chosen rows."""
        return [self.rows.key(index.row()) for index in self.selectionModel().selectedRows()]

    def current(self) -> Hashable | None:
        """Key of the row the cursor is on."""
        index = self.currentIndex()
        return self.rows.key(index.row()) if index.isValid() else None

    def choose(self, key: Hashable | None) -> None:
        """Put the cursor on a row without asking to see its place."""
        row = None if key is None else self.rows.row_of(key)
        self._quiet = True
        if row is None:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif row != self.currentIndex().row():
            self.selectRow(row)
            self.scrollTo(self.rows.index(row, 0))
        self._quiet = False

    def step(self, way: int) -> None:
        """The next row (1) or the one before (-1); from nowhere, the first."""
        count, index = self.rows.rowCount(), self.currentIndex()
        row = min(max(index.row() + way, 0), count - 1) if index.isValid() else 0
        if count:
            self.selectRow(row)
            self.scrollTo(self.rows.index(row, 0))
            self._go(self.rows.index(row, 0))

    def copy(self) -> int:
        """Put the chosen rows, or all where none is, on the clipboard; their number."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        rows = rows or list(range(self.rows.rowCount()))
        QGuiApplication.clipboard().setText(self.rows.as_text(rows))
        return len(rows)

    def _choose_again(self, chosen: set[Hashable], current: Hashable | None) -> None:
        selection = QItemSelection()
        for row in self.rows.rows_of(chosen):
            selection.select(self.rows.index(row, 0), self.rows.index(row, 0))
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        here = None if current is None else self.rows.row_of(current)
        if here is not None:
            self.selectionModel().setCurrentIndex(self.rows.index(here, 0), flags.NoUpdate)

    def _go(self, index: QModelIndex) -> None:
        if self._quiet or not index.isValid():
            return
        self.row_chosen.emit(self.rows.key(index.row()))
        x, y = self.rows.place_nm(index.row())
        if math.isfinite(x) and math.isfinite(y):
            self.place_wanted.emit(x, y)
