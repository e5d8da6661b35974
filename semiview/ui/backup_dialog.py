"""Backups of decisions: where they go, when, and what one of them would bring back."""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from semiview.feedback.backups import RestorePreview
from semiview.ui.backing_up import BackingUp

MOST_NAMED = 8
NONE_YET = "There is no backup in this folder yet."
CHOOSE = "Choose a backup to see what it would bring back. Nothing is ever taken away."
WHAT = (
    "A backup is a copy of every decision, read again byte by byte. The newest of the last 7 days, 4 weeks and 12 "
    "months can be gone back to. Another disk is best."
)


class BackupDialog(QDialog):
    """Shows `BackingUp` and asks it."""

    def __init__(self, backing_up: BackingUp, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._backing_up = backing_up
        self.setWindowTitle("Backups")
        self.setMinimumWidth(560)
        what, self.place, self.sentence, self.preview = (QLabel() for _ in range(4))
        what.setText(WHAT)
        for label in (what, self.place, self.sentence, self.preview):
            label.setWordWrap(True)
        what.setProperty("dim", True)
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.choose, self.now = QPushButton("Choose folder…"), QPushButton("Back up now")
        self.daily = QCheckBox("Once a day by itself, when the project is opened")
        self.bar = QProgressBar()
        self.bar.setVisible(False)
        self.list = QListWidget()
        self.restore = QPushButton("Restore")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.restore, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.close)
        row, line = QHBoxLayout(), QHBoxLayout()
        row.addWidget(self.place, 1)
        row.addWidget(self.choose)
        line.addWidget(self.daily, 1)
        line.addWidget(self.now)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(what)
        layout.addLayout(row)
        layout.addLayout(line)
        for widget in (self.bar, self.sentence, self.list, self.preview, buttons):
            layout.addWidget(widget)
        self.choose.clicked.connect(self._choose_folder)
        self.now.clicked.connect(backing_up.back_up)
        self.daily.clicked.connect(backing_up.set_automatic)
        self.list.itemSelectionChanged.connect(self._chosen)
        self.restore.clicked.connect(self._restore)
        backing_up.changed.connect(self.refresh)
        backing_up.progressed.connect(self._progressed)
        backing_up.previewed.connect(self._previewed)
        self.refresh()

    def refresh(self) -> None:
        """Show how things stand."""
        told = self._backing_up
        self.place.setText("No folder is chosen." if told.folder is None else str(told.folder))
        self.daily.setChecked(told.automatic)
        self.daily.setEnabled(told.folder is not None)
        why = told.why_not()
        self.now.setEnabled(why is None)
        self.now.setToolTip("" if why is None else f"Not now: {why}")
        self.choose.setEnabled(told.store is not None and not told.running)
        self.bar.setVisible(told.running)
        self.sentence.setText(told.sentence or ("" if told.times or told.folder is None else NONE_YET))
        self.sentence.setVisible(bool(self.sentence.text()))
        self.list.clear()
        for time in told.times:
            item = QListWidgetItem(f"{time:%Y-%m-%d %H:%M:%S} UTC")
            item.setData(Qt.ItemDataRole.UserRole, time)
            self.list.addItem(item)
        self._chosen()

    def _time(self) -> datetime | None:
        chosen = self.list.selectedItems()
        return chosen[0].data(Qt.ItemDataRole.UserRole) if chosen else None

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the backups", str(self._backing_up.folder or ""))
        if folder:
            self._backing_up.set_folder(Path(folder))

    def _chosen(self) -> None:
        self.restore.setEnabled(False)
        time = self._time()
        self.preview.setText(CHOOSE if self.list.count() else "")
        if time is not None:
            self.preview.setText("Comparing…")
            self._backing_up.preview(time)

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setMaximum(max(total, 1))
        self.bar.setValue(done)

    def _previewed(self, found: RestorePreview | str) -> None:
        if self._time() is None:
            return
        if isinstance(found, str):
            self.preview.setText(found)
            return
        more = len(found.case_ids) - MOST_NAMED
        names = ", ".join(found.case_ids[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        if found.missing or found.damaged:
            lacking = ((found.missing, "missing here"), (found.damaged, "damaged here"))
            text = ", ".join(f"{number} {word}" for number, word in lacking if number)
            self.preview.setText(
                f"Of its {found.records} decisions: {text}. They come back, for {names}. Nothing is taken away."
            )
        else:
            self.preview.setText(f"All its {found.records} decisions are here and whole.")
        self.restore.setEnabled(bool(found.missing or found.damaged) and self._backing_up.why_not() is None)

    def _restore(self) -> None:
        time = self._time()
        if time is not None:
            self._backing_up.restore(time)
