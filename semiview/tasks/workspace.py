"""A project with its feedback store and its checkpoints: what every project-wide verb works on."""

from dataclasses import dataclass
from pathlib import Path

from semiview.feedback.store import FeedbackStore
from semiview.files.project import Project
from semiview.learning.registry import Registry


@dataclass(frozen=True, slots=True)
class Workspace:
    """One opened project folder. `project` is replaced when its settings change; store and registry stay."""

    project: Project
    store: FeedbackStore
    registry: Registry


def open_workspace(folder: Path, read_only: bool = False) -> Workspace:
    """Open a project folder.

    Raises
    ------
    FileProblem
        If there is no project in it, or its feedback store cannot be opened.
    """
    project = Project.open(folder)
    store = FeedbackStore.open(project.feedback_folder, read_only=read_only)
    return Workspace(project, store, Registry(project.checkpoints_folder))
