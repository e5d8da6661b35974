import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from semiview.core.coverage import Coverage
from semiview.core.prediction import Prediction
from semiview.core.review import Approval, Decision
from semiview.files.problem import FileProblem
from semiview.files.registration_table import read_registrations, update_registrations
from semiview.learning.messages import TrainingOptions
from semiview.metrology.measurement import measure
from semiview.tasks.align import AlignOptions, align_project
from semiview.tasks.decide import decide, free_share, retract
from semiview.tasks.demo import unpack_example
from semiview.tasks.measure import MeasureOptions, measure_project, with_approved_shape
from semiview.tasks.open import open_case
from semiview.tasks.pool import each_case
from semiview.tasks.progress import CaseDone, CaseFailed, Progress, result_of
from semiview.tasks.train import training_job
from semiview.tasks.workspace import Workspace, open_workspace

MakeProject = Callable[..., Path]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_that_alignment_finds_the_shift_and_the_table_keeps_it(make_project: MakeProject) -> None:
    folder = make_project()
    result = result_of(align_project(open_workspace(folder), AlignOptions(jobs=1)))
    assert not result.failed
    for row in read_registrations(folder / "registrations.csv").values():
        # Mostly horizontal lines: their ends alone tell x, and the table says how well.
        assert float(row["shift_x_nm"]) == pytest.approx(10.0, abs=max(1.0, 3 * float(row["sigma_x_nm"])))
        assert float(row["sigma_x_nm"]) < 4.0
        assert float(row["shift_y_nm"]) == pytest.approx(-6.0, abs=1.0)
        assert row["verdict"] == "unique"


def test_that_two_processes_find_what_one_finds(make_project: MakeProject) -> None:
    folder = make_project(2)
    alone = result_of(align_project(open_workspace(folder), AlignOptions(jobs=1)))
    together = result_of(align_project(open_workspace(folder), AlignOptions(jobs=2)))
    for case_id, registration in alone.found.items():
        assert together.found[case_id].parameters == pytest.approx(registration.parameters, rel=1e-4)


def test_that_a_registration_set_by_hand_is_kept_unless_all_are_asked_for(make_project: MakeProject) -> None:
    folder = make_project(1)
    workspace = open_workspace(folder)
    case = workspace.project.load("site/0")
    by_hand = case.nominal.moved(3.0, 4.0).by_hand()
    from_table = folder / "registrations.csv"
    result_of(align_project(workspace, AlignOptions(jobs=1)))
    text = from_table.read_text()
    assert "auto" in text or "unique" in text

    update_registrations(from_table, {"site/0": (by_hand, case)})
    kept = result_of(align_project(workspace, AlignOptions(jobs=1)))
    assert kept.kept == ("site/0",)
    assert float(read_registrations(from_table)["site/0"]["shift_x_nm"]) == 3.0
    result_of(align_project(workspace, AlignOptions(all_cases=True, jobs=1)))
    assert float(read_registrations(from_table)["site/0"]["shift_x_nm"]) == pytest.approx(10.0, abs=1.0)


def test_that_a_case_without_its_image_is_named_and_the_others_are_done(make_project: MakeProject) -> None:
    folder = make_project()
    (folder / "field 1.tif").unlink()
    events = list(align_project(open_workspace(folder), AlignOptions(jobs=1)))
    assert [event.case_id for event in events if isinstance(event, CaseFailed)] == ["site/1"]
    assert "field 1.tif" in next(event.reason for event in events if isinstance(event, CaseFailed))
    assert {event.case_id for event in events if isinstance(event, CaseDone)} == {"site/0", "site/2"}
    assert [event.done for event in events if isinstance(event, Progress)] == [1, 2, 3]


def test_that_an_unregistered_case_has_no_epe_and_says_so(make_project: MakeProject, tmp_path: Path) -> None:
    folder = make_project(1)
    summary = result_of(measure_project(open_workspace(folder), tmp_path / "out", MeasureOptions(jobs=1)))
    assert summary["epe"]["n"] == 0
    assert "unregistered" in summary["failed"][0]["reason"]
    nominal = result_of(measure_project(open_workspace(folder), tmp_path / "out", MeasureOptions(nominal=True, jobs=1)))
    assert nominal["failed"] == []
    assert nominal["epe"]["n"] > 50


def test_that_every_row_without_a_value_has_a_reason(make_project: MakeProject, tmp_path: Path) -> None:
    folder = make_project(2)
    workspace = open_workspace(folder)
    result_of(align_project(workspace, AlignOptions(jobs=1)))
    summary = result_of(measure_project(workspace, tmp_path / "out", MeasureOptions(jobs=1)))
    assert json.loads((tmp_path / "out/summary.json").read_text()) == summary
    epe = rows_of(tmp_path / "out/epe.csv")
    assert len(epe) > 100
    assert all(row["epe_nm"] or row["reason"] for row in epe)
    gauges = rows_of(tmp_path / "out/gauges.csv")
    assert gauges
    assert all(row["cd_nm"] or row["reason"] for row in gauges)
    assert abs(summary["epe"]["mean_nm"]) < 1.5


def test_that_a_decision_comes_back_whole_and_can_be_taken_back(make_project: MakeProject) -> None:
    workspace = open_workspace(make_project(1))
    result_of(align_project(workspace, AlignOptions(jobs=1)))
    opened = open_case(workspace, "site/0")
    shape = np.zeros(opened.case.sem.shape, np.uint8)
    shape[40:80, 50:120] = 255
    ignored = np.zeros_like(shape)
    ignored[:10] = 255
    document = replace(opened.document, correction=Coverage.from_array(shape), ignore=Coverage.from_array(ignored))
    measurement = measure(opened.case, document)
    decision = Decision("correct", "reviewer", Approval(True, True, True), note="a box")
    record_id = decide(workspace, opened.case, document, measurement, decision)

    record = workspace.store.load(record_id)
    assert record.approved is not None
    assert np.array_equal(record.approved == 1, shape == 255)
    assert np.array_equal(record.approved == 2, ignored == 255)
    assert np.array_equal(record.sem, opened.case.sem.pixels)
    assert record.registration is not None
    assert np.array_equal(record.registration.parameters, document.registration.parameters)
    assert set(record.tables) == {"epe", "cd", "scores", "roughness", "conditions", "correction"}
    assert open_case(workspace, "site/0").review.state == "corrected"
    assert len(workspace.store.snapshot()) == 1

    retract(workspace, record_id, "reviewer")
    assert open_case(workspace, "site/0").review.state == "undecided"
    assert workspace.store.snapshot() == ()
    assert len(workspace.store.history("site/0")) == 2


def test_that_the_same_reviewer_replaces_and_another_disputes(make_project: MakeProject) -> None:
    workspace = open_workspace(make_project(1))
    opened = open_case(workspace, "site/0")
    document = replace(opened.document, correction=Coverage.from_array(np.zeros(opened.case.sem.shape, np.uint8)))
    for kind in ("skip", "correct"):
        decide(workspace, opened.case, document, None, Decision(kind, "first"))
    assert workspace.store.review("site/0").state == "corrected"
    decide(workspace, opened.case, document, None, Decision("reject", "second", reason="wrong shape"))
    assert workspace.store.review("site/0").state == "disputed"
    heads = workspace.store.heads("site/0")
    decide(workspace, opened.case, document, None, Decision("correct", "third", supersedes=heads))
    assert workspace.store.review("site/0").state == "corrected"


def test_that_the_registration_that_counts_is_the_approved_one(make_project: MakeProject) -> None:
    workspace = open_workspace(make_project(1))
    result_of(align_project(workspace, AlignOptions(jobs=1)))
    opened = open_case(workspace, "site/0")
    moved = opened.document.registration.moved(1.0, 0.0).by_hand()
    shape = Coverage.from_array(np.full(opened.case.sem.shape, 255, np.uint8))
    document = replace(opened.document, registration=moved, correction=shape)
    decide(workspace, opened.case, document, None, Decision("correct", "reviewer", Approval(True, True, False)))
    assert np.array_equal(open_case(workspace, "site/0").document.registration.parameters, moved.parameters)


def test_that_a_row_of_another_image_is_left_out_with_a_sentence(make_project: MakeProject) -> None:
    folder = make_project(2)
    workspace = open_workspace(folder)
    result_of(align_project(workspace, AlignOptions(jobs=1)))
    (folder / "field 0.tif").write_bytes((folder / "field 1.tif").read_bytes())
    opened = open_case(open_workspace(folder), "site/0")
    assert opened.document.registration.unusable_because == "unregistered"
    assert any("another image" in warning for warning in opened.case.warnings)


def test_that_what_was_approved_of_another_image_does_not_count(make_project: MakeProject) -> None:
    folder = make_project(2)
    workspace = open_workspace(folder)
    opened = open_case(workspace, "site/0")
    shape = Coverage.from_array(np.full(opened.case.sem.shape, 255, np.uint8))
    by_hand = opened.document.registration.moved(3.0, 0.0).by_hand()
    document = replace(opened.document, registration=by_hand, correction=shape)
    decide(workspace, opened.case, document, None, Decision("correct", "reviewer", Approval(True, True, False)))
    assert with_approved_shape(workspace, opened.case, opened.document).correction is not None
    (folder / "field 0.tif").write_bytes((folder / "field 1.tif").read_bytes())
    again = open_case(workspace, "site/0")
    assert again.document.registration.unusable_because == "unregistered"
    assert any("another one than when" in warning for warning in again.case.warnings)
    assert with_approved_shape(workspace, again.case, again.document).correction is None


def test_that_nothing_can_be_approved_where_there_is_no_shape(make_project: MakeProject) -> None:
    workspace = open_workspace(make_project(1))
    opened = open_case(workspace, "site/0")
    with pytest.raises(ValueError, match="no shape to approve"):
        decide(workspace, opened.case, opened.document, None, Decision("accept", "reviewer"))


def test_that_a_registration_is_approved_without_a_shape(make_project: MakeProject) -> None:
    workspace = open_workspace(make_project(1))
    opened = open_case(workspace, "site/0")
    document = replace(opened.document, registration=opened.document.registration.moved(3.0, 0.0).by_hand())
    decide(workspace, opened.case, document, None, Decision("accept", "reviewer", Approval(False, True, False)))
    assert open_case(workspace, "site/0").document.registration.shift_x_nm == 3.0
    assert workspace.store.snapshot() == ()


def test_that_a_checkpoint_that_is_gone_does_not_keep_a_decision_from_being_saved(make_project: MakeProject) -> None:
    workspace = open_workspace(make_project(1))
    opened = open_case(workspace, "site/0")
    probability = np.full(opened.case.sem.shape, 0.75, np.float32)
    case = opened.case.with_prediction(Prediction(probability, "of another machine"))
    record = workspace.store.load(decide(workspace, case, opened.document, None, Decision("accept", "reviewer")))
    assert (record.checkpoint_id, record.checkpoint_sha256) == ("of another machine", "")


def break_on_site_1(workspace: Workspace, case_id: str, argument: object) -> str:
    if case_id == "site/1":
        raise ZeroDivisionError("by nothing")
    return case_id


@pytest.mark.parametrize("jobs", [1, 2])
def test_that_a_fault_in_one_case_does_not_cost_the_others(make_project: MakeProject, jobs: int) -> None:
    workspace = open_workspace(make_project())
    outcomes = list(each_case(workspace, break_on_site_1, ["site/0", "site/1", "site/2"], None, jobs))
    assert {outcome.answer for outcome in outcomes} == {"site/0", None, "site/2"}
    assert [outcome.case_id for outcome in outcomes if "by nothing" in outcome.reason] == ["site/1"]


def test_that_measuring_leaves_nothing_in_the_project(make_project: MakeProject, tmp_path: Path) -> None:
    folder = make_project(1)
    before = sorted(folder.rglob("*"))
    result_of(measure_project(open_workspace(folder, read_only=True), tmp_path / "out", MeasureOptions(jobs=1)))
    assert sorted(folder.rglob("*")) == before


def test_that_the_loop_without_a_window_leaves_the_windows_example_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda name: str(tmp_path / name))
    decided = unpack_example() / "feedback" / "decided by a person"
    decided.parent.mkdir()
    decided.write_text("yes")
    by_itself = unpack_example(headless=True) / "leftover"
    by_itself.write_text("of the last run")
    assert not (unpack_example(headless=True) / "leftover").exists()
    assert unpack_example() == decided.parent.parent
    assert decided.read_text() == "yes"


def test_that_training_on_nothing_says_what_to_do(make_project: MakeProject) -> None:
    with pytest.raises(FileProblem, match="Accept or correct"):
        training_job(open_workspace(make_project(1)), TrainingOptions())


def test_that_an_outline_on_no_known_edge_counts_as_drawn_free() -> None:
    box = np.array([[5.0, 5.0], [20.0, 5.0], [20.0, 20.0], [5.0, 20.0]])
    assert free_share((box,), None, (32, 32)) == 1.0
    assert free_share((), None, (32, 32)) == 0.0
