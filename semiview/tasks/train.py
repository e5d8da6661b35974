"""Fine-tune from the feedback store, compare with the current checkpoint, promote if it is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semiview.files.problem import FileProblem
from semiview.learning.gate import GateReport, GateRules, Metric
from semiview.learning.generators import newest_generator
from semiview.learning.messages import (
    EpochDone,
    FineTuneJob,
    Finished,
    GateDone,
    PicturesScored,
    SamplesChosen,
    TrainingOptions,
    WorkFailed,
    plain,
)
from semiview.learning.worker_host import LOG_FILE, run_worker
from semiview.monitoring.decision_table import Judge
from semiview.tasks.progress import Progress, Task
from semiview.tasks.trigger import RUN_NAME
from semiview.tasks.unpaired import unpaired_pictures
from semiview.tasks.workspace import Workspace

JUDGED_BY: Mapping[Judge, Metric] = {"shape": "iou", "edges": "epe_abs"}


@dataclass(frozen=True, slots=True)
class TrainResult:
    """How a training run ended.

    Attributes
    ----------
    checkpoint_id
        The candidate; empty if the run left none.
    promoted
        The candidate is the current checkpoint now.
    failed
        Why the run ended without a candidate, or an empty string.
    pictures
        How near the pictures of a network design -> SEM come; the gate says nothing of it.
    """

    run: Path
    checkpoint_id: str
    samples: SamplesChosen | None
    epochs: tuple[EpochDone, ...]
    gate: GateReport | None
    promoted: bool
    failed: str = ""
    pictures: PicturesScored | None = None

    def as_json(self) -> dict[str, Any]:
        """What `train --json` prints."""
        return {
            "run": str(self.run),
            "checkpoint": self.checkpoint_id,
            "samples": None if self.samples is None else plain(self.samples),
            "epochs": [plain(epoch) for epoch in self.epochs],
            "gate": None if self.gate is None else plain(self.gate),
            "promoted": self.promoted,
            "failed": self.failed,
            "pictures": None if self.pictures is None else plain(self.pictures),
        }


def training_job(workspace: Workspace, options: TrainingOptions) -> FineTuneJob:
    """The job of a new run on what is approved now.

    Raises
    ------
    FileProblem
        If nothing that can train has been approved yet.
    """
    project, store = workspace.project, workspace.store
    snapshot = store.snapshot()
    if not snapshot:
        raise FileProblem(
            project.feedback_folder, "No approved shape to train on yet.", "Accept or correct some cases first."
        )
    run_folder = project.runs_folder / datetime.now(UTC).strftime(RUN_NAME)
    if options.answers == "sem":
        run_folder = run_folder.with_name(f"{run_folder.name}-sem")  # no run that a trigger waits for
        earlier = newest_generator(project.checkpoints_folder)
        start = "" if earlier is None else str(earlier.path)
    else:
        start = str(workspace.registry.current().path)
    return FineTuneJob(
        run_folder=str(run_folder),
        store_folder=str(project.feedback_folder),
        snapshot=snapshot,
        start_checkpoint=start,
        checkpoints_folder=str(project.checkpoints_folder),
        options=options,
        gate=GateRules(JUDGED_BY[project.settings.judge], project.settings.worst_epe_nm),
        unpaired=unpaired_pictures(workspace, run_folder) if options.bidirectional else (),
    )


def train_project(
    workspace: Workspace, options: TrainingOptions, promote: bool, processes: int = 1
) -> Task[TrainResult]:
    """Run one training in the worker; promote the candidate where the gate permits it and `promote` is True.

    Several `processes`, one a GPU, take each step together with the options' batch in each of them.
    """
    job = training_job(workspace, options)
    epochs: list[EpochDone] = []
    samples: SamplesChosen | None = None
    gate: GateReport | None = None
    pictures: PicturesScored | None = None
    checkpoint_id = failed = ""
    for event in run_worker(job, processes=processes):
        if isinstance(event, SamplesChosen):
            samples = event
        elif isinstance(event, EpochDone):
            epochs.append(event)
            losses = f"loss {event.train_loss:.4f}, validation {event.validation_loss:.4f}"
            yield Progress(event.epoch, options.epochs, losses)
        elif isinstance(event, GateDone):
            gate = event.report
        elif isinstance(event, PicturesScored):
            pictures = event
        elif isinstance(event, Finished):
            checkpoint_id = event.checkpoint_id
        elif isinstance(event, WorkFailed):
            failed = f"{event.reason} Its log is {Path(job.run_folder) / LOG_FILE}."
    promoted = promote and not failed and gate is not None and gate.verdict == "promote"
    if promoted:
        workspace.registry.promote(checkpoint_id, by="gate", reason="better on held-out groups")
    return TrainResult(Path(job.run_folder), checkpoint_id, samples, tuple(epochs), gate, promoted, failed, pictures)
