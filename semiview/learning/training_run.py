"""One training run on its way: epochs, validation, the state that outlives it, and the comparison at its end."""

import hashlib
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semiview.files.problem import FileProblem
from semiview.learning.chosen_samples import ChosenSamples
from semiview.learning.messages import (
    EpochDone,
    Event,
    FineTuneJob,
    Finished,
    PreviewDone,
    Progress,
    SamplesChosen,
    Wish,
    WorkFailed,
)
from semiview.learning.networks import PatternNet
from semiview.learning.ranks import ALONE, Ranks
from semiview.learning.run_state import RunState, drop_state, load_state, save_state
from semiview.learning.samples import Sample, draw_batch
from semiview.learning.shortage import is_out_of_memory
from semiview.learning.trainer import Trainer, TrainingBrokenError
from semiview.learning.worker_host import peak_memory_mb


def planes_folder(job: FineTuneJob, ranks: Ranks = ALONE) -> Path:
    """Where a process of a run keeps its samples' planes while it is at work."""
    return Path(job.run_folder) / f"planes{ranks.rank or ''}"


class TrainingRun:
    """What runs of both ways have in common."""

    nothing_to_train_on = "There is no approved shape to train on. Accept or correct some cases first."

    def __init__(self, job: FineTuneJob, wish: Callable[[], Wish], device: torch.device, ranks: Ranks = ALONE) -> None:
        self.job, self.wish, self.device, self.ranks = job, wish, device, ranks
        self.begun = time.monotonic()
        self.batch = job.options.batch
        self.epochs: list[EpochDone] = []
        self.best: dict[str, Tensor] = {}
        self.start_loss = math.nan

    def events(self) -> Iterator[Event]:
        """From the choice of samples to the last word."""
        start = self.start()
        samples = self.choose()
        counts = (len(samples.train), len(samples.validation), len(samples.test))
        yield SamplesChosen(*counts, samples.left_out, samples.note)
        if not samples.train:
            held = counts[1] + counts[2]
            held_out = f" What is approved ({held}) is held out." if held else ""
            yield WorkFailed(self.nothing_to_train_on + held_out)
            return
        trainer = self.trainer(start)
        if samples.validation:
            # What it starts from stands until an epoch is better.
            self.start_loss = self._validation_loss(trainer, samples)
            self.best = {name: tensor.clone() for name, tensor in trainer.average.items()}
        trainer = self._resumed(trainer)
        yield from self.epochs
        wish = yield from self._train(trainer, samples)
        candidate = ""
        if wish not in ("cancel", "abandon"):
            if not self.ranks.first:
                return
            trainer.average = self.best or trainer.average
            candidate = yield from self.judge(trainer, samples)
        if not candidate:
            yield self._ended_without(wish or self.wish())
            return
        drop_state(self.job)
        yield Finished("stopped" if wish == "stop" else "done", self._seconds(), candidate, self.last_word(candidate))

    def start(self) -> PatternNet:
        """The network the run begins with."""
        raise NotImplementedError

    def choose(self) -> ChosenSamples:
        """What it learns from."""
        raise NotImplementedError

    def trainer(self, start: PatternNet) -> Trainer:
        """What trains it, before its first step."""
        raise NotImplementedError

    def replay(self) -> tuple[Sample, ...]:
        """Earlier material."""
        return ()

    def held_replay(self) -> tuple[Sample, ...]:
        """Earlier material that is not trained on: whether it is being forgotten."""
        return ()

    def judge(self, trainer: Trainer, samples: ChosenSamples) -> Generator[Event, None, str]:
        """Score on the test samples and keep the candidate; its id, empty if somebody wished to cancel meanwhile."""
        raise NotImplementedError

    def preview(self, trainer: Trainer, samples: ChosenSamples) -> str:
        """Show what the network says of the same few cases; path of the pictures."""
        raise NotImplementedError

    def last_word(self, candidate: str) -> str:
        """What is said of a candidate at the end."""
        raise NotImplementedError

    @property
    def best_epoch(self) -> int:
        """Number of the epoch whose weights are kept; 0: none was better than what the run started from."""
        return self.epochs[-1].best_epoch if self.epochs else 0

    def card(self, network: PatternNet, samples: ChosenSamples, facts: dict[str, Any]) -> dict[str, Any]:
        """The candidate's card: where it comes from, and `facts`."""
        now = datetime.now(UTC)
        weights = hashlib.sha256()
        for name, tensor in sorted(network.state_dict().items()):
            weights.update(name.encode() + tensor.cpu().numpy().tobytes())
        return {
            # To the millisecond: the same job run twice gives the same weights, and may end in the same second.
            "id": f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03d}-{weights.hexdigest()[:8]}",
            "made": now.isoformat(timespec="seconds"),
            "program_version": version("semiview"),
            "snapshot_sha256": hashlib.sha256(repr(self.job.snapshot).encode()).hexdigest(),
            "records": [record_id for record_id, _ in self.job.snapshot],
            "left_out": samples.left_out,
            "samples": {
                "train": len(samples.train),
                "validation": len(samples.validation),
                "test": len(samples.test),
            },
            "options": self.job.options,
            "processes": self.ranks.count,
            "epochs": len(self.epochs),
            "best_epoch": self.best_epoch,
            **facts,
        }

    def _resumed(self, trainer: Trainer) -> Trainer:
        """As an earlier start of this job left it at its last epoch, if there was one."""
        state = load_state(self.job)
        if state is not None:
            trainer.restore(state.trainer, state.step)
            self.best = {name: tensor.to(self.device) for name, tensor in state.best.items()}
            self.epochs = list(state.epochs)
        if self.ranks.told(trainer.step) != trainer.step:
            raise FileProblem(
                Path(self.job.run_folder),
                "The processes of this run do not see the same folder.",
                "Put it where all of them can read it.",
            )
        return trainer

    def _train(self, trainer: Trainer, samples: ChosenSamples) -> Generator[Event, None, Wish]:
        options = self.job.options
        replay = self.replay()
        while trainer.step < trainer.steps and not self._stalled():
            begun, shown = time.monotonic(), 0
            losses: list[float] = []
            while len(losses) < options.steps_per_epoch:
                wish = self.ranks.agreed(self.wish())
                if wish:
                    return wish
                losses.append(self._step(trainer, samples.train, replay))
                shown += self.batch * self.ranks.count
                yield Progress(trainer.step, trainer.steps, f"training, loss {losses[-1]:.4f}")
            self._end_epoch(trainer, samples, sum(losses) / len(losses), shown, begun)
            yield self.epochs[-1]
            if self.ranks.first:
                yield PreviewDone(len(self.epochs), self.preview(trainer, samples))
                save_state(self.job, RunState(trainer.step, trainer.state(), self.best, tuple(self.epochs)))
        return ""

    def _step(self, trainer: Trainer, new: Sequence[Sample], replay: Sequence[Sample]) -> float:
        """One step; where memory runs out, with half the batch from then on."""
        options = self.job.options
        while True:
            size = self.batch * self.ranks.count
            replayed = min(round(size * options.replay_share), size - 1)
            try:
                return trainer.train_step(draw_batch(new, replay, size, replayed, options.patch_px, trainer.rng()))
            except (MemoryError, RuntimeError) as error:
                # Processes that share a batch would have to agree on another one, and some wait within the step.
                if self.batch == 1 or self.ranks.count > 1 or not is_out_of_memory(error):
                    raise
            self.batch //= 2
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def _validation_loss(self, trainer: Trainer, samples: ChosenSamples) -> float:
        """On what is held out of the new and of the old, weighed as they are trained on; NaN without new ones."""
        loss = math.nan
        if self.ranks.first and samples.validation:
            loss = trainer.validation_loss(samples.validation)
            old = self.held_replay()
            if old:
                share = self.job.options.replay_share
                loss = (1 - share) * loss + share * trainer.validation_loss(old)
        return self.ranks.told(loss)

    def _end_epoch(self, trainer: Trainer, samples: ChosenSamples, train_loss: float, shown: int, begun: float) -> None:
        number = len(self.epochs) + 1
        speed = shown / (time.monotonic() - begun)
        loss = self._validation_loss(trainer, samples)
        if samples.validation and not math.isfinite(loss):
            raise TrainingBrokenError(
                f"The validation loss is no longer a number after epoch {number}. Nothing of this run is kept; "
                "train with a smaller learning rate."
            )
        earlier = self.epochs[self.best_epoch - 1].validation_loss if self.best_epoch else self.start_loss
        better = not loss >= earlier
        if better:
            self.best = {name: tensor.clone() for name, tensor in trainer.average.items()}
        options = self.job.options
        spent = time.monotonic() - begun
        self.epochs.append(
            EpochDone(
                number,
                options.epochs,
                train_loss,
                loss,
                trainer.rate(),
                speed,
                held_memory_mb(self.device),
                self._seconds(),
                (options.epochs - number) * spent,
                number if better else self.best_epoch,
                options.patience,
                self.start_loss,
            )
        )

    def _stalled(self) -> bool:
        return len(self.epochs) - self.best_epoch >= self.job.options.patience

    def _ended_without(self, wish: Wish) -> Finished:
        if wish == "cancel":
            if self.ranks.first:
                drop_state(self.job)
            return Finished("cancelled", self._seconds(), text="Cancelled; nothing of this run is kept.")
        return Finished("abandoned", self._seconds(), text="Left off; the run can be taken up again.")

    def _seconds(self) -> float:
        return time.monotonic() - self.begun


def held_memory_mb(device: torch.device) -> float:
    """Most memory held so far, in MB: on a GPU by torch, else by this process; NaN where nobody says."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device) / 2**20)
    return peak_memory_mb()
