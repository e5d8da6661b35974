import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semiview.core.document import Document, MeasureSettings
from semiview.core.registration import PARAMETERS, Registration, Trust
from semiview.files.layer_roles import parse_layers
from semiview.files.problem import FileProblem
from semiview.files.project import Project
from semiview.metrology.measurement import measure
from semiview.tasks.progress import result_of
from semiview.tasks.simulate import GRATING, SimulateOptions, simulate_project, with_numbers

SKY130 = Path(__file__).parents[3] / "shared/data/layouts/sky130"
SMALL = SimulateOptions(size_px=320, seed=3)


def true_registration(folder: Path, nominal: Registration, case_id: str) -> Registration:
    known = json.loads((folder / "truth" / "truth.json").read_text())["cases"][case_id]["registration"]
    values = {name: known[name] for name in PARAMETERS}
    return replace(nominal, **values, transform="affine", method="truth", trust=Trust(verdict="unique"))


def test_that_a_simulated_grating_measures_as_its_truth_says(tmp_path: Path) -> None:
    options = with_numbers(SMALL, ["bias_nm=3", "dose=30", "roughness_sigma_nm=0.5", "bits=16", "nm_per_px=1.5"])
    truth = result_of(simulate_project(GRATING, tmp_path, options))
    case = Project.open(tmp_path).load("field-001")
    assert case.warnings == ()
    assert case.sem.pixels.dtype == np.uint16
    assert case.sem.pixel_size.x_nm == pytest.approx(1.5)
    assert "Scan" in case.sem.pixel_size.source
    registration = true_registration(tmp_path, case.nominal, "field-001")
    settings = MeasureSettings(edge_algorithm="model")
    found = measure(case, Document(registration, settings=settings))
    assert found.epe_summary["sem"].mean_nm == pytest.approx(truth["cases"]["field-001"]["mean_epe_nm"], abs=0.2)
    edges = np.genfromtxt(tmp_path / "truth" / "field-001_edges.csv", delimiter=",", names=True)
    assert edges["epe_nm"].mean() == pytest.approx(3.0, abs=0.3)
    widths = [gauge["cd_nm"] for gauge in truth["cases"]["field-001"]["gauges"] if gauge["mode"] == "line"]
    scale = registration.scale_x  # CD is told at the nominal size of the pixel
    read = [row.cd_nm / scale for row in found.cd if row.source == "sem" and row.mode == "line"]
    assert np.mean(read) == pytest.approx(np.mean(widths), abs=0.3)


@pytest.mark.skipif(not SKY130.is_dir(), reason="the sky130 cells are not here")
def test_that_several_fields_of_a_cell_open_as_a_project(tmp_path: Path) -> None:
    cell = sorted(SKY130.glob("*.gds"))[0]
    options = replace(with_numbers(SMALL, ["nm_per_px=5"]), layers=parse_layers("target:67/20"), fields=2)
    truth = result_of(simulate_project(str(cell), tmp_path, options))
    project = Project.open(tmp_path)
    assert [row.case_id for row in project.rows] == ["field-001", "field-002"]
    assert project.problems == ()
    case = project.load("field-002")
    assert case.design is not None
    assert case.design.tone == "raised"
    assert len(truth["cases"]) == 2
    assert (tmp_path / "truth" / "field-002.png").is_file()


def test_that_the_same_seed_gives_the_same_project(tmp_path: Path) -> None:
    for name in ("one", "other"):
        result_of(simulate_project(GRATING, tmp_path / name, with_numbers(SMALL, ["drift_x_nm=4", "line_gain=0.02"])))
    for path in ("cases.csv", "images/field-001.tif", "truth/truth.json"):
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "other" / path).read_bytes()


@pytest.mark.parametrize("entry", ["dose", "colour=3", "dose=much", "dose=-1", "vibration_rows=2"])
def test_that_a_wrong_number_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=r"keys are|no number|must be"):
        with_numbers(SMALL, [entry])


def test_that_no_project_is_written_over_and_no_design_is_guessed(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case_id,image\n")
    with pytest.raises(FileProblem, match="a project already"):
        result_of(simulate_project(GRATING, tmp_path, SMALL))
    (tmp_path / "broken.gds").write_bytes(b"no layout")
    with pytest.raises(FileProblem, match="no GDS or OASIS"):
        result_of(simulate_project(str(tmp_path / "broken.gds"), tmp_path / "new", SMALL))
