"""What the designs of a project should look like in the SEM, made in the worker by the newest checkpoint for that."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from semiview.files.expected_sem_file import is_generated
from semiview.files.problem import FileProblem
from semiview.learning.generators import newest_generator
from semiview.learning.messages import PredictItem, PredictJob
from semiview.tasks.open import open_case
from semiview.tasks.predict import PredictResult, carry_out, predict_item, with_design
from semiview.tasks.progress import CaseFailed, Task
from semiview.tasks.workspace import Workspace

NO_DESIGN = "it has no design whose tone and pixel size are known"
NOT_REGISTERED = "its registration is not sure: align it, or register it by hand"
SURE = ("unique", "periodic", "manual")


def expect_project(
    workspace: Workspace, all_cases: bool = False, case_ids: Sequence[str] | None = None
) -> Task[PredictResult]:
    """Write the expected picture of every case that has a design and a registration; the others are named.

    Parameters
    ----------
    all_cases
        Also those that have this checkpoint's picture already.

    Raises
    ------
    FileProblem
        If no network for that way has been trained in the project.
    """
    project = workspace.project
    generator = newest_generator(project.checkpoints_folder)
    if generator is None:
        raise FileProblem(
            project.checkpoints_folder,
            "No network that makes SEM pictures of designs has been trained in this project.",
            "Run `semiview train PROJECT --direction sem` first.",
        )
    result = PredictResult(generator.id, {}, {}, {})
    with tempfile.TemporaryDirectory(prefix="semiview-expect-") as scratch:
        items: list[PredictItem] = []
        for row in project.rows:
            out = project.prediction_path(generator.id, row.case_id)
            if (case_ids is not None and row.case_id not in case_ids) or (
                not all_cases and out.exists() and is_generated(out)
            ):
                continue
            try:
                items.append(expected_item(workspace, generator.id, row.case_id, Path(scratch) / f"{len(items)}.npy"))
            except FileProblem as problem:
                result.failed[row.case_id] = problem.reason
                yield CaseFailed(row.case_id, problem.reason)
        if items:
            job = PredictJob(str(generator.path), tuple(items), answers="sem")
            yield from carry_out(job, f"made by {generator.id}", result)
    return result


def expected_item(workspace: Workspace, maker: str, case_id: str, image_npy: Path) -> PredictItem:
    """A case's picture and registered design, laid out for the worker.

    Raises
    ------
    FileProblem
        If either cannot be had.
    """
    opened = open_case(workspace, case_id)
    image = workspace.project.row(case_id).image
    if opened.document.registration.trust.verdict not in SURE:
        raise FileProblem(image, NOT_REGISTERED)
    item = with_design(workspace, predict_item(workspace, maker, case_id, image_npy), image_npy)
    if not item.design_npy:
        raise FileProblem(image, NO_DESIGN)
    return item
