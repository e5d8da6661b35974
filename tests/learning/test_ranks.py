"""Several processes that train together: `torchrun` on the same worker."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from semiview.learning.checkpoint_file import load_network
from semiview.learning.messages import (
    CheckpointSaved,
    EpochDone,
    Finished,
    Started,
    WorkFailed,
    decode,
    encode,
)
from semiview.learning.ranks import ALONE, Ranks
from semiview.learning.runs import OUTCOME_FILE, STATE_FILE
from semiview.learning.samples import Batch
from semiview.learning.worker_host import command_for, environment_for, run_worker

pytestmark = pytest.mark.timeout(600)

# A worker without dropout, whose masks depend on how many samples a process holds. The process of a given rank kills
# itself before a given step.
RUNNER = """
import os, signal, sys
import torch
torch.nn.Dropout2d.forward = torch.nn.Dropout.forward = lambda self, features: features
from semiview.learning.trainer import Trainer
from semiview.learning.worker import main
whole_step = Trainer.train_step
def step(self, batch):
    if os.environ.get("DIES_AT") == str(self.step) and os.environ.get("RANK") == os.environ.get("DIES"):
        os.kill(os.getpid(), signal.SIGKILL)
    return whole_step(self, batch)
Trainer.train_step = step
sys.exit(main())
"""


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def run(folder, job, processes, **environment):
    """The events of a job in so many processes, and how they ended."""
    runner, job_file = folder / "runner.py", Path(job.run_folder) / "job.json"
    runner.write_text(RUNNER)
    job_file.parent.mkdir(exist_ok=True)
    job_file.write_text(encode(job))
    command = [sys.executable, str(runner), str(job_file)]
    if processes > 1:
        together = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        command = [sys.executable, *together, str(runner), str(job_file)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**environment_for(), "PYTHONPATH": os.pathsep.join(sys.path), **environment}, text=True,
    ) as process:  # fmt: skip
        events = [decode(line) for line in process.stdout]
        return events, process.wait()


@pytest.mark.slow
def test_that_two_processes_do_what_one_does_with_twice_the_batch_and_go_on_when_one_died(toy):
    job = toy.job(epochs=2, steps_per_epoch=3, batch=2, device="cpu")
    together = replace(job, run_folder=str(toy.folder / "together"))
    broken, code = run(toy.folder, together, 2, DIES="1", DIES_AT="4")
    assert code != 0
    assert isinstance(broken[-1], WorkFailed)
    assert "Another process of this run is gone" in broken[-1].reason
    assert len(of(EpochDone, broken)) == 1
    assert "Another process" in json.loads((toy.folder / "together" / OUTCOME_FILE).read_bytes())["text"]
    assert (toy.folder / "together" / STATE_FILE).exists()

    two, code = run(toy.folder, together, 2)
    assert code == 0
    one, code = run(toy.folder, replace(job, options=replace(job.options, batch=4)), 1)
    assert code == 0
    assert len(of(Started, two)) == 1  # one of them speaks
    assert "2 processes" in of(Started, two)[0].note
    assert len(of(Finished, two)) == len(of(CheckpointSaved, two)) == 1
    for figure in ("train_loss", "validation_loss"):
        losses = [[getattr(event, figure) for event in of(EpochDone, events)] for events in (two, one)]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)
    weights = [load_network(Path(of(CheckpointSaved, e)[0].path))[0].state_dict() for e in (two, one)]
    start = load_network(toy.start)[0].state_dict()
    for name in start:
        moved = float((weights[1][name] - start[name]).abs().max())
        apart = float((weights[0][name] - weights[1][name]).abs().max())
        assert apart <= 0.02 * moved + 1e-6, (name, apart, moved)
    files = {path.name for path in (toy.folder / "together").iterdir()}
    assert not any(name.startswith("planes") for name in files)
    assert len(list((toy.folder / "checkpoints").glob("*.safetensors"))) == 2


@pytest.mark.slow
def test_that_the_host_starts_several_and_can_stop_them(toy):
    workers, events = [], []
    job = toy.job(epochs=500, steps_per_epoch=2, device="cpu", bidirectional=True, adversarial=True)
    for event in run_worker(job, workers.append, processes=2):
        events.append(event)
        if isinstance(event, EpochDone):
            workers[0].stop()
    assert events[-1].outcome == "stopped"
    assert len(of(CheckpointSaved, events)) == 1


def test_that_a_batch_is_shared_out_whole_and_evenly():
    plane = np.arange(6, dtype=np.float32).reshape(6, 1, 1, 1)
    batch = Batch(plane, plane, plane)
    parts = [Ranks(rank, 3).share(batch).pixels.ravel().tolist() for rank in range(3)]
    assert sorted(itertools.chain(*parts)) == [0, 1, 2, 3, 4, 5]
    assert {len(part) for part in parts} == {2}
    with pytest.raises(ValueError, match="cannot be shared"):
        Ranks(0, 4).share(batch)


def test_that_one_process_shares_nothing_and_obeys_itself():
    sums = torch.ones(2)
    assert ALONE.total(sums) is sums
    assert ALONE.agreed("stop") == "stop"
    assert ALONE.first
    assert command_for(Path("job.json"))[1:] == ["-m", "semiview.learning.worker", "job.json"]
