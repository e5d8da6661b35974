"""Who decided what of the open case and when; how two decisions differ; which checkpoints learned from them."""

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QHideEvent, QImage, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from semiview.core.review import STATE_AFTER
from semiview.tasks.history import HistoryLine, ShapeDifference, Taught
from semiview.ui.session import Session
from semiview.ui.tracing import Tracing

COLUMNS = ("When (UTC)", "Reviewer", "Decision", "Became", "Approves", "Prediction of", "Words", "Taught")
NO_CASE = "No case is open."
NO_DECISION = "Nothing has been decided about this case. Every decision stands here, whatever becomes of it later."
EMPTY = {
    "reading": "Reading…",
    "read": NO_DECISION,
    "unreadable": "The decisions about this case cannot be read; the log says why.",
}
CHOOSE = "Choose two decisions (Ctrl+click) to see how their shapes differ."
MOST_NAMED = 12


class HistoryPanel(QWidget):
    """Decisions on the left, what they differ in on the right."""

    def __init__(self, session: Session, tracing: Tracing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._tracing = session, tracing
        self._picture: QPixmap | None = None
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setObjectName("history_table")
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.verticalHeader().setVisible(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        head = self.table.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setStretchLastSection(True)
        self.empty = QLabel(NO_CASE)
        self.empty.setProperty("dim", True)
        self.empty.setWordWrap(True)
        self.take_back = QPushButton("Take back")
        self.settle = QPushButton("Let this one count")
        self.lineage = QPushButton("Samples of its checkpoint")
        buttons = QHBoxLayout()
        for button in (self.take_back, self.settle, self.lineage):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.picture = QLabel()
        self.picture.setObjectName("history_difference")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.words = QLabel(CHOOSE)
        self.words.setObjectName("history_words")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self.empty)
        left.addWidget(self.table, 1)
        left.addLayout(buttons)
        right.addWidget(self.picture, 1)
        right.addWidget(self.words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(12)
        layout.addLayout(left, 3)
        layout.addLayout(right, 1)
        self.table.itemSelectionChanged.connect(self._chosen)
        self.take_back.clicked.connect(lambda: self._with_one(tracing.take_back))
        self.settle.clicked.connect(lambda: self._with_one(tracing.settle))
        self.lineage.clicked.connect(self._trace)
        tracing.changed.connect(self.refresh)
        tracing.compared.connect(self._compared)
        tracing.traced.connect(self._traced)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tracing.set_live(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tracing.set_live(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_picture()

    def refresh(self) -> None:
        """Show the lines."""
        lines = self._tracing.lines
        self.empty.setText(NO_CASE if self._session.case is None else EMPTY[self._tracing.state])
        self.empty.setVisible(not lines)
        self.table.setVisible(bool(lines))
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(lines))
            for row, line in enumerate(lines):
                for column, text in enumerate(_cells(line)):
                    item = QTableWidgetItem(text)
                    item.setToolTip(text or line.header.record_id)
                    self.table.setItem(row, column, item)
            self.table.clearSelection()
        self._chosen()

    def _lines(self) -> list[HistoryLine]:
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return [self._tracing.lines[row] for row in rows if row < len(self._tracing.lines)]

    def _one(self) -> HistoryLine | None:
        chosen = self._lines()
        return chosen[0] if len(chosen) == 1 else None

    def _with_one(self, act: object) -> None:
        line = self._one()
        if line is not None and callable(act):
            act(line)

    def _chosen(self) -> None:
        line, chosen = self._one(), self._lines()
        for button, why, tip in (
            (self.take_back, self._tracing.why_not_take_back(line), "By a new record; this one stays in the history"),
            (
                self.settle,
                self._tracing.why_not_settle(line),
                "Settles the dispute by a new record like it",
            ),
            (self.lineage, _why_no_lineage(line), "Which samples the prediction's checkpoint was trained on"),
        ):
            button.setEnabled(why is None)
            button.setToolTip(tip if why is None else f"Not now: {why}")
        self._picture = None
        self.picture.clear()
        if len(chosen) == 2:
            self.words.setText("Comparing…")
            self._tracing.compare(chosen[1].header.record_id, chosen[0].header.record_id)
        else:
            self.words.setText(_taught(line) if line is not None else CHOOSE)

    def _trace(self) -> None:
        line = self._one()
        if line is not None and line.header.checkpoint_id:
            self._tracing.trace(line.header.checkpoint_id)

    def _compared(self, answer: ShapeDifference | str) -> None:
        chosen = self._lines()
        if len(chosen) != 2:
            return
        if isinstance(answer, str):
            self.words.setText(answer)
            return
        height, width = answer.picture.shape[:2]
        pixels = np.ascontiguousarray(answer.picture)
        self._picture = QPixmap(QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy())
        self._fit_picture()
        self.words.setText(_difference(answer, chosen[1].header.reviewer, chosen[0].header.reviewer))

    def _traced(self, checkpoint_id: str, answer: Sequence[Taught] | str) -> None:
        if isinstance(answer, str):
            self.words.setText(answer)
            return
        named = [f"{each.record_id[:13]}… (gone)" if each.header is None else each.header.case_id for each in answer]
        changed = sum(each.standing not in ("stands", "disputed") for each in answer)
        more = "" if len(named) <= MOST_NAMED else f" and {len(named) - MOST_NAMED} more"
        text = f"{checkpoint_id} was made from {len(named)} samples: {', '.join(named[:MOST_NAMED])}{more}."
        if not named:
            text = f"{checkpoint_id} names no samples of this store: it came with the program or from elsewhere."
        self.words.setText(text + (f" {changed} of them do not stand any more." if changed else ""))

    def _fit_picture(self) -> None:
        if self._picture is not None:
            ways = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self.picture.setPixmap(self._picture.scaled(self.picture.size(), *ways))


def _cells(line: HistoryLine) -> tuple[str, ...]:
    header = line.header
    approved = [
        word
        for word, yes in (
            ("shape", header.approves_shape),
            ("registration", header.approves_registration),
            ("measurements", header.approves_measurements),
        )
        if yes
    ]
    decision = "taken back" if header.kind == "retract" else STATE_AFTER.get(header.kind, header.kind)
    words = "; ".join(word for word in (header.reason, header.note) if word)
    return (
        header.time_utc[:19].replace("T", " "), header.reviewer, decision, line.standing, ", ".join(approved),
        header.checkpoint_id, words.replace("\n", " "), ", ".join(line.taught),
    )  # fmt: skip


def _why_no_lineage(line: HistoryLine | None) -> str | None:
    if line is None:
        return "choose one decision"
    return None if line.header.checkpoint_id else "no prediction was shown"


def _taught(line: HistoryLine) -> str:
    split = f" Split: {line.header.split}." if line.header.split else ""
    if not line.header.trains:
        return f"It teaches nothing: it approves no shape.{split}"
    if line.taught:
        return f"It taught {', '.join(line.taught)}.{split}"
    return f"No checkpoint has been trained on it yet.{split}"


def _difference(found: ShapeDifference, first: str, second: str) -> str:
    if found.only_first_px == found.only_second_px == 0:
        return "The two shapes are the same."
    distances = "the edges cannot be compared"
    if math.isfinite(found.mean_px):
        unit, scale = ("nm", found.nm_per_px) if math.isfinite(found.nm_per_px) else ("px", 1.0)
        distances = f"edges apart {found.mean_px * scale:.2f} {unit} on average, {found.largest_px * scale:.1f} at most"
    return (
        f"Orange: only {first} ({found.only_first_px} px). Blue: only {second} ({found.only_second_px} px). "
        f"Overlap {found.overlap:.4f}; {distances}."
    )
