"""The child always ends, its last word comes once, and a death is told as what it was."""

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from semiview.learning.messages import FineTuneJob, Finished, PredictJob, Progress, WorkFailed
from semiview.ui import worker_process
from semiview.ui.worker_process import WorkerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

Children = Callable[[str], WorkerProcess]


@pytest.fixture
def child(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Children:
    """A worker host whose child runs the given lines in place of the real worker."""

    def make(lines: str) -> WorkerProcess:
        script = tmp_path / "child.py"
        head = "import os, sys, time, signal\nos.setsid()\n"
        script.write_text(head + textwrap.dedent(lines))
        monkeypatch.setattr(worker_process, "command_for", lambda _: [sys.executable, "-u", str(script)])
        process = WorkerProcess()
        process.heard = []
        process.said.connect(process.heard.append)
        process.start(PredictJob("none", ()))
        return process

    return make


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_that_events_come_in_order_and_the_last_one_when_the_child_is_gone(qtbot: QtBot, child: Children) -> None:
    process = child("""
        print('{"kind": "Progress", "done": 1, "total": 2, "text": ""}')
        print('{"kind": "Finished", "outcome": "done", "seconds": 1.0, "checkpoint_id": "", "text": ""}')
        time.sleep(0.3)
    """)
    qtbot.waitUntil(lambda: len(process.heard) == 2, timeout=20_000)
    assert [type(event) for event in process.heard] == [Progress, Finished]
    assert not process.running


def test_that_kill_minus_nine_reads_as_out_of_memory(qtbot: QtBot, child: Children) -> None:
    process = child("""
        print("about to be killed", file=sys.stderr)
        print('{"kind": "Progress", "done": 1, "total": 2, "text": ""}')
        time.sleep(60)
    """)
    qtbot.waitUntil(lambda: bool(process.heard), timeout=20_000)
    os.kill(process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: len(process.heard) == 2, timeout=20_000)
    failure = process.heard[-1]
    assert isinstance(failure, WorkFailed)
    assert "out of memory" in failure.reason
    assert "about to be killed" in failure.stderr_tail


def test_that_an_end_without_a_last_word_is_a_failure_with_its_last_lines(qtbot: QtBot, child: Children) -> None:
    process = child("""
        print("no such layer", file=sys.stderr)
        sys.exit(3)
    """)
    qtbot.waitUntil(lambda: bool(process.heard), timeout=20_000)
    (failure,) = process.heard
    assert "exit code 3" in failure.reason
    assert "no such layer" in failure.stderr_tail


def test_that_a_line_that_is_no_message_ends_the_child_with_a_sentence(qtbot: QtBot, child: Children) -> None:
    process = child("""
        print("hello")
        sys.stdin.readline()
    """)
    qtbot.waitUntil(lambda: bool(process.heard), timeout=20_000)
    (failure,) = process.heard
    assert "unknown" in failure.reason


def test_that_a_child_that_will_not_end_is_killed_with_all_it_started(
    qtbot: QtBot, child: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "CLOSING_MS", 300)
    process = child("""
        import subprocess
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print('{"kind": "Progress", "done": %d, "total": 2, "text": ""}' % grandchild.pid)
        while True:
            time.sleep(1)
    """)
    qtbot.waitUntil(lambda: bool(process.heard), timeout=20_000)
    pid, grandchild = process.pid, process.heard[0].done
    begun = time.monotonic()
    process.close()
    assert time.monotonic() - begun < 5.0
    assert gone(pid)
    qtbot.waitUntil(lambda: gone(grandchild), timeout=5_000)
    assert len(process.heard) == 1


def test_that_a_program_that_cannot_be_started_is_said(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "command_for", lambda _: ["/no/such/python"])
    process = WorkerProcess()
    heard: list[object] = []
    process.said.connect(heard.append)
    process.start(PredictJob("none", ()))
    qtbot.waitUntil(lambda: bool(heard), timeout=20_000)
    assert isinstance(heard[0], WorkFailed)
    assert "could not be started" in heard[0].reason


def test_that_a_job_that_cannot_be_written_is_the_last_word(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    process = WorkerProcess()
    heard: list[object] = []
    process.said.connect(heard.append)
    process.start(FineTuneJob(str(tmp_path / "file" / "run"), "", (), "", ""))
    assert len(heard) == 1
    assert isinstance(heard[0], WorkFailed)
    assert "could not be started" in heard[0].reason
    assert not process.running
