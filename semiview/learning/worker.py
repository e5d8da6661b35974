"""The child process that computes: `python -m semiview.learning.worker JOB.json`.

Events go to stdout, one JSON line each; `{"command": "stop"}` and `{"command": "cancel"}` come in over stdin, and its
end means that the program that asked is gone.

Several GPUs or machines: `torchrun --nproc-per-node N -m semiview.learning.worker RUN/job.json`, where a run that was
begun goes on from its last epoch.
"""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO, TextIO

from semiview.files.problem import FileProblem
from semiview.learning.messages import (
    Command,
    Event,
    FineTuneJob,
    Job,
    PredictJob,
    Started,
    Wish,
    WorkFailed,
    decode,
    encode,
)
from semiview.learning.runs import write_outcome
from semiview.learning.worker_host import become_worker, environment_for, lower_priority, thread_count


class Wishes:
    """What the host asked for last; listens in a thread of its own."""

    def __init__(self, channel: IO[str], end_is_abandon: bool = True) -> None:
        self._wish: Wish = ""
        self._end_is_abandon = end_is_abandon
        threading.Thread(target=self._listen, args=(channel,), daemon=True).start()

    def __call__(self) -> Wish:
        """Stop, cancel, abandon (the host is gone), or nothing."""
        return self._wish

    def _listen(self, channel: IO[str]) -> None:
        for line in channel:
            try:
                message = decode(line)
            except ValueError as error:
                sys.stderr.write(f"ignored: {error}\n")
                continue
            if isinstance(message, Command):
                self._wish = message.command
        if self._end_is_abandon:
            self._wish = self._wish or "abandon"


class EndedFromOutsideError(Exception):
    """`torchrun` ends this process, because another one of the run is gone or somebody ended them all."""


def main() -> int:
    """Do the job of the file named on the command line; 0 if it ended as it should."""
    channel = private_stdout()
    become_worker()
    os.environ.update(environment_for())
    try:
        job = decode(Path(sys.argv[1]).read_text(encoding="utf-8"))
    except (OSError, ValueError, IndexError) as error:
        return _say(channel, WorkFailed(f"The job cannot be read: {error}"))
    if not isinstance(job, (PredictJob, FineTuneJob)):
        return _say(channel, WorkFailed("The file holds no job."))
    company, first = process_count() > 1, int(os.environ.get("RANK", "0")) == 0
    # Of several processes the first alone is asked and speaks. `torchrun` may have no terminal: its end says nothing.
    wishes = Wishes(sys.stdin if first else io.StringIO(), end_is_abandon=not company)
    if company:
        signal.signal(signal.SIGTERM, _end_from_outside)
    result = int(first)  # the others have nothing to say
    try:
        for event in work(job, wishes):
            result = _say(channel, event)
    except EndedFromOutsideError:
        return _say(channel, _left_alone(job, first))
    return result


def process_count() -> int:
    """How many processes `torchrun` has started for this run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _end_from_outside(_signal: int, _frame: FrameType | None) -> None:
    raise EndedFromOutsideError


def _left_alone(job: Job, first: bool) -> WorkFailed:
    event = WorkFailed(
        "Another process of this run is gone, or they were all ended. Start them again; the run goes on from its last "
        "epoch."
    )
    if isinstance(job, FineTuneJob) and first:
        with contextlib.suppress(FileProblem):
            write_outcome(Path(job.run_folder), event)
    return event


def private_stdout() -> TextIO:
    """A copy of stdout for the messages alone; whatever else is printed, by C libraries too, goes to stderr."""
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return channel


def work(job: Job, wishes: Wishes) -> Iterator[Event]:
    """The events of a job. Only here is torch imported: after stdout was moved."""
    try:
        import torch

        from semiview.learning.generation import expect_items
        from semiview.learning.inference import predict_items
        from semiview.learning.ranks import join, leave
        from semiview.learning.training import fine_tune
    except ImportError as error:
        yield WorkFailed(f"PyTorch cannot be used: {error}. Install it as the README says.")
        return
    wanted = job.device if isinstance(job, PredictJob) else job.options.device
    threads = max(thread_count() // processes_here(), 1)
    if wanted != "cpu" and torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        torch.cuda.set_device(device)
        note = f"computing on {torch.cuda.get_device_name(device)}"
    else:
        device = torch.device("cpu")
        note = "" if wanted == "cpu" else f"No GPU was found, so it computes on {threads} processor thread(s)."
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)
        lower_priority()
    if isinstance(job, PredictJob):
        yield Started(device.type, threads, note)
        yield from (expect_items if job.answers == "sem" else predict_items)(job, wishes, device)
        return
    try:
        ranks = join(device)
    except (RuntimeError, ValueError) as error:
        yield WorkFailed(f"The processes of this run do not find each other: {error}")
        return
    together = f"{ranks.count} processes together, each with a batch of {job.options.batch}." if ranks.count > 1 else ""
    try:
        if ranks.first:
            yield Started(device.type, threads, f"{note} {together}".strip())
        for event in fine_tune(job, wishes, device, ranks):
            if ranks.first or isinstance(event, WorkFailed):
                yield event
    finally:
        leave()


def processes_here() -> int:
    """How many of a run's processes share this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _say(channel: TextIO, event: Event) -> int:
    """Send an event; 1 if it is a failure."""
    try:
        channel.write(encode(event) + "\n")
        channel.flush()
    except OSError:  # the host is gone; the end of stdin says so too
        return 1
    return int(isinstance(event, WorkFailed))


if __name__ == "__main__":
    sys.exit(main())
