"""The list of cases: what stands where, sorted and filtered."""

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from semiview.ui.case_model import CASE, DECISION, EPE, REGISTRATION, TYPE, CaseModel
from semiview.ui.thumbnails import HEIGHT_PX, WIDTH_PX

STATES = ("", "undecided", "accepted", "corrected", "rejected", "skipped", "disputed", "not saved")


class CaseList(QWidget):
    """The table with its filter. A click asks for a case; arrow keys never change it.

    Attributes
    ----------
    wanted
        The case that was clicked.
    """

    wanted = Signal(str)

    def __init__(self, model: CaseModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.search = QLineEdit(placeholderText="Filter by name, type, reviewer…", clearButtonEnabled=True)
        self.search.setObjectName("case_filter")
        self.state = QComboBox()
        for name in STATES:
            self.state.addItem(name or "any decision", name)
        self.refresh = QPushButton("Refresh")
        self.refresh.setToolTip("Sort and filter again; until then no row moves under your hand")
        self.table = QTableView()
        self.table.setObjectName("case_table")
        self.table.setModel(model)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setWordWrap(False)
        self.table.setIconSize(QSize(WIDTH_PX, HEIGHT_PX))
        rows = self.table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(HEIGHT_PX + 4)
        columns = self.table.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(40)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in ((CASE, 148), (DECISION, 82), (EPE, 66), (REGISTRATION, 84), (TYPE, 90)):
            self.table.setColumnWidth(column, width)
        columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        columns.setSortIndicatorClearable(True)
        self.table.setSortingEnabled(True)
        self.count = QLabel()
        self.count.setProperty("dim", True)
        self.empty = QLabel("Open a project: its cases stand here.")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setProperty("dim", True)

        filters = QHBoxLayout()
        filters.addWidget(self.state, 1)
        filters.addWidget(self.refresh)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.search)
        layout.addLayout(filters)
        layout.addWidget(body, 1)
        layout.addWidget(self.count)

        self._current: str | None = None
        self.search.textChanged.connect(self._choose)
        self.state.currentIndexChanged.connect(self._choose)
        self.refresh.clicked.connect(self._refresh)
        self.table.clicked.connect(self._clicked)
        model.modelReset.connect(self._after_reset)
        model.dataChanged.connect(self._count)
        self._after_reset()

    def show_current(self, case_id: str | None) -> None:
        """Mark the open case and bring it into sight."""
        self._current = case_id
        row = -1 if case_id is None else self._model.row_of(case_id)
        if row < 0:
            self.table.clearSelection()
            return
        self.table.selectRow(row)
        self.table.scrollTo(self._model.index(row, CASE), QAbstractItemView.ScrollHint.EnsureVisible)

    def _choose(self) -> None:
        self._model.choose(self.search.text(), self.state.currentData())

    def _refresh(self) -> None:
        self._model.refresh()

    def _clicked(self, index: QModelIndex) -> None:
        self.wanted.emit(self._model.case_ids[index.row()])

    def _after_reset(self) -> None:
        total, shown = len(self._model.lines), self._model.rowCount()
        self._stack.setCurrentWidget(self.table if shown else self.empty)
        if total and not shown:
            self.empty.setText("No case passes the filter. Clear it to see all.")
        elif not total:
            self.empty.setText("Open a project: its cases stand here.")
        self._count()
        self.show_current(self._current)

    def _count(self) -> None:
        lines = self._model.lines
        decided = sum(line.state in ("accepted", "corrected", "rejected") for line in lines)
        shown = self._model.rowCount()
        text = f"{decided} of {len(lines)} decided" if lines else ""
        self.count.setText(text if shown == len(lines) else f"{text}, {shown} shown")
