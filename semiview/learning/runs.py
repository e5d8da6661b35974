"""The training runs of a project as their folders tell them: what became of each, and which can be taken up again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from semiview.files.durable_file import write_durably
from semiview.files.problem import FileProblem
from semiview.learning.gate import SampleScores
from semiview.learning.messages import FineTuneJob, Finished, Outcome, WorkFailed, decode, plain, restored
from semiview.learning.worker_host import JOB_FILE

OUTCOME_FILE = "outcome.json"
STATE_FILE = "state.safetensors"
PREVIEW_FILE = "preview.npz"
UNPAIRED_FOLDER = "unpaired"  # copies of pictures that a run in both ways learns from
CHANGED_FILE = "changed.npz"
SCORES_FILE = "scores.json"

# Of the checkpoint then in use and of the candidate, sample by sample.
Scores = tuple[tuple[SampleScores, ...], tuple[SampleScores, ...]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes
    ----------
    state
        As the run itself said; failed; or broken off: it was killed, or is at work elsewhere.
    text
        What it said last.
    saved
        The state of an epoch is kept, from which it goes on.
    """

    folder: Path
    state: Outcome | str
    text: str
    checkpoint_id: str
    saved: bool

    @property
    def name(self) -> str:
        """Name of its folder: when it began, UTC."""
        return self.folder.name

    @property
    def resumable(self) -> bool:
        """True if it can be taken up where its last epoch ended."""
        return self.saved and self.state not in ("done", "stopped", "cancelled")


def list_runs(folder: Path) -> tuple[Run, ...]:
    """The runs in a project's folder of runs, the newest first; a folder without a job is none."""
    if not folder.is_dir():
        return ()
    found = [_run(each) for each in sorted(folder.iterdir(), reverse=True) if (each / JOB_FILE).is_file()]
    return tuple(found)


def job_of(run: Run) -> FineTuneJob:
    """The job of a run, to be given to a worker again.

    Raises
    ------
    FileProblem
        If it cannot be read.
    """
    path = run.folder / JOB_FILE
    try:
        job = decode(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileProblem(path, f"The job of this run cannot be read: {error}.", "Start a new run.") from error
    if not isinstance(job, FineTuneJob):
        raise FileProblem(path, "This is no training run.", "Start a new run.")
    return job


def write_outcome(folder: Path, event: Finished | WorkFailed) -> None:
    """Keep how a run ended.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    if isinstance(event, Finished):
        said = {"state": event.outcome, "text": event.text, "checkpoint_id": event.checkpoint_id}
    else:
        said = {"state": "failed", "text": event.reason, "checkpoint_id": ""}
    write_durably(folder / OUTCOME_FILE, json.dumps(said).encode())


def write_scores(folder: Path, current: Sequence[SampleScores], candidate: Sequence[SampleScores]) -> None:
    """Keep how the checkpoint in use and the candidate do on each held-out sample.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    said = {"current": [plain(one) for one in current], "candidate": [plain(one) for one in candidate]}
    write_durably(folder / SCORES_FILE, json.dumps(said, indent=1).encode())


def read_scores(folder: Path) -> Scores:
    """Scores of the checkpoint then in use and of the candidate, sample by sample; empty where none were kept.

    Raises
    ------
    FileProblem
        If they cannot be read.
    """
    path = folder / SCORES_FILE
    if not path.exists():
        return (), ()
    try:
        said = json.loads(path.read_bytes())
        current, candidate = (
            tuple(restored(SampleScores, one) for one in said[name]) for name in ("current", "candidate")
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileProblem(path, f"The scores of this run cannot be read: {error}.") from error
    return current, candidate


def _run(folder: Path) -> Run:
    saved = (folder / STATE_FILE).is_file()
    try:
        said = json.loads((folder / OUTCOME_FILE).read_bytes())
        return Run(folder, str(said["state"]), str(said["text"]), str(said["checkpoint_id"]), saved)
    except (OSError, ValueError, KeyError, TypeError):
        words = "its last epoch is kept" if saved else "no epoch had ended"
        return Run(folder, "broken off", f"It ended without a word; {words}.", "", saved)
