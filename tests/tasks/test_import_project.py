"""Foreign lists become case lists: what belongs together, in which unit, and nothing left out in silence."""

import csv
from collections.abc import Callable
from pathlib import Path

import gdstk
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from semiview.files.case_list import read_case_list
from semiview.files.foreign_list import number_of, read_foreign_list
from semiview.files.import_recipe import ImportRecipe, read_recipe, with_changes, write_recipe
from semiview.files.problem import FileProblem
from semiview.tasks.import_guess import guessed_recipe
from semiview.tasks.import_project import RECIPE_NAME, find_sources, plan_import, write_project

OPENEBL = Path(__file__).parents[3] / "shared" / "data" / "openebl"


@pytest.fixture
def images(tmp_path: Path) -> Callable[..., Path]:
    """A folder of small images with these stems."""

    def make(*stems: str) -> Path:
        folder = tmp_path / "images"
        folder.mkdir(exist_ok=True)
        for stem in stems:
            tifffile.imwrite(folder / f"{stem}.tif", np.zeros((8, 8), np.uint8))
        return folder

    return make


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.skipif(not OPENEBL.is_dir(), reason="the openEBL data are not beside the project")
def test_that_the_stage_list_of_openebl_becomes_its_own_case_list(tmp_path: Path) -> None:
    with (OPENEBL / "cases.csv").open(newline="") as file:
        known = {row["case_id"]: row for row in csv.DictReader(file)}
    # What the stage does not know stands in a table of the microscope, in um.
    microscope = ["Image #;Pixel;Structure;group;what"]
    for case_id, row in known.items():
        size = float(row["nm_per_px"]) / 1000
        what = row["what"].replace('"', "")
        microscope.append(f'{case_id[3:]};{size:.9f};{row["pattern_type"]};{row["group"]};"{what}"')
    more = write(tmp_path / "microscope.csv", "\n".join(microscope))
    sources = find_sources([OPENEBL], OPENEBL / "WF150ULLL.txt", [more], OPENEBL / "WF150UL_SEM_LL.gds")
    guess = guessed_recipe(sources)
    assert (guess.file_name, guess.join) == ("LL_{site}", {"site": "Image #"})
    assert (guess.columns["x_nm"], guess.columns["y_nm"], guess.position_unit, guess.y_sign) == ("x", "y", "um", 1)
    fixed = {name: known["LL_131"][name] for name in ("layers", "tone", "crop", "lot", "tool")}
    recipe = with_changes(guess, columns={"nm_per_px": "Pixel"}, pixel_unit="um", fixed=fixed)
    write_recipe(tmp_path / "openebl.toml", recipe)
    plan = plan_import(sources, read_recipe(tmp_path / "openebl.toml"))
    assert plan.problems == ()
    assert plan.images_left == ()
    assert [line.split("# ")[1] for line in plan.lines_left] == ["128", "134", "139", "142", "149", "152"]
    assert write_project(plan, recipe, tmp_path / "project") == ()
    ours, _ = read_case_list(tmp_path / "project" / "cases.csv")
    theirs, _ = read_case_list(OPENEBL / "cases.csv")
    assert len(ours) == 21
    for one, other in zip(ours, theirs, strict=True):
        assert one.info == other.info
        assert one.image.resolve() == other.image.resolve()
        assert one.design.resolve() == other.design.resolve()
        for name in ("layers", "tone", "x_nm", "y_nm", "pixel_size", "area", "rotation_deg", "mirrored"):
            assert getattr(one, name) == getattr(other, name), name
    assert read_recipe(tmp_path / "project" / RECIPE_NAME) == recipe


def test_that_fields_of_the_file_name_join_and_fill_columns(tmp_path: Path, images) -> None:
    folder = images("L7_03_12_metal", "L7_03_13_metal", "notes")
    sites = write(tmp_path / "s.csv", "Lot;Wafer;Field;X [mm];Y [mm]\nL7;3;12;0,5;-1\nL7;3;14;1;1\n")
    sources = find_sources([folder], sites)
    recipe = with_changes(
        guessed_recipe(sources), file_name="{lot}_{wafer}_{field}_{recipe}", join={},
        position_unit="mm", y_sign=-1, origin_nm=(100.0, 0.0),
    )  # fmt: skip
    plan = plan_import(sources, with_changes(recipe, join=dict.fromkeys(recipe.join, "")))
    (row,) = plan.rows
    assert (row["lot"], row["field"], row["recipe"]) == ("L7", "12", "metal")
    assert (row["x_nm"], row["y_nm"]) == ("500100.0", "1000000.0")
    assert [path.stem for path, _ in plan.images_left] == ["L7_03_13_metal", "notes"]
    assert plan.lines_left == ("line 3: Lot L7, Wafer 3, Field 14",)


def test_that_unit_and_direction_are_those_in_which_the_sites_lie_in_the_design(tmp_path: Path, images) -> None:
    library = gdstk.Library(unit=1e-6, precision=1e-9)
    library.new_cell("TOP").add(gdstk.rectangle((1000.0, -3000.0), (2000.0, -2000.0), layer=1))
    library.write_gds(tmp_path / "chip.gds")
    sites = write(tmp_path / "s.txt", "id x y\na 1.2 2.5\nb 1.8 2.2\n")
    sources = find_sources([images("s_a", "s_b")], sites, design=tmp_path / "chip.gds")
    recipe = guessed_recipe(sources)
    assert (recipe.file_name, recipe.position_unit, recipe.y_sign) == ("s_{id}", "mm", -1)
    assert plan_import(sources, recipe).problems == ()
    (problem,) = plan_import(sources, with_changes(recipe, position_unit="um")).problems
    assert "2 of 2 sites lie outside the design" in str(problem)


def test_that_a_position_in_px_takes_the_pixel_size_of_its_line(tmp_path: Path, images) -> None:
    sites = write(tmp_path / "s.csv", "id,x,y,pixel_size\na,100,50,2\nb,10,10,\n")
    sources = find_sources([images("a", "b")], sites)
    plan = plan_import(sources, with_changes(guessed_recipe(sources), position_unit="px"))
    assert [(row["case_id"], row["x_nm"], row["y_nm"]) for row in plan.rows] == [("a", "200.0", "100.0")]
    assert "line 3" in str(plan.problems[0])
    assert "needs a pixel size" in str(plan.problems[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,x,y\na,1,2\na,3,4\n", "line 3: the same site stands in line 2"),
        ("id,x,y\na,one,2\n", 'line 2: x is a number, not "one"'),
        ("id,x,y\na,1,2,3,4\nb,1,2\n", "line 2: it has 5 cells for 3 columns"),
    ],
)
def test_that_a_broken_line_is_named_and_the_others_count(tmp_path: Path, images, text: str, words: str) -> None:
    sources = find_sources([images("a", "b")], write(tmp_path / "s.csv", text))
    plan = plan_import(sources, ImportRecipe("{id}", columns={"x_nm": "x", "y_nm": "y"}))
    assert any(words in str(problem) for problem in plan.problems)


def test_that_lines_before_the_header_are_passed_over(tmp_path: Path) -> None:
    listed = read_foreign_list(write(tmp_path / "s.csv", "Report 12\nOperator: somebody\nid;x;y\n1;2,5;3\n2;3,5;4;\n"))
    assert listed.columns == ("id", "x", "y")
    assert [(line.number, number_of(line.cells["x"])) for line in listed.lines] == [(4, 2.5), (5, 3.5)]


def test_that_no_project_is_written_over_another_and_none_without_a_case(tmp_path: Path, images) -> None:
    sources = find_sources([images("a")])
    recipe = guessed_recipe(sources)
    plan = plan_import(sources, recipe)
    write_project(plan, recipe, tmp_path / "p")
    with pytest.raises(FileProblem, match="There is a project already"):
        write_project(plan, recipe, tmp_path / "p")
    with pytest.raises(FileProblem, match="no image found its line"):
        write_project(plan_import(sources, ImportRecipe("other_{id}")), recipe, tmp_path / "q")


def test_that_a_recipe_of_the_wrong_kind_is_a_sentence(tmp_path: Path) -> None:
    for text, words in (
        ("unit = 'um'", "The key unit is not known"),
        ("file_name = 'a'", "no field in braces"),
        ("position_unit = 'inch'", "position_unit is one of nm, um, mm, px"),
        ("[join]\nlot = 'Lot'", "does not stand in the file name"),
        ("file_name = ", "cannot be read"),
    ):
        with pytest.raises(FileProblem, match=words):
            read_recipe(write(tmp_path / "r.toml", text))


texts = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=8)


@given(
    st.builds(
        ImportRecipe,
        file_name=st.just("{lot}_{w}"),
        join=st.dictionaries(st.sampled_from(["lot", "w"]), texts),
        columns=st.dictionaries(st.sampled_from(["x_nm", "pattern_type", "dose"]), texts),
        position_unit=st.sampled_from(["nm", "um", "mm", "px"]),
        pixel_unit=st.sampled_from(["nm", "um"]),
        origin_nm=st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
        x_sign=st.sampled_from([1, -1]),
        y_sign=st.sampled_from([1, -1]),
        fixed=st.dictionaries(st.sampled_from(["tone", "layers"]), texts),
    )
)
def test_that_a_recipe_comes_back_as_it_was_written(tmp_path_factory, recipe: ImportRecipe) -> None:
    path = tmp_path_factory.mktemp("recipe") / "r.toml"
    write_recipe(path, recipe)
    assert read_recipe(path) == recipe
