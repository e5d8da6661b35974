"""Align all cases beside the review: `semiview align` as a child, its results taken in as they are on the disk."""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from semiview.core.registration import Registration
from semiview.files.problem import FileProblem
from semiview.files.registration_table import read_registrations, registration_of
from semiview.learning.worker_host import end_group, environment_for, thread_count
from semiview.tasks.workspace import Workspace
from semiview.ui.latest import Errands
from semiview.ui.saving import Saving
from semiview.ui.session import Session

GRACE_MS = 5_000
CLOSING_MS = 2_000
DONE_CODES = (0, 1)  # 1: done, with failures that are named
TAIL_LINES = 5


@dataclass(frozen=True, slots=True)
class Aligned:
    """A row of registrations.csv that the run has written."""

    case_id: str
    row: Mapping[str, str]


class Aligning(QObject):
    """One run at a time over the cases that no person has registered.

    Attributes
    ----------
    changed
        Any of the properties.
    aligned
        A list of Aligned: what stands in registrations.csv now for cases of this run.
    offered
        The Registration found for the open case; what stands in the window stays unless it is taken.
    failed
        Why the run came to nothing.
    """

    changed = Signal()
    aligned = Signal(object)
    offered = Signal(object)
    failed = Signal(str)

    def __init__(self, session: Session, saving: Saving, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._saving, self._errands = session, saving, errands
        self._process: QProcess | None = None
        self._workspace: Workspace | None = None
        self._preparing = self._stopping = False
        self._finished: set[str] = set()
        self._lines: list[str] = []
        self._rest = b""
        self._patience = QTimer(self, singleShot=True, interval=GRACE_MS)
        self._patience.timeout.connect(self._lose_patience)
        self.total = 0

    @property
    def running(self) -> bool:
        """True from the wish until the child is gone."""
        return self._preparing or self._process is not None

    @property
    def done(self) -> int:
        """Number of cases that are finished."""
        return len(self._finished)

    def why_not_start(self) -> str | None:
        """Why no run can start now."""
        if self._session.workspace is None:
            return "no project is open"
        return "all cases are being aligned already" if self.running else None

    def why_not_stop(self) -> str | None:
        """Why there is nothing to stop."""
        if not self.running:
            return "nothing is being aligned"
        return "it is stopping already" if self._stopping else None

    def start(self) -> None:
        """Align every case that no person has registered, once everything in hand is on the disk."""
        workspace = self._session.workspace
        if workspace is None or self.running:
            return
        self._workspace, self._preparing, self._stopping = workspace, True, False
        self._finished, self._lines, self._rest, self.total = set(), [], b"", 0
        self.changed.emit()

        def by_hand() -> int:
            rows = read_registrations(workspace.project.registrations_path)
            return sum(row["method"] == "manual" for row in rows.values())

        # In the queue of writes: what a hand has registered stands in the table before the child reads it.
        self._saving.write("align all", "the start of the alignment", by_hand, self._begin, self._not_begun)

    def stop(self) -> None:
        """End early; what is aligned stays."""
        if self.why_not_stop() is None:
            self._stopping = True
            if self._process is not None:
                # As Ctrl+C in a shell: it writes what it has before it goes.
                os.kill(self._process.processId(), signal.SIGINT)
                self._patience.start()
            self.changed.emit()

    def close(self) -> None:
        """End the child now; it is gone when this returns."""
        process, self._process = self._process, None
        self._patience.stop()
        if process is not None and process.waitForStarted(CLOSING_MS):
            process.finished.disconnect(self._over)
            pid = process.processId()
            os.kill(pid, signal.SIGINT)
            for kill in (False, True):
                if process.waitForFinished(CLOSING_MS):
                    break
                end_group(pid, kill=kill)
            process.waitForFinished(CLOSING_MS)

    def _begin(self, by_hand: int) -> None:
        self._preparing = False
        workspace = self._workspace
        if workspace is None or self._stopping:
            self.changed.emit()
            return
        self.total = len(workspace.project.rows) - by_hand
        process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in environment_for().items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        if sys.platform != "win32":
            # A group of its own, so that its processes end with it; and deaf to no signal that this one ignores.
            flags = QProcess.UnixProcessFlag
            process.setUnixProcessParameters(flags.CreateNewSession | flags.ResetSignalHandlers)
        process.readyReadStandardError.connect(self._read)
        process.finished.connect(self._over)
        process.errorOccurred.connect(self._broken)
        folder, jobs = str(workspace.project.folder), str(thread_count())
        self._process = process
        process.start(sys.executable, ["-m", "semiview", "align", folder, "--json", "--jobs", jobs])
        self._session.said.emit("Aligning all cases in the background; those set by hand stay.")
        self.changed.emit()

    def _not_begun(self, problem: Exception) -> None:
        self._preparing = False
        self.failed.emit(str(problem))
        self.changed.emit()

    def _read(self) -> None:
        if self._process is None or self._workspace is None:
            return
        data = self._rest + bytes(self._process.readAllStandardError().data())
        *lines, self._rest = data.split(b"\n")
        known = {row.case_id for row in self._workspace.project.rows}
        for line in (line.decode("utf-8", errors="replace").strip() for line in lines):
            if not line:
                continue
            self._lines.append(line)
            self._session.noted.emit(line)
            parts = line.split(": ")
            # A name may hold a colon itself.
            names = (": ".join(parts[:count]) for count in range(1, len(parts)))
            self._finished.update(name for name in names if name in known)
        self.changed.emit()

    def _over(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        self._patience.stop()
        if process is None:
            return
        answer = result_in(bytes(process.readAllStandardOutput().data()))
        process.deleteLater()
        if self._stopping:
            self._session.said.emit(f"Stopped: {self.done} of {self.total} cases are aligned; they stay so.")
        elif status == QProcess.ExitStatus.CrashExit or exit_code not in DONE_CODES or answer is None:
            last = " ".join(self._lines[-TAIL_LINES:]) or f"It broke off with code {exit_code}."
            self.failed.emit(f"The alignment of all cases broke off after {self.done} of {self.total}. {last}")
        else:
            self._session.said.emit(summary(answer))
        self._take_in()
        self.changed.emit()

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            process, self._process = self._process, None
            self.failed.emit(f"The alignment could not be started: {process.errorString()}.")
            process.deleteLater()
            self.changed.emit()

    def _take_in(self) -> None:
        workspace, names = self._workspace, self._finished
        if workspace is None or workspace is not self._session.workspace or not names:
            return

        def read() -> list[Aligned]:
            rows = read_registrations(workspace.project.registrations_path)
            return [Aligned(case_id, rows[case_id]) for case_id in sorted(names & set(rows))]

        def done(found: list[Aligned]) -> None:
            if workspace is self._session.workspace:
                self.aligned.emit(found)
                self._offer({one.case_id: one.row for one in found})

        self._errands.run(read, done, lambda problem: self.failed.emit(str(problem)))

    def _offer(self, rows: Mapping[str, Mapping[str, str]]) -> None:
        case, document = self._session.case, self._session.document
        if case is None or document is None or case.case_id not in rows:
            return
        try:
            found = registration_of(rows[case.case_id], case)
        except FileProblem as problem:
            self.failed.emit(str(problem))
            return
        if found.trust.verdict != "failed" and not same_place(found, document.registration):
            self.offered.emit(found)

    def _lose_patience(self) -> None:
        if self._process is not None:
            end_group(self._process.processId(), kill=True)


def same_place(one: Registration, other: Registration) -> bool:
    """True if both are the same transform with the same verdict."""
    return one.trust.verdict == other.trust.verdict and bool((one.parameters == other.parameters).all())


def result_in(output: bytes) -> dict[str, Any] | None:
    """The document that `semiview align --json` printed; None if it tells of an error or there is none."""
    try:
        document = json.loads(output)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "registrations" in document else None


def summary(document: Mapping[str, Any]) -> str:
    """What `semiview align --json` printed, in one sentence."""
    verdicts = Counter(columns["verdict"] for columns in document["registrations"].values())
    parts = [f"{count} {verdict}" for verdict, count in verdicts.most_common()]
    unread = len(set(document["failed"]) - set(document["registrations"]))
    parts += [f"{unread} not read"] if unread else []
    kept = len(document["kept"])
    parts += [f"{kept} set by hand and kept"] if kept else []
    return f"All cases aligned: {', '.join(parts) or 'there was nothing to do'}."
