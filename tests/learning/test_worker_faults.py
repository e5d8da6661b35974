"""What befalls a worker on its machine, in real child processes: each fault is a sentence and costs nothing else."""

import os
import signal
from pathlib import Path

import pytest
import torch

from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.messages import EpochDone, Finished, PreviewDone, Progress, WorkFailed
from semiview.learning.registry import Registry, shipped_paths
from semiview.learning.runs import STATE_FILE, list_runs
from semiview.learning.worker_host import run_worker

from .conftest import fresh_checkpoint

pytestmark = pytest.mark.timeout(300)

# More than any machine has: the allocator's own error, as it is when memory runs out.
SHORT_OF_MEMORY = """
from semiview.learning.trainer import Trainer
whole_step = Trainer.train_step
def step(self, batch):
    if len(batch.pixels) > {most}:
        torch.empty(2**50)
    return whole_step(self, batch)
Trainer.train_step = step
"""
FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
"""


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def registry(toy):
    """The project's checkpoints, one of them in use."""
    registry = Registry(toy.folder / "checkpoints")
    registry.add("old", fresh_checkpoint(toy.folder / "x.safetensors", "old").read_bytes())
    registry.promote("old", by="test", reason="")
    before = registry.current().sha256
    yield registry
    assert registry.current().id == "old"
    assert registry.current().sha256 == before


@pytest.fixture
def befalls(tmp_path, monkeypatch):
    """Have every worker run some code as soon as it has loaded its training."""

    def prepare(code):
        folder = tmp_path / "faults"
        folder.mkdir(exist_ok=True)
        (folder / "fault.py").write_text("import torch\n" + code)
        (folder / "sitecustomize.py").write_text(
            "import sys\n"
            "if sys.argv[:1] == ['-m'] or any('worker' in one for one in sys.orig_argv):\n"
            "    import semiview.learning.training, fault\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(folder))

    yield prepare
    monkeypatch.delenv("PYTHONPATH", raising=False)


def test_that_a_batch_too_large_for_memory_is_halved(toy, registry, befalls):
    befalls(SHORT_OF_MEMORY.format(most=1))
    events = list(run_worker(toy.job(epochs=1, steps_per_epoch=2, batch=4)))
    assert isinstance(events[-1], Finished)
    (epoch,) = of(EpochDone, events)
    assert epoch.samples_per_s > 0


def test_that_too_little_memory_for_one_patch_is_a_sentence(toy, registry, befalls):
    befalls(SHORT_OF_MEMORY.format(most=0))
    last = list(run_worker(toy.job(batch=4)))[-1]
    assert isinstance(last, WorkFailed)
    assert "not enough memory even for single patches" in last.reason
    assert [entry.id for entry in registry.list()[len(shipped_paths()) :]] == ["old"]


def test_that_a_full_disk_is_a_sentence_and_leaves_no_half_file(toy, registry, befalls, monkeypatch):
    job = toy.job(epochs=2, steps_per_epoch=1)
    befalls(FULL_DISK)
    last = list(run_worker(job))[-1]
    assert isinstance(last, WorkFailed)
    assert "not saved" in last.reason
    run = Path(job.run_folder)
    assert not (run / STATE_FILE).exists()
    assert {path.suffix for path in run.iterdir()} <= {".json", ".npz", ".log"}
    assert list_runs(toy.folder)[0].state == "failed"
    monkeypatch.delenv("PYTHONPATH")
    assert list(run_worker(job))[-1].outcome == "done"


def test_that_a_loss_that_is_no_number_is_a_sentence(toy, registry):
    network, _ = load_network(toy.start)
    with torch.no_grad():
        network.head.weight.fill_(float("nan"))
    toy.start.write_bytes(to_bytes(network, {"id": "broken"}))
    last = list(run_worker(toy.job()))[-1]
    assert isinstance(last, WorkFailed)
    assert "no longer a number" in last.reason
    assert list_runs(toy.folder)[0].state == "failed"


def test_that_a_killed_run_goes_on_from_its_last_epoch_in_a_new_child(toy, registry):
    job, pids, previews = toy.job(epochs=3, steps_per_epoch=2), [], 0
    for event in run_worker(job, lambda worker: pids.append(worker.pid)):
        previews += isinstance(event, PreviewDone)
        if previews and isinstance(event, Progress):  # the step after: the epoch's state is on the disk
            os.kill(pids[0], signal.SIGKILL)
            break
    (run,) = list_runs(toy.folder)
    assert (run.state, run.resumable) == ("broken off", True)
    again = list(run_worker(job))
    assert [event.epoch for event in of(EpochDone, again)] == [1, 2, 3]
    assert again[-1].outcome == "done"
