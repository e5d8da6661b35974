"""The worker as it really runs: a child process on the other end of pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from semiview.files.problem import FileProblem
from semiview.learning.messages import (
    CheckpointSaved,
    Command,
    EpochDone,
    Finished,
    PredictionDone,
    PredictionFailed,
    PredictItem,
    PredictJob,
    Progress,
    Started,
    WorkFailed,
    decode,
    encode,
)
from semiview.learning.registry import Registry, shipped_paths
from semiview.learning.worker_host import (
    command_for,
    death_notice,
    environment_for,
    prepared_folder,
    run_worker,
    thread_count,
)

from .conftest import fresh_checkpoint

pytestmark = pytest.mark.timeout(300)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def pictures(tmp_path):
    items = []
    for number in range(2):
        path = tmp_path / f"in-{number}.npy"
        np.save(path, np.random.default_rng(number).integers(0, 255, (70, 90)).astype(np.uint8))
        items.append(PredictItem(f"case {number}", str(path), 2.0, 2.0, str(tmp_path / "out" / f"{number}.npy")))
    return PredictJob(str(fresh_checkpoint(tmp_path / "start.safetensors")), tuple(items))


def test_that_a_worker_predicts_and_goes(pictures):
    pids = []
    events = list(run_worker(pictures, on_started=lambda worker: pids.append(worker.pid)))
    assert isinstance(events[0], Started)
    assert [event.case_id for event in events if isinstance(event, PredictionDone)] == ["case 0", "case 1"]
    assert isinstance(events[-1], Finished)
    for item in pictures.items:
        probability = np.load(item.out_npy)
        assert probability.shape == (70, 90)
        assert np.isfinite(probability).all()
    assert not is_alive(pids[0])


def test_that_one_bad_picture_does_not_keep_the_others_from_being_predicted(pictures):
    Path(pictures.items[0].image_npy).write_bytes(b"no array")
    events = list(run_worker(pictures))
    assert [event.case_id for event in events if isinstance(event, PredictionFailed)] == ["case 0"]
    assert [event.case_id for event in events if isinstance(event, PredictionDone)] == ["case 1"]
    assert isinstance(events[-1], Finished)


def test_that_a_missing_checkpoint_is_said(pictures):
    Path(pictures.checkpoint).unlink()
    last = list(run_worker(pictures))[-1]
    assert isinstance(last, WorkFailed)
    assert "gone" in last.reason


def test_that_what_a_library_prints_does_not_break_the_channel(pictures, tmp_path, monkeypatch):
    noisy = tmp_path / "noisy"
    noisy.mkdir()
    (noisy / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Noise:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            print('a library says hello')\n"
        "            os.write(1, b'and so does its C part')\n"
        "sys.meta_path.insert(0, Noise())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(noisy))
    events = list(run_worker(pictures))
    assert isinstance(events[-1], Finished)
    assert len([event for event in events if isinstance(event, PredictionDone)]) == 2


def test_that_a_worker_killed_in_mid_run_is_reported_and_the_current_checkpoint_is_untouched(toy):
    registry = Registry(toy.folder / "checkpoints")
    registry.add("old", fresh_checkpoint(toy.folder / "x.safetensors", "old").read_bytes())
    registry.promote("old", by="test", reason="")
    before = registry.current().sha256
    pids = []
    events = []
    for event in run_worker(toy.job(epochs=500), on_started=lambda worker: pids.append(worker.pid)):
        events.append(event)
        if isinstance(event, Progress):
            os.kill(pids[0], signal.SIGKILL)
    last = events[-1]
    assert isinstance(last, WorkFailed)
    assert "killed, probably out of memory" in last.reason
    assert registry.current().id == "old"
    assert registry.current().sha256 == before
    assert [entry.id for entry in registry.list()[len(shipped_paths()) :]] == ["old"]


def test_that_stop_keeps_the_best(toy):
    workers = []
    events = []
    for event in run_worker(toy.job(epochs=500), on_started=workers.append):
        events.append(event)
        if isinstance(event, EpochDone):
            workers[0].stop()
    assert events[-1].outcome == "stopped"
    saved = next(event for event in events if isinstance(event, CheckpointSaved))
    assert Registry(toy.folder / "checkpoints").get(saved.checkpoint_id).path == Path(saved.path)


def test_that_cancel_discards(toy):
    workers = []
    events = []
    for event in run_worker(toy.job(epochs=500), on_started=workers.append):
        events.append(event)
        if isinstance(event, EpochDone):
            workers[0].cancel()
    assert events[-1].outcome == "cancelled"
    assert not (toy.folder / "checkpoints").exists()


def test_that_a_host_that_looks_away_ends_its_worker(toy):
    pids = []
    for event in run_worker(toy.job(epochs=500), on_started=lambda worker: pids.append(worker.pid)):
        if isinstance(event, Progress):
            break
    deadline = time.monotonic() + 30
    while is_alive(pids[0]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(pids[0])


@pytest.mark.slow
def test_that_the_end_of_stdin_ends_the_worker_and_the_run_can_be_taken_up(toy):
    job = toy.job(epochs=3)
    job_file = toy.folder / "job.json"
    job_file.write_text(encode(job))
    with subprocess.Popen(
        command_for(job_file),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment_for(), text=True,
    ) as process:  # fmt: skip
        events = []
        for line in process.stdout:
            events.append(decode(line))
            if isinstance(events[-1], EpochDone):
                process.stdin.close()
        assert process.wait(60) == 0
    assert events[-1].outcome == "abandoned"
    done = sum(isinstance(event, EpochDone) for event in events)
    assert done < 3
    rest = list(run_worker(job))
    assert sum(isinstance(event, EpochDone) for event in rest) == 3
    assert rest[-1].outcome == "done"


def test_that_a_job_that_cannot_be_read_is_said(tmp_path):
    for content in ("{", encode(Command("stop"))):
        job_file = tmp_path / "job.json"
        job_file.write_text(content)
        done = subprocess.run(
            command_for(job_file), input="", capture_output=True, text=True, env=environment_for(), timeout=60
        )
        message = decode(done.stdout.strip())
        assert isinstance(message, WorkFailed)
        assert "job" in message.reason
        assert done.returncode == 1


def test_that_every_death_has_its_sentence():
    assert "probably out of memory" in death_notice(-9, "").reason
    assert "signal 11" in death_notice(-11, "").reason
    assert "exit code 3" in death_notice(3, "").reason
    assert "before its job was done" in death_notice(0, "").reason
    tail = death_notice(1, "\n".join(f"line {n}" for n in range(100))).stderr_tail
    assert tail.splitlines()[-1] == "line 99"
    assert len(tail.splitlines()) <= 20


def test_that_a_core_is_left_to_the_window_and_idle_threads_sleep():
    environment = environment_for({"KEPT": "yes"})
    assert environment["KEPT"] == "yes"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
    assert int(environment["OMP_NUM_THREADS"]) == thread_count() == max(1, len(os.sched_getaffinity(0)) - 1)


def test_that_the_side_of_the_window_never_loads_torch():
    code = (
        "import sys, json\n"
        "from semiview.learning import gate, messages, registry, worker_host\n"
        "print(json.dumps([name for name in ('torch', 'scipy.stats', 'safetensors') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_that_a_job_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileProblem, match="not saved"):
        prepared_folder(tmp_path / "file" / "run", PredictJob("none", ()))
