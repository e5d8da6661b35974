"""The list of cases: what stands where, sorted and filtered by any column."""

from PySide6.QtCore import QByteArray, QModelIndex, QPoint, QSettings, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from semiview.ui.case_filter import HELP
from semiview.ui.case_line import CASE, DECISION, EPE, REGISTRATION, TYPE, WORTH
from semiview.ui.case_model import CaseModel
from semiview.ui.case_table import CaseTable
from semiview.ui.thumbnails import HEIGHT_PX, WIDTH_PX

STATES = ("", "undecided", "accepted", "corrected", "rejected", "skipped", "disputed", "second look", "not saved")
SHOWN_AT_FIRST = (CASE, DECISION, EPE, REGISTRATION, TYPE, WORTH)
WIDTHS = {CASE: 142, DECISION: 82, EPE: 66, REGISTRATION: 84, TYPE: 90, WORTH: 52}
COUNTED = ("accepted", "corrected", "rejected")


class CaseList(QWidget):
    """The table with its filter. A click asks for a case, or Return in the table; arrow keys never change it.

    Attributes
    ----------
    wanted
        The case that was chosen.
    """

    wanted = Signal(str)

    def __init__(self, model: CaseModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.search = QLineEdit(placeholderText="Filter: words, lot:A1, epe>10…", clearButtonEnabled=True)
        self.search.setObjectName("case_filter")
        self.search.setToolTip(HELP)
        self.state = QComboBox()
        self.state.setToolTip("Show only the cases in this state")
        for name in STATES:
            self.state.addItem(name or "any decision", name)
        self.refresh = QPushButton("Refresh")
        self.refresh.setToolTip("Rank, sort and filter again; until then no row moves under your hand")
        self.table = CaseTable()
        self.table.setObjectName("case_table")
        self.table.setModel(model)
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
        columns.setSectionsMovable(True)
        columns.setFirstSectionMovable(False)
        columns.setMinimumSectionSize(40)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        columns.setSortIndicatorClearable(True)
        columns.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        columns.customContextMenuRequested.connect(self._choose_columns)
        self.table.setSortingEnabled(True)
        self.done = QProgressBar()
        self.done.setObjectName("case_progress")
        self.done.setTextVisible(False)
        self.done.setFixedHeight(5)
        self.count = QLabel()
        self.count.setObjectName("case_count")
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
        layout.addWidget(self.done)
        layout.addWidget(self.count)

        self._current: str | None = None
        self._today = 0
        self._titles: tuple[str, ...] = ()
        self._shown = {model.columns[number].title for number in SHOWN_AT_FIRST}
        self.search.textChanged.connect(self._choose)
        self.state.currentIndexChanged.connect(self._choose)
        self.refresh.clicked.connect(model.refresh)
        self.table.clicked.connect(lambda index: self._want(index.row()))
        self.table.chosen.connect(self._want)
        self.table.left.connect(lambda: self.show_current(self._current))
        model.modelReset.connect(self._after_reset)
        model.dataChanged.connect(self._data_changed)
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

    def show_day(self, decided: int) -> None:
        """So many cases were decided today by whoever sits here."""
        self._today = decided
        self._count()

    def restore(self, settings: QSettings) -> None:
        """Columns as they stood when the window was closed."""
        shown, state = settings.value("list/columns"), settings.value("list/header")
        if isinstance(shown, list):
            self._shown = {str(title) for title in shown}
        if isinstance(state, QByteArray):
            self.table.horizontalHeader().restoreState(state)
            self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._titles = ()
        self._after_reset()

    def keep(self, settings: QSettings) -> None:
        """Keep what `restore` brings back."""
        settings.setValue("list/columns", sorted(self._shown))
        settings.setValue("list/header", self.table.horizontalHeader().saveState())

    def _choose(self) -> None:
        self._model.choose(self.search.text(), self.state.currentData())

    def _want(self, row: int) -> None:
        self.wanted.emit(self._model.case_ids[row])

    def _choose_columns(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, column in enumerate(self._model.columns):
            entry = menu.addAction(column.title)
            entry.setCheckable(True)
            entry.setChecked(column.title in self._shown)
            entry.setEnabled(number != CASE)
            entry.toggled.connect(lambda on, title=column.title: self.show_column(title, on))
        menu.popup(self.table.horizontalHeader().mapToGlobal(place))

    def show_column(self, title: str, on: bool) -> None:
        """Show or hide a column."""
        self._shown = self._shown | {title} if on else self._shown - {title}
        for number, column in enumerate(self._model.columns):
            self.table.setColumnHidden(number, column.title not in self._shown)

    def _after_reset(self) -> None:
        total, shown = len(self._model.lines), self._model.rowCount()
        titles = tuple(column.title for column in self._model.columns)
        if titles != self._titles:
            self._titles = titles
            for number, width in WIDTHS.items():
                self.table.setColumnWidth(number, width)
            for number, title in enumerate(titles):
                self.table.setColumnHidden(number, title not in self._shown)
        self._stack.setCurrentWidget(self.table if shown else self.empty)
        if total and not shown:
            self.empty.setText("No case passes the filter. Clear it to see all.")
        elif not total:
            self.empty.setText("Open a project: its cases stand here.")
        self._count()
        self.show_current(self._current)

    def _data_changed(self, _first: QModelIndex, _last: QModelIndex, roles: list[int]) -> None:
        if list(roles) != [Qt.ItemDataRole.DecorationRole]:  # a thumbnail changes no count
            self._count()

    def _count(self) -> None:
        lines = self._model.lines
        decided = sum(line.state in COUNTED for line in lines)
        shown = self._model.rowCount()
        parts = [f"{decided} of {len(lines)} decided"] if lines else []
        parts += [f"{self._today} by you today"] if self._today else []
        parts += [f"{shown} shown"] if shown != len(lines) else []
        self.count.setText(", ".join(parts))
        self.done.setVisible(bool(lines))
        self.done.setRange(0, max(len(lines), 1))
        self.done.setValue(decided)
