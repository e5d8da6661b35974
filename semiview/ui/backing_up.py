"""Backups of the open project's decisions: by hand, once a day by itself, and back again."""

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

from semiview.feedback.backups import BackupReport, RestorePreview, back_up, backup_lists, preview, restore
from semiview.feedback.reports import MergeReport
from semiview.feedback.store import FeedbackStore
from semiview.ui.latest import Errands
from semiview.ui.session import Session

NO_PROJECT, RUNNING, NO_FOLDER = "open a project first", "a backup is at work", "choose a folder for the backups first"


class StoppedError(Exception):
    """Nobody waits for it any more. What was copied stays: the next backup goes on from there."""


class BackingUp(QObject):
    """Where the backups of each store lie is remembered by the user, not by the project.

    Attributes
    ----------
    changed
        Read `folder`, `automatic`, `running`, `sentence` and `times`.
    progressed
        So many of so many records are done.
    previewed
        What a restore would bring back, or a sentence.
    restored
        Records came back.
    """

    changed = Signal()
    progressed = Signal(int, int)
    previewed = Signal(object)
    restored = Signal()

    def __init__(self, session: Session, errands: Errands, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._errands, self._settings = session, errands, settings
        self._stopped = False
        self.running = False
        self.sentence = ""
        session.workspace_changed.connect(self._workspace_changed)

    @property
    def store(self) -> FeedbackStore | None:
        """The open project's store."""
        workspace = self._session.workspace
        return None if workspace is None else workspace.store

    @property
    def folder(self) -> Path | None:
        """Where the backups of the open project's store lie."""
        told = self._settings.value(self._key("folder"), "")
        return Path(str(told)) if told else None

    def set_folder(self, folder: Path) -> None:
        """Let backups lie there from now on; those made elsewhere stay where they are."""
        self._settings.setValue(self._key("folder"), str(folder))
        self.sentence = ""
        self.changed.emit()

    @property
    def automatic(self) -> bool:
        """Whether the first opening of a day makes a backup."""
        return str(self._settings.value(self._key("daily"), "true")) == "true"

    def set_automatic(self, yes: bool) -> None:
        """Back up by itself, or not."""
        self._settings.setValue(self._key("daily"), "true" if yes else "false")
        self.changed.emit()

    @property
    def times(self) -> tuple[datetime, ...]:
        """When backups were made (UTC), newest first."""
        return () if self.folder is None else tuple(reversed([time for time, _ in backup_lists(self.folder)]))

    def why_not(self) -> str | None:
        """Why there can be no backup now."""
        if self.store is None:
            return NO_PROJECT
        if self.folder is None:
            return NO_FOLDER
        return RUNNING if self.running else None

    def back_up(self) -> None:
        """Copy what is new and read every byte of the copy again."""
        store, folder = self.store, self.folder
        if store is None or folder is None or self.why_not() is not None:
            return

        def done(report: BackupReport) -> None:
            damaged = f" {len(report.damaged)} are damaged here and not in the backup." if report.damaged else ""
            self._end(f"{report.records} decisions are whole in the backup, {report.added} of them new.{damaged}")

        self._begin("Backing up…")
        self._errands.run(lambda: back_up(store, folder, watch=self._watch), done, self._failed)

    def back_up_if_due(self, now: datetime | None = None) -> None:
        """Back up where today has none yet."""
        today = (now or datetime.now(UTC)).date()
        if self.automatic and self.why_not() is None and not any(time.date() == today for time in self.times):
            self.back_up()

    def preview(self, at: datetime) -> None:
        """Ask what a restore of the backup of that time would bring back."""
        store, folder = self.store, self.folder
        if store is None or folder is None or self.running:
            return

        def done(found: RestorePreview) -> None:
            self.previewed.emit(found)

        self._errands.run(lambda: preview(store, folder, at), done, lambda problem: self.previewed.emit(str(problem)))

    def restore(self, at: datetime) -> None:
        """Bring back what that backup names and the store lacks."""
        store, folder = self.store, self.folder
        if store is None or folder is None or self.why_not() is not None:
            return

        def done(report: MergeReport) -> None:
            left = f" {len(report.damaged)} are damaged in the backup too." if report.damaged else ""
            self._end(f"{report.added} decisions came back.{left}")
            self.restored.emit()

        self._begin("Restoring…")
        self._errands.run(lambda: restore(store, folder, at, self._watch), done, self._failed)

    def stop(self) -> None:
        """Let a running backup end at the next record."""
        self._stopped = True

    def _watch(self, done: int, total: int) -> None:
        if self._stopped:
            raise StoppedError("stopped")
        self.progressed.emit(done, total)

    def _begin(self, sentence: str) -> None:
        self._stopped, self.running, self.sentence = False, True, sentence
        self.changed.emit()

    def _end(self, sentence: str) -> None:
        self.running, self.sentence = False, sentence
        self.changed.emit()

    def _failed(self, problem: Exception) -> None:
        self._end("" if isinstance(problem, StoppedError) else str(problem))
        if self.sentence:
            self._session.said.emit(f"The backup failed: {problem}")

    def _workspace_changed(self) -> None:
        self.sentence = ""
        self.changed.emit()
        self.back_up_if_due()

    def _key(self, name: str) -> str:
        return f"backups/{'' if self.store is None else self.store.store_id}/{name}"
