import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import tifffile

from semiview.files.gauge_file import read_gauges, read_template
from semiview.files.registration_table import update_registrations
from semiview.tasks.align import AlignOptions, align_project
from semiview.tasks.measure import PARTS, MeasureOptions, measure_project
from semiview.tasks.progress import CaseDone, CaseWarned, result_of
from semiview.tasks.workspace import Workspace, open_workspace


@pytest.fixture
def registered(make_project: Callable[..., Path]) -> Workspace:
    """Two fields where they are."""
    workspace = open_workspace(make_project(2))
    rows = {}
    for case_id in ("site/0", "site/1"):
        case = workspace.project.load(case_id)
        rows[case_id] = (case.nominal.moved(10.0, -6.0).by_hand(), case)
    update_registrations(workspace.project.registrations_path, rows)
    return workspace


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_that_gauges_written_come_back_as_a_list_and_another_tool_is_matched(
    registered: Workspace, tmp_path: Path
) -> None:
    result_of(measure_project(registered, tmp_path / "first", MeasureOptions(jobs=1)))
    gauges = [row for row in rows_of(tmp_path / "first/gauges.csv") if row["source"] == "sem" and row["cd_nm"]]
    assert len(gauges) > 10
    listed = tmp_path / "listed.csv"
    with listed.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*gauges[0], "cd_reference_nm"])
        writer.writeheader()
        for row in gauges:
            name = f"list {row['gauge_id']} of {row['case_id']}"
            reference = f"{(float(row['cd_nm']) - 2.0) / 1.05}"
            writer.writerow({**row, "gauge_id": name, "feature_id": "-1", "cd_reference_nm": reference})
    (tmp_path / "other.toml").write_text(
        '[columns]\ngauge_id = "gauge_id"\ncase_id = "case_id"\nmode = "mode"\nx_nm = "x_nm"\ny_nm = "y_nm"\n'
        'angle_deg = "angle_deg"\nlength_nm = "length_nm"\nwidth_nm = "width_nm"\ncd_design_nm = "cd_design_nm"\n'
        'cd_reference_nm = "cd_reference_nm"\nfeature_id = "feature_id"\n'
    )
    template = read_template(tmp_path / "other.toml")
    options = MeasureOptions(jobs=1, gauges=read_gauges(listed, template), template=template, excel=True)
    summary = result_of(measure_project(registered, tmp_path / "out", options))
    matching = summary["matching"]
    assert matching["n"] == len(gauges)
    assert matching["slope"] == pytest.approx(1.05, abs=1e-3)
    assert matching["offset_nm"] == pytest.approx(2.0, abs=0.1)
    assert matching["residual_sigma_nm"] < 0.05
    again = {row["gauge_id"]: row for row in rows_of(tmp_path / "out/matching.csv")}
    for row in gauges:
        same = again[f"list {row['gauge_id']} of {row['case_id']}"]
        assert float(same["cd_nm"]) == pytest.approx(float(row["cd_nm"]), abs=1e-6)
    names = {row["gauge_name"] for row in rows_of(tmp_path / "out/opc_gauges.csv")}
    assert set(again) <= names
    foreign = read_gauges(tmp_path / "out/gauges.other.csv", template)
    assert {each.gauge.gauge_id for each in foreign} >= set(again)
    with ZipFile(tmp_path / "out/measurements.xlsx") as book:
        assert book.testzip() is None
    assert json.loads((tmp_path / "out/manifest.json").read_text())["inputs"].keys() >= {
        str(registered.project.folder / "cases.csv"),
        str(registered.project.registrations_path),
    }


def test_that_what_was_measured_before_a_stop_is_written_and_the_rest_is_named(
    registered: Workspace, tmp_path: Path
) -> None:
    task = measure_project(registered, tmp_path, MeasureOptions(jobs=1))
    while not isinstance(next(task), CaseDone):
        pass
    task.close()
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["failed"] == [{"case": "site/1", "reason": "stopped before its turn"}]
    assert {row["case_id"] for row in rows_of(tmp_path / "gauges.csv")} == {"site/0"}


TABLES = ("gauges", "epe", "roughness", "scores", "opc_gauges")


def taken_over(folder: Path) -> set[str]:
    cases = json.loads((folder / "manifest.json").read_text())["cases"]
    return {case_id for case_id, told in cases.items() if told["taken_over"]}


def test_that_a_stopped_measurement_goes_on_and_ends_as_if_it_had_never_stopped(
    registered: Workspace, tmp_path: Path
) -> None:
    result_of(measure_project(registered, tmp_path / "whole", MeasureOptions(jobs=1)))
    task = measure_project(registered, tmp_path / "parted", MeasureOptions(jobs=1))
    while not isinstance(next(task), CaseDone):
        pass
    task.close()
    summary = result_of(measure_project(registered, tmp_path / "parted", MeasureOptions(jobs=1, resume=True)))
    assert (summary["taken_over"], summary["failed"]) == (1, [])
    assert taken_over(tmp_path / "parted") == {"site/0"}
    for name in TABLES:
        assert (tmp_path / f"parted/{name}.csv").read_text() == (tmp_path / f"whole/{name}.csv").read_text()
    whole, parted = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("whole", "parted"))
    assert {**whole, "seconds": 0, "taken_over": 0} == {**parted, "seconds": 0, "taken_over": 0}


def test_that_what_has_changed_is_not_taken_over(registered: Workspace, tmp_path: Path) -> None:
    folder, out = registered.project.folder, tmp_path / "out"
    result_of(measure_project(registered, out, MeasureOptions(jobs=1)))
    again = MeasureOptions(jobs=1, resume=True)

    def resumed() -> set[str]:
        result_of(measure_project(open_workspace(folder), out, again))
        return taken_over(out)

    assert resumed() == {"site/0", "site/1"}
    case = registered.project.load("site/0")
    update_registrations(
        registered.project.registrations_path, {"site/0": (case.nominal.moved(11.0, -6.0).by_hand(), case)}
    )
    assert resumed() == {"site/1"}
    image = folder / "field 1.tif"
    image.write_bytes(image.read_bytes() + b"\0")
    assert resumed() == {"site/0"}
    (folder / "project.toml").write_text("[measure]\ntolerance_nm = 9.0\n")
    assert resumed() == set()
    assert resumed() == {"site/0", "site/1"}
    (part, _) = sorted((out / PARTS).iterdir())
    part.write_bytes(part.read_bytes()[:1000])
    assert resumed() == {"site/1"}


def test_that_doubtful_input_is_told_with_its_case(make_project: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_project(1)
    (folder / "field 0.txt").write_text("[SemImageFile]\nInstructName=S\nDataSize=320x256\nPixelSize=2.2\n")
    (folder / "project.toml").write_text("nm_per_px = 2.5\n")
    task = measure_project(open_workspace(folder), tmp_path, MeasureOptions(jobs=1))
    told = [event.warning for event in task if isinstance(event, CaseWarned)]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["warned"] == [{"case": "site/0", "warnings": told}]
    assert [("case list" in each, "project default" in each) for each in told] == [(True, False), (False, True)]
    aligned = list(align_project(open_workspace(folder), AlignOptions(method="nominal", jobs=1)))
    assert [event.warning for event in aligned if isinstance(event, CaseWarned)] == told


def test_that_what_cannot_be_read_is_counted_and_says_why(registered: Workspace, tmp_path: Path) -> None:
    folder = registered.project.folder
    tifffile.imwrite(folder / "flat.tif", np.full((256, 320), 90, np.uint8))
    lines = (folder / "cases.csv").read_text().splitlines()
    flat = lines[1].replace("site/0", "flat").replace("field 0.tif", "flat.tif")
    unsized = lines[1].replace("site/0", "unsized").replace(",2.0,", ",,")
    (folder / "cases.csv").write_text("\n".join([*lines, flat, unsized]))
    (tmp_path / "off.csv").write_text("gauge_id,case_id,x_nm,y_nm,length_nm,width_nm\noff,flat,9e6,0,80,40\n")
    options = MeasureOptions(jobs=1, nominal=True, gauges=read_gauges(tmp_path / "off.csv"))
    summary = result_of(measure_project(open_workspace(folder), tmp_path / "out", options, ["flat", "unsized"]))
    gauges, points = (rows_of(tmp_path / f"out/{name}.csv") for name in ("gauges", "epe"))
    assert {row["case_id"] for row in (*gauges, *points)} == {"flat"}  # no nanometre without a pixel size
    assert all(row["status"] == "no value" and row["reason"] for row in gauges)
    assert {row["reason"] for row in gauges if row["gauge_id"] == "off"} == {"outside the picture"}
    states = Counter(row["state"] for row in points)
    assert set(states) <= {"missing", "unobserved"}
    assert summary["epe"]["missing"] == states["missing"] > 0
    assert [each["case"] for each in summary["failed"]] == ["unsized"]
