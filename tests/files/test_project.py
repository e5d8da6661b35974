import threading
import time
from pathlib import Path

import cv2
import gdstk
import numpy as np
import pytest

from semiview.files import project as project_module
from semiview.files.design_file import DesignLibrary
from semiview.files.prediction_file import write_prediction
from semiview.files.problem import FileProblem
from semiview.files.project import Project, design_field_nm

HEADER = "case_id,image,design,layers,tone,x_nm,y_nm,nm_per_px,prediction"


def make(folder: Path, *rows: str, header: str = HEADER) -> Project:
    """A project with a.png (60 x 40 px) and chip.gds: a 100 nm wide line on 1/0 and a frame on 2/0, about (5000, 0)."""
    pixels = np.random.default_rng(0).integers(60, 200, (40, 60), dtype=np.uint8)
    cv2.imwrite(str(folder / "a.png"), pixels)
    layout = gdstk.Library(unit=1e-6, precision=1e-9)
    top = layout.new_cell("TOP")
    top.add(gdstk.rectangle((4.95, -1), (5.05, 1), layer=1), gdstk.rectangle((4.5, -1), (5.5, 1), layer=2))
    layout.write_gds(folder / "chip.gds")
    (folder / "cases.csv").write_text("\n".join([header, *rows]) + "\n")
    return Project.open(folder)


GOOD = "good,a.png,chip.gds,target:1/0,raised,5000,0,2,"


def test_that_a_case_lies_where_the_list_says(tmp_path: Path) -> None:
    case = make(tmp_path, GOOD).load("good")
    assert case.warnings == ()
    assert case.design is not None
    (line,) = (case.nominal.outline_to_px(outline) for outline in case.design.target)
    # The picture's middle is at 29.5; 50 nm to each side are 25 px.
    assert (line[:, 0].min(), line[:, 0].max()) == pytest.approx((4.5, 54.5))
    assert case.sem.pixel_size.source == "case list"
    assert case.design.tone == "raised"


def test_that_without_a_place_the_design_is_centred(tmp_path: Path) -> None:
    case = make(tmp_path, "a,a.png,chip.gds,target:1/0,raised,,,2,").load("a")
    assert case.nominal.frame.centre_nm == (5000.0, 0.0)
    assert case.design is not None
    assert len(case.design.target) == 1


def test_that_the_field_has_room_for_what_alignment_may_find(tmp_path: Path) -> None:
    case = make(tmp_path, GOOD).load("good")
    x_min, y_min, x_max, y_max = design_field_nm(case.nominal, case.sem.shape)
    half_width = (60 / 2 + 0.2 * 60) * 2
    assert half_width * 1.03 < x_max - 5000 < half_width * 1.12
    assert x_max + x_min == pytest.approx(10_000)
    turned = case.nominal.turned(2.9).scaled(1.02).moved(0.19 * 120, -0.19 * 80)
    corners = turned.to_nm([[-0.5, -0.5], [59.5, -0.5], [59.5, 39.5], [-0.5, 39.5]])
    assert (corners >= [x_min, y_min]).all()
    assert (corners <= [x_max, y_max]).all()
    wide = design_field_nm(make(tmp_path, GOOD.replace("0,2,", "0,2000,")).load("good").nominal, (40, 60))
    assert wide[2] - 5000 < (60_000 + 10_000) * 1.1


def test_that_the_source_of_the_pixel_size_is_the_first_that_speaks(tmp_path: Path) -> None:
    project = make(tmp_path, "a,a.png,chip.gds,target:1/0,raised,,,,", GOOD)
    unknown = project.load("a")
    assert not unknown.sem.pixel_size.known
    assert unknown.design is None
    assert "set `nm_per_px`" in unknown.warnings[0]
    known = project.set_pixel_size(2.5)
    assert not project.load("a").sem.pixel_size.known
    case = known.load("a")
    assert (case.sem.pixel_size.x_nm, case.sem.pixel_size.source) == (2.5, "project default")
    assert case.design is not None
    assert known.load("good").sem.pixel_size.source == "case list"
    assert Project.open(tmp_path).load("a").sem.pixel_size.x_nm == 2.5


def test_that_a_missing_tone_is_a_warning_until_it_is_set(tmp_path: Path) -> None:
    project = make(tmp_path, "a,a.png,chip.gds,target:1/0,,5000,0,2,")
    case = project.load("a")
    assert case.design is not None
    assert case.design.tone is None
    assert "tone is not set" in case.warnings[0]
    case = project.set_tone("opening").load("a")
    assert case.design is not None
    assert (case.design.tone, case.warnings) == ("opening", ())


def test_that_bare_layers_are_united_and_said(tmp_path: Path) -> None:
    case = make(tmp_path, "a,a.png,chip.gds,1;2,raised,5000,0,2,").load("a")
    assert "1/0, 2/0 have no role and are united as the target" in case.warnings[0]
    assert case.design is not None
    assert np.ptp(case.design.target[0][:, 0]) == 1000.0


@pytest.mark.parametrize(
    ("row", "warning"),
    [
        ("a,a.png,gone.gds,,raised,0,0,2,", "gone.gds: The design is not there"),
        ("a,a.png,empty.gds,,raised,0,0,2,", "empty.gds: The design file is empty"),
        ("a,a.png,chip.gds,target:9/0,raised,0,0,2,", "Nothing is drawn on 9/0. The design has the layers 1/0, 2/0"),
        ("a,a.png,chip.dxf,,raised,0,0,2,", "chip.dxf: Designs of this kind are not read here"),
        ("a,a.png,,,,0,0,2,gone.npy", "gone.npy: The file is not there"),
        ("a,a.png,,,,0,0,2,nan.npy", "nan.npy: 1 values are not finite"),
        ("a,a.png,,,,0,0,2,small.npy", "small.npy: The prediction is 60 x 39 px, the picture 60 x 40 px"),
    ],
)
def test_that_a_design_or_prediction_that_cannot_be_used_is_a_warning(tmp_path: Path, row: str, warning: str) -> None:
    (tmp_path / "empty.gds").touch()
    holed = np.zeros((40, 60), np.float32)
    holed[1, 1] = np.nan
    np.save(tmp_path / "nan.npy", holed)
    np.save(tmp_path / "small.npy", np.zeros((39, 60), np.float32))
    case = make(tmp_path, row).load("a")
    assert (case.design, case.prediction) == (None, None)
    assert len(case.warnings) == 1
    assert warning in case.warnings[0]


def test_that_a_mask_is_a_design_and_an_empty_one_is_said(tmp_path: Path) -> None:
    drawn = np.zeros((40, 60), np.uint8)
    cv2.imwrite(str(tmp_path / "empty.png"), drawn)
    drawn[10:20, 10:50] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), drawn)
    project = make(tmp_path, "a,a.png,mask.png,,raised,0,0,2,", "b,a.png,empty.png,,raised,0,0,2,")
    design = project.load("a").design
    assert design is not None
    assert np.ptp(design.target[0], axis=0) == pytest.approx([80, 20])
    assert project.load("a").warnings == ()
    assert "The mask draws nothing" in project.load("b").warnings[0]


def test_that_an_empty_place_in_the_design_is_said(tmp_path: Path) -> None:
    case = make(tmp_path, "a,a.png,chip.gds,target:1/0,raised,900000,0,2,").load("a")
    assert "Nothing is drawn near 900000, 0 nm: check `x_nm`" in case.warnings[0]


def test_that_broken_cases_leave_the_others_usable(tmp_path: Path) -> None:
    (tmp_path / "short.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    project = make(tmp_path, "gone,gone.png,,,,0,0,2,", "short,short.png,,,,0,0,2,", "bad,a.png,,,dim,0,0,2,", GOOD)
    assert [row.case_id for row in project.rows] == ["gone", "short", "good"]
    assert len(project.problems) == 1
    for case_id, reason in (("gone", "not there"), ("short", "damaged"), ("bad", "no case bad in the project")):
        with pytest.raises(FileProblem, match=reason):
            project.load(case_id)
    assert project.load("good").design is not None


def test_that_a_prediction_of_the_list_wins_over_a_generated_one(tmp_path: Path) -> None:
    project = make(tmp_path, GOOD, "b,a.png,,,,0,0,2,own.npy")
    np.save(tmp_path / "own.npy", np.ones((40, 60), np.float32))
    for case_id in ("good", "b"):
        write_prediction(project.prediction_path("ck/1", case_id), np.full((40, 60), 0.25))
    generated, own = project.load("good", "ck/1").prediction, project.load("b", "ck/1").prediction
    assert generated is not None
    assert own is not None
    assert (generated.checkpoint_id, generated.probability[0, 0]) == ("ck/1", 0.25)
    assert (own.checkpoint_id, own.probability[0, 0]) == ("imported", 1.0)
    assert project.load("good", "other").prediction is None
    assert project.load("good").prediction is None


@pytest.mark.parametrize("case_id", ["a/b", "..", "ä 1", "con:1", "100%", "線幅の測定" * 20])
def test_that_no_case_id_leaves_the_predictions_folder(tmp_path: Path, case_id: str) -> None:
    path = make(tmp_path, GOOD).prediction_path("x/y", case_id)
    assert path.parent.parent == tmp_path / "predictions"
    write_prediction(path, np.zeros((2, 2)))
    assert path.is_file()


def test_that_several_threads_parse_a_design_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(tmp_path, GOOD)
    opened = []

    class Counting(DesignLibrary):
        @classmethod
        def open(cls, path: Path) -> DesignLibrary:
            opened.append(path)
            time.sleep(0.05)
            return DesignLibrary.open(path)

    monkeypatch.setattr(project_module, "DesignLibrary", Counting)
    counts: list[int] = []

    def load() -> None:
        design = project.load("good").design
        counts.append(0 if design is None else len(design.target))

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 6
    assert len(opened) == 1
    project.set_tone("raised").load("good")
    assert len(opened) == 1


def test_that_a_design_put_right_is_read_again(tmp_path: Path) -> None:
    project = make(tmp_path, GOOD)
    whole = (tmp_path / "chip.gds").read_bytes()
    (tmp_path / "chip.gds").write_bytes(whole[:100])
    assert project.load("good").design is None
    (tmp_path / "chip.gds").write_bytes(whole)
    assert project.load("good").design is not None


def test_that_a_project_opens_by_its_list_and_a_missing_folder_is_said(tmp_path: Path) -> None:
    assert make(tmp_path, GOOD).folder == Project.open(tmp_path / "cases.csv").folder
    with pytest.raises(FileProblem, match="There is no such folder"):
        Project.open(tmp_path / "elsewhere")


def test_that_wrong_settings_are_problems_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text("tone = 'dim'\n[measure]\ntolerance_nm = 4\n")
    project = make(tmp_path, GOOD)
    assert "dim" in str(project.problems[0])
    assert project.measure_settings().tolerance_nm == 4
    assert project.set_tone("raised").problems == ()


def test_that_a_mirrored_scan_and_a_turned_one_keep_the_place(tmp_path: Path) -> None:
    header = "case_id,image,design,layers,tone,x_nm,y_nm,nm_per_px,rotation_deg,mirrored"
    case = make(tmp_path, "a,a.png,chip.gds,target:1/0,raised,5040,0,2,90,yes", header=header).load("a")
    assert case.design is not None
    line = case.nominal.outline_to_px(case.design.target[0])
    # Mirrored, the line's middle lies 20 px right of the picture's; turned by 90 degrees, 20 px above it.
    assert (line[:, 1].min() + line[:, 1].max()) / 2 == pytest.approx(19.5 - 20)


def test_that_all_real_cases_load(shared_data: Path) -> None:
    project = Project.open(shared_data / "openebl")
    assert project.problems == ()
    assert len(project.rows) == 21
    project.load(project.rows[0].case_id)
    for row in project.rows:
        case = project.load(row.case_id)
        assert case.sem.shape == (1370, 2048), row.case_id
        assert case.warnings == (), row.case_id
        assert case.design is not None, row.case_id
        assert case.design.target, row.case_id
        assert (case.design.tone, case.design.cell) == ("raised", "ANT_35x35Template")
        pixels = np.concatenate([case.nominal.outline_to_px(outline) for outline in case.design.target])
        # Of what is printed at the place the stage was sent to, something lies in the picture.
        assert ((pixels > 0) & (pixels < [2047, 1369])).all(axis=1).any(), row.case_id


def test_that_a_real_image_and_its_design_load_in_tens_of_ms(shared_data: Path) -> None:
    project = Project.open(shared_data / "openebl")
    project.load("LL_136")
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        project.load("LL_136")
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.15
