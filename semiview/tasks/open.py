"""Open one case: its values, the registration that counts, and an unfinished draft if there is one."""

from contextlib import suppress
from dataclasses import dataclass, replace

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.registration import Registration
from semiview.core.review import Review
from semiview.feedback.drafts import Draft, load_draft
from semiview.files.presence import living
from semiview.files.problem import FileProblem
from semiview.files.registration_table import read_registrations, registration_of
from semiview.learning.predictors import CLASSICAL
from semiview.tasks.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class OpenedCase:
    """What the window shows first. The draft is only offered."""

    case: Case
    document: Document
    review: Review
    draft: Draft | None = None


def open_case(workspace: Workspace, case_id: str, owner: str = "") -> OpenedCase:
    """Load a case with the current checkpoint's prediction, if there is one.

    Parameters
    ----------
    owner
        The window that asks: unfinished work of other windows that are alive is theirs.

    Raises
    ------
    FileProblem
        If the case is not in the project or its image cannot be read.
    """
    project, store = workspace.project, workspace.store
    checkpoint_id, doubts = CLASSICAL, []
    try:
        checkpoint_id = workspace.registry.current().id
    except FileProblem as problem:  # looking, registering and measuring go on; the classical predictor stands in
        doubts.append(str(problem))
    case = project.load(case_id, checkpoint_id)
    if not store.read_only:  # who only measures leaves nothing in the project
        with suppress(FileProblem):  # it is no reason not to open the case
            project.known_files.remember(project.foreign_inputs(case))
    registration, warnings = standing_registration(workspace, case)
    draft = None
    try:
        others = {one.token for one in living(project.feedback_folder)} - {owner}
        draft = load_draft(project.feedback_folder, case_id, others)
    except FileProblem as problem:  # it is set aside; the case itself is whole
        doubts.append(str(problem))
    case = replace(case, warnings=(*case.warnings, *doubts, *warnings))
    document = Document(registration, settings=project.measure_settings())
    return OpenedCase(case, document, store.review(case_id), draft)


def standing_registration(workspace: Workspace, case: Case) -> tuple[Registration, tuple[str, ...]]:
    """Whose registration counts, and what was wrong with those that did not.

    The newest decision that approved one, else a manual row of registrations.csv, else an automatic one, else the
    nominal frame, with which no EPE is read.
    """
    warnings: list[str] = []
    approved = None
    try:
        approved = workspace.store.approved_registration(case.case_id)
    except FileProblem as problem:
        warnings.append(str(problem))
    if approved is not None:
        image = workspace.store.header(workspace.store.head(case.case_id)).image_sha256
        if image not in ("", case.sem.sha256):
            warnings.append("The image is another one than when its registration was approved, which is left out.")
        elif approved.frame == case.nominal.frame:
            return approved, ()
        else:
            warnings.append("The approved registration belongs to another pixel size or place and is left out.")
    try:
        row = read_registrations(workspace.project.registrations_path).get(case.case_id)
        if row is not None:
            return registration_of(row, case), tuple(warnings)
    except FileProblem as problem:
        warnings.append(str(problem))
    return case.nominal, tuple(warnings)
