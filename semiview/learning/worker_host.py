"""Start a worker, watch it, end it. The window's QProcess and the command line share what is in here.

What only POSIX or only Windows can do to processes stands here alone.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from semiview.files.durable_file import make_folder, write_durably
from semiview.learning.messages import (
    Command,
    Event,
    FineTuneJob,
    Finished,
    Job,
    PredictJob,
    WorkFailed,
    decode,
    encode,
)

if sys.platform != "win32":
    import resource

LOG_FILE = "worker.log"
JOB_FILE = "job.json"
GRACE_S = 10.0
TAIL_BYTES = 8192
TAIL_LINES = 20
NICENESS = 10


def command_for(job_file: Path, processes: int = 1) -> list[str]:
    """Program and arguments of a worker for a job's file; several processes train together under `torchrun`."""
    worker = ["-m", "semiview.learning.worker", str(job_file)]
    if processes == 1:
        return [sys.executable, *worker]
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", *worker]


def environment_for(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """A worker's environment: idle threads sleep, one core is left to the window, text is UTF-8."""
    threads = str(thread_count())
    return {
        **(os.environ if base is None else base),
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
    }


def thread_count() -> int:
    """One less than the cores this process may use, at least one."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(cores - 1, 1)


def become_worker() -> None:
    """Called by the worker itself: an own group, so that whatever it starts ends with it."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setsid()


def lower_priority() -> None:
    """Called by a worker that computes on the cores the window needs."""
    if sys.platform != "win32":
        os.nice(NICENESS)
    else:
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), subprocess.BELOW_NORMAL_PRIORITY_CLASS)


def end_group(pid: int, kill: bool = False) -> None:
    """Terminate or kill a worker and all it started; nothing happens if it is gone."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], check=False, capture_output=True)
        else:
            os.killpg(pid, signal.SIGKILL if kill else signal.SIGTERM)


def death_notice(return_code: int, stderr_tail: str) -> WorkFailed:
    """What a worker that ended without a last word died of.

    `return_code` is negative for a signal (subprocess's way; QProcess's crash exit code is its size).
    """
    if return_code == -9:
        reason = "The worker was killed, probably out of memory. Close other programs, or train with a smaller batch."
    elif return_code < 0:
        reason = f"The worker was ended by signal {-return_code}."
    elif return_code == 0:
        reason = "The worker ended before its job was done."
    else:
        reason = f"The worker broke off with exit code {return_code}."
    lines = stderr_tail.strip().splitlines()[-TAIL_LINES:]
    return WorkFailed(reason, "\n".join(lines))


def prepared_folder(folder: Path, job: Job) -> tuple[Path, Path]:
    """Write a job where its worker finds it; returns the job's file and that of what the worker prints.

    Raises
    ------
    FileProblem
        If the folder cannot be made or the job not be written.
    """
    make_folder(folder)
    job_file = folder / JOB_FILE
    write_durably(job_file, encode(job).encode())
    return job_file, folder / LOG_FILE


class RunningWorker:
    """A worker at work, for those who may want to end it. Its methods may be called from any thread."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def stop(self) -> None:
        """End early and keep the best."""
        self._send(Command("stop"))

    def cancel(self) -> None:
        """End and discard."""
        self._send(Command("cancel"))

    def _send(self, command: Command) -> None:
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                stdin.write(encode(command) + "\n")
                stdin.flush()


def run_worker(
    job: Job, on_started: Callable[[RunningWorker], None] | None = None, processes: int = 1
) -> Iterator[Event]:
    """Run a job in a child process, or a training in several, and yield what it says.

    The last event is `Finished` or `WorkFailed`. Closing the iterator cancels the job and ends the child: first by
    asking, then by terminating, then by killing its group.

    Raises
    ------
    FileProblem
        If the job cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="semiview-worker-") as scratch:
        folder = Path(job.run_folder) if isinstance(job, FineTuneJob) else Path(scratch)
        job_file, log_file = prepared_folder(folder, job)
        with log_file.open("a+b") as log:
            process = subprocess.Popen(
                command_for(job_file, processes),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment_for(),
                text=True,
                encoding="utf-8",
            )
            try:
                if on_started is not None:
                    on_started(RunningWorker(process))
                yield from _events(process, log)
            finally:
                _end(process)


def _events(process: "subprocess.Popen[str]", log: IO[bytes]) -> Iterator[Event]:
    if process.stdout is None:
        raise ValueError("the worker was started without a channel")
    for line in process.stdout:
        try:
            message = decode(line)
        except ValueError as error:
            yield WorkFailed(f"The worker said something unknown: {error}", _tail(log))
            return
        if isinstance(message, (PredictJob, FineTuneJob, Command)):
            continue
        yield message
        if isinstance(message, (Finished, WorkFailed)):
            return
    yield death_notice(process.wait(), _tail(log))


def _tail(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(size - TAIL_BYTES, 0))
    return log.read().decode("utf-8", errors="replace")


def _end(process: "subprocess.Popen[str]") -> None:
    """Ask, terminate, kill: whatever it takes, no child is left behind."""
    RunningWorker(process).cancel()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    if process.stdout is not None:
        process.stdout.close()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        end_group(process.pid)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            end_group(process.pid, kill=True)
            process.kill()  # it may not have made its group yet
            process.wait()


def peak_memory_mb() -> float:
    """Most memory this process has held, in MB; NaN where the system does not say."""
    if sys.platform == "win32":
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
