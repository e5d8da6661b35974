"""Train, watch, stop, compare, promote, roll back."""

import math
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from semiview.learning.gate import GateReport
from semiview.learning.messages import TrainingOptions
from semiview.learning.runs import CHANGED_FILE, PREVIEW_FILE
from semiview.ui.checkpoint_list import CheckpointList
from semiview.ui.drifting import Drifting
from semiview.ui.plots.training_curves import TrainingCurves
from semiview.ui.reviewing import Reviewing
from semiview.ui.run_pictures import RunPictures
from semiview.ui.run_tables import (
    CASE_COLUMNS,
    FIGURE_COLUMNS,
    LEFT_OUT_COLUMNS,
    TextTable,
    case_rows,
    figure_rows,
)
from semiview.ui.session import Session
from semiview.ui.training import Training

NO_REPORT = "After a run the current checkpoint and the candidate are compared here, on samples neither was trained on."
SMALLEST_HEIGHT_PX = 100
# What a run may learn: its name, what it is good for, how it is wished.
LESSONS = (
    ("SEM to pattern", "the usual way; what it predicts can be promoted", TrainingOptions()),
    ("Both ways at once", "the same, held to the way back: for few hundred pairs", TrainingOptions(bidirectional=True)),
    ("Design to SEM", "what a design should look like, to compare with and never to measure; it begins with nothing: "
     "give it some hundred steps", TrainingOptions(answers="sem")),
)  # fmt: skip
RATES_TIP = (
    "What looks bad is reviewed first, so that over all decided cases too many seem to need a correction. Every fifth "
    "place of the order is filled at random; the rate of that sample is what a new image can expect."
)


class TrainingPanel(QWidget):
    """Controls on the left, the loss in the middle, the comparison on the right."""

    def __init__(
        self,
        session: Session,
        training: Training,
        reviewing: Reviewing,
        drifting: Drifting,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._training, self._reviewing, self._drifting = session, training, reviewing, drifting
        defaults = TrainingOptions()
        self.epochs = self._number(
            "epochs", defaults.epochs, 1, 500, "At most so many; it ends sooner if nothing improves"
        )
        self.steps = self._number("steps", defaults.steps_per_epoch, 1, 1000, "Optimiser steps an epoch")
        self.learns = QComboBox()
        self.learns.setObjectName("learns")
        self.learns.addItems([name for name, _, _ in LESSONS])
        self.learns.setToolTip("\n".join(f"{name}: {tip}" for name, tip, _ in LESSONS))
        self.start = QPushButton("Start")
        self.start.setProperty("main", True)
        self.resume = QPushButton("Resume")
        self.stop = QPushButton("Stop early")
        self.cancel = QPushButton("Cancel")
        self.promote = QPushButton("Promote")
        self.roll_back = QPushButton("Roll back")
        self.current = QLabel()
        self.current.setWordWrap(True)
        self.words = QLabel()
        self.words.setObjectName("training_words")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.advice = QLabel()
        self.advice.setObjectName("training_advice")
        self.advice.setWordWrap(True)
        self.figures = QLabel()
        self.figures.setObjectName("training_figures")
        self.figures.setWordWrap(True)
        self.strip = RunPictures()
        self.runs = TextTable(("Run", "State", "Last word"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(True)
        self.curves = TrainingCurves()
        self.curves.setMinimumWidth(110)
        self.verdict = QLabel(NO_REPORT)
        self.verdict.setObjectName("gate_verdict")
        self.verdict.setWordWrap(True)
        self.table = TextTable(FIGURE_COLUMNS)
        self.cases = TextTable(CASE_COLUMNS)
        self.left_out = TextTable(LEFT_OUT_COLUMNS)
        self.checkpoints = CheckpointList()

        controls = QGridLayout()
        controls.addWidget(QLabel("Epochs"), 0, 0)
        controls.addWidget(self.epochs, 0, 1)
        controls.addWidget(QLabel("Steps"), 0, 2)
        controls.addWidget(self.steps, 0, 3)
        controls.addWidget(QLabel("Learns"), 1, 0)
        controls.addWidget(self.learns, 1, 1, 1, 3)
        runs = QHBoxLayout()
        for button in (self.start, self.resume, self.stop, self.cancel):
            runs.addWidget(button)
        checkpoints = QHBoxLayout()
        for button in (self.promote, self.roll_back):
            checkpoints.addWidget(button)
        checkpoints.addStretch(1)
        controls_and_words = QWidget()
        left = QVBoxLayout(controls_and_words)
        left.setContentsMargins(0, 0, 4, 0)
        left.addWidget(self.current)
        left.addLayout(controls)
        left.addLayout(runs)
        left.addWidget(self.bar)
        left.addWidget(self.figures)
        left.addWidget(self.words)
        left.addWidget(self.advice)
        left.addStretch(1)
        scrolled = QScrollArea()  # what there is to say may be longer than the dock is high
        scrolled.setWidget(controls_and_words)
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setMinimumHeight(SMALLEST_HEIGHT_PX)
        comparison = QWidget()
        right = QVBoxLayout(comparison)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.verdict)
        right.addWidget(self.table, 1)
        right.addLayout(checkpoints)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(comparison, "Comparison")
        self.tabs.addTab(self.strip, "Pictures")
        self.tabs.addTab(self.cases, "Cases")
        self.tabs.addTab(self.left_out, "Left out")
        self.tabs.addTab(self.runs, "Runs")
        self.tabs.addTab(self.checkpoints, "Checkpoints")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(12)
        layout.addWidget(scrolled, 4)
        layout.addWidget(self.curves, 4)
        layout.addWidget(self.tabs, 7)

        self.start.clicked.connect(self._start)
        self.resume.clicked.connect(training.resume)
        self.stop.clicked.connect(training.stop)
        self.cancel.clicked.connect(training.cancel)
        self.promote.clicked.connect(lambda: training.promote(reviewing.reviewer or "window"))
        self.roll_back.clicked.connect(lambda: training.roll_back(reviewing.reviewer or "window"))
        self.checkpoints.wanted.connect(lambda wanted: training.use(wanted, reviewing.reviewer or "window"))
        training.changed.connect(self.refresh)
        training.epoch_done.connect(self._show_curves)
        training.pictures_changed.connect(self._show_pictures)
        drifting.changed.connect(self._show_advice)
        session.workspace_changed.connect(self.refresh)
        reviewing.decided.connect(lambda _: training.look())
        self.refresh()

    def refresh(self) -> None:
        """Show where the run stands and what can be done."""
        training, workspace = self._training, self._session.workspace
        for button, why, tip in (
            (self.start, training.why_not_start(), "Fine-tune from what was approved; review goes on meanwhile"),
            (self.resume, training.why_not_resume(), "Take the run up again that was broken off, from its last epoch"),
            (self.stop, training.why_not_stop(), "End after this step and keep the best so far"),
            (self.cancel, training.why_not_stop(), "End and keep nothing"),
            (self.promote, training.why_not_promote(), "The candidate becomes the current checkpoint"),
            (self.roll_back, training.why_not_roll_back(), "The checkpoint before becomes the current one again"),
        ):
            button.setEnabled(why is None)
            button.setToolTip(tip if why is None else f"{tip}\nNot now: {why}")
        for box in (self.epochs, self.steps, self.learns):
            box.setEnabled(not training.running)
        if workspace is None:
            self.current.setText("Open a project to train.")
        else:
            self.current.setText(f"Current: <b>{training.current_id}</b> · {training.samples} approved samples")
        self.words.setText(training.words or (training.why_not_start() or "").capitalize())
        self._show_bar()
        self._show_runs()
        self._show_samples()
        self._show_advice()
        if training.report is None:
            self.table.show_rows(())
            self.verdict.setText(NO_REPORT)
        else:
            self._show_report(training.report)

    def _start(self) -> None:
        _, _, wish = LESSONS[self.learns.currentIndex()]
        self._training.start(replace(wish, epochs=self.epochs.value(), steps_per_epoch=self.steps.value()))

    def _show_bar(self) -> None:
        training = self._training
        self.bar.setVisible(training.running)
        progress = training.progress
        if progress is None or progress.total <= 0:
            self.bar.setRange(0, 0)
            return
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        remaining = training.epochs[-1].remaining_s if training.epochs else math.nan
        left = f", {remaining:.0f} s left" if math.isfinite(remaining) else ""
        self.bar.setFormat(f"{progress.text or '%v of %m'}{left}")

    def _show_curves(self) -> None:
        epochs = self._training.epochs
        self.curves.show_epochs(epochs)
        if not epochs:
            self.figures.setText("")
            self.strip.show_file(None, "")
            return
        last = epochs[-1]
        still = f" (no better for {last.plateau} of {last.patience})" if last.plateau and last.patience else ""
        memory = f" · {last.memory_mb:.0f} MB" if math.isfinite(last.memory_mb) else ""
        self.figures.setText(
            f"Epoch {last.epoch} of {last.epochs} · best {last.best_epoch or 'the start'}{still} · "
            f"learning rate {last.learning_rate:.1e} · {last.samples_per_s:.1f} samples/s{memory}"
        )

    def _show_pictures(self) -> None:
        training = self._training
        if training.run_folder is None:
            return
        if training.report is not None:
            worst = "Held-out samples that changed most for the worse"
            self.strip.show_file(training.run_folder / CHANGED_FILE, worst)
        else:
            self.strip.show_file(training.run_folder / PREVIEW_FILE, f"After epoch {training.previewed}")

    def _show_runs(self) -> None:
        training = self._training
        at_work = training.run_folder if training.running else None
        states = ["at work" if run.folder == at_work else run.state for run in training.runs]
        self.runs.show_rows(
            [(run.name, state, run.text) for run, state in zip(training.runs, states, strict=True)],
            [f"{run.folder}\n{run.text}" for run in training.runs],
        )
        self.checkpoints.show_checkpoints(training.checkpoints, training.current_id)

    def _show_samples(self) -> None:
        """Which cases it was compared on, and which approved ones it could not learn from."""
        training = self._training
        self.cases.show_rows(case_rows(*training.scores))
        left_out = () if training.chosen is None else training.chosen.left_out
        self.left_out.show_rows([(record_id[:8], training.case_of(record_id), why) for record_id, why in left_out])
        place = self.tabs.indexOf(self.left_out)
        self.tabs.setTabText(place, f"Left out ({len(left_out)})" if left_out else "Left out")

    def _show_advice(self) -> None:
        trigger = self._drifting.trigger
        if trigger is None or self._training.running:
            self.advice.setText("")
            return
        advice = trigger.advice
        proposed = f"<b>Time to retrain:</b> {'; '.join(advice.reasons)}." if advice.train else ""
        waits = f"It would be time to retrain, but {advice.waits}." if advice.waits else ""
        row = trigger.row
        table = f"{row.words[0].upper()}{row.words[1:]}: {'; '.join(row.advice)}."
        rates = ""
        if trigger.all_cases.decided:
            rates = (
                f"Corrected: {trigger.at_random.words} of a random sample; {trigger.all_cases.words} of all decided."
            )
        self.advice.setText("<br>".join(filter(None, (proposed, waits, table, rates))))
        self.advice.setToolTip(RATES_TIP)

    def _show_report(self, report: GateReport) -> None:
        held_out = f"compared on {report.samples} held-out samples of {report.groups} groups"
        self.verdict.setText(f"<b>{report.verdict.capitalize()}</b> · {'; '.join(report.reasons or (held_out,))}")
        self.table.show_rows(figure_rows(report))

    def _number(self, name: str, value: int, low: int, high: int, tip: str) -> QSpinBox:
        box = QSpinBox()
        box.setObjectName(name)
        box.setRange(low, high)
        box.setValue(value)
        box.setToolTip(tip)
        return box
