"""What leaves the window for others, in the background: a report, tables, EPE markers, contours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from semiview.files.summary import worst_by_case, worst_of
from semiview.learning.worker_host import thread_count
from semiview.ui.command_child import CommandChild
from semiview.ui.saving import Saving
from semiview.ui.session import Session

# What the file dialog offers, and the ending that each gets.
KINDS: Mapping[str, str] = {
    "Report as one HTML page (*.html)": ".html",
    "Report as PDF (*.pdf)": ".pdf",
    "Tables as an Excel workbook (*.xlsx)": ".xlsx",
    "EPE markers for KLayout (*.lyrdb)": ".lyrdb",
    "Contours as OASIS (*.oas)": ".oas",
    "Contours as GDS (*.gds)": ".gds",
}


class Exporting(QObject):
    """One export at a time: `semiview report` or `semiview measure` as a child.

    Attributes
    ----------
    changed
        Any of the properties.
    measured
        By case (largest |EPE| in nm, missing points), after all cases were measured into tables.
    failed
        Why nothing was written.
    """

    changed = Signal()
    measured = Signal(object)
    failed = Signal(str)

    def __init__(self, session: Session, saving: Saving, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._saving = session, saving
        self._child = CommandChild(self)
        self._child.said.connect(self._note)
        self._child.finished.connect(self._finished)
        self._child.failed.connect(self._broke_off)
        self._preparing = False
        self._known: set[str] = set()
        self._seen: set[str] = set()
        self._out = Path()
        self.only_accepted = False

    @property
    def running(self) -> bool:
        """True from the wish until the file is there or given up."""
        return self._preparing or self._child.running

    @property
    def done(self) -> int:
        """Number of cases that are measured for it."""
        return len(self._seen)

    @property
    def total(self) -> int:
        """Number of cases of the project."""
        return len(self._known)

    @property
    def out(self) -> Path:
        """What is being written."""
        return self._out

    def why_not_start(self) -> str | None:
        """Why nothing can be exported now."""
        if self._session.workspace is None:
            return "no project is open"
        return "an export is running already" if self.running else None

    def why_not_stop(self) -> str | None:
        """Why there is nothing to stop."""
        return None if self._child.running else "nothing is being exported"

    def toggle_only_accepted(self) -> None:
        """Export all cases, or only those that somebody accepted or corrected."""
        self.only_accepted = not self.only_accepted
        self.changed.emit()

    def start(self, out: Path, kind: str = "") -> None:
        """Write a file of the kind that its ending or the dialog's choice says; a folder gets the CSV tables."""
        if kind and out.suffix.lower() not in KINDS.values():
            out = out.with_name(f"{out.name}{KINDS[kind]}")
        verb = "report" if out.suffix.lower() in KINDS.values() else "measure"
        self._run(verb, out, ["--only", "accepted"] if self.only_accepted else [])

    def measure(self, out: Path) -> None:
        """Write the CSV tables of all cases, whatever was decided about them."""
        self._run("measure", out, [])

    def _run(self, verb: str, out: Path, options: list[str]) -> None:
        workspace = self._session.workspace
        if workspace is None or self.running:
            return
        arguments = [verb, str(workspace.project.folder), "--out", str(out), "--jobs", str(thread_count()), *options]
        self._out, self._seen, self._preparing = out, set(), True
        self._known = {row.case_id for row in workspace.project.rows}
        self.changed.emit()

        def begin(_: None) -> None:
            self._preparing = False
            self._child.start(arguments)
            self._session.said.emit(f"Writing {out} in the background.")
            self.changed.emit()

        # In the queue of writes: what is in hand stands on the disk before the child reads it.
        self._saving.write("export", "the start of the export", lambda: None, begin, self._not_begun)

    def stop(self) -> None:
        """Give it up."""
        self._child.stop()

    def close(self) -> None:
        """End the child now."""
        self._child.close()

    def _not_begun(self, problem: Exception) -> None:
        self._preparing = False
        self.failed.emit(str(problem))
        self.changed.emit()

    def _note(self, line: str) -> None:
        self._session.noted.emit(line)
        parts = line.split(":")
        # A name may hold a colon itself.
        self._seen.update({":".join(parts[:count]) for count in range(1, len(parts))} & self._known)
        self.changed.emit()

    def _finished(self, document: Mapping[str, Any]) -> None:
        failed = len(document.get("failed", ()))
        but = f"; {failed} cases not or not wholly, the log names them" if failed else ""
        self._session.said.emit(f"Written: {self._out}{but}.")
        self.measured.emit(worst_of(document))
        self.changed.emit()

    def _broke_off(self, reason: str) -> None:
        if reason:
            self.failed.emit(f"{self._out} was not written. {reason}")
        else:
            self._session.said.emit("The export was stopped.")
            self.measured.emit(worst_by_case(self._out))  # tables hold what was measured until then
        self.changed.emit()
