"""The state of a training run on the disk, so that a killed run goes on where its last epoch ended."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from semiview.files.durable_file import write_durably
from semiview.learning.messages import EpochDone, FineTuneJob, decode, encode, plain
from semiview.learning.runs import STATE_FILE, UNPAIRED_FOLDER

BEST = "best/"


@dataclass(frozen=True, slots=True, eq=False)
class RunState:
    """Where a run stands after an epoch: the trainer's tensors, the best weights so far, the curves."""

    step: int
    trainer: Mapping[str, Tensor]
    best: Mapping[str, Tensor]
    epochs: tuple[EpochDone, ...]


def fingerprint(job: FineTuneJob) -> str:
    """Hex digest of what a run's course depends on; a run that lost its GPU may go on without one."""
    said = [job.snapshot, job.start_checkpoint, plain(replace(job.options, device="auto"))]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def save_state(job: FineTuneJob, state: RunState) -> None:
    """Write it in one atomic step.

    Raises
    ------
    FileProblem
        If it cannot be written; the older state is still there.
    """
    tensors = {**state.trainer, **{BEST + name: tensor.cpu().contiguous() for name, tensor in state.best.items()}}
    said = {
        "job": fingerprint(job),
        "step": str(state.step),
        "epochs": json.dumps([encode(epoch) for epoch in state.epochs]),
    }
    write_durably(Path(job.run_folder) / STATE_FILE, save(tensors, said))


def load_state(job: FineTuneJob) -> RunState | None:
    """The state of this very job, or None if there is none that fits and can be read."""
    path = Path(job.run_folder) / STATE_FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            said = file.metadata()
            if said["job"] != fingerprint(job):
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        epochs = [decode(line) for line in json.loads(said["epochs"])]
        trainer = {name: tensor for name, tensor in tensors.items() if not name.startswith(BEST)}
        best = {name.removeprefix(BEST): tensor for name, tensor in tensors.items() if name.startswith(BEST)}
        return RunState(int(said["step"]), trainer, best, tuple(e for e in epochs if isinstance(e, EpochDone)))
    except (SafetensorError, OSError, ValueError, KeyError):
        return None


def drop_state(job: FineTuneJob) -> None:
    """Forget a run that has ended, with the pictures that were copied for it."""
    shutil.rmtree(Path(job.run_folder) / UNPAIRED_FOLDER, ignore_errors=True)
    (Path(job.run_folder) / STATE_FILE).unlink(missing_ok=True)
