"""Cases in parallel over the cores, each process with its own copy of the project."""

import logging
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Generic, TypeVar

import cv2

from semiview.files.problem import FileProblem
from semiview.tasks.workspace import Workspace, open_workspace

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)

# One thread per process: the cases are what runs side by side.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Answer]):
    """What became of one case: its answer, or the reason why there is none."""

    case_id: str
    answer: Answer | None
    reason: str = ""


def core_count() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each_case(
    workspace: Workspace,
    work: Callable[[Workspace, str, Any], Answer],
    case_ids: Sequence[str],
    argument: Any,
    jobs: int = 0,
) -> Generator[Outcome[Answer], None, None]:
    """Outcomes of `work(workspace, case_id, argument)` as they come, in any order.

    Parameters
    ----------
    work
        A function at the top of a module, so that another process finds it.
    jobs
        Number of processes; 0: one per core, and none for a single case. Closing the generator cancels what has not
        begun.
    """
    jobs = min(jobs or core_count(), len(case_ids))
    if jobs <= 1:
        for case_id in case_ids:
            yield _outcome(workspace, work, case_id, argument)
        return
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    # Spawn, never fork: a forked child of a program with threads may hang.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _enter, (workspace.project.folder,))
    try:
        pending: dict[Future[Outcome[Answer]], str] = {
            pool.submit(_outcome_here, work, case_id, argument): case_id for case_id in case_ids
        }
        while pending:
            finished, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                case_id = pending.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield Outcome(case_id, None, "the process that worked on it was killed, probably out of memory")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _outcome(
    workspace: Workspace, work: Callable[[Workspace, str, Any], Answer], case_id: str, argument: Any
) -> Outcome[Answer]:
    try:
        return Outcome(case_id, work(workspace, case_id, argument))
    except FileProblem as problem:
        return Outcome(case_id, None, str(problem))
    except Exception as error:  # a fault of the program in one case must not cost the others
        logger.exception("%s failed", case_id)
        return Outcome(case_id, None, f"a fault of the program, please report it: {type(error).__name__}: {error}")


_folder: list[Path] = []  # the project this process works on
_entered: list[Workspace] = []  # and its own workspace, opened once


def _enter(folder: Path) -> None:
    cv2.setNumThreads(1)
    _folder.append(folder)


def _outcome_here(work: Callable[[Workspace, str, Any], Answer], case_id: str, argument: Any) -> Outcome[Answer]:
    if not _entered:
        try:
            _entered.append(open_workspace(_folder[0], read_only=True))
        except FileProblem as problem:
            return Outcome(case_id, None, str(problem))
    return _outcome(_entered[0], work, case_id, argument)
