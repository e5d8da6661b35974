"""What designs should look like, and the pictures that nobody has decided on, over a project."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from semiview.cli import app
from semiview.core.review import Approval, Decision
from semiview.feedback.record import Record
from semiview.files.expected_sem_file import find_expected, read_expected, write_expected
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import to_bytes
from semiview.learning.generators import generators_folder
from semiview.learning.messages import TrainingOptions
from semiview.learning.networks import PatternNet
from semiview.tasks.decide import decide
from semiview.tasks.expect import NOT_REGISTERED, expect_project
from semiview.tasks.measure import MeasureOptions, measure_case
from semiview.tasks.open import open_case
from semiview.tasks.progress import result_of
from semiview.tasks.train import training_job
from semiview.tasks.trigger import last_run
from semiview.tasks.workspace import Workspace, open_workspace

MakeProject = Callable[..., Path]


def with_generator(folder: Path) -> str:
    """A network that passes the design on, as if it had been trained."""
    generators = generators_folder(folder / "checkpoints")
    generators.mkdir(parents=True)
    data = to_bytes(PatternNet(), {"id": "20260101-1", "task": "design -> sem"})
    (generators / "20260101-1.safetensors").write_bytes(data)
    return "20260101-1"


def registered(workspace: Workspace, case_id: str) -> None:
    opened = open_case(workspace, case_id)
    document = replace(opened.document, registration=opened.document.registration.moved(10.0, -6.0).by_hand())
    decide(workspace, opened.case, document, None, Decision("accept", "reviewer", Approval(False, True, False)))


def test_that_a_project_without_such_a_network_says_what_to_do(make_project: MakeProject) -> None:
    with pytest.raises(FileProblem, match="train PROJECT --direction sem"):
        result_of(expect_project(open_workspace(make_project(1))))


def test_that_registered_cases_get_a_picture_and_the_others_are_named(make_project: MakeProject) -> None:
    folder = make_project(2)
    maker = with_generator(folder)
    workspace = open_workspace(folder)
    registered(workspace, "site/0")
    result = result_of(expect_project(workspace))
    assert (list(result.paths), result.failed) == (["site/0"], {"site/1": NOT_REGISTERED})
    case = open_case(workspace, "site/0").case
    path = find_expected(workspace.project.predictions_folder, "site/0")
    assert path == result.paths["site/0"] == workspace.project.prediction_path(maker, "site/0")
    grey = read_expected(path, case.sem)
    low, high = np.percentile(case.sem.pixels, (1, 99))
    assert low - 40 < grey.mean() < high + 40
    assert result_of(expect_project(workspace)).paths == {}  # it is there already
    assert list(result_of(expect_project(workspace, all_cases=True)).paths) == ["site/0"]


def test_that_nothing_is_measured_on_a_generated_picture(make_project: MakeProject) -> None:
    folder = make_project(1)
    shape = open_case(open_workspace(folder), "site/0").case.sem.shape
    path = folder / "predictions" / "maker" / "site%2F0.npy"
    write_expected(path, np.random.default_rng(0).random(shape).astype(np.float32), "maker")
    with (folder / "cases.csv").open() as file:
        (row,) = csv.DictReader(file)
    with (folder / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*row, "prediction"])
        writer.writeheader()
        writer.writerow({**row, "prediction": str(path.relative_to(folder))})
    workspace = open_workspace(folder)
    opened = open_case(workspace, "site/0")
    assert opened.case.prediction is None
    assert any("nothing is measured on it" in warning for warning in opened.case.warnings)
    measured = measure_case(workspace, "site/0", MeasureOptions(nominal=True, jobs=1))
    assert set(measured.measurement.outlines_px) == {"sem"}
    assert any("nothing is measured on it" in warning for warning in measured.warnings)


def test_that_undecided_pictures_of_no_held_out_group_train_both_ways(make_project: MakeProject) -> None:
    folder = make_project(4)
    workspace = open_workspace(folder)
    for number in range(6):
        group = f"wafer {number}" if number < 3 else f"other {number}"
        record = Record.example(number, (64, 64))
        workspace.store.append(replace(record, case_id=f"x{number}", group=group, checkpoint_id="", tables={}))
    held_out = {group for group, split in workspace.store.splits().items() if split in ("validation", "test")}
    registered(workspace, "site/3")
    job = training_job(workspace, TrainingOptions(bidirectional=True))
    expected = [f"site/{n}" for n in range(3) if f"wafer {n}" not in held_out]
    assert [one.case_id for one in job.unpaired] == expected
    assert len(expected) < 3  # or this would not show that held-out groups stay away
    np.testing.assert_array_equal(np.load(job.unpaired[0].image_npy), open_case(workspace, expected[0]).case.sem.pixels)
    assert training_job(workspace, TrainingOptions()).unpaired == ()


def test_that_the_way_back_starts_anew_or_where_the_last_one_ended(make_project: MakeProject) -> None:
    folder = make_project(1)
    workspace = open_workspace(folder)
    workspace.store.append(replace(Record.example(0, (64, 64)), checkpoint_id="", tables={}))
    options = TrainingOptions(answers="sem")
    job = training_job(workspace, options)
    assert job.start_checkpoint == ""
    Path(job.run_folder).mkdir(parents=True)
    assert last_run(workspace) is None  # it learns nothing that a trigger counts
    maker = with_generator(folder)
    assert training_job(workspace, options).start_checkpoint.endswith(f"{maker}.safetensors")


def test_that_options_that_do_not_go_together_are_wrong_use(make_project: MakeProject) -> None:
    folder = str(make_project(1))
    for arguments in (
        ["train", folder, "--adversarial"],
        ["train", folder, "--bidirectional", "--direction", "sem"],
        ["predict", folder, "--direction", "sem", "--average"],
        ["predict", folder, "--direction", "sideways"],
    ):
        assert CliRunner().invoke(app, arguments).exit_code == 2, arguments


@pytest.mark.slow
def test_that_the_way_back_is_trained_and_used_from_the_shell(make_project: MakeProject) -> None:
    folder = make_project(2)
    workspace = open_workspace(folder)
    for number in range(6):
        record = Record.example(number, (64, 64))
        workspace.store.append(replace(record, approves_registration=number < 5, checkpoint_id="", tables={}))
    registered(workspace, "site/0")
    told = CliRunner().invoke(app, ["train", str(folder), "--direction", "sem", "--epochs", "1", "--json"])
    assert told.exit_code == 0, told.output
    said = json.loads(told.stdout)
    assert said["promoted"] is False
    assert said["gate"] is None
    assert said["pictures"]["checkpoint_id"] == said["checkpoint"]
    assert [why for _, why in said["samples"]["left_out"]] == ["nobody approved its registration"]
    assert open_workspace(folder).registry.current().id != said["checkpoint"]
    told = CliRunner().invoke(app, ["predict", str(folder), "--direction", "sem", "--json"])
    assert told.exit_code == 1  # one case is not registered
    said = json.loads(told.stdout)
    assert list(said["failed"]) == ["site/1"]
    assert Path(said["predicted"]["site/0"]).exists()


@pytest.mark.slow
def test_that_training_both_ways_ends_at_the_gate(make_project: MakeProject) -> None:
    folder = make_project(1)
    workspace = open_workspace(folder)
    for number in range(4):
        workspace.store.append(replace(Record.example(number, (64, 64)), checkpoint_id="", tables={}))
    arguments = ["train", str(folder), "--bidirectional", "--adversarial", "--epochs", "1", "--json"]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    said = json.loads(told.stdout)
    assert said["gate"]["verdict"] == "engineer decides"
    assert workspace.registry.get(said["checkpoint"]).card["options"]["bidirectional"] is True
