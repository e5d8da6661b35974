from pathlib import Path

import numpy as np
import pytest
import tifffile

from semiview.core.case import CaseInfo
from semiview.core.sem_image import SemImage
from semiview.files.problem import FileProblem
from semiview.files.project import Project
from semiview.files.project_settings import read_settings
from semiview.files.size_groups import GroupSize, SizeGroup, add_group_size, group_sizes_in, size_of_group

PICTURE = SemImage.from_pixels(np.zeros((60, 80), np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images without a size: two alike, one of another magnification, one of another size."""
    for name, shape in (("a", (60, 80)), ("b", (60, 80)), ("c", (60, 80)), ("d", (64, 96))):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.full(shape, 9, np.uint8))
    rows = ["case_id,image,Mag", "a,a.tif,100k", "b,b.tif,100k", "c,c.tif,50k", "d,d.tif,100k"]
    (tmp_path / "cases.csv").write_text("\n".join(rows))
    (tmp_path / "project.toml").write_text("# mine\n[measure]\ntolerance_nm = 4.0")
    return tmp_path


def test_that_an_answer_holds_for_equal_magnification_and_size_and_for_no_other(folder: Path) -> None:
    project = Project.open(folder)
    case = project.load("a")
    group = SizeGroup.of(case.sem, case.info)
    assert group.in_words == "80 x 60 px at 100k"
    project = project.set_group_size(group, 1.25)
    for opened in (project, Project.open(folder)):
        assert [opened.load(name).sem.pixel_size.known for name in "abcd"] == [True, True, False, False]
        size = opened.load("b").sem.pixel_size
        assert (size.x_nm, size.y_nm, size.source) == (1.25, 1.25, "told for 80 x 60 px at 100k")
        assert opened.measure_settings().tolerance_nm == 4.0
    text = (folder / "project.toml").read_text()
    assert text.startswith("# mine\n[measure]\ntolerance_nm = 4.0\n\n[[pixel_size]]\n")
    with_default = project.set_pixel_size(3.0)
    assert [with_default.load(name).sem.pixel_size.x_nm for name in "abcd"] == [1.25, 1.25, 3.0, 3.0]
    assert with_default.set_group_size(group, 1.5).load("a").sem.pixel_size.x_nm == 1.5


def test_that_the_list_tells_the_magnification_before_the_file_and_the_recipe_last() -> None:
    own = SemImage(PICTURE.pixels, PICTURE.pixel_size, PICTURE.area, PICTURE.file_shape, metadata={"ap_mag": "20 K X"})
    listed = CaseInfo("a", recipe="R7", metadata={"MAGNIFICATION": " 21k "})
    assert SizeGroup.of(own, listed).magnification == "21k"
    assert SizeGroup.of(own, CaseInfo("a", recipe="R7")).magnification == "20 K X"
    assert SizeGroup.of(PICTURE, CaseInfo("a", recipe="R7")).magnification == "R7"
    assert SizeGroup.of(PICTURE, CaseInfo("a")).in_words == "80 x 60 px"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("a", "table of its own"),
        ([{"width_px": 0, "height_px": 2, "nm_per_px": 1.0}], "width_px is a whole number"),
        ([{"width_px": 2, "height_px": True, "nm_per_px": 1.0}], "height_px is a whole number"),
        ([{"width_px": 2, "height_px": 2, "nm_per_px": -1.0}], "nm_per_px is a positive number"),
        ([{"width_px": 2, "height_px": 2}], "nm_per_px is a positive number"),
        ([{"width_px": 2, "height_px": 2, "nm_per_px": 1, "magnification": 5}], "magnification is text"),
        ([{"width": 2}], "the key width is not known"),
    ],
)
def test_that_an_entry_that_cannot_be_used_says_why(entries: object, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        group_sizes_in(entries)


def test_that_an_entry_comes_back_and_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    told = GroupSize(SizeGroup(1280, 960, 'x "120" k'), 0.83)
    add_group_size(path, told)
    settings, problems = read_settings(path)
    assert (settings.group_sizes, problems) == ((told,), ())
    assert size_of_group(settings.group_sizes, SizeGroup(1280, 960)) is None
    path.write_text("[[pixel")
    with pytest.raises(FileProblem, match="cannot be read"):
        add_group_size(path, told)
    assert path.read_text() == "[[pixel"
