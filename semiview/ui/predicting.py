"""Predictions of the current checkpoint for cases that have none, made by the worker."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from semiview.core.case import Case
from semiview.files.prediction_file import read_prediction
from semiview.files.problem import FileProblem
from semiview.learning.messages import (
    Answers,
    Event,
    Finished,
    PredictionDone,
    PredictionFailed,
    PredictItem,
    PredictJob,
    WorkFailed,
)
from semiview.learning.predictors import CLASSICAL
from semiview.learning.registry import CheckpointRef
from semiview.tasks.expect import expected_item
from semiview.tasks.interest import uncertainty_share
from semiview.tasks.predict import predict_item, remember_uncertainty
from semiview.tasks.workspace import Workspace
from semiview.ui.case_model import CaseModel
from semiview.ui.latest import Errands
from semiview.ui.painting import Painting
from semiview.ui.session import Session
from semiview.ui.worker_process import WorkerProcess

AHEAD = 2  # cases predicted with the open one: starting the worker costs more than they do


@dataclass(frozen=True, slots=True)
class _Batch:
    workspace: Workspace
    checkpoint: CheckpointRef | None  # None: none can be used, and the classical predictor stands in
    items: tuple[PredictItem, ...]
    failed: tuple[tuple[str, str], ...]
    note: str = ""
    beside: bool = False  # by a checkpoint that is not in use: nothing of it is shown as the case's own
    answers: Answers = "pattern"

    @property
    def maker(self) -> str:
        """Whose predictions these are."""
        return CLASSICAL if self.checkpoint is None else self.checkpoint.id


class Predicting(QObject):
    """Watches the open case; one worker at a time.

    Attributes
    ----------
    changed
        Busy or not: read `why_not`.
    offered
        A Case with a new prediction that is not shown by itself because a correction is open.
    predicted
        The case whose prediction is on the disk now.
    failed
        A sentence; once a case.
    """

    changed = Signal()
    offered = Signal(object)
    predicted = Signal(str)
    failed = Signal(str)

    def __init__(
        self, session: Session, cases: CaseModel, errands: Errands, painting: Painting, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._cases, self._errands, self._painting = session, cases, errands, painting
        self.automatic = True
        self.averaged = False
        self._worker: WorkerProcess | None = None
        self._batch: _Batch | None = None
        self._waiting: set[str] = set()  # of the batch at work, those not yet predicted
        self._cancelled = False
        self._preparing = False
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._given_up: set[str] = set()
        self._closed = False
        session.case_changed.connect(self._case_changed)
        session.workspace_changed.connect(self._given_up.clear)

    @property
    def busy(self) -> bool:
        """True while the worker predicts or is about to."""
        return self._preparing or self._worker is not None

    def why_not(self) -> str | None:
        """Why the open case cannot be predicted now."""
        if self._session.case is None:
            return "no case is open"
        return "the worker is predicting" if self.busy else None

    @property
    def awaited(self) -> bool:
        """True while the open case has no prediction and one is on its way."""
        case = self._session.case
        if case is None or case.prediction is not None or not self.busy:
            return False
        return self._preparing or case.case_id in self._waiting or self.automatic

    def why_not_correct(self) -> str | None:
        """Why a shape had better not be corrected yet: what is begun without a prediction begins with nothing."""
        document = self._session.document
        begun = document is not None and document.correction is not None
        return "its prediction is on its way" if self.awaited and not begun else None

    def predict_open(self) -> None:
        """Predict the open case with the current checkpoint; where that goes by itself, some of the next too."""
        workspace, case = self._session.workspace, self._session.case
        if workspace is None or case is None or self.busy or self._closed:
            return
        self._begin(workspace, [case.case_id, *(self._following(case.case_id) if self.automatic else ())])

    def predict_beside(self, checkpoint_id: str) -> None:
        """Predict the open case with another checkpoint, to be held against the current one."""
        workspace, case = self._session.workspace, self._session.case
        if workspace is not None and case is not None and not self.busy and not self._closed:
            self._begin(workspace, [case.case_id], checkpoint_id)

    def expect_open(self, generator: CheckpointRef) -> None:
        """Make the SEM picture that the open case's design should give, as it is registered on the disk."""
        workspace, case = self._session.workspace, self._session.case
        if workspace is not None and case is not None and not self.busy and not self._closed:
            case_id = case.case_id
            self._prepare(lambda folder: _prepare_expected(workspace, generator, case_id, folder))

    def _begin(self, workspace: Workspace, wanted: list[str], beside: str = "") -> None:
        self._prepare(lambda folder: _prepare(workspace, wanted, folder, beside))

    def _prepare(self, prepare: Callable[[Path], _Batch]) -> None:
        self._preparing = True
        self.changed.emit()
        scratch = tempfile.TemporaryDirectory(prefix="semiview-predict-")
        self._scratch = scratch
        folder = Path(scratch.name)
        self._errands.run(lambda: prepare(folder), self._start, self._not_prepared)

    def toggle(self) -> None:
        """Predict by itself, or only when asked."""
        self.automatic = not self.automatic
        self.changed.emit()
        self._case_changed()

    def toggle_average(self) -> None:
        """Predict every turn and mirror image of a picture, or the picture once."""
        self.averaged = not self.averaged
        self.changed.emit()

    def checkpoint_changed(self) -> None:
        """Another checkpoint is current: the open case is predicted anew."""
        self._given_up.clear()
        if self.automatic:
            self.predict_open()

    def close(self) -> None:
        """End the worker."""
        self._closed = True
        if self._worker is not None:
            self._worker.close()
        self._tidy()

    def _case_changed(self) -> None:
        case = self._session.case
        if not self.automatic or case is None or case.prediction is not None or case.case_id in self._given_up:
            return
        if self._worker is not None and self._batch is not None:
            if case.case_id not in self._waiting:
                self._cancelled = True
                self._worker.cancel()  # the open case goes first; the end of this one begins the next
        else:
            self.predict_open()

    def _following(self, case_id: str) -> list[str]:
        found: list[str] = []
        following = self._cases.neighbour(case_id, 1, undecided=True)
        while following is not None and len(found) < AHEAD:
            found.append(following)
            following = self._cases.neighbour(following, 1, undecided=True)
        return found

    def _start(self, batch: _Batch) -> None:
        self._preparing = False
        for case_id, reason in batch.failed:
            self._given_up.add(case_id)
            if self._session.case is not None and self._session.case.case_id == case_id:
                self.failed.emit(f"{case_id} cannot be predicted: {reason}")
        if not batch.items or self._closed:
            self._tidy()
            self.changed.emit()
            return
        self._batch, self._cancelled = batch, False
        self._waiting = {item.case_id for item in batch.items}
        self._worker = WorkerProcess(self)
        self._worker.said.connect(self._said)
        if batch.note:
            self.failed.emit(batch.note)
        if batch.checkpoint is None:
            job = PredictJob("", batch.items, predictor=CLASSICAL)
        else:
            average = self.averaged and batch.answers == "pattern"
            job = PredictJob(str(batch.checkpoint.path), batch.items, average=average, answers=batch.answers)
        self._worker.start(job)
        self.changed.emit()

    def _not_prepared(self, problem: Exception) -> None:
        self._preparing = False
        self._tidy()
        self.changed.emit()
        self.failed.emit(f"Nothing was predicted: {problem}")
        if not isinstance(problem, FileProblem):
            raise problem

    def _said(self, event: Event) -> None:
        batch = self._batch
        if batch is None:
            return
        if isinstance(event, PredictionDone):
            self._waiting.discard(event.case_id)
            if not batch.beside:
                self._keep_uncertainty(batch, event)
                self._show(batch, event)
            self.predicted.emit(event.case_id)
        elif isinstance(event, PredictionFailed):
            self._given_up.add(event.case_id)
            self.failed.emit(f"{event.case_id} could not be predicted: {event.reason}")
        elif isinstance(event, Finished | WorkFailed):
            if isinstance(event, WorkFailed) and not self._cancelled:
                self._given_up.update(item.case_id for item in batch.items)
                self.failed.emit(f"No prediction: {event.reason}")
            if self._worker is not None:
                self._worker.deleteLater()
            self._worker = self._batch = None
            self._tidy()
            self.changed.emit()
            self._case_changed()

    def _keep_uncertainty(self, batch: _Batch, event: PredictionDone) -> None:
        project, maker = batch.workspace.project, batch.maker
        if event.case_id in self._cases:
            self._cases.update(event.case_id, uncertainty=uncertainty_share(event.uncertainty_px))
        self._errands.run(
            lambda: remember_uncertainty(project, maker, {event.case_id: event.uncertainty_px}),
            lambda _: None,
            lambda problem: self.failed.emit(str(problem)),
        )

    def _show(self, batch: _Batch, event: PredictionDone) -> None:
        case = self._session.case
        if case is None or case.case_id != event.case_id or batch.workspace.store is not self._store():
            return

        def done(predicted: Case) -> None:
            shown = self._session.case
            if shown is None or shown.case_id != predicted.case_id:
                return
            if self._session.correcting or self._painting.painting:
                self.offered.emit(predicted)
            else:
                self._session.swap_prediction(shown.with_prediction(predicted.prediction))

        self._errands.run(
            lambda: case.with_prediction(read_prediction(Path(event.path), case.sem, batch.maker)),
            done,
            lambda problem: self.failed.emit(str(problem)),
        )

    def _store(self) -> object:
        return None if self._session.workspace is None else self._session.workspace.store

    def _tidy(self) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None


def _prepare_expected(workspace: Workspace, generator: CheckpointRef, case_id: str, folder: Path) -> _Batch:
    """The picture and its registered design; what is wanting is said of the case."""
    try:
        item = expected_item(workspace, generator.id, case_id, folder / "0.npy")
    except FileProblem as problem:
        return _Batch(workspace, generator, (), ((case_id, problem.reason),), beside=True)
    return _Batch(workspace, generator, (item,), (), beside=True, answers="sem")


def _prepare(workspace: Workspace, case_ids: list[str], folder: Path, beside: str) -> _Batch:
    """Pictures as the worker wants them: the first case in any case, the others if they have no prediction."""
    note = ""
    checkpoint: CheckpointRef | None = None
    try:
        if beside != CLASSICAL:
            checkpoint = workspace.registry.get(beside) if beside else workspace.registry.current()
    except FileProblem as problem:
        if beside:
            raise
        note = f"{problem} Until then the classical predictor stands in: bright is taken for material."
    maker = CLASSICAL if checkpoint is None else checkpoint.id
    items, failed = [], []
    for number, case_id in enumerate(case_ids):
        made = workspace.project.prediction_path(maker, case_id)
        if number and (made.exists() or workspace.project.row(case_id).prediction is not None):
            continue
        try:
            items.append(predict_item(workspace, maker, case_id, folder / f"{number}.npy"))
        except FileProblem as problem:
            failed.append((case_id, str(problem)))
    return _Batch(workspace, checkpoint, tuple(items), tuple(failed), note, bool(beside))
