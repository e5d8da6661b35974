import csv
import json
import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design, DesignLayer
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.prediction import Prediction
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.files.csv_table import cell_text
from semiview.files.measured_case import MeasuredCase
from semiview.files.summary import worst_by_case
from semiview.files.tables import write_measurements
from semiview.metrology.measurement import measure
from semiview.metrology.roughness import RoughnessRow

SETTINGS = MeasureSettings(tolerance_nm=3.0)
EPE = (
    "case_id feature_id x_nm y_nm normal_x normal_y source epe_nm sigma_nm feature_class state epe_registration_nm "
    "epe_bias_nm epe_local_nm edge_sigma_nm edge_bound_nm"
)
GAUGES = (
    "case_id gauge_id feature_id mode x_nm y_nm angle_deg source cd_nm cd_sigma_nm cd_design_nm cd_min_nm cd_max_nm "
    "cd_se_nm length_nm width_nm diameter_a_nm diameter_b_nm n n_failed edge_algorithm "
    "pitch_leading_nm pitch_trailing_nm pitch_walk_nm feret_min_nm feret_max_nm ellipse_angle_deg cer3_nm "
    "cer3_unbiased_nm"
)
SCORES = "case_id pattern_type against l1 ssim psnr iou dice hausdorff95_nm epe_mean_nm epe_3sigma_nm cd_bias_nm"
ROUGHNESS = (
    "case_id gauge_id kind n_edges length_nm sigma3_biased_nm sigma3_unbiased_nm sigma3_se_nm xi_nm hurst noise_nm"
)
CARRIED = "status reason verdict record_id nm_per_px_x nm_per_px_y scale_source"


def measured(case_id: str, bias_px: int, registered: bool = True, visible: bool = False) -> MeasuredCase:
    """Three drawn lines, 40 px wide; two printed wider by `bias_px` on each side, the last one missing.

    The SEM shows what the prediction says if it is `visible`, else nothing.
    """
    shape, size = (200, 400), PixelSize(2.0, 2.0, "case list")
    probability = np.zeros(shape, np.float32)
    probability[:, 60 - bias_px : 100 + bias_px] = 1
    probability[:, 180 - bias_px : 220 + bias_px] = 1
    nominal = nominal_registration(shape, size, (1e6, 2e6))
    lines = tuple(
        nominal.outline_to_nm(rectangle(left - 0.5, -60.5, left + 39.5, 259.5)[::-1]) for left in (60, 180, 300)
    )
    field_nm = (1e6 - 600, 2e6 - 400, 1e6 + 600, 2e6 + 400)
    layers = (DesignLayer("1/0", "target", lines),)
    design = Design(lines, layers, "raised", field_nm, "chip.gds", "TOP", "d" * 64)
    noise = np.random.default_rng(0).normal(0, 4, shape)
    pixels = (60 + 100 * ndimage.gaussian_filter(probability, 1.0) + noise if visible else 0 * noise).astype(np.uint8)
    sem = replace(SemImage.from_pixels(pixels, 2.0, "case list"), path="a.tif", sha256="a" * 64)
    info = CaseInfo(case_id, pattern_type="line_space" if bias_px else "logic", group="g", lot="L7")
    case = Case(info, sem, nominal, design, Prediction(probability, "starter"), ("a warning",))
    registration = nominal.by_hand() if registered else nominal
    measurement = measure(case, Document(registration, settings=SETTINGS))
    return MeasuredCase.of(case, Document(registration, settings=SETTINGS), "record-1", measurement)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_that_the_columns_are_those_agreed_and_every_hole_has_a_reason(tmp_path: Path) -> None:
    write_measurements(tmp_path, [measured("a", 1)], {}, 1, 0.5)
    for name, agreed, value in (("epe", EPE, "epe_nm"), ("gauges", GAUGES, "cd_nm"), ("scores", SCORES, "l1")):
        table = rows(tmp_path / f"{name}.csv")
        columns = list(table[0])
        assert columns[: len(agreed.split())] == agreed.split()
        assert set(CARRIED.split()) | {"group", "lot", "wafer"} <= set(columns)
        for row in table:
            assert "nan" not in (cell.lower() for cell in row.values())
            assert (row[value] == "") <= (row["status"] == "no value")
            assert (row["status"] == "no value") <= (row["reason"] != "")
            assert (row["verdict"], row["record_id"], row["lot"], row["nm_per_px_x"]) == (
                "manual",
                "record-1",
                "L7",
                "2",
            )
    states = {row["state"] for row in rows(tmp_path / "epe.csv")}
    assert {"valid", "missing"} <= states


def test_that_the_summary_tells_the_bias_that_was_put_in(tmp_path: Path) -> None:
    cases = [measured("a", 1), measured("b", 0)]
    summary = write_measurements(tmp_path, cases, {"c": "the image is gone"}, 3, 0.5)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert (summary["cases"], summary["ok"], summary["seconds"]) == (3, 2, 0.5)
    assert summary["failed"] == [{"case": "c", "reason": "the image is gone"}]
    assert summary["per_pattern_type"]["line_space"]["epe"]["mean_nm"] == pytest.approx(2.0, abs=1e-6)
    assert summary["per_pattern_type"]["line_space"]["cd"]["bias_mean_nm"] == pytest.approx(4.0, abs=1e-6)
    assert summary["per_pattern_type"]["line_space"]["cd"]["mode"] == "line"
    assert summary["per_pattern_type"]["line_space"]["cd"]["per_mode"]["space"]["bias_mean_nm"] == pytest.approx(-4.0)
    assert summary["per_pattern_type"]["logic"]["epe"]["mean_nm"] == pytest.approx(0.0, abs=1e-6)
    scores = summary["per_pattern_type"]["line_space"]["scores"]["design"]
    assert scores["n"] == 1
    assert scores["epe_mean_nm"] == pytest.approx(2.0, abs=1e-6)
    assert 0.0 < scores["iou"] < 1.0
    epe = summary["epe"]
    assert (epe["mean_nm"], epe["max_nm"]) == pytest.approx((1.0, 2.0), abs=1e-6)
    assert (epe["rms_nm"], epe["sigma3_nm"]) == pytest.approx((math.sqrt(2), 3.0), abs=1e-6)
    assert epe["missing"] > 0
    assert summary["source"] == "prediction"
    worst = worst_by_case(tmp_path)
    assert worst["a"][0] == pytest.approx(2.0, abs=1e-6)
    assert worst["a"][1] + worst["b"][1] == epe["missing"]
    table = [row for row in rows(tmp_path / "epe.csv") if row["state"] == "valid" and row["feature_class"] == "edge"]
    assert epe["n"] == len(table)


def test_that_the_summary_speaks_of_the_sem_where_it_shows_edges(tmp_path: Path) -> None:
    summary = write_measurements(tmp_path, [measured("a", 1, visible=True)], {}, 1, 0.5)
    assert summary["source"] == "sem"
    assert summary["epe"] == summary["per_source"]["sem"]["epe"]
    assert summary["epe"]["mean_nm"] == pytest.approx(2.0, abs=0.2)
    assert set(summary["per_source"]) == {"sem", "prediction"}


def test_that_nothing_measured_gives_empty_tables_and_no_number(tmp_path: Path) -> None:
    summary = write_measurements(tmp_path / "new" / "folder", [], {"a": "no image"}, 1, 0.0)
    assert (summary["epe"]["n"], summary["epe"]["mean_nm"], summary["cd"]["bias_mean_nm"]) == (0, None, None)
    assert rows(tmp_path / "new" / "folder" / "epe.csv") == []


def test_that_an_unregistered_case_has_no_epe(tmp_path: Path) -> None:
    summary = write_measurements(tmp_path, [measured("a", 1, registered=False)], {}, 1, 0.0)
    assert summary["epe"]["n"] == 0
    assert rows(tmp_path / "epe.csv") == []


def test_that_the_manifest_names_every_input_and_the_settings(tmp_path: Path) -> None:
    write_measurements(tmp_path, [measured("a", 1)], {}, 1, 0.0)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["inputs"] == {"a.tif": "a" * 64, "chip.gds": "d" * 64}
    assert (manifest["settings"]["tolerance_nm"], manifest["settings"]["epe_step_nm"]) == (3.0, None)
    row = manifest["cases"]["a"].pop("registration_row")
    assert (row["verdict"], row["shift_x_nm"], row["residual_nm"]) == ("manual", 0.0, None)
    assert manifest["cases"]["a"] == {
        "record_id": "record-1",
        "pixel_size_source": "case list",
        "scale": {"x_nm": 2.0, "y_nm": 2.0, "source": "case list"},
        "registration": "manual",
        "warnings": ["a warning"],
        "measured_at": "",
        "taken_over": False,
    }
    assert {"semiview", "numpy", "python"} <= set(manifest["versions"])


def test_that_a_measured_case_travels_without_its_big_arrays() -> None:
    each = measured("a", 1)
    packed = pickle.dumps(each)
    assert len(packed) < 20_000 + 320 * len(each.measurement.epe)
    assert len(pickle.loads(packed).measurement.epe) == len(each.measurement.epe)


def test_that_cells_are_in_the_c_locale() -> None:
    cells = [
        cell_text(value) for value in (None, float("nan"), -13294220.123456, 1e-7, 3, True, "a,b", np.float64(0.5))
    ]
    assert cells == ["", "", "-13294220.12", "1e-07", "3", "True", "a,b", "0.5"]
    assert cell_text(np.float64(0.1) + 0.2, exact=True) == "0.30000000000000004"


def test_that_roughness_has_its_columns_and_says_why_a_value_is_missing(tmp_path: Path) -> None:
    one = measured("a", 0)
    row = RoughnessRow("line-1", "LWR", 1, 800.0, 4.5, 4.2, 0.3, 25.0, 0.7, 0.5, 0.0, "model", "")
    lost = replace(row, sigma3_unbiased_nm=math.nan, reason="the edges have no roughness to fit")
    rough = replace(one, measurement=replace(one.measurement, roughness=(row, lost)))
    write_measurements(tmp_path, [rough], {}, 1, 0.0)
    with (tmp_path / "roughness.csv").open(newline="") as stream:
        header, *rows = list(csv.reader(stream))
    assert header[: len(ROUGHNESS.split())] == ROUGHNESS.split()
    assert [dict(zip(header, cells, strict=True))["status"] for cells in rows] == ["ok", "no value"]
    assert dict(zip(header, rows[1], strict=True))["sigma3_unbiased_nm"] == ""
