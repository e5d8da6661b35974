"""Without a display: one sentence and exit code 2, no abort."""

import os
import subprocess
import sys

import pytest

from semiview.ui.start import display_problem

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="displays of Linux")


def test_that_no_display_is_a_sentence_and_exit_code_two(tmp_path) -> None:
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    environment.pop("QT_QPA_PLATFORM", None)
    command = [sys.executable, "-m", "semiview", "open", str(tmp_path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "There is no display" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("display", [":6543", "nonsense", "localhost:4321"])
def test_that_a_display_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, display: str) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    assert display in (display_problem() or "")


def test_that_a_platform_without_a_screen_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert display_problem() is None
