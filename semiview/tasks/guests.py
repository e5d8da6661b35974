"""What other checkpoints say of a case, to be held against the prediction that is shown."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from semiview.core.case import Case
from semiview.core.prediction import Prediction
from semiview.files.expected_sem_file import is_generated
from semiview.files.prediction_file import read_prediction
from semiview.learning.predictors import CLASSICAL
from semiview.tasks.workspace import Workspace


def others_that_predicted(workspace: Workspace, case: Case) -> tuple[str, ...]:
    """Checkpoints whose prediction of a case lies in the project, the newest first; not the one that is shown."""
    project = workspace.project
    name = project.prediction_path("any", case.case_id).name
    paths = [path for path in project.predictions_folder.glob("*/*.npy") if path.name == name]
    shown = "" if case.prediction is None else case.prediction.checkpoint_id
    found = sorted((path for path in paths if not is_generated(path)), key=_age, reverse=True)
    return tuple(maker for maker in map(maker_of, found) if maker != shown)


def others_that_could(workspace: Workspace, case: Case) -> tuple[str, ...]:
    """Checkpoints that find patterns, apart from the one that is shown, the newest first; last the classical one."""
    shown = "" if case.prediction is None else case.prediction.checkpoint_id
    ids = [one.id for one in reversed(workspace.registry.list()) if not one.generates]
    return tuple(one for one in (*ids, CLASSICAL) if one != shown)


def read_other(workspace: Workspace, case: Case, checkpoint_id: str) -> Prediction:
    """What a checkpoint has predicted of a case.

    Raises
    ------
    FileProblem
        If it cannot be read or is of another picture.
    """
    return read_prediction(workspace.project.prediction_path(checkpoint_id, case.case_id), case.sem, checkpoint_id)


def chosen_of(wanted: str, ready: Sequence[str], possible: Sequence[str]) -> str:
    """The checkpoint to hold against: the one wanted if there is one of the name, else the newest that predicted.

    >>> chosen_of("a", ["b"], ["a", "b"]), chosen_of("gone", ["b"], ["a"]), chosen_of("", [], [])
    ('a', 'b', '')
    """
    everything = (*ready, *possible)
    return wanted if wanted in everything else everything[0] if everything else ""


def maker_of(path: Path) -> str:
    """The checkpoint that made a file under predictions/."""
    return unquote(path.parent.name)


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
