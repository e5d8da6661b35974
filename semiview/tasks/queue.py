"""Where the review of a whole project stands: states, wanted second looks, what was done today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from semiview.core.review import Review
from semiview.tasks.annotate import decided_on, second_look
from semiview.tasks.workspace import Workspace


@dataclass(frozen=True, slots=True)
class QueueState:
    """The review of every case with a record.

    Attributes
    ----------
    second_looks
        Who wants a second look, by case.
    today
        Number of cases that the reviewer has decided today.
    """

    reviews: Mapping[str, Review]
    second_looks: Mapping[str, str]
    today: int


def queue_state(workspace: Workspace, reviewer: str) -> QueueState:
    """Read the headers of all records; no image and no array is read."""
    histories = workspace.store.histories()
    wanted = {case_id: second_look(history) for case_id, history in histories.items()}
    day = datetime.now().astimezone().date()
    return QueueState(
        workspace.store.reviews(),
        {case_id: name for case_id, name in wanted.items() if name},
        decided_on(day, histories.values(), reviewer),
    )


def records_stamp(workspace: Workspace) -> tuple[int, ...]:
    """Changes whenever a record is added: the times of the folders that hold them, in ns."""
    folder = workspace.project.feedback_folder / "records"
    try:
        return tuple(path.stat().st_mtime_ns for path in sorted([folder, *folder.iterdir()]))
    except OSError:
        return ()
