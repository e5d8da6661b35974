"""Every checkpoint with its lineage, and a button that takes another one into use."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from semiview.learning.registry import CheckpointRef
from semiview.ui.run_tables import CHECKPOINT_COLUMNS, TextTable, checkpoint_rows


class CheckpointList(QWidget):
    """The registry; one row can be chosen."""

    wanted = Signal(str)  # id of a checkpoint to take into use

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[CheckpointRef, ...] = ()
        self._current_id = ""
        self.table = TextTable(CHECKPOINT_COLUMNS)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.use = QPushButton("Use")
        buttons = QHBoxLayout()
        buttons.addWidget(self.use)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        self.table.itemSelectionChanged.connect(self._refresh)
        self.use.clicked.connect(self._want)
        self._refresh()

    def show_checkpoints(self, checkpoints: Sequence[CheckpointRef], current_id: str) -> None:
        """Replace what is shown, the newest first; what was chosen stays so."""
        chosen = self._chosen()
        self._shown, self._current_id = tuple(reversed(checkpoints)), current_id
        self.table.show_rows(checkpoint_rows(self._shown, current_id))
        self.table.clearSelection()
        ids = [one.id for one in self._shown]
        if chosen is not None and chosen.id in ids:
            self.table.selectRow(ids.index(chosen.id))
        self._refresh()

    def _chosen(self) -> CheckpointRef | None:
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        return self._shown[rows[0]] if rows and rows[0] < len(self._shown) else None

    def _refresh(self) -> None:
        why, tip = self._why_not(), "What is predicted from now on is predicted by the chosen checkpoint"
        self.use.setEnabled(not why)
        self.use.setToolTip(f"{tip}\nNot now: {why}" if why else tip)

    def _why_not(self) -> str:
        chosen = self._chosen()
        if chosen is None:
            return "choose one in the table"
        if chosen.generates:
            return "it makes SEM pictures and finds no patterns"
        return "it is in use" if chosen.id == self._current_id else ""

    def _want(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.wanted.emit(chosen.id)
