"""Find the registrations of a whole project and keep them in registrations.csv."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from semiview.alignment.align import align
from semiview.alignment.landmarks import Landmarks
from semiview.core.case import Case
from semiview.core.coverage import Coverage
from semiview.core.registration import Registration, Transform, Trust
from semiview.feedback.drafts import load_draft
from semiview.files.problem import FileProblem
from semiview.files.registration_table import read_registrations, update_registrations
from semiview.tasks.pool import each_case
from semiview.tasks.progress import CaseDone, CaseFailed, CaseWarned, Progress, Task
from semiview.tasks.workspace import Workspace

NOMINAL = "nominal"
BY_HAND = ("manual", "landmarks")
WRITE_EVERY_S = 2.0  # the whole table is written anew each time


@dataclass(frozen=True, slots=True)
class AlignOptions:
    """What `align` may touch and how it searches.

    Attributes
    ----------
    method
        A method of the alignment room, or `nominal`: take the stage at its word, and be held to it.
    transform
        Which parameters are free.
    landmarks
        By case id, for the method `landmarks`.
    all_cases
        Also those that a person registered.
    resume
        Leave out the cases that this method has registered already.
    jobs
        Number of processes; 0: one per core.
    """

    method: str = "auto"
    all_cases: bool = False
    jobs: int = 0
    transform: Transform = "affine"
    landmarks: Mapping[str, Landmarks] = field(default_factory=dict)
    resume: bool = False


@dataclass(frozen=True, slots=True)
class AlignResult:
    """Registrations by case id, what was kept, and why others have none."""

    found: dict[str, Registration]
    kept: tuple[str, ...]
    failed: dict[str, str]


def align_project(
    workspace: Workspace, options: AlignOptions, case_ids: Sequence[str] | None = None
) -> Task[AlignResult]:
    """Align every case. registrations.csv is written every few seconds and at the end, a stop or a fault included."""
    project = workspace.project
    wanted = [row.case_id for row in project.rows] if case_ids is None else list(case_ids)
    rows = read_registrations(project.registrations_path)
    kept = tuple(case_id for case_id in wanted if case_id in rows and _stays(rows[case_id], options))
    to_do = [case_id for case_id in wanted if case_id not in kept]
    found: dict[str, Registration] = {}
    failed: dict[str, str] = {}
    unwritten: dict[str, tuple[Registration, Case]] = {}
    written_at = time.monotonic()
    try:
        for outcome in each_case(workspace, align_case, to_do, options, options.jobs):
            if outcome.answer is None:
                failed[outcome.case_id] = outcome.reason
                yield CaseFailed(outcome.case_id, outcome.reason)
            else:
                registration, case = unwritten[outcome.case_id] = outcome.answer
                for warning in case.warnings:
                    yield CaseWarned(outcome.case_id, warning)
                found[outcome.case_id] = registration
                if time.monotonic() - written_at > WRITE_EVERY_S:
                    update_registrations(project.registrations_path, unwritten)
                    unwritten, written_at = {}, time.monotonic()
                if registration.trust.verdict == "failed":
                    failed[outcome.case_id] = registration.trust.grounds[0]
                    yield CaseFailed(outcome.case_id, registration.trust.grounds[0])
                else:
                    yield CaseDone(outcome.case_id, verdict_in_words(registration))
            yield Progress(len(found) + len(set(failed) - set(found)), len(to_do), outcome.case_id)
    finally:
        if unwritten:
            update_registrations(project.registrations_path, unwritten)
    return AlignResult(found, kept, failed)


def _stays(row: Mapping[str, str], options: AlignOptions) -> bool:
    """True for a row that a person made, and when going on for one that this method made."""
    if row["method"] in BY_HAND and row["method"] != options.method:
        return not options.all_cases
    return options.resume and row["method"] == options.method and row["verdict"] != "failed"


def align_case(workspace: Workspace, case_id: str, options: AlignOptions) -> tuple[Registration, Case]:
    """Register one case; the case comes back without design and prediction, as the table's reference."""
    case = workspace.project.load(case_id)
    if options.method == NOMINAL:
        registration = at_its_word(case.nominal)
    else:
        registration = align(
            case,
            options.method,
            options.transform,
            ignore=ignored_region(workspace, case),
            landmarks=options.landmarks.get(case_id),
        )
    return registration, replace(case, design=None, prediction=None)


def ignored_region(workspace: Workspace, case: Case) -> Coverage | None:
    """What a person painted as to be ignored: in an unfinished draft, else in the decision that stands."""
    try:
        draft = load_draft(workspace.project.feedback_folder, case.case_id)
    except FileProblem:
        draft = None
    if draft is not None and draft.image_sha256 in ("", case.sem.sha256):
        return draft.document.ignore
    approved = workspace.store.approved_shape(case.case_id) if workspace.store.head(case.case_id) else None
    return None if approved is None or approved[0].shape != case.sem.shape else approved[1]


def at_its_word(nominal: Registration) -> Registration:
    """The nominal frame as a registration that somebody vouches for."""
    stated = Trust(verdict="manual", grounds=("the nominal frame, taken at its word",))
    return replace(nominal, method=NOMINAL, trust=stated)


def verdict_in_words(registration: Registration) -> str:
    """One line for a person: verdict, class, shift and the first ground."""
    trust = registration.trust
    shift = f"shift {registration.shift_x_nm:+.1f}, {registration.shift_y_nm:+.1f} nm"
    parts = [
        trust.verdict or "unregistered",
        (trust.registration_class or "").replace("_", " "),
        shift,
        *trust.grounds[:1],
    ]
    return ", ".join(part for part in parts if part)
