"""Fine-tuning beside the review: one run at a time in a worker of its own."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from semiview.files.problem import FileProblem
from semiview.learning.gate import GateReport
from semiview.learning.messages import (
    CheckpointSaved,
    EpochDone,
    Event,
    FineTuneJob,
    Finished,
    GateDone,
    PreviewDone,
    Progress,
    SamplesChosen,
    Started,
    TrainingOptions,
    WorkFailed,
)
from semiview.learning.registry import CheckpointRef
from semiview.learning.runs import STATE_FILE, Run, Scores, job_of, list_runs, read_scores
from semiview.tasks.train import training_job
from semiview.ui.latest import Errands
from semiview.ui.session import Session
from semiview.ui.worker_process import WorkerProcess


class Training(QObject):
    """A run, what it says, and what becomes of its candidate. The worker never promotes.

    Attributes
    ----------
    changed
        Any of the properties.
    epoch_done
        `epochs` has grown.
    checkpoint_changed
        Another checkpoint is the current one.
    failed
        The sentence of a run that failed, and its last lines.
    ended
        The run is over, however.
    pictures_changed
        The run's picture files have changed.
    """

    changed = Signal()
    epoch_done = Signal()
    checkpoint_changed = Signal()
    failed = Signal(str, str)
    ended = Signal()
    pictures_changed = Signal()

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._errands = session, errands
        self._worker: WorkerProcess | None = None
        self._preparing = False
        self._ending = ""
        self._finds_patterns = True
        self.epochs: list[EpochDone] = []
        self.progress: Progress | None = None
        self.report: GateReport | None = None
        self.candidate = ""
        self.words = ""
        self.samples = 0
        self.chosen: SamplesChosen | None = None
        self.scores: Scores = ((), ())
        self.checkpoints: tuple[CheckpointRef, ...] = ()
        self.runs: tuple[Run, ...] = ()
        self.run_folder: Path | None = None
        self.previewed = 0
        self.current_id = ""
        self._steps_back = 0
        session.workspace_changed.connect(self.look)

    @property
    def running(self) -> bool:
        """True from the wish until the worker is gone."""
        return self._preparing or self._worker is not None

    @property
    def pid(self) -> int:
        """The worker's process id; 0 while there is none."""
        return 0 if self._worker is None else self._worker.pid

    def case_of(self, record_id: str) -> str:
        """The case of a record; empty if it is not in the store any more."""
        workspace = self._session.workspace
        try:
            return "" if workspace is None else workspace.store.header(record_id).case_id
        except FileProblem:
            return ""

    def why_not_start(self) -> str | None:
        """Why no run can start now."""
        if self._session.workspace is None:
            return "no project is open"
        if self.running:
            return "a run is on"
        if not self.samples:
            return "no shape has been approved yet: accept or correct some cases first"
        return None

    def why_not_resume(self) -> str | None:
        """Why no run can be taken up again."""
        if self._session.workspace is None:
            return "no project is open"
        if self.running:
            return "a run is on"
        return None if self.resumable() is not None else "no run was broken off after its first epoch"

    def resumable(self) -> Run | None:
        """The newest run that can be taken up again, unless a later one has ended as it should."""
        for run in self.runs:
            if run.resumable:
                return run
            if run.state in ("done", "stopped"):
                return None
        return None

    def why_not_stop(self) -> str | None:
        """Why there is nothing to stop."""
        if not self.running:
            return "no run is on"
        return f"it is {self._ending} already" if self._ending else None

    def why_not_promote(self) -> str | None:
        """Why there is no candidate to promote."""
        if self._session.workspace is None:
            return "no project is open"
        if not self.candidate:
            return "there is no candidate: train one first"
        return "it is the current checkpoint" if self.current_id == self.candidate else None

    def why_not_roll_back(self) -> str | None:
        """Why there is nothing to go back to."""
        if self._session.workspace is None:
            return "no project is open"
        return None if self._steps_back else "nothing has been promoted in this project"

    def look(self) -> None:
        """Read again how many samples there are and which checkpoint is current."""
        workspace = self._session.workspace
        self.samples, self.current_id, self._steps_back, self.runs, self.checkpoints = 0, "", 0, (), ()
        if workspace is not None:
            try:
                self.samples = len(workspace.store.snapshot())
                history = workspace.registry.history()
                self._steps_back = sum(1 if entry["action"] == "promote" else -1 for entry in history)
                self.runs = list_runs(workspace.project.runs_folder)
                self.checkpoints = workspace.registry.list()
                self.current_id = workspace.registry.current().id
            except FileProblem as problem:
                self.words = str(problem)
        self.changed.emit()

    def start(self, options: TrainingOptions) -> None:
        """Start a run on what is approved now."""
        workspace = self._session.workspace
        if workspace is not None and not self.running:
            self._prepare(lambda: training_job(workspace, options))

    def resume(self) -> None:
        """Take the newest run up again that was broken off, from where its last epoch ended."""
        run = self.resumable()
        if run is not None and self.why_not_resume() is None:
            self._prepare(lambda: job_of(run))

    def _prepare(self, job: Callable[[], FineTuneJob]) -> None:
        self._preparing = True
        self.epochs, self.progress, self.report, self.candidate = [], None, None, ""
        self.run_folder, self.previewed = None, 0
        self.chosen, self.scores = None, ((), ())
        self._say("Starting the worker…")
        self.epoch_done.emit()
        self._errands.run(job, self._begin, self._not_begun)

    def stop(self) -> None:
        """End early and keep the best."""
        if self._worker is not None:
            self._ending = "stopping"
            self._worker.stop()
            self._say("Stopping after this step; the best so far is kept.")

    def cancel(self) -> None:
        """End and keep nothing."""
        if self._worker is not None:
            self._ending = "being cancelled"
            self._worker.cancel()
            self._say("Cancelling; nothing is kept.")

    def promote(self, by: str) -> None:
        """Make the candidate the current checkpoint."""
        if self.why_not_promote() is None:
            verdict = "without a comparison" if self.report is None else f"the gate said: {self.report.verdict}"
            self.use(self.candidate, by, verdict)

    def use(self, checkpoint_id: str, by: str, reason: str = "by hand") -> None:
        """Make any checkpoint the current one."""
        workspace = self._session.workspace
        if workspace is None:
            return
        try:
            workspace.registry.promote(checkpoint_id, by=by, reason=reason)
        except FileProblem as problem:
            self._say(f"Nothing was promoted. {problem}")
            return
        self._say(f"{checkpoint_id} is the current checkpoint now.")
        self.look()
        self.checkpoint_changed.emit()

    def roll_back(self, by: str) -> None:
        """Make the checkpoint before the current one current again."""
        workspace = self._session.workspace
        if workspace is None or self.why_not_roll_back() is not None:
            return
        try:
            reference = workspace.registry.rollback(by=by, reason="by hand")
        except FileProblem as problem:
            self._say(str(problem))
            self.look()
            return
        self._say(f"{reference.id} is the current checkpoint again.")
        self.look()
        self.checkpoint_changed.emit()

    def close(self) -> None:
        """End the worker; the run can be taken up again from its folder."""
        if self._worker is not None:
            self._worker.close()

    def _begin(self, job: FineTuneJob) -> None:
        self._preparing = False
        self._ending = ""
        self._finds_patterns = job.options.answers == "pattern"  # else there is nothing to promote
        self.run_folder = Path(job.run_folder)
        self._worker = WorkerProcess(self)
        self._worker.said.connect(self._said)
        self._say("The worker is loading…")
        self._worker.start(job)

    def _not_begun(self, problem: Exception) -> None:
        self._preparing = False
        self._say(str(problem))
        self.failed.emit(str(problem), "")
        if not isinstance(problem, FileProblem):
            raise problem

    def _said(self, event: Event) -> None:
        if isinstance(event, Started):
            self._say(f"Training on {event.device} with {event.threads} threads. {event.note}".strip())
        elif isinstance(event, SamplesChosen):
            self.chosen = event
            words = f"{event.train} samples to learn from, {event.validation} to validate, {event.test} held out."
            self._say(f"{words} {event.note}".strip())
        elif isinstance(event, Progress):
            self.progress = event
            self.changed.emit()
        elif isinstance(event, EpochDone):
            self.epochs.append(event)
            self.epoch_done.emit()
            self.changed.emit()
        elif isinstance(event, PreviewDone):
            self.previewed = event.epoch
            self.pictures_changed.emit()
        elif isinstance(event, CheckpointSaved):
            self.candidate = event.checkpoint_id if self._finds_patterns else ""
            self.changed.emit()
        elif isinstance(event, GateDone):
            self.candidate, self.report = event.checkpoint_id, event.report
            self._read_scores()
            self.changed.emit()
            self.pictures_changed.emit()
        elif isinstance(event, Finished | WorkFailed):
            self._over(event)

    def _over(self, event: Finished | WorkFailed) -> None:
        if self._worker is not None:
            self._worker.deleteLater()
        self._worker, self.progress, self._ending = None, None, ""
        if isinstance(event, WorkFailed):
            self.candidate, self.report = "", None
            again = " The run can be resumed." if self._can_go_on() else ""
            self._say(f"{event.reason} The current checkpoint is as it was.{again}")
            self.failed.emit(event.reason, event.stderr_tail)
        else:
            self.candidate = event.checkpoint_id if self._finds_patterns else ""
            self._say(event.text or f"The run is {event.outcome} after {event.seconds:.0f} s.")
        self.look()
        self.ended.emit()

    def _read_scores(self) -> None:
        try:
            self.scores = ((), ()) if self.run_folder is None else read_scores(self.run_folder)
        except FileProblem as problem:
            self._session.noted.emit(str(problem))

    def _can_go_on(self) -> bool:
        return self.run_folder is not None and (self.run_folder / STATE_FILE).exists()

    def _say(self, words: str) -> None:
        self.words = words
        self.changed.emit()
