"""Fine-tune the current checkpoint on approved shapes and compare the candidate with it, or train the way back."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from semiview.files.problem import FileProblem
from semiview.learning.messages import Event, FineTuneJob, Finished, Wish, WorkFailed
from semiview.learning.pattern_run import PatternRun
from semiview.learning.ranks import ALONE, Ranks
from semiview.learning.run_state import drop_state
from semiview.learning.runs import write_outcome
from semiview.learning.sem_run import SemRun
from semiview.learning.shortage import is_out_of_memory
from semiview.learning.trainer import TrainingBrokenError
from semiview.learning.training_run import planes_folder


def never() -> Wish:
    """Nobody wishes the run to end early."""
    return ""


def fine_tune(
    job: FineTuneJob,
    wish: Callable[[], Wish] = never,
    device: torch.device | None = None,
    ranks: Ranks = ALONE,
) -> Iterator[Event]:
    """Train, validate after each epoch, keep the best, compare on the held-out test samples.

    Parameters
    ----------
    wish
        Asked at each step: stop ends and keeps the best, cancel discards, abandon leaves the state to be resumed.
    ranks
        This process among those of the run; only the first one writes.

    Yields
    ------
    The last event is `Finished` or `WorkFailed`. The current checkpoint is never touched.
    """
    device = device or torch.device("cpu")
    for event in _events(job, wish, device, ranks):
        if isinstance(event, Finished | WorkFailed) and ranks.first:
            with contextlib.suppress(FileProblem):  # the event itself tells it too
                write_outcome(Path(job.run_folder), event)
        yield event


def _events(job: FineTuneJob, wish: Callable[[], Wish], device: torch.device, ranks: Ranks) -> Iterator[Event]:
    """Those of `fine_tune`, whatever happens."""
    run = SemRun if job.options.answers == "sem" else PatternRun
    try:
        yield from run(job, wish, device, ranks).events()
    except TrainingBrokenError as problem:
        if ranks.first:
            drop_state(job)
        yield WorkFailed(str(problem))
    except FileProblem as problem:
        yield WorkFailed(str(problem))
    except (MemoryError, RuntimeError) as error:
        reason = _failure(error, device, ranks)
        if not reason:
            raise
        yield WorkFailed(reason)
    finally:
        shutil.rmtree(planes_folder(job, ranks), ignore_errors=True)


def _failure(error: Exception, device: torch.device, ranks: Ranks) -> str:
    """What befell the machine, in a sentence; empty if it is a fault of the program."""
    first = str(error).partition("\n")[0]
    if is_out_of_memory(error):
        wanted = "a smaller batch or patch" if ranks.count > 1 else "a smaller patch"
        tried = "" if ranks.count > 1 else " even for single patches"
        return f"There is not enough memory{tried}. Train with {wanted}."
    if device.type != "cpu":
        return f"The GPU is lost or refuses to work ({first}). Take the run up again; it goes on without one too."
    if ranks.count > 1:
        return f"Another process of this run is gone ({first}). Start them again; the run goes on from its last epoch."
    return ""
