"""A feedback store of toy records and a network that has learned nothing yet."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.learning.checkpoint_file import to_bytes
from semiview.learning.messages import FineTuneJob, TrainingOptions
from semiview.learning.networks import PatternNet

SIDE_PX = 96


@dataclass(frozen=True)
class Toy:
    """Folder with `feedback`, `start.safetensors` and a job on them."""

    folder: Path
    store: FeedbackStore
    start: Path

    def job(self, **options: object) -> FineTuneJob:
        settings = {"epochs": 3, "steps_per_epoch": 6, "patch_px": 64, "replay_share": 0.0, "learning_rate": 1e-3}
        return FineTuneJob(
            run_folder=str(self.folder / "run"),
            store_folder=str(self.folder / "feedback"),
            snapshot=self.store.snapshot(),
            start_checkpoint=str(self.start),
            checkpoints_folder=str(self.folder / "checkpoints"),
            options=TrainingOptions(**{**settings, **options}),
        )


def fresh_checkpoint(path: Path, checkpoint_id: str = "fresh") -> Path:
    torch.manual_seed(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(PatternNet(), {"id": checkpoint_id}))
    return path


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    store = FeedbackStore.open(tmp_path / "feedback")
    for seed in range(6):
        record = Record.example(seed, (SIDE_PX, SIDE_PX))
        store.append(replace(record, checkpoint_id="", prediction=None, tables={}))
    (tmp_path / "run").mkdir()
    return Toy(tmp_path, store, fresh_checkpoint(tmp_path / "start.safetensors"))
