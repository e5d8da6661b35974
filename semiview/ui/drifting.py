"""The drift monitor beside the review: looks at all pictures when asked, and says whether it is time to retrain."""

from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal

from semiview.files.problem import FileProblem
from semiview.tasks.drift import DriftReport, watch_project
from semiview.tasks.progress import Progress
from semiview.tasks.trigger import TriggerReport, trigger_report
from semiview.tasks.workspace import Workspace
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session

UNWATCHED = DriftReport(0, "", (), {}, {})


class Drifting(QObject):
    """One look at a time.

    Attributes
    ----------
    changed
        Any of the properties.
    looked
        Every picture has been looked at.
    """

    changed = Signal()
    looked = Signal()
    _progressed = Signal(object)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._errands = session, errands
        self._asking = Latest(errands, self)
        self._stop = False
        self.busy = False
        self.progress: Progress | None = None
        self.report: DriftReport | None = None
        self.trigger: TriggerReport | None = None
        self.words = ""
        self._progressed.connect(self._show_progress)
        session.workspace_changed.connect(self._workspace_changed)

    def why_not_look(self) -> str | None:
        """Why the pictures cannot be looked at now."""
        if self._session.workspace is None:
            return "no project is open"
        return "it is looking" if self.busy else None

    def why_not_stop(self) -> str | None:
        """Why there is nothing to stop."""
        return None if self.busy and not self._stop else "it is not looking"

    def look(self, new_reference: bool = False) -> None:
        """Hold all pictures against the reference; with `new_reference`, against one made of what is accepted now."""
        workspace = self._session.workspace
        if workspace is None or self.busy:
            return
        self.busy, self._stop, self.progress, self.words = True, False, None, "Looking at the pictures…"
        self.changed.emit()
        self._errands.run(lambda: self._watched(workspace, new_reference), self._done, self._failed)

    def stop(self) -> None:
        """Leave off after the picture at hand; what was seen is not kept."""
        self._stop = True
        self.changed.emit()

    def ask(self) -> None:
        """Ask the rules again: something was decided or trained."""
        workspace = self._session.workspace
        if workspace is None:
            return
        report = self.report or UNWATCHED

        def done(trigger: TriggerReport) -> None:
            self.trigger = trigger
            self.changed.emit()

        self._asking.ask(
            lambda: trigger_report(workspace, report, datetime.now(UTC)), done, lambda problem: self._failed(problem)
        )

    def close(self) -> None:
        """Leave off."""
        self._stop = True
        self._asking.forget()

    def _watched(self, workspace: Workspace, new_reference: bool) -> DriftReport | None:
        task = watch_project(workspace, new_reference)
        while not self._stop:
            try:
                event = next(task)
            except StopIteration as stop:
                report: DriftReport = stop.value
                return report
            if isinstance(event, Progress):
                self._progressed.emit(event)
        task.close()
        return None

    def _show_progress(self, progress: Progress) -> None:
        if self.busy:
            self.progress = progress
            self.changed.emit()

    def _done(self, report: DriftReport | None) -> None:
        self.busy, self.progress = False, None
        if report is None:
            self.words = "Stopped."
        else:
            self.report, self.trigger = report, None  # what was advised without this report no longer holds
            self.words = report_in_words(report)
            self.ask()
            self.looked.emit()
        self.changed.emit()

    def _failed(self, problem: Exception) -> None:
        self.busy, self.progress = False, None
        self.words = str(problem)
        self.changed.emit()
        if not isinstance(problem, FileProblem):
            raise problem

    def _workspace_changed(self) -> None:
        self._stop = True
        self.report = self.trigger = None
        self.words = ""
        self.ask()
        self.changed.emit()


def report_in_words(report: DriftReport) -> str:
    """One or two sentences about all strata."""
    if not report.reference:
        return "There is no reference yet: accept at least two images of one tool, layer, type and pixel size."
    parts = [f"Against reference {report.reference} of {report.made_utc[:10]}."]
    if report.drifting:
        parts.append(f"{len(report.drifting)} of {len(report.strata)} strata drift or change slowly.")
    if report.unknown:
        images = sum(report.unknown.values())
        parts.append(f"{images} images are of strata that the reference does not know: accept some, then renew it.")
    if report.failed:
        parts.append(f"{len(report.failed)} images could not be read.")
    return " ".join(parts)
