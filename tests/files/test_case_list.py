from pathlib import Path

import cv2
import numpy as np
import pytest

from semiview.core.sem_image import PictureArea, PixelSize
from semiview.files.case_list import CaseRow, paired_by_name, read_case_list
from semiview.files.problem import FileProblem


def read(folder: Path, text: str, encoding: str = "utf-8") -> tuple[tuple[CaseRow, ...], tuple[FileProblem, ...]]:
    (folder / "cases.csv").write_text(text, encoding=encoding)
    return read_case_list(folder / "cases.csv")


def test_that_every_column_is_read(tmp_path: Path) -> None:
    text = (
        "case_id,image,page,design,cell,layers,tone,x_nm,y_nm,nm_per_px_x,nm_per_px_y,crop,rotation_deg,mirrored,"
        "prediction,pattern_type,group,tool,recipe,layer_name,lot,wafer,field,acquired_at,dose\n"
        'a,sub\\a.tif,2,chip.gds,TOP,target:1/0,Raised,-13294220.0,2.5e6,2,2.5,"1,2,30,40",1.5,yes,'
        "p.npy,logic,g1,SEM1,R,M1,L,W,F,2024-05-01,17\n"
    )
    (row,), problems = read(tmp_path, text)
    assert problems == ()
    assert row.image == tmp_path / "sub" / "a.tif"
    assert (row.design, row.prediction) == (tmp_path / "chip.gds", tmp_path / "p.npy")
    assert (row.page, row.cell, row.tone, row.mirrored, row.rotation_deg) == (1, "TOP", "raised", True, 1.5)
    assert (row.x_nm, row.y_nm) == (-13294220.0, 2.5e6)
    assert row.pixel_size == PixelSize(2.0, 2.5, "case list")
    assert row.area == PictureArea(1, 2, 30, 40)
    info = row.info
    told = (info.pattern_type, info.group, info.tool, info.recipe, info.layer_name, info.lot, info.wafer, info.field)
    assert told == ("logic", "g1", "SEM1", "R", "M1", "L", "W", "F")
    assert (info.acquired_at, dict(info.metadata)) == ("2024-05-01", {"dose": "17"})


def test_that_two_columns_are_enough(tmp_path: Path) -> None:
    (row,), problems = read(tmp_path, "case_id,image\na,a.tif\n\n")
    assert problems == ()
    assert row == CaseRow(row.info, tmp_path / "a.tif", x_nm=row.x_nm, y_nm=row.y_nm, pixel_size=row.pixel_size)
    assert np.isnan([row.x_nm, row.y_nm, row.pixel_size.x_nm]).all()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_that_lists_of_spreadsheets_are_read(tmp_path: Path, delimiter: str, encoding: str, end: str) -> None:
    lines = ["case_id", "image", "nm_per_px"], ["µ1", "a.tif", "1.5"]
    (row,), problems = read(tmp_path, end.join(delimiter.join(line) for line in lines), encoding)
    assert (row.case_id, row.pixel_size.x_nm, problems) == ("µ1", 1.5, ())


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"case_id": ""}, "line 3: the cell case_id is blank"),
        ({"image": ""}, "the cell image is blank"),
        ({"x_nm": "here", "y_nm": "1"}, 'x_nm is a number, not "here"'),
        ({"nm_per_px": "1,5"}, "nm_per_px is a number with a decimal point"),
        ({"nm_per_px": "0"}, "nm_per_px is a positive number"),
        ({"nm_per_px": "nan"}, "nm_per_px is a positive number"),
        ({"nm_per_px_x": "2"}, "nm_per_px_x and nm_per_px_y go together"),
        ({"x_nm": "5"}, "x_nm and y_nm go together"),
        ({"tone": "bright"}, 'tone "bright" is not known'),
        ({"layers": "M1"}, "write role:layer/datatype"),
        ({"crop": "0,0,10"}, 'crop is "left,top,right,bottom"'),
        ({"crop": "9,9,5,5"}, 'crop is "left,top,right,bottom"'),
        ({"mirrored": "maybe"}, "mirrored is yes or no"),
        ({"page": "0"}, "page is a whole number from 1"),
        ({"case_id": "good"}, "the case_id good stands in line 2 already"),
    ],
)
def test_that_a_broken_row_is_named_and_the_others_are_used(tmp_path: Path, cells: dict[str, str], reason: str) -> None:
    columns = ["case_id", "image", *(name for name in cells if name not in ("case_id", "image"))]
    broken = {"case_id": "bad", "image": "b.tif", **cells}
    rows = [columns, ["good", "a.tif"], [f'"{broken[name]}"' for name in columns], ["last", "c.tif"]]
    found, problems = read(tmp_path, "\n".join(",".join(row) for row in rows))
    assert [row.case_id for row in found] == ["good", "last"]
    assert [row.image.name for row in found] == ["a.tif", "c.tif"]
    assert len(problems) == 1
    assert reason in str(problems[0])


def test_that_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    found, problems = read(tmp_path, "case_id,image\na,a.tif,left,over\nb,b.tif\n")
    assert [row.case_id for row in found] == ["b"]
    assert "4 cells for 2 columns" in str(problems[0])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("name,image\na,a.tif\n", "The column case_id is missing"),
        ("case_id,images\na,a.tif\n", r"The column image is missing. Is images meant to be image\?"),
        ("case_id,image,x_nm,x_nm\n", "The column x_nm stands there twice"),
        ('case_id,image\na,"a.tif\n', "no CSV"),
    ],
)
def test_that_a_list_that_cannot_be_used_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(FileProblem, match=reason):
        read(tmp_path, text)


def test_that_a_list_in_another_encoding_says_how_to_save_it(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="Save it as"):
        read(tmp_path, "case_id,image\nµ,a.tif\n", "latin-1")


@pytest.mark.parametrize(
    ("column", "meant"),
    [("nm_per_pixel", "nm_per_px"), ("x_um", "x_nm"), ("Layers", "layers"), ("nm per px", "nm_per_px")],
)
def test_that_a_column_nearly_right_is_asked_about(tmp_path: Path, column: str, meant: str) -> None:
    (row,), (problem,) = read(tmp_path, f"case_id,image,{column},what\na,a.tif,2,x\n")
    assert f"Is {meant} meant?" in str(problem)
    assert row.info.metadata == {column: "2", "what": "x"}


@pytest.mark.parametrize("column", ["dose_mJ", "zone", "lots", "stage_x", "operator", "focus_nm"])
def test_that_a_column_of_ones_own_is_no_problem(tmp_path: Path, column: str) -> None:
    (row,), problems = read(tmp_path, f"case_id,image,{column}\na,a.tif,2\n")
    assert problems == ()
    assert row.info.metadata == {column: "2"}


def test_that_files_pair_by_name(tmp_path: Path) -> None:
    for name in ("a.png", "b.tif", "a_prediction.png", "b_design.png", "alone_design.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 4), np.uint8))
    for name in ("a.gds", "b_prediction.npy", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    rows, problems = paired_by_name(tmp_path)
    told = {row.case_id: (row.image, row.design, row.prediction) for row in rows}
    assert told == {
        "a": (tmp_path / "a.png", tmp_path / "a.gds", tmp_path / "a_prediction.png"),
        "b": (tmp_path / "b.tif", tmp_path / "b_design.png", tmp_path / "b_prediction.npy"),
        "alone_design": (tmp_path / "alone_design.png", None, None),
    }
    assert problems == ()
    (tmp_path / "a.tif").touch()
    rows, problems = paired_by_name(tmp_path)
    assert len(rows) == 3
    assert "a.png has the same name" in str(problems[0])


def test_that_a_folder_without_images_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"neither a cases.csv nor an image"):
        paired_by_name(tmp_path)


def test_that_a_list_without_a_row_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("case_id,image\n")
    rows, problems = read_case_list(path)
    assert rows == ()
    assert "lists no case" in str(problems[0])
