"""What a training run and the registry say, as rows of text: figures, held-out cases, what was left out, lineage."""

import math
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from semiview.learning.gate import METRIC_WORDS, GateReport, Metric, SampleScores, gain_in
from semiview.learning.registry import CheckpointRef

FIGURE_COLUMNS = ("Figure", "Current", "Candidate", "Gain", "90 % interval")
CASE_COLUMNS = ("Held-out case", "Pattern type", "IoU", "|EPE| nm", "Faults")
LEFT_OUT_COLUMNS = ("Record", "Case", "Why it does not train")
CHECKPOINT_COLUMNS = ("Checkpoint", "Trained from", "Samples", "Gate", "In use")

Rows = Sequence[Sequence[str]]


class TextTable(QTableWidget):
    """Rows of text to be read; nothing in it is edited."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(0, len(columns))
        self.setHorizontalHeaderLabels(list(columns))
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)

    def show_rows(self, rows: Rows, tips: Sequence[str] = ()) -> None:
        """Replace what is shown; `tips` has one text a row, or none."""
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(tips[number] if tips else text)
                self.setItem(number, column, item)

    def text(self, row: int, column: int) -> str:
        """What stands in a cell."""
        item = self.item(row, column)
        return "" if item is None else item.text()


def figure_rows(report: GateReport) -> Rows:
    """Every figure, of all samples first, then by pattern type."""
    rows = []
    for figure in report.figures:
        kind = figure.pattern_type.replace("_", " ")
        metric = next((words for name, words in METRIC_WORDS.items() if name == figure.metric), figure.metric)
        interval = f"{figure.lower:+.3g} to {figure.upper:+.3g}" if math.isfinite(figure.lower) else ""
        numbers = (f"{figure.current:.4g}", f"{figure.candidate:.4g}", f"{figure.gain:+.3g}", interval)
        rows.append((f"{kind}: {metric}" if kind else metric, *numbers))
    return rows


def case_rows(current: Sequence[SampleScores], candidate: Sequence[SampleScores], metric: Metric = "iou") -> Rows:
    """Held-out cases before and after, what lost most of the main metric first."""
    pairs = sorted(
        zip(current, candidate, strict=True),
        key=lambda pair: (math.isnan(gain_in(metric, *pair)), gain_in(metric, *pair)),
    )
    return [
        (
            old.case_id,
            old.pattern_type.replace("_", " "),
            f"{old.iou:.4f} → {new.iou:.4f}",
            f"{old.epe_abs_nm:.2f} → {new.epe_abs_nm:.2f}" if math.isfinite(old.epe_abs_nm) else "",
            f"{old.faults} → {new.faults}",
        )
        for old, new in pairs
    ]


def checkpoint_rows(checkpoints: Sequence[CheckpointRef], current_id: str) -> Rows:
    """Checkpoints with their lineage."""
    rows = []
    for one in checkpoints:
        samples = one.card.get("samples")
        gate = one.card.get("gate")
        rows.append(
            (
                one.id,
                str(one.card.get("parent", "") or one.card.get("learned_from", "simulated images")),
                f"{samples.get('train', '')}" if isinstance(samples, Mapping) else "",
                str(gate.get("verdict", "")) if isinstance(gate, Mapping) else "",
                "in use" if one.id == current_id else "",
            )
        )
    return rows
