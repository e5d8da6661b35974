"""`semiview` itself as a child process of the window: its lines as they come, its one document at the end."""

import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from semiview.learning.worker_host import end_group, environment_for

GRACE_MS = 5_000
CLOSING_MS = 2_000
DONE_CODES = (0, 1)  # 1: done, with failures that are named


class CommandChild(QObject):
    """One command at a time.

    Attributes
    ----------
    said
        A line of its standard error.
    finished
        The document that it printed.
    failed
        Why there is none.
    """

    said = Signal(str)
    finished = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._stopped = False
        self._lines: list[str] = []
        self._rest = b""
        self._patience = QTimer(self, singleShot=True, interval=GRACE_MS)
        self._patience.timeout.connect(self._lose_patience)

    @property
    def running(self) -> bool:
        """True until the child is gone."""
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Run `semiview` with these arguments and --json."""
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
        self._process, self._lines, self._rest, self._stopped = process, [], b"", False
        process.start(sys.executable, ["-m", "semiview", *arguments, "--json"])

    def stop(self) -> None:
        """As Ctrl+C in a shell; `failed` follows with an empty reason."""
        if self._process is not None:
            self._stopped = True
            os.kill(self._process.processId(), signal.SIGINT)
            self._patience.start()

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

    def _read(self) -> None:
        if self._process is not None:
            data = self._rest + bytes(self._process.readAllStandardError().data())
            *lines, self._rest = data.split(b"\n")
            for line in (line.decode("utf-8", errors="replace").strip() for line in lines):
                if line:
                    self._lines.append(line)
                    self.said.emit(line)

    def _over(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        self._patience.stop()
        if process is None:
            return
        document = _document(bytes(process.readAllStandardOutput().data()))
        process.deleteLater()
        if self._stopped:
            self.failed.emit("")
        elif status == QProcess.ExitStatus.CrashExit or exit_code not in DONE_CODES or document is None:
            self.failed.emit(" ".join(self._lines[-5:]) or f"It broke off with code {exit_code}.")
        elif "error" in document:
            self.failed.emit(
                f"{document['error']['path']}: {document['error']['reason']} {document['error']['advice']}"
            )
        else:
            self.finished.emit(document)

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            process, self._process = self._process, None
            self.failed.emit(f"It could not be started: {process.errorString()}.")
            process.deleteLater()

    def _lose_patience(self) -> None:
        if self._process is not None:
            end_group(self._process.processId(), kill=True)


def _document(output: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(output)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
