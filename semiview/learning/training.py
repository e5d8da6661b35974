"""Fine-tune the current checkpoint on approved shapes and compare the candidate with it."""

import contextlib
import hashlib
import math
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.chosen_samples import ChosenSamples, choose
from semiview.learning.evaluation import score
from semiview.learning.gate import GateReport, SampleScores, compare
from semiview.learning.inference import predict_scaled
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
    Wish,
    WorkFailed,
)
from semiview.learning.networks import PatternNet
from semiview.learning.registry import CheckpointRef, Registry
from semiview.learning.run_pictures import write_pictures, write_preview
from semiview.learning.run_state import RunState, drop_state, load_state, save_state
from semiview.learning.runs import CHANGED_FILE, write_outcome
from semiview.learning.samples import Sample, draw_batch
from semiview.learning.simulated_samples import simulated_samples
from semiview.learning.trainer import Trainer, TrainingBrokenError
from semiview.learning.worker_host import peak_memory_mb

REPLAY_SEEDS = range(20_000_000, 20_000_016)


def never() -> Wish:
    """Nobody wishes the run to end early."""
    return ""


def fine_tune(
    job: FineTuneJob, wish: Callable[[], Wish] = never, device: torch.device | None = None
) -> Iterator[Event]:
    """Train, validate after each epoch, keep the best, compare on the held-out test samples.

    Parameters
    ----------
    wish
        Asked at each step: stop ends and keeps the best, cancel discards, abandon leaves the state to be resumed.

    Yields
    ------
    The last event is `Finished` or `WorkFailed`. The current checkpoint is never touched.
    """
    device = device or torch.device("cpu")
    for event in _events(job, wish, device):
        if isinstance(event, Finished | WorkFailed):
            with contextlib.suppress(FileProblem):  # the event itself tells it too
                write_outcome(Path(job.run_folder), event)
        yield event


def _events(job: FineTuneJob, wish: Callable[[], Wish], device: torch.device) -> Iterator[Event]:
    """Those of `fine_tune`, whatever happens."""
    try:
        yield from _Run(job, wish, device).events()
    except TrainingBrokenError as problem:
        drop_state(job)
        yield WorkFailed(str(problem))
    except FileProblem as problem:
        yield WorkFailed(str(problem))
    except (MemoryError, torch.OutOfMemoryError):
        yield WorkFailed("There is not enough memory even for single patches. Train with a smaller patch.")
    except RuntimeError as error:
        if device.type == "cpu":
            raise
        first = str(error).partition("\n")[0]
        yield WorkFailed(
            f"The GPU is lost or refuses to work ({first}). Take the run up again; it goes on without one too."
        )
    finally:
        shutil.rmtree(planes_folder(job), ignore_errors=True)


def planes_folder(job: FineTuneJob) -> Path:
    """Where a run keeps its samples' planes while it is at work."""
    return Path(job.run_folder) / "planes"


class _Run:
    """One fine-tuning run on its way."""

    def __init__(self, job: FineTuneJob, wish: Callable[[], Wish], device: torch.device) -> None:
        self.job, self.wish, self.device = job, wish, device
        self.begun = time.monotonic()
        self.batch = job.options.batch
        self.epochs: list[EpochDone] = []
        self.best: dict[str, Tensor] = {}

    def events(self) -> Iterator[Event]:
        """From the choice of samples to the last word."""
        job = self.job
        start, reference = load_network(Path(job.start_checkpoint))
        samples = choose(FeedbackStore.open(Path(job.store_folder), read_only=True), job.snapshot, planes_folder(job))
        counts = (len(samples.train), len(samples.validation), len(samples.test))
        yield SamplesChosen(*counts, samples.left_out, samples.note)
        if not samples.train:
            yield WorkFailed("There is no approved shape to train on. Accept or correct some cases first.")
            return
        trainer = self._trainer(start)
        yield from self.epochs
        wish = yield from self._train(trainer, samples)
        report: GateReport | None = None
        if wish not in ("cancel", "abandon"):
            trainer.average = self.best or trainer.average
            current, _ = load_network(Path(job.start_checkpoint))
            report = yield from self._compare(current.to(self.device), trainer.averaged(), samples.test)
        if report is None:
            yield self._ended_without(wish or self.wish())
            return
        candidate = self._keep(trainer.averaged(), reference, samples, report)
        yield CheckpointSaved(candidate.id, str(candidate.path), self.best_epoch)
        yield GateDone(candidate.id, report)
        drop_state(job)
        text = f"{candidate.id}: {report.verdict}"
        yield Finished("stopped" if wish == "stop" else "done", self._seconds(), candidate.id, text)

    @property
    def best_epoch(self) -> int:
        """Number of the epoch whose weights are kept; 0: the run ended before its first."""
        return self.epochs[-1].best_epoch if self.epochs else 0

    def _trainer(self, network: PatternNet) -> Trainer:
        """A fresh trainer, or the one of an earlier start of this job as its last epoch left it."""
        options = self.job.options
        steps = options.epochs * options.steps_per_epoch
        trainer = Trainer(network, steps, options.learning_rate, options.weight_decay, options.seed, self.device)
        state = load_state(self.job)
        if state is not None:
            trainer.restore(state.trainer, state.step)
            self.best = {name: tensor.to(self.device) for name, tensor in state.best.items()}
            self.epochs = list(state.epochs)
        return trainer

    def _train(self, trainer: Trainer, samples: ChosenSamples) -> Generator[Event, None, Wish]:
        options = self.job.options
        replay = tuple(simulated_samples(REPLAY_SEEDS)) if options.replay_share else ()
        while trainer.step < trainer.steps and not self._stalled():
            begun, shown = time.monotonic(), 0
            losses: list[float] = []
            while len(losses) < options.steps_per_epoch:
                wish = self.wish()
                if wish:
                    return wish
                losses.append(self._step(trainer, samples.train, replay))
                shown += self.batch
                yield Progress(trainer.step, trainer.steps, f"training, loss {losses[-1]:.4f}")
            self._end_epoch(trainer, samples.validation, sum(losses) / len(losses), shown, begun)
            yield self.epochs[-1]
            yield PreviewDone(len(self.epochs), write_preview(Path(self.job.run_folder), trainer.averaged(), samples))
            save_state(self.job, RunState(trainer.step, trainer.state(), self.best, tuple(self.epochs)))
        return ""

    def _step(self, trainer: Trainer, new: Sequence[Sample], replay: Sequence[Sample]) -> float:
        """One step; where memory runs out, with half the batch from then on."""
        options = self.job.options
        while True:
            replayed = round(self.batch * options.replay_share)
            batch = draw_batch(new, replay, self.batch, min(replayed, self.batch - 1), options.patch_px, trainer.rng())
            try:
                return trainer.train_step(batch)
            except (MemoryError, torch.OutOfMemoryError):
                if self.batch == 1:
                    raise
                self.batch //= 2

    def _end_epoch(
        self, trainer: Trainer, validation: Sequence[Sample], train_loss: float, shown: int, begun: float
    ) -> None:
        number = len(self.epochs) + 1
        speed = shown / (time.monotonic() - begun)
        loss = trainer.validation_loss(validation)
        if validation and not math.isfinite(loss):
            raise TrainingBrokenError(
                f"The validation loss is no longer a number after epoch {number}. Nothing of this run is kept; "
                "train with a smaller learning rate."
            )
        earlier = self.epochs[self.best_epoch - 1].validation_loss if self.epochs else math.inf
        better = not loss >= earlier
        if better:
            self.best = {name: tensor.clone() for name, tensor in trainer.average.items()}
        epochs = self.job.options.epochs
        spent = time.monotonic() - begun
        self.epochs.append(
            EpochDone(
                number,
                epochs,
                train_loss,
                loss,
                trainer.rate(),
                speed,
                peak_memory_mb(),
                self._seconds(),
                (epochs - number) * spent,
                number if better else self.best_epoch,
            )
        )

    def _stalled(self) -> bool:
        return len(self.epochs) - self.best_epoch >= self.job.options.patience

    def _compare(
        self, current: PatternNet, candidate: PatternNet, test: Sequence[Sample]
    ) -> Generator[Event, None, GateReport | None]:
        """The gate's report; None if somebody wished the run to be cancelled meanwhile."""
        scores: tuple[list[SampleScores], list[SampleScores]] = ([], [])
        for number, sample in enumerate(test):
            if self.wish() in ("cancel", "abandon"):
                return None
            yield Progress(number, len(test), f"comparing on {sample.case_id}")
            for network, found in zip((current, candidate), scores, strict=True):
                found.append(score(sample, predict_scaled(network, sample.pixels, device=self.device)))
        report = compare(*scores, self.job.gate)
        changed = {entry.sample_id for entry in report.worst_changed}
        write_pictures(
            Path(self.job.run_folder) / CHANGED_FILE,
            [one for one in test if one.sample_id in changed],
            current,
            candidate,
        )
        return report

    def _keep(
        self, network: PatternNet, start: CheckpointRef, samples: ChosenSamples, report: GateReport
    ) -> CheckpointRef:
        now = datetime.now(UTC)
        weights = hashlib.sha256()
        for name, tensor in sorted(network.state_dict().items()):
            weights.update(name.encode() + tensor.cpu().numpy().tobytes())
        card: dict[str, Any] = {
            # To the millisecond: the same job run twice gives the same weights, and may end in the same second.
            "id": f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03d}-{weights.hexdigest()[:8]}",
            "made": now.isoformat(timespec="seconds"),
            "program_version": version("semiview"),
            "parent": start.id,
            "parent_sha256": start.sha256,
            "snapshot_sha256": hashlib.sha256(repr(self.job.snapshot).encode()).hexdigest(),
            "records": [record_id for record_id, _ in self.job.snapshot],
            "left_out": samples.left_out,
            "samples": {
                "train": len(samples.train),
                "validation": len(samples.validation),
                "test": len(samples.test),
            },
            "options": self.job.options,
            "epochs": len(self.epochs),
            "best_epoch": self.best_epoch,
            "gate": report,
        }
        return Registry(Path(self.job.checkpoints_folder)).add(card["id"], to_bytes(network, card))

    def _ended_without(self, wish: Wish) -> Finished:
        if wish == "cancel":
            drop_state(self.job)
            return Finished("cancelled", self._seconds(), text="Cancelled; nothing of this run is kept.")
        return Finished("abandoned", self._seconds(), text="Left off; the run can be taken up again.")

    def _seconds(self) -> float:
        return time.monotonic() - self.begun
