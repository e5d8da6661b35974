"""The prediction against the approved shape and the design: image scores, and beside them CD and EPE."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from semiview.ui.measurement_models import score_columns, score_rows
from semiview.ui.panels.measurements.reading import Reading
from semiview.ui.panels.measurements.result_table import ResultTable

NO_PREDICTION = "Scores say how good the prediction is, and there is none yet. Ctrl+P predicts this case."
NO_REFERENCE = "There is nothing to compare the prediction with: neither a correction nor a design that is registered."


class ScoreTab(QWidget):
    """One row a score, one column for each thing that the prediction is compared with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = ResultTable("score_table", score_columns(()))
        self.empty = QLabel()
        self.empty.setWordWrap(True)
        self.empty.setProperty("dim", True)
        self.pattern = QLabel()
        self.pattern.setObjectName("score_pattern")
        self.pattern.setWordWrap(True)
        self.note = QLabel(
            "An image score counts pixels. A line that is 2 nm too wide everywhere hardly moves it, a shift of one "
            "pixel moves it a lot: read it with CD and EPE beside it."
        )
        self.note.setWordWrap(True)
        self.note.setProperty("dim", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.empty, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.pattern)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.note)

    def show_reading(self, reading: Reading | None) -> None:
        """Show another measurement, or none."""
        scores = () if reading is None else reading.measurement.scores
        self.table.show_rows(score_rows(scores), columns=score_columns(scores))
        pattern = "" if reading is None else reading.case.info.pattern_type.replace("_", " ")
        self.pattern.setText(f"Pattern type: <b>{pattern}</b>" if pattern else "Pattern type: not given in the list")
        self.pattern.setVisible(bool(scores))
        self.table.setVisible(bool(scores))
        self.note.setVisible(bool(scores))
        words = ""
        if reading is not None and not scores:
            words = NO_PREDICTION if reading.case.prediction is None else NO_REFERENCE
        self.empty.setText(words)
        self.empty.setVisible(bool(words))
