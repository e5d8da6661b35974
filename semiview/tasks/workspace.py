"""A project with its feedback store and its checkpoints: what every project-wide verb works on."""

import errno
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem
from semiview.files.project import Project
from semiview.learning.registry import Registry

NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True, slots=True)
class Workspace:
    """One opened project folder. `project` is replaced when its settings change; store and registry stay."""

    project: Project
    store: FeedbackStore
    registry: Registry


def open_workspace(folder: Path, read_only: bool = False) -> Workspace:
    """Open a project folder; where nothing may be written its store is opened for reading only.

    Raises
    ------
    FileProblem
        If there is no project in it, or its feedback store cannot be opened.
    """
    project = Project.open(folder)
    try:
        store = FeedbackStore.open(project.feedback_folder, read_only=read_only)
    except FileProblem as problem:
        if not isinstance(problem.__cause__, OSError) or problem.__cause__.errno not in NOT_WRITABLE:
            raise
        store = FeedbackStore.open(project.feedback_folder, read_only=True)
    if not store.read_only:  # who only measures leaves nothing in the project
        with suppress(FileProblem):  # it is no reason not to open it
            project.remember_tables()
    return Workspace(project, store, Registry(project.checkpoints_folder))
