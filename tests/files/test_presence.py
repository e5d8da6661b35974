import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from semiview.files import presence
from semiview.files.presence import SILENT_S, PresenceFile, living

SITS_DOWN = """
import sys, time
from pathlib import Path
from semiview.files.presence import PresenceFile
PresenceFile(Path(sys.argv[1]), "mortal").say("anna", "c1")
print("here", flush=True)
time.sleep(600)
"""


def kill_a_window(folder: Path) -> None:
    """A process that says it has c1 open, and is killed with -9."""
    with subprocess.Popen([sys.executable, "-c", SITS_DOWN, str(folder)], stdout=subprocess.PIPE) as window:
        assert window.stdout is not None
        assert window.stdout.readline() == b"here\n"
        assert "c1" in [one.case_id for one in living(folder)]
        window.kill()


def no_locks(path: Path) -> int | None:
    raise OSError("nothing can be locked here")


def test_that_a_killed_window_has_nothing_open(tmp_path: Path) -> None:
    kill_a_window(tmp_path)
    assert living(tmp_path) == ()
    assert list((tmp_path / "presence").iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are told apart by /proc")
def test_that_a_killed_window_has_nothing_open_where_nothing_can_be_locked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(presence, "try_lock", no_locks)
    PresenceFile(tmp_path, "alive").say("ben", "c2")
    kill_a_window(tmp_path)
    assert [one.case_id for one in living(tmp_path)] == ["c2"]


def test_that_a_window_elsewhere_that_fell_silent_is_not_counted_and_comes_back(tmp_path: Path, monkeypatch) -> None:
    window = PresenceFile(tmp_path, "far")
    monkeypatch.setattr(presence.socket, "gethostname", lambda: "another-machine")
    window.say("anna", "c1")
    monkeypatch.undo()
    path = tmp_path / "presence" / "far.json"
    old = time.time() - SILENT_S - 1
    os.utime(path, (old, old))
    assert living(tmp_path) == ()
    window.say("anna", "c1")
    assert [one.case_id for one in living(tmp_path)] == ["c1"]
    window.leave()
