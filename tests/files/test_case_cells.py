from pathlib import Path

import pytest

from semiview.files.case_cells import set_case_cells
from semiview.files.case_list import read_case_list
from semiview.files.problem import FileProblem
from semiview.files.project import Project


def test_that_only_the_cells_named_change(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_bytes('\ufeffcase_id;image;crop;"my; note"\r\na;a.png;"0,0,9,9";"x ""y"""\r\nb;b.png\r\n'.encode())
    set_case_cells(path, "b", {"nm_per_px": "1.25", "image": "c.png"})
    text = path.read_bytes().decode()
    assert text == ('\ufeffcase_id;image;crop;"my; note";nm_per_px\r\na;a.png;0,0,9,9;"x ""y"""\r\nb;c.png;;;1.25\r\n')
    (first, second), problems = read_case_list(path)
    assert (first.area is not None, first.pixel_size.known, second.pixel_size.x_nm, problems) == (True, False, 1.25, ())


def test_that_one_case_gets_a_size_of_its_own_which_wins_over_two_axes(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case_id,image,nm_per_px_x,nm_per_px_y\na,a.png,2,3\nb,b.png,4,5\n")
    project = Project.open(tmp_path).set_case_size("a", 1.5)
    sizes = [(row.pixel_size.x_nm, row.pixel_size.y_nm) for row in project.rows]
    assert sizes == [(1.5, 1.5), (4.0, 5.0)]
    assert [row.pixel_size.source for row in Project.open(tmp_path).rows] == ["case list"] * 2


def test_that_a_case_that_is_not_listed_is_a_problem_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("case_id,image\na,a.png\n")
    with pytest.raises(FileProblem, match="no row of b"):
        set_case_cells(path, "b", {"nm_per_px": "1"})
    assert path.read_text() == "case_id,image\na,a.png\n"
