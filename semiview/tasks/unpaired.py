"""Pictures that nobody has looked at yet, laid out for a run that can learn from them all the same."""

from pathlib import Path

import numpy as np

from semiview.files.durable_file import make_folder, writing_problem
from semiview.files.problem import FileProblem
from semiview.learning.messages import UnpairedPicture
from semiview.learning.runs import UNPAIRED_FOLDER
from semiview.tasks.workspace import Workspace

MOST = 32  # a picture of 1024 px takes 1 MB of the run's folder and 12 MB of memory


def unpaired_pictures(workspace: Workspace, run_folder: Path) -> tuple[UnpairedPicture, ...]:
    """Undecided cases of no held-out group, evenly over the case list; a picture that cannot be read is passed over.

    Raises
    ------
    FileProblem
        If there is no room for the copies.
    """
    reviews, splits = workspace.store.reviews(), workspace.store.splits()
    free = [
        row
        for row in workspace.project.rows
        if (row.case_id not in reviews or reviews[row.case_id].state == "undecided")
        and splits.get(row.info.group or row.case_id, "") not in ("validation", "test")
    ]
    chosen = free[:: -(-len(free) // MOST) or 1]
    folder = run_folder / UNPAIRED_FOLDER
    found: list[UnpairedPicture] = []
    for row in chosen:
        try:
            sem = workspace.project.load(row.case_id).sem
        except FileProblem:
            continue
        path = folder / f"{len(found)}.npy"
        make_folder(folder)
        try:
            np.save(path, sem.pixels, allow_pickle=False)
        except OSError as error:
            raise writing_problem(path, error) from error
        size = sem.pixel_size
        found.append(UnpairedPicture(row.case_id, str(path), size.x_nm, size.y_nm, row.info.pattern_type))
    return tuple(found)
