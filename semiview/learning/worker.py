"""The child process that computes: `python -m semiview.learning.worker JOB.json`.

Events go to stdout, one JSON line each; `{"command": "stop"}` and `{"command": "cancel"}` come in over stdin, and its
end means that the program that asked is gone.
"""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TextIO

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
from semiview.learning.worker_host import become_worker, environment_for, lower_priority, thread_count


class Wishes:
    """What the host asked for last; listens in a thread of its own."""

    def __init__(self, channel: IO[str]) -> None:
        self._wish: Wish = ""
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
        self._wish = self._wish or "abandon"


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
    wishes = Wishes(sys.stdin)
    result = 1
    for event in work(job, wishes):
        result = _say(channel, event)
    return result


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

        from semiview.learning.inference import predict_items
        from semiview.learning.training import fine_tune
    except ImportError as error:
        yield WorkFailed(f"PyTorch cannot be used: {error}. Install it as the README says.")
        return
    wanted = job.device if isinstance(job, PredictJob) else job.options.device
    threads = thread_count()
    if wanted != "cpu" and torch.cuda.is_available():
        device = torch.device("cuda")
        note = f"computing on {torch.cuda.get_device_name(device)}"
    else:
        device = torch.device("cpu")
        note = "" if wanted == "cpu" else f"No GPU was found, so it computes on {threads} processor thread(s)."
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)
        lower_priority()
    yield Started(device.type, threads, note)
    if isinstance(job, PredictJob):
        yield from predict_items(job, wishes, device)
    else:
        yield from fine_tune(job, wishes, device)


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
