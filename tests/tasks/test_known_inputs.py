"""A case warns of files whose bytes are not those that it was first opened with."""

from collections.abc import Callable
from pathlib import Path

import tifffile
from typer.testing import CliRunner

from semiview.cli import app
from semiview.files.project import Project
from semiview.tasks.open import open_case
from semiview.tasks.workspace import open_workspace

MakeProject = Callable[..., Path]
SENTENCE = "are not those that were read on"


def test_that_a_changed_picture_is_a_warning_until_it_is_accepted(make_project: MakeProject) -> None:
    folder = make_project(2)
    assert not any(SENTENCE in warning for warning in open_case(open_workspace(folder), "site/0").case.warnings)
    path = folder / "field 0.tif"
    pixels = tifffile.imread(path)
    pixels[3, 4] ^= 1
    tifffile.imwrite(path, pixels)
    warnings = [w for w in Project.open(folder).load("site/0").warnings if SENTENCE in w]
    assert len(warnings) == 1
    assert "field 0.tif" in warnings[0]
    assert not any(SENTENCE in warning for warning in Project.open(folder).load("site/1").warnings)
    runner = CliRunner()
    assert runner.invoke(app, ["files", str(folder)]).exit_code == 1
    assert runner.invoke(app, ["files", str(folder), "--accept"]).exit_code == 0
    assert runner.invoke(app, ["files", str(folder)]).exit_code == 0
    assert not any(SENTENCE in warning for warning in Project.open(folder).load("site/0").warnings)


def test_that_an_edited_table_is_no_problem_and_told_by_the_command(make_project: MakeProject) -> None:
    folder = make_project(1)
    runner = CliRunner()
    assert runner.invoke(app, ["files", str(folder)]).exit_code == 0
    text = (folder / "cases.csv").read_text()
    (folder / "cases.csv").write_text(text.replace("wafer 0", "wafer 8"))
    assert Project.open(folder).problems == ()
    assert runner.invoke(app, ["files", str(folder)]).exit_code == 1


def test_that_an_edited_table_is_told_at_opening_until_it_is_said_to_be_right(make_project: MakeProject) -> None:
    folder = make_project(1)
    assert open_workspace(folder).project.edits == ()
    text = (folder / "cases.csv").read_text()
    (folder / "cases.csv").write_text(text.replace("wafer 0", "wafer 8"))
    (edit,) = open_workspace(folder).project.edits
    assert edit.path.name == "cases.csv"
    Project.open(folder).remember_tables(accept=True)
    assert Project.open(folder).edits == ()
    assert Project.open(folder).set_tone("raised").edits == ()
    assert Project.open(folder).edits == (), "what the program writes is no edit"
