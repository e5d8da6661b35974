"""The commands that look after a store, as a script calls them: one JSON document, exit codes, nothing lost."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from semiview.commands.store import store_app
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem


def run(*arguments: object) -> tuple[int, Any]:
    """Exit code and the JSON document."""
    answer = CliRunner().invoke(store_app, [str(argument) for argument in arguments])
    if isinstance(answer.exception, FileProblem):
        raise answer.exception
    return answer.exit_code, json.loads(answer.stdout) if answer.stdout.startswith("{") else answer.output


@pytest.fixture
def project(tmp_path: Path) -> Path:
    store = FeedbackStore.open(tmp_path / "project" / "feedback")
    for seed in range(4):
        store.append(replace(Record.example(seed, (24, 32)), case_id=f"fall {seed} ü"))
    return tmp_path / "project"


def test_that_every_command_says_what_it_did_as_one_json_document(project: Path, tmp_path: Path) -> None:
    assert run("info", project, "--json")[1]["samples"] == 4
    assert run("verify", project, "--json") == (0, {"ok": True, "checked": 4, "damaged": [], "problems": []})
    for kind, out in (("hdf5", "all.h5"), ("png", "pairs"), ("coco", "coco")):
        code, said = run("export", project, "--format", kind, "--out", tmp_path / out, "--json")
        assert (code, said["written"]) == (0, 4)
    (tmp_path / "empty").mkdir()
    code, said = run("import", tmp_path / "empty", tmp_path / "all.h5", "--json")
    assert (code, said["added"], said["already_here"]) == (0, 4, 0)
    code, said = run("merge", tmp_path / "empty", project, "--json")
    assert (code, said["added"], said["already_here"]) == (0, 0, 4)
    code, said = run("backup", project, "--to", tmp_path / "backup", "--json")
    assert (code, said["records"], said["added"]) == (0, 4, 4)
    assert len(run("restore", project, "--from", tmp_path / "backup", "--list", "--json")[1]["backups"]) == 1


def test_that_a_damaged_record_is_named_and_comes_back(project: Path, tmp_path: Path) -> None:
    run("backup", project, "--to", tmp_path / "backup", "--json")
    victim = next((project / "feedback" / "records").rglob("*.h5"))
    victim.write_bytes(victim.read_bytes()[:-1])
    code, said = run("verify", project, "--json")
    assert (code, said["ok"], [each["path"] for each in said["damaged"]]) == (1, False, [str(victim)])
    code, said = run("repair", project, "--from", tmp_path / "backup", "--json")
    assert (code, said["restored"]) == (0, [victim.stem])
    victim.unlink()
    code, said = run("restore", project, "--from", tmp_path / "backup", "--json")
    assert (code, said["added"]) == (0, 1)
    assert run("verify", project, "--json")[0] == 0


def test_that_a_zip_of_a_store_is_merged_and_a_hostile_one_is_not(project: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with zipfile.ZipFile(tmp_path / "store.zip", "w") as archive:
        for path in (project / "feedback").rglob("*"):
            archive.write(path, path.relative_to(tmp_path))
    code, said = run("merge", tmp_path / "here", tmp_path / "store.zip", "--json")
    assert (code, said["added"]) == (0, 4)
    with zipfile.ZipFile(tmp_path / "store.zip", "a") as archive:
        archive.writestr("../outside", b"x")
    with pytest.raises(FileProblem, match="refused"):
        run("merge", tmp_path / "here", tmp_path / "store.zip", "--json")


def test_that_wrong_use_is_said(project: Path, tmp_path: Path) -> None:
    assert run("export", project, "--out", tmp_path / "x", "--format", "pickle")[0] == 2
    assert run("import", project, tmp_path)[0] == 2
    assert run("restore", project, "--from", tmp_path, "--at", "yesterday")[0] == 2
    with pytest.raises(FileProblem, match="no feedback store"):
        run("info", tmp_path / "nowhere")
