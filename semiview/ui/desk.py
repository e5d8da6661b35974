"""The working parts behind the window, wired: everything but the widgets."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from semiview.alignment.calibration import Calibration
from semiview.core.case import CaseInfo
from semiview.core.design import Tone
from semiview.core.document import Document
from semiview.core.registration import Registration
from semiview.core.sem_image import SemImage
from semiview.files.case_list import INFO_COLUMNS
from semiview.files.presence import new_token
from semiview.files.project import Project
from semiview.files.registration_table import read_registrations
from semiview.files.sem_image_file import read_sem_image
from semiview.files.size_groups import SizeGroup
from semiview.files.summary import worst_by_case
from semiview.metrology.measurement import Measurement
from semiview.metrology.worst_epe import worst_epe
from semiview.tasks.interest import Interest, interest_of_cases
from semiview.tasks.queue import queue_state
from semiview.tasks.workspace import Workspace, open_workspace
from semiview.ui.aligning import Aligned, Aligning
from semiview.ui.annotating import Annotating
from semiview.ui.calibrating import Calibrating
from semiview.ui.case_line import NO_DESIGN, CaseLine
from semiview.ui.case_model import CaseModel
from semiview.ui.company import Company
from semiview.ui.comparing import Comparing
from semiview.ui.doubting import Doubting
from semiview.ui.drafting import Drafting
from semiview.ui.drifting import Drifting
from semiview.ui.exporting import Exporting
from semiview.ui.gauging import Gauging
from semiview.ui.keeping import Keeping
from semiview.ui.landmarking import Landmarking
from semiview.ui.latest import Errands, Latest
from semiview.ui.marking import Marking
from semiview.ui.measuring import Measuring
from semiview.ui.opening import Opening
from semiview.ui.painting import Painting
from semiview.ui.predicting import Predicting
from semiview.ui.registering import Registering
from semiview.ui.reshaping import Reshaping
from semiview.ui.residuals import Residuals
from semiview.ui.reviewing import Reviewing
from semiview.ui.saving import Saving
from semiview.ui.session import Session
from semiview.ui.thumbnails import Thumbnails
from semiview.ui.tracing import Tracing
from semiview.ui.training import Training

TABLES = "tables"  # where the tables of all cases go in a project


class Desk(QObject):
    """Session, queues and verbs of one window.

    Attributes
    ----------
    project_failed
        Why a folder could not be opened.
    closing
        What is at work may end.
    """

    project_failed = Signal(str)
    closing = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = Session(self)
        self.errands = Errands(3, self)
        self._pictures = Errands(1, self)
        self.saving = Saving(self)
        self.cases = CaseModel(Thumbnails(self._pictures, self), self)
        self.thumbnails = self.cases.thumbnails
        self.keeping = Keeping(self.session, self.saving, new_token(), self)
        self.opening = Opening(self.session, self.cases, self.keeping, self.errands, self)
        self.measuring = Measuring(self.session, self.errands, self)
        self.registering = Registering(self.session, self.errands, self)
        self.residuals = Residuals(self.session, self.errands, self)
        self.aligning = Aligning(self.session, self.saving, self.errands, self)
        self.exporting = Exporting(self.session, self.saving, self)
        self.calibrating = Calibrating(self.session, self.saving, self.errands, self)
        self.landmarking = Landmarking(self.session, self.registering, self)
        self.painting = Painting(self.session, self.errands, self)
        self.drafting = Drafting(self.session, self.painting, self)
        self.reshaping = Reshaping(self.session, self.painting, self)
        self.reviewing = Reviewing(self.session, self.cases, self.saving, self.keeping, self)
        self.tracing = Tracing(self.session, self.reviewing, self.saving, self.errands, self)
        self.marking = Marking(self.session, self.reviewing, self.saving, self.errands, self)
        self.gauging = Gauging(self.session, self.errands, self)
        self.keeping.kept.connect(self.marking.save_now)
        self.keeping.watch_polygon(lambda: self.drafting.polygon, self.drafting.changed)
        self.keeping.polygon_taken.connect(self.drafting.resume)
        self.annotating = Annotating(self.session, self.cases, self.saving, self.errands, self)
        self.company = Company(self.session, self.cases, self._pictures, self.keeping.owner, self)
        self.predicting = Predicting(self.session, self.cases, self.errands, self.painting, self)
        self.comparing = Comparing(self.session, self.predicting, self.errands, self)
        self.doubting = Doubting(self.session, self.errands, self)
        self.training = Training(self.session, self.errands, self)
        self.drifting = Drifting(self.session, self.errands, self)
        self._projects = Latest(self.errands, self)
        self.reviewing.go_on.connect(self.opening.open)
        self.reviewing.decided.connect(self.company.look)
        self.predicting.predicted.connect(self.opening.forget_ahead)
        self.training.checkpoint_changed.connect(self.opening.forget)
        self.training.checkpoint_changed.connect(self.predicting.checkpoint_changed)
        self.training.checkpoint_changed.connect(self.drifting.ask)
        self.training.ended.connect(self.drifting.ask)
        self.training.ended.connect(self.comparing.look)  # it may have trained what makes pictures
        self.drifting.looked.connect(self._drift_seen)
        self.reviewing.decided.connect(lambda _: self.drifting.ask())
        self.session.changed.connect(self._registration_changed)
        self.session.measured.connect(self._measured)
        self.aligning.aligned.connect(self._aligned)
        self.exporting.measured.connect(self._all_measured)
        self.calibrating.project_changed.connect(self._calibration_changed)

    def open_project(self, folder: Path) -> None:
        """Open a project off the window's thread; the first case that is not decided follows."""

        reviewer = self.reviewing.reviewer

        def load() -> tuple[Workspace, list[CaseLine]]:
            workspace = open_workspace(folder)
            return workspace, case_lines(workspace, reviewer)

        def done(answer: tuple[Workspace, list[CaseLine]]) -> None:
            workspace, lines = answer
            self.keeping.leave()
            self._close_store()
            self.session.set_workspace(workspace)
            if workspace.store.caution:
                self.session.said.emit(workspace.store.caution)
            self.thumbnails.set_source(picture_reader(workspace.project))
            self.cases.set_lines(lines)
            self.calibrating.look(asked=False)
            first = self.cases.neighbour(None, 1, undecided=True) or self.cases.neighbour(None, 1)
            if first is not None:
                self.opening.open(first)

        self._projects.ask(load, done, lambda problem: self.project_failed.emit(str(problem)))

    def open_most_valuable(self) -> None:
        """Open the case whose look is worth the most, and say why it is."""
        case_id = self.cases.most_valuable(self.opening.current)
        if case_id is not None:
            self.opening.open(case_id)
            self.session.said.emit(f"{case_id}: {self.cases.line(case_id).why}.")

    def set_pixel_size(self, nm_per_px: float) -> None:
        """Remember a pixel size for the images that bring none, in project.toml."""
        self._change_project("pixel size", lambda project: project.set_pixel_size(nm_per_px))

    def set_group_size(self, group: SizeGroup, nm_per_px: float) -> None:
        """Remember a pixel size for the images of one magnification and size that bring none, in project.toml."""
        self._change_project("pixel size", lambda project: project.set_group_size(group, nm_per_px))

    def set_case_size(self, case_id: str, nm_per_px: float) -> None:
        """Remember one case's own pixel size, in cases.csv."""
        self._change_project("pixel size", lambda project: project.set_case_size(case_id, nm_per_px))

    def add_calibration(self, calibration: Calibration) -> None:
        """Remember what a tool's pixels are at one magnification, in project.toml."""
        self._change_project("calibration", lambda project: project.add_calibrations((calibration,)))

    def set_tone(self, tone: Tone) -> None:
        """Remember the tone of the designs, in project.toml."""
        self._change_project("tone", lambda project: project.set_tone(tone))

    def save_now(self) -> None:
        """Draft and registration now, and again what could not be written before."""
        self.keeping.save_now()
        self.saving.retry()

    def align_all(self) -> None:
        """All cases in the background, from what is in hand now."""
        self.keeping.save_now()
        self.aligning.start()

    def export(self, out: Path, kind: str = "") -> None:
        """Write a report, tables, markers or contours of the project, from what is in hand now."""
        self.keeping.save_now()
        self.exporting.start(out, kind)

    def measure_all(self) -> None:
        """Measure every case in the background, into tables of the project and the list."""
        workspace = self.session.workspace
        if workspace is not None:
            self.keeping.save_now()
            self.exporting.measure(workspace.project.folder / TABLES)

    def why_not_measure_all(self) -> str | None:
        """Why that cannot be done now."""
        workspace = self.session.workspace
        if workspace is not None and workspace.store.read_only:
            return "the project is read-only here: copy it to where you may write, or export the tables elsewhere"
        return self.exporting.why_not_start()

    def close(self) -> None:
        """Write what is in hand and end every thread and process."""
        self.closing.emit()
        self.keeping.leave()
        self.company.close()
        self._close_store()
        self.predicting.close()
        self.training.close()
        self.drifting.close()
        self.aligning.close()
        self.exporting.close()
        self.measuring.latest.forget()
        self.residuals.latest.forget()
        self.comparing.latest.forget()
        self.doubting.latest.forget()
        self.calibrating.latest.forget()
        self.errands.close()
        self._pictures.close()
        self.saving.finish()

    def _drift_seen(self) -> None:
        """The list shows how unlike the reference each picture is."""
        workspace = self.session.workspace
        if workspace is None:
            return

        def done(found: Mapping[str, Interest]) -> None:
            for case_id, interest in found.items():
                if case_id in self.cases:
                    self.cases.update(case_id, novelty=interest.novelty)

        self.errands.run(
            lambda: interest_of_cases(workspace), done, lambda problem: self.session.noted.emit(str(problem))
        )

    def _close_store(self) -> None:
        """Bring feedback.h5 up to date, behind everything that is still to be written."""
        workspace = self.session.workspace
        if workspace is not None:
            self.saving.write("feedback.h5", "feedback.h5", workspace.store.close)

    def accept_edits(self) -> None:
        """Take the project's tables for right as they are now; their change is told no more."""
        workspace = self.session.workspace
        if workspace is not None:
            project = workspace.project
            self.saving.write("tables", "that the tables are right", lambda: project.remember_tables(accept=True))

    def _change_project(self, name: str, change: Callable[[Project], Project]) -> None:
        workspace = self.session.workspace
        if workspace is None:
            return

        def done(project: Project) -> None:
            self.session.set_workspace(Workspace(project, workspace.store, workspace.registry), keep_case=True)
            self.opening.reload()

        self.saving.write(f"project {name}", f"the {name} of the project", lambda: change(workspace.project), done)

    def _calibration_changed(self, project: Project) -> None:
        """Other calibrations: the open case is measured anew, its registration and its history stay."""
        workspace, case = self.session.workspace, self.session.case
        if workspace is None or workspace.project.folder != project.folder:
            return
        self.session.set_workspace(Workspace(project, workspace.store, workspace.registry), keep_case=True)
        if case is not None:
            calibrated = project.calibrated_size(case.info.tool, case.sem.pixel_size)
            self.session.swap_prediction(replace(case, calibrated=calibrated))

    def _registration_changed(self, old: Document, new: Document) -> None:
        case = self.session.case
        if case is not None and old.registration is not new.registration and case.case_id in self.cases:
            self.cases.update(case.case_id, registration=registration_in_words(new.registration))

    def _aligned(self, found: list[Aligned]) -> None:
        case = self.session.case
        for one in found:
            self.opening.forget_ahead(one.case_id)
            self.session.forget_unchanged(one.case_id)
            if one.case_id in self.cases and (case is None or case.case_id != one.case_id):
                self.cases.update(one.case_id, registration=row_in_words(one.row))
        self.calibrating.look(asked=False)

    def _measured(self, measurement: Measurement) -> None:
        case = self.session.case
        if case is not None and case.case_id in self.cases:
            worst, missing = worst_epe(measurement)
            self.cases.update(case.case_id, worst_epe_nm=worst, missing=missing)

    def _all_measured(self, found: Mapping[str, tuple[float, int]]) -> None:
        """The list shows what a child measured; the open case has its own numbers."""
        case = self.session.case
        for case_id, (worst, missing) in found.items():
            if case_id in self.cases and (case is None or case.case_id != case_id):
                self.cases.update(case_id, worst_epe_nm=worst, missing=missing)


def picture_reader(project: Project) -> Callable[[str], SemImage]:
    """Reads the picture of a case without its design."""

    def read(case_id: str) -> SemImage:
        row = project.row(case_id)
        return read_sem_image(row.image, row.area, row.pixel_size, row.page)

    return read


def case_lines(workspace: Workspace, reviewer: str = "") -> list[CaseLine]:
    """The list of a project from its tables and headers; no image is read."""
    queue = queue_state(workspace, reviewer)
    rows = read_registrations(workspace.project.registrations_path)
    interest = interest_of_cases(workspace)
    worst = worst_by_case(workspace.project.folder / TABLES)
    lines = []
    for row in workspace.project.rows:
        review, registered = queue.reviews.get(row.case_id), rows.get(row.case_id)
        known: dict[str, Any] = {"registration": NO_DESIGN if row.design is None else ""}
        if registered is not None:
            known["registration"] = row_in_words(registered)
        if review is not None:
            known |= {"state": review.state, "reviewer": review.reviewer, "reason": review.reason}
        known |= {"second_look": queue.second_looks.get(row.case_id, ""), "metadata": listed_metadata(row.info)}
        known |= asdict(interest[row.case_id])
        known |= dict(zip(("worst_epe_nm", "missing"), worst.get(row.case_id, ()), strict=False))
        lines.append(CaseLine(row.case_id, row.info.pattern_type, **known))
    return lines


def listed_metadata(info: CaseInfo) -> dict[str, str]:
    """What the case list says of a case besides its name and type, by column."""
    known = {name: getattr(info, name) for name in INFO_COLUMNS if name not in ("case_id", "pattern_type")}
    return {**{name: text for name, text in known.items() if text}, **info.metadata}


def row_in_words(row: Mapping[str, str]) -> str:
    """Class of a row of registrations.csv as the list shows it."""
    if row["verdict"] in ("manual", "failed"):
        return "by hand" if row["verdict"] == "manual" else "failed"
    return row["class"].replace("_", " ") or row["verdict"]


def registration_in_words(registration: Registration) -> str:
    """The same of a registration in hand; empty: nobody has looked."""
    trust = registration.trust
    if trust.verdict in ("manual", "failed"):
        return "by hand" if trust.verdict == "manual" else "failed"
    return (trust.registration_class or trust.verdict or "").replace("_", " ")
