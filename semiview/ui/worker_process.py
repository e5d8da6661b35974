"""The worker as a child of the window: jobs in, events out, and an end that always comes."""

import tempfile
from pathlib import Path

from PySide6.QtCore import QIODevice, QObject, QProcess, QProcessEnvironment, QTimer, Signal

from semiview.files.problem import FileProblem
from semiview.learning.messages import (
    Command,
    Event,
    FineTuneJob,
    Finished,
    Job,
    PredictJob,
    WorkFailed,
    decode,
    encode,
)
from semiview.learning.worker_host import (
    TAIL_BYTES,
    command_for,
    death_notice,
    end_group,
    environment_for,
    prepared_folder,
)

GRACE_MS = 10_000
CLOSING_MS = 2_000


class WorkerProcess(QObject):
    """One child process for one job.

    Attributes
    ----------
    said
        An Event. The last one is Finished or WorkFailed, exactly one of them and exactly once; it comes when the
        child is gone.
    """

    said = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.SeparateChannels)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._error)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._log = Path()
        self._log_start = 0
        self._rest = b""
        self._last: Event | None = None
        self._over = False
        self._patience = QTimer(self, singleShot=True, interval=GRACE_MS)
        self._patience.timeout.connect(self._lose_patience)
        self._asked_to_end = 0

    @property
    def running(self) -> bool:
        """True from `start` until the child is gone."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    @property
    def pid(self) -> int:
        """The child's process id; 0 while there is none."""
        return int(self._process.processId())

    def start(self, job: Job) -> None:
        """Start the child on a job."""
        if isinstance(job, FineTuneJob):
            folder = Path(job.run_folder)
        else:
            self._scratch = tempfile.TemporaryDirectory(prefix="semiview-worker-")
            folder = Path(self._scratch.name)
        try:
            job_file, self._log = prepared_folder(folder, job)
        except FileProblem as problem:
            self._end(WorkFailed(f"The worker could not be started: {problem}"))
            return
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        self._process.setStandardErrorFile(str(self._log), QIODevice.OpenModeFlag.Append)
        environment = QProcessEnvironment()
        for name, value in environment_for().items():
            environment.insert(name, value)
        self._process.setProcessEnvironment(environment)
        program, *arguments = command_for(job_file)
        self._process.start(program, arguments)

    def stop(self) -> None:
        """End early and keep the best; no hurry."""
        self._send(Command("stop"))

    def cancel(self) -> None:
        """End and discard: asked first, terminated after a grace period, killed after another."""
        if self.running:
            self._send(Command("cancel"))
            self._patience.start()

    def close(self) -> None:
        """End the child now; it is gone when this returns."""
        self._over = True  # nobody listens any more
        if self.running:
            pid = self.pid
            self._process.closeWriteChannel()  # a training run keeps its last epoch, to be taken up again
            for kill in (False, True):
                if self._process.waitForFinished(CLOSING_MS):
                    break
                end_group(pid, kill=kill)
            if self.running:
                self._process.kill()
                self._process.waitForFinished(-1)
        self._patience.stop()
        self._tidy()

    def _send(self, command: Command) -> None:
        if self.running:
            self._process.write((encode(command) + "\n").encode())

    def _read(self) -> None:
        data = self._rest + bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            self._take(line.decode("utf-8", errors="replace"))

    def _take(self, line: str) -> None:
        if not line.strip() or self._over or self._last is not None:
            return
        try:
            message = decode(line)
        except ValueError as problem:
            self._last = WorkFailed(f"The worker said something unknown: {problem}", self._tail())
            self.cancel()
            return
        if isinstance(message, (Finished, WorkFailed)):
            self._last = message  # said when the child is gone, so that nothing it holds is in the way
        elif not isinstance(message, (PredictJob, FineTuneJob, Command)):
            self.said.emit(message)

    def _finished(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        crashed = status == QProcess.ExitStatus.CrashExit
        self._end(self._last or death_notice(-exit_code if crashed else exit_code, self._tail()))

    def _error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end(WorkFailed(f"The worker could not be started: {self._process.errorString()}."))

    def _end(self, last: Event) -> None:
        self._patience.stop()
        self._tidy()
        if not self._over:
            self._over = True
            self.said.emit(last)

    def _lose_patience(self) -> None:
        if self.running:
            end_group(self.pid, kill=self._asked_to_end > 0)
            self._asked_to_end += 1
            self._patience.start()

    def _tail(self) -> str:
        try:
            with self._log.open("rb") as log:
                size = log.seek(0, 2)
                log.seek(max(size - TAIL_BYTES, self._log_start))
                return log.read().decode("utf-8", errors="replace")
        except OSError:
            return ""

    def _tidy(self) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None
