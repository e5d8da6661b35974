"""The pixel size against the design: looked for when registrations are new, offered, kept, taken back."""

from datetime import date

from PySide6.QtCore import QObject, Signal

from semiview.alignment.calibration import Calibration
from semiview.files.project import Project
from semiview.tasks.calibrate import CalibrationResult, calibrate_project, in_words, keep
from semiview.tasks.workspace import Workspace
from semiview.ui.latest import Errands, Latest
from semiview.ui.saving import Saving
from semiview.ui.session import Session


class Calibrating(QObject):
    """Reads registrations.csv off the window's thread; writes project.toml only when a person says so.

    Attributes
    ----------
    offered
        Calibrations that are worth keeping, a tuple.
    kept
        The entries that were written, a tuple.
    project_changed
        The project as it is with other calibrations.
    """

    offered = Signal(object)
    kept = Signal(object)
    project_changed = Signal(object)

    def __init__(self, session: Session, saving: Saving, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._saving = session, saving
        self.latest = Latest(errands, self)

    def why_not(self) -> str | None:
        """Why no calibration can be looked for now."""
        return "no project is open" if self._session.workspace is None else None

    def look(self, asked: bool = True) -> None:
        """Look for calibrations worth keeping; what there is otherwise is said only to who asked."""
        workspace = self._session.workspace
        if workspace is None:
            return

        def done(result: CalibrationResult) -> None:
            if workspace is not self._session.workspace:
                return
            if result.worth_keeping:
                self.offered.emit(result.worth_keeping)
            elif asked:
                self._session.said.emit(nothing_to_keep(result))
            if asked or result.worth_keeping:
                for number, proposal in enumerate(result.proposals):
                    self._session.noted.emit(f"{in_words(proposal)}: {result.held_back.get(number, 'worth keeping')}")

        def failed(problem: Exception) -> None:
            self._session.said.emit(f"No calibration was looked for: {problem}")

        self.latest.ask(lambda: calibrate_project(workspace), done, failed)

    def keep(self, proposals: tuple[Calibration, ...]) -> None:
        """Write proposals to the project under today's date."""
        workspace = self._session.workspace
        if workspace is None:
            return

        def done(answer: tuple[Workspace, tuple[Calibration, ...]]) -> None:
            changed, entries = answer
            self.project_changed.emit(changed.project)
            self.kept.emit(entries)

        self._saving.write("calibration", "the calibration", lambda: keep(workspace, proposals, date.today()), done)

    def take_back(self, entries: tuple[Calibration, ...]) -> None:
        """Take entries out of the project again."""
        workspace = self._session.workspace
        if workspace is None:
            return

        def done(project: Project) -> None:
            self.project_changed.emit(project)
            self._session.said.emit("The calibration is taken back; CD and roughness are in the size stated before.")

        self._saving.write(
            "calibration", "the calibration", lambda: workspace.project.remove_calibrations(entries), done
        )


def nothing_to_keep(result: CalibrationResult) -> str:
    """Why there is nothing to keep, in one sentence."""
    if not result.proposals:
        return "No calibration: no case has a sure registration with all six parameters free. Align first."
    number, reason = next(iter(result.held_back.items()))
    more = f" The log tells of {len(result.proposals) - 1} more." if len(result.proposals) > 1 else ""
    return f"{in_words(result.proposals[number])}: not kept, {reason}.{more}"
