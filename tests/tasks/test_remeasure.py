import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from semiview.cli import app
from semiview.core.coverage import Coverage
from semiview.core.design import Design, DesignLayer
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.prediction import Prediction
from semiview.core.raster import coverage
from semiview.core.review import Approval, Decision
from semiview.files.problem import FileProblem
from semiview.metrology.measurement import measure
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate
from semiview.tasks.decide import decide, record_of
from semiview.tasks.open import open_case
from semiview.tasks.remeasure import compare_tables, held_ignore_layers, remeasure
from semiview.tasks.workspace import Workspace, open_workspace

TAKEN = Approval(True, True, True)
LATER_TABLES = ("roughness", "ignore_layers")


@pytest.fixture
def decided(make_project: Callable[..., Path]) -> tuple[Workspace, str]:
    """One field with a prediction and a correction of it, accepted with its measurement."""
    folder = make_project(1)
    (folder / "project.toml").write_text('[measure]\nedge_algorithm = "sigmoid"\nrows_averaged = 2\n')
    workspace = open_workspace(folder)
    opened = open_case(workspace, "site/0")
    registration = opened.case.nominal.moved(10.0, -6.0).by_hand()
    assert opened.case.design is not None
    drawn = coverage([registration.outline_to_px(each) for each in opened.case.design.target], opened.case.sem.shape)
    case = opened.case.with_prediction(Prediction(np.float16(drawn * 0.9).astype(np.float32), "one"))
    ignored = np.zeros(case.sem.shape, np.uint8)
    ignored[:, :30] = 255
    document = Document(
        registration, Coverage.from_probability(drawn.astype(np.float32)), Coverage.from_array(ignored), (),
        opened.document.settings,
    )  # fmt: skip
    return workspace, decide(workspace, case, document, measure(case, document), Decision("correct", "r", TAKEN))


def test_that_a_record_gives_its_own_numbers_back_by_id_beginning_or_case(decided: tuple[Workspace, str]) -> None:
    workspace, record_id = decided
    result = remeasure(workspace, record_id[:20])
    for wanted in (record_id, "site/0"):
        assert remeasure(workspace, wanted).record_id == record_id
    assert result.deviations == ()
    assert result.unmatched == ()
    assert (result.record_id, result.same) == (record_id, True)
    assert result.compared > 5_000
    assert not [each for each in result.conditions if each.differs]
    tables = workspace.store.load(record_id).tables
    assert {"sem", "prediction", "approved"} == set(tables["epe"]["source"].tolist())


def test_that_other_settings_of_the_project_are_named_and_change_no_number(decided: tuple[Workspace, str]) -> None:
    workspace, record_id = decided
    path = workspace.project.folder / "project.toml"
    path.write_text('nm_per_px = 3.0\n[measure]\nedge_algorithm = "threshold"\nrows_averaged = 2\n')
    cases = workspace.project.folder / "cases.csv"
    cases.write_text(cases.read_text().replace(",2.0,", ",2.05,"))
    result = remeasure(open_workspace(workspace.project.folder), record_id)
    assert result.same
    changed = {each.what: (each.recorded, each.now) for each in result.conditions if each.differs}
    assert changed["edge_algorithm"] == ("sigmoid", "threshold")
    assert changed["pixel size"] == ("2 x 2 nm (case list)", "2.05 x 2.05 nm (case list)")
    assert set(changed) == {"edge_algorithm", "pixel size", "scale of CD"}


def test_that_a_number_that_does_not_come_back_is_named_with_both_values(decided: tuple[Workspace, str]) -> None:
    workspace, record_id = decided
    held = workspace.store.load(record_id)
    table = dict(held.tables["cd"])
    row = int(np.flatnonzero(np.isfinite(table["cd_nm"]) & (table["source"] == "sem"))[0])
    table["cd_nm"] = table["cd_nm"].copy()
    table["cd_nm"][row] += 0.25
    changed = replace(held, tables={**held.tables, "cd": table}, program_version="0.0.9", supersedes=(record_id,))
    result = remeasure(workspace, workspace.store.append(changed))
    assert not result.same
    (only,) = result.deviations
    assert (only.table, only.column, only.source, only.rows) == ("cd", "cd_nm", "sem", 1)
    assert only.largest == pytest.approx(0.25)
    assert only.recorded is not None
    assert only.now is not None
    assert only.recorded - only.now == pytest.approx(0.25)
    assert str(table["gauge_id"][row]) in only.where
    assert ("program version", "0.0.9") in {(each.what, each.recorded) for each in result.conditions if each.differs}


def test_that_the_command_ends_with_0_or_1_and_prints_one_document(decided: tuple[Workspace, str]) -> None:
    workspace, _ = decided
    answer = CliRunner().invoke(app, ["remeasure", str(workspace.project.folder), "site/0", "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["same"] is True


def test_that_what_holds_no_measurement_or_is_not_there_is_said(decided: tuple[Workspace, str]) -> None:
    workspace, _ = decided
    opened = open_case(workspace, "site/0")
    skipped = workspace.store.append(record_of(opened.case, opened.document, None, Decision("skip", "r")))
    with pytest.raises(FileProblem, match="holds no measurement"):
        remeasure(workspace, skipped)
    with pytest.raises(FileProblem, match="no record nothing"):
        remeasure(workspace, "nothing")


def test_that_rows_of_one_side_only_are_counted() -> None:
    old = {"source": np.array(["sem", "sem"]), "gauge_id": np.array(["a", "b"]), "cd_nm": np.array([1.0, np.nan])}
    new = {"source": np.array(["sem", "sem"]), "gauge_id": np.array(["b", "c"]), "cd_nm": np.array([2.0, 3.0])}
    deviations, unmatched, compared = compare_tables("cd", old, new, ("source", "gauge_id"), 2.0)
    assert compared == 1
    assert (deviations[0].recorded, deviations[0].now, deviations[0].rows) == (None, 2.0, 1)
    assert unmatched == [
        "1 of 2 rows of cd are only in the record, such as sem, a",
        "1 of 2 rows of cd are only in today's measurement, such as sem, c",
    ]


def test_that_roughness_and_what_the_design_ignores_come_back_too(make_project: Callable[..., Path]) -> None:
    workspace = open_workspace(make_project(1))
    opened = open_case(workspace, "site/0")
    registration = opened.case.nominal.by_hand()
    centre = np.array(registration.frame.centre_nm)
    lines = tuple(rectangle(x - 30, -600, x + 30, 600) + centre for x in (-240, -120, 0, 120, 240))
    left = (rectangle(-500, -500, -180, 500) + centre,)
    layers = (DesignLayer("1/0", "target", lines), DesignLayer("9/0", "ignore", left))
    field_nm = (*(centre - 900.0).tolist(), *(centre + 900.0).tolist())
    design = Design(lines, layers, "raised", field_nm)
    field = simulate(lines, "raised", registration, opened.case.sem.shape, Recipe(nm_per_px=2.0), 1)
    sem = replace(opened.case.sem, pixels=field.pixels)
    case = replace(opened.case, design=design, sem=sem)
    document = Document(registration, settings=MeasureSettings(rows_averaged=2))
    measurement = measure(case, document)
    assert {row.kind for row in measurement.roughness} == {"LER", "LWR"}
    assert (measurement.epe.reason[measurement.epe.x_nm < centre[0] - 180] == "ignored").any()
    record_id = decide(workspace, case, document, measurement, Decision("accept", "r", Approval(False, True, True)))
    result = remeasure(workspace, record_id)
    assert (result.same, result.deviations, result.unmatched) == (True, (), ())
    assert not [each for each in result.conditions if each.what == "ignore layers"]
    held = workspace.store.load(record_id)
    assert held_ignore_layers(held)[0] == pytest.approx(left[0])
    # Records of before these were kept open as they are, and say what they lack.
    older = replace(held, tables={name: held.tables[name] for name in held.tables if name not in LATER_TABLES})
    old_id = workspace.store.append(older)
    told = remeasure(workspace, old_id)
    assert {each.table for each in told.deviations} <= {"epe", "cd"}
    assert [each.now for each in told.conditions if each.what == "ignore layers"] == ["not in the record"]
