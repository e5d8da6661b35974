import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import gdstk
import numpy as np
import pytest
import tifffile

from semiview.core.outline import Points, signed_area
from semiview.core.raster import coverage
from semiview.core.registration import PARAMETERS, Frame, Registration
from semiview.simulation.example_chip import CONTACT, METAL, PLACES_NM, chip_outlines_nm
from semiview.simulation.example_project import FIELDS, SHAPE, main, write_example_project

COMMITTED = Path(__file__).parents[2] / "resources" / "example"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "made" / "here"
    write_example_project(folder)
    return folder


@pytest.fixture(scope="module")
def truth(fresh: Path) -> dict[str, dict]:
    return json.loads((fresh / "truth" / "truth.json").read_text(encoding="utf-8"))["cases"]


@pytest.fixture(scope="module")
def chip(fresh: Path) -> dict[tuple[int, int], tuple[Points, ...]]:
    library = gdstk.read_gds(fresh / "chip.gds")
    return {layer: chip_outlines_nm(library, layer) for layer in (METAL, CONTACT)}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "cases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> Iterator[Path]:
    return (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())


def registration_of(row: dict[str, str], values: dict[str, float]) -> Registration:
    centre_px = ((SHAPE[1] - 1) / 2, (SHAPE[0] - 1) / 2)
    frame = Frame(centre_px, (float(row["x_nm"]), float(row["y_nm"])), float(row["nm_per_px"]))
    return Registration(frame, **{name: values[name] for name in PARAMETERS}, transform="affine")


def test_that_the_committed_example_is_what_the_code_makes(fresh: Path) -> None:
    assert list(files(fresh)) == list(files(COMMITTED))
    for name in ("cases.csv", "project.toml"):
        assert (fresh / name).read_bytes() == (COMMITTED / name).read_bytes()
    assert json.loads((fresh / "truth/truth.json").read_text()) == json.loads(
        (COMMITTED / "truth/truth.json").read_text()
    )
    for path in files(COMMITTED):
        if path.suffix in (".tif", ".png"):
            made, kept = (cv2.imread(str(folder / path), cv2.IMREAD_UNCHANGED) for folder in (fresh, COMMITTED))
            assert np.array_equal(made, kept), path


def test_that_it_is_the_same_byte_for_byte_when_made_again(fresh: Path, tmp_path: Path) -> None:
    assert main([str(tmp_path / "again")]) == 0
    for path in files(fresh):
        sums = [hashlib.sha256((folder / path).read_bytes()).hexdigest() for folder in (fresh, tmp_path / "again")]
        assert sums[0] == sums[1], path


def test_that_another_seed_is_another_print_of_the_same_chip(fresh: Path, tmp_path: Path) -> None:
    write_example_project(tmp_path, seed=1)
    assert (tmp_path / "chip.gds").read_bytes() == (fresh / "chip.gds").read_bytes()
    name = "images/logic-01.tif"
    assert not np.array_equal(tifffile.imread(tmp_path / name), tifffile.imread(fresh / name))


def test_that_it_is_small_and_mixed() -> None:
    assert sum((COMMITTED / path).stat().st_size for path in files(COMMITTED)) < 6e6
    listed = rows(COMMITTED)
    assert len(listed) == len({row["case_id"] for row in listed}) == 12
    assert len({row["group"] for row in listed}) >= 6
    assert {row["pattern_type"] for row in listed} >= {"logic", "contact", "line_space", "sram", "isolated"}
    assert {row["tone"] for row in listed} == {"raised", "opening"}
    for row in listed:
        image = tifffile.imread(COMMITTED / row["image"])
        assert (image.shape, image.dtype) == ((512, 512), np.uint8)
        assert (COMMITTED / row["design"]).is_file()


def test_that_the_layout_has_cells_references_and_arrays_far_from_the_origin(fresh: Path) -> None:
    library = gdstk.read_gds(fresh / "chip.gds")
    assert [cell.name for cell in library.top_level()] == ["CHIP"]
    assert len(library.cells) >= 12
    references = [reference for cell in library.cells for reference in cell.references]
    assert any(reference.x_reflection for reference in references)
    assert any(reference.repetition.size > 100 for reference in references)
    assert any(abs(reference.rotation - np.pi / 2) < 1e-6 for reference in references)
    assert min(np.abs(place).max() for place in PLACES_NM.values()) > 2e6
    assert len(set(PLACES_NM.values())) == len(PLACES_NM)


def test_that_mirrored_cells_do_not_overlap_in_the_sram_block(chip: dict[tuple[int, int], tuple[Points, ...]]) -> None:
    middle = np.array(PLACES_NM["SRAM_ARRAY"])
    block = [outline - middle for outline in chip[METAL] if np.abs(outline[0] - middle).max() < 3000]
    picture = coverage([outline / 8 + 250 for outline in block], (500, 500))
    period = (round(16 * 44 / 8), round(18 * 44 / 8))
    inner = picture[150:250, 150:250]
    assert np.array_equal(inner, picture[150:250, 150 + period[1] : 250 + period[1]])
    assert np.array_equal(inner, picture[150 + period[0] : 250 + period[0], 150:250])
    # Mirror images about the middle of the block: a picture and its reflection are the same.
    assert np.allclose(picture[1:, 1:], picture[1:, 1:][::-1, ::-1], atol=1e-4)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.case_id)
def test_that_the_true_registration_lays_the_design_on_what_was_printed(
    field, fresh: Path, truth: dict[str, dict], chip: dict[tuple[int, int], tuple[Points, ...]]
) -> None:
    row = next(row for row in rows(fresh) if row["case_id"] == field.case_id)
    known = truth[field.case_id]
    registration = registration_of(row, known["registration"])
    assert np.hypot(*field.shift_px) > 15
    outlines = [registration.to_px(outline) for outline in chip[field.layer]]
    drawn = coverage([o for o in outlines if (o.max(0) > -20).all() and (o.min(0) < 532).all()], SHAPE)
    standing = drawn if row["tone"] == "raised" else 1 - drawn
    mask = cv2.imread(str(fresh / "truth" / f"{field.case_id}.png"), cv2.IMREAD_UNCHANGED) / 255
    assert np.mean(np.abs(standing - mask)) < 0.1
    # The mask is the image's own: material is brighter than ground.
    image = tifffile.imread(fresh / row["image"]).astype(float)
    assert image[mask > 0.5].mean() > 1.3 * image[mask < 0.5].mean()
    if field.pattern_type == "line_space":  # no corners that round away: area gained per length of edge is the EPE
        axis = 1 if field.block == "GRATING_FINE" else 0
        length = np.abs(np.diff(standing, axis=axis)).sum() / np.cos(np.deg2rad(field.rotation_deg))
        from_area = (mask - standing).sum() / length * field.recipe.nm_per_px
        assert from_area == pytest.approx(known["mean_epe_nm"], abs=0.1)


def test_that_the_mean_epe_is_the_bias_of_the_print(truth: dict[str, dict]) -> None:
    for field in FIELDS:
        known = truth[field.case_id]
        assert known["mean_epe_nm"] == pytest.approx(field.recipe.bias_nm, abs=0.4)
        assert known["sigma_epe_nm"] == pytest.approx(field.recipe.roughness_sigma_nm, rel=0.25)


def test_that_gauges_have_drawn_widths_of_the_block_and_the_bias_of_the_print(truth: dict[str, dict]) -> None:
    for field in FIELDS:
        gauges = truth[field.case_id]["gauges"]
        assert len(gauges) >= 5
        by_mode = {mode: [g for g in gauges if g["mode"] == mode] for mode in ("line", "space", "hole")}
        assert bool(by_mode["hole"]) == (field.layer == CONTACT)
        for mode, sign in (("line", 1), ("space", -1)):
            if len(by_mode[mode]) >= 5:
                bias = np.mean([gauge["cd_nm"] - gauge["cd_design_nm"] for gauge in by_mode[mode]])
                assert bias == pytest.approx(2 * sign * field.recipe.bias_nm, abs=1.2)


def test_that_a_hole_measures_its_printed_area(truth: dict[str, dict]) -> None:
    for field in FIELDS:
        radius, bias = field.recipe.corner_radius_nm, field.recipe.bias_nm
        side = 60 + 2 * bias
        expected = 2 * np.sqrt((side**2 - (4 - np.pi) * (radius + bias) ** 2) / np.pi)
        holes = [gauge["cd_nm"] for gauge in truth[field.case_id]["gauges"] if gauge["mode"] == "hole"]
        if holes:
            assert np.mean(holes) == pytest.approx(expected, abs=0.5)


def test_that_the_holes_that_never_opened_are_drawn_but_not_there(
    fresh: Path, truth: dict[str, dict], chip: dict[tuple[int, int], tuple[Points, ...]]
) -> None:
    row = next(row for row in rows(fresh) if row["case_id"] == "contact-01")
    registration = registration_of(row, truth["contact-01"]["registration"])
    mask = cv2.imread(str(fresh / "truth" / "contact-01.png"), cv2.IMREAD_UNCHANGED)
    missing = [np.array([d["x_nm"], d["y_nm"]]) for d in truth["contact-01"]["defects"]]
    assert len(missing) == 3
    for place in missing:
        assert any(np.allclose(outline.mean(axis=0), place, atol=1) for outline in chip[CONTACT])
        u, v = np.round(registration.to_px(place[None])[0]).astype(int)
        assert mask[v - 10 : v + 11, u - 10 : u + 11].min() == 255
        assert not any(np.hypot(g["x_nm"] - place[0], g["y_nm"] - place[1]) < 5 for g in truth["contact-01"]["gauges"])


def test_that_the_bridge_joins_what_is_drawn_apart(
    fresh: Path, truth: dict[str, dict], chip: dict[tuple[int, int], tuple[Points, ...]]
) -> None:
    row = next(row for row in rows(fresh) if row["case_id"] == "logic-03")
    registration = registration_of(row, truth["logic-03"]["registration"])
    (bridge,) = truth["logic-03"]["defects"]
    place = np.array([[bridge["x_nm"], bridge["y_nm"]]])
    u, v = np.round(registration.to_px(place)[0]).astype(int)
    mask = cv2.imread(str(fresh / "truth" / "logic-03.png"), cv2.IMREAD_UNCHANGED)
    near = [registration.to_px(o) for o in chip[METAL] if np.abs(o.mean(axis=0) - place[0]).max() < 3000]
    assert mask[v, u] == 255
    assert coverage(near, SHAPE)[v, u] == 0


def test_that_drawn_polygons_come_back_from_the_layout_as_they_were_drawn(
    chip: dict[tuple[int, int], tuple[Points, ...]],
) -> None:
    holes = [outline for outline in chip[METAL] if signed_area(outline) < 0]
    assert holes  # rings in the routing, stored with a seam, have no seam any more
    assert all(len(outline) == 4 for outline in chip[CONTACT])
    assert {signed_area(outline) for outline in chip[CONTACT]} == {3600.0}
    assert all(np.array_equal(outline, np.round(outline)) for layer in chip.values() for outline in layer)


def test_that_wrong_use_says_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: python -m semiview.simulation.example_project FOLDER" in capsys.readouterr().err


def test_that_a_folder_that_cannot_be_made_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("a file")
    assert main([str(tmp_path / "taken")]) == 1
    assert f"The example project could not be written to {tmp_path / 'taken'}" in capsys.readouterr().err
