import math
from dataclasses import fields, replace
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import numpy as np
import pytest

from semiview.core.case import CaseInfo
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.files.matching_table import matching_rows
from semiview.files.measured_case import MeasuredCase
from semiview.files.opc_table import opc_rows, project_precision
from semiview.files.table import Table
from semiview.files.table_rows import tables_of
from semiview.files.workbook import write_workbook
from semiview.metrology.cd import CdRow
from semiview.metrology.epe import EpeTable
from semiview.metrology.measurement import Measurement

# The contract, word by word; a table may have more columns behind these.
AGREED = {
    "gauges": "case_id, gauge_id, feature_id, mode, x_nm, y_nm, angle_deg, source, cd_nm, cd_sigma_nm, cd_design_nm, "
    "cd_min_nm, cd_max_nm, cd_se_nm, length_nm, width_nm, diameter_a_nm, diameter_b_nm, n, n_failed, edge_algorithm",
    "epe": "case_id, feature_id, x_nm, y_nm, normal_x, normal_y, source, epe_nm, sigma_nm, feature_class, state, "
    "epe_registration_nm, epe_bias_nm, epe_local_nm",
    "roughness": "case_id, gauge_id, kind, n_edges, length_nm, sigma3_biased_nm, sigma3_unbiased_nm, sigma3_se_nm, "
    "xi_nm, hurst, noise_nm",
    "scores": "case_id, pattern_type, against, l1, ssim, psnr, iou, dice, hausdorff95_nm, epe_mean_nm, epe_3sigma_nm, "
    "cd_bias_nm",
    "opc_gauges": "gauge_name, structure, x1, y1, x2, y2, tone, drawn_nm, mean_nm, sigma_between_images_nm, n, "
    "n_excluded, weight",
}
CARRIED = "status, reason, verdict, record_id, nm_per_px_x, nm_per_px_y, scale_source, pattern_type, group, tool, "
CARRIED += "recipe, layer_name, lot, wafer, field, acquired_at"


def row(name: str, cd: float, x: float = 0.0, y: float = 0.0, feature: int = 3, **more: object) -> CdRow:
    """A vertical line of 50 nm drawn, measured with 0.5 nm standard error, its box 100 nm long."""
    plain = {each.name: math.nan for each in fields(CdRow)}
    known = {
        "gauge_id": name,
        "feature_id": feature,
        "mode": "line",
        "x_nm": x,
        "y_nm": y,
        "angle_deg": 0.0,
        "source": "sem",
        "cd_nm": cd,
        "cd_design_nm": 50.0,
        "cd_se_nm": 0.5,
        "length_nm": 100.0,
        "width_nm": 100.0,
        "n": 20,
        "n_failed": 0,
        "edge_algorithm": "threshold",
        "reason": "" if cd == cd else "no edge",
    }
    return CdRow(**{**plain, **known, **more})  # type: ignore[arg-type]


def measured(case_id: str, *rows: CdRow, references: dict[str, tuple[float, float]] | None = None) -> MeasuredCase:
    size = PixelSize(2.0, 2.0, "given")
    nominal = nominal_registration((8, 8), size, (0.0, 0.0)).by_hand()
    info = CaseInfo(case_id, "line_space")
    measurement = Measurement({}, EpeTable.concatenated([]), rows, (), {}, (), 0.0)
    about = {"tone": "raised", "cell": "TOP", "layout": "chip.gds", "references": references or {}}
    return MeasuredCase(info, f"{case_id}.tif", "a" * 64, size, nominal, "", measurement, **about)


def test_that_every_table_begins_with_the_columns_agreed_and_carries_what_each_row_must() -> None:
    tables = {table.name: table for table in tables_of([measured("a", row("g", 51.0))])}
    assert set(tables) == {*AGREED, "compared"}
    for name, agreed in AGREED.items():
        wanted = agreed.split(", ")
        assert list(tables[name].columns[: len(wanted)]) == wanted
        assert len(set(tables[name].columns)) == len(tables[name].columns)
        carried = CARRIED.split(", ") if name != "opc_gauges" else ["status", "reason"]
        assert set(carried) <= set(tables[name].columns)
        for each in tables[name].rows:
            assert set(tables[name].columns) <= set(each)
    own = {each.name for each in fields(CdRow)}
    assert own <= set(tables["gauges"].columns)
    assert {each.name for each in fields(EpeTable)} <= set(tables["epe"].columns)


def test_that_repeats_of_one_place_are_one_gauge_though_the_stage_moved_along_the_line() -> None:
    cases = [measured(str(index), row(f"line-{index}", 50.0 + index, 0.2 * index, 30.0 * index)) for index in range(4)]
    other = measured("z", row("line-9", 60.0, 0.0, 500.0), row("line-8", 70.0, 20.0, 0.0))
    rows = {each["gauge_name"]: each for each in opc_rows([*cases, other])}
    assert sorted((each["n"], each["mean_nm"]) for each in rows.values()) == [(1, 60.0), (1, 70.0), (4, 51.5)]
    repeated = next(each for each in rows.values() if each["n"] == 4)
    assert repeated["sigma_between_images_nm"] == pytest.approx(np.std([50, 51, 52, 53], ddof=1))
    assert (repeated["structure"], repeated["tone"], repeated["drawn_nm"]) == ("line_space_line", "raised", 50.0)
    assert (repeated["x1"], repeated["x2"]) == pytest.approx((0.3 - 25, 0.3 + 25))
    assert (repeated["y1"], repeated["y2"]) == pytest.approx((45, 45))


def test_that_gauges_of_a_file_are_repeats_by_name() -> None:
    cases = [measured(str(index), row("A", 50.0 + index, 1e4 * index, feature=-1)) for index in range(3)]
    (only,) = opc_rows(cases)
    assert (only["gauge_name"], only["n"], only["mean_nm"]) == ("A", 3, 51.0)


def test_that_an_outlier_is_flagged_named_and_kept_in_the_table_of_gauges() -> None:
    values = [50.0, 50.4, 49.8, 50.1, 75.0]
    cases = [measured(f"image {index}", row("A", value, feature=-1)) for index, value in enumerate(values)]
    (only,) = opc_rows(cases)
    assert (only["n"], only["n_excluded"]) == (4, 1)
    assert only["mean_nm"] == pytest.approx(np.mean(values[:4]))
    assert only["precision3_nm"] == pytest.approx(3 * np.std(values[:4], ddof=1))
    other = replace(cases[0], pixel_size=PixelSize(4.0, 4.0, "given"))
    found = project_precision([*cases[1:], other])
    assert found is not None
    assert (found.degrees, found.sigma3_nm) == (2, pytest.approx(3 * np.std(values[1:4], ddof=1)))
    assert only["reason"] == "excluded as outliers: image 4 75.00 nm"
    gauges = next(table for table in tables_of(cases) if table.name == "gauges")
    assert [each["cd_nm"] for each in gauges.rows] == values


def test_that_what_was_not_measured_has_a_reason_and_no_weight_and_a_surer_mean_weighs_more() -> None:
    sure = [measured(str(index), row("sure", 50 + 0.1 * (index % 2), feature=-1)) for index in range(6)]
    loose = [measured(str(index), row("loose", 50 + 4 * (index % 2), feature=-1)) for index in range(6)]
    lost = [measured("0", row("lost", math.nan, feature=-1))]
    rows = {each["gauge_name"]: each for each in opc_rows([*sure, *loose, *lost])}
    assert rows["sure"]["weight"] > rows["loose"]["weight"] > 0
    assert math.isnan(rows["lost"]["weight"])
    assert (rows["lost"]["n"], rows["lost"]["status"], rows["lost"]["reason"]) == (0, "no value", "no edge")


def test_that_another_tools_values_give_slope_offset_and_residuals() -> None:
    widths = [40.0, 50.0, 65.0, 90.0]
    rows = [row(f"g{index}", 1.02 * width - 1.5, feature=-1) for index, width in enumerate(widths)]
    references = {f"g{index}": (width, math.nan) for index, width in enumerate(widths)} | {"g9": (1.0, math.nan)}
    one = measured("a", *rows, row("unmatched", 33.0), references=references)
    table, line = matching_rows([one])
    assert line is not None
    assert (line.n, line.slope, line.offset_nm) == (4, pytest.approx(1.02), pytest.approx(-1.5))
    assert [each["residual_nm"] for each in table] == pytest.approx([0] * 4, abs=1e-9)
    assert "matching" in {each.name for each in tables_of([one])}
    assert matching_rows([replace(one, references={"g0": (40.0, 1.0)})])[1] is None


def test_that_a_workbook_holds_every_table_and_no_formula(tmp_path: Path) -> None:
    rows = [{"name": "=1+1", "cd_nm": 40.5, "n": 3}, {"name": "b", "cd_nm": math.nan, "n": 0}]
    tables = [Table("gauges", ("name", "cd_nm", "n"), rows), Table("empty", ("a",), [])]
    path = tmp_path / "a.xlsx"
    write_workbook(path, tables, {"summary": {"cases": 2, "epe": {"mean_nm": None}, "failed": []}})
    with ZipFile(path) as book:
        listed = ET.fromstring(book.read("xl/workbook.xml")).iter()
        assert [each.get("name") for each in listed if each.tag.endswith("}sheet")] == ["summary", "gauges", "empty"]
        sheet = book.read("xl/worksheets/sheet2.xml").decode()
        assert "<f>" not in sheet
        assert "<v>40.5</v>" in sheet
        assert ">=1+1<" in sheet


def test_that_the_same_gauges_stand_side_by_side_worst_first() -> None:
    near, far, lost = (
        [row(name, cd, feature=0, source=source) for source, cd in (("sem", sem), ("prediction", own))]
        for name, sem, own in (("near", 51.0, 50.5), ("far", 52.0, 57.5), ("lost", 50.0, math.nan))
    )
    (table,) = [
        each for each in tables_of([measured("a", *near, *lost), measured("b", *far)]) if each.name == "compared"
    ]
    rows = list(table.rows)
    assert [(each["case_id"], each["gauge_id"], each["status"]) for each in rows] == [
        ("a", "lost", "no value"), ("b", "far", "ok"), ("a", "near", "ok")
    ]  # fmt: skip
    assert (rows[1]["sem_cd_nm"], rows[1]["prediction_bias_nm"], rows[1]["worst_nm"]) == (52.0, 7.5, 7.5)
    assert math.isnan(rows[1]["approved_cd_nm"])
    assert rows[0]["reason"] == "prediction: no edge"


def test_that_what_was_found_in_one_picture_is_no_repeat_of_another_s() -> None:
    cases = [measured(name, row("found-line-1", 50.0, feature=-1)) for name in ("a", "b")]
    assert opc_rows(cases) == []
