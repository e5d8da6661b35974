import threading
from pathlib import Path

import gdstk
import numpy as np
import pytest

from semiview.core.outline import signed_area
from semiview.files.design_file import DesignLibrary, describe_design, layer_warnings
from semiview.files.layer_roles import parse_layers
from semiview.files.problem import FileProblem

EVERYWHERE = (-1e9, -1e9, 1e9, 1e9)


def library() -> gdstk.Library:
    layout = gdstk.Library(unit=1e-6, precision=1e-9)
    leaf = layout.new_cell("LEAF")
    leaf.add(gdstk.rectangle((0, 0), (0.05, 0.2), layer=1), gdstk.rectangle((0.05, 0), (0.1, 0.2), layer=1))
    top = layout.new_cell("TOP")
    top.add(gdstk.Reference(leaf, (14_000, -13_000), columns=10, rows=2, spacing=(0.3, 0.5)))
    top.add(gdstk.rectangle((14_000, -13_000), (14_003, -12_999), layer=2))
    return layout


@pytest.fixture
def gds(tmp_path: Path) -> Path:
    path = tmp_path / "chip.gds"
    library().write_gds(path)
    return path


@pytest.mark.parametrize("suffix", [".gds", ".oas"])
def test_that_gds_and_oasis_give_the_same_polygons_in_nm(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"chip{suffix}"
    library().write_gds(path) if suffix == ".gds" else library().write_oas(path)
    design = DesignLibrary.open(path).design((14e6, -13e6, 14e6 + 700, -13e6 + 100), parse_layers("target:1"), "raised")
    corners = sorted(tuple(outline.min(axis=0)) for outline in design.target)
    assert corners == [(14e6, -13e6), (14e6 + 300, -13e6), (14e6 + 600, -13e6)]
    assert {tuple(np.ptp(outline, axis=0)) for outline in design.target} == {(100.0, 200.0)}
    assert {len(outline) for outline in design.target} == {4}
    assert (design.cell, design.tone, len(design.sha256)) == ("TOP", "raised", 64)


def test_that_the_top_cell_and_its_layers_are_told(gds: Path) -> None:
    found = describe_design(gds)
    assert found.top_cells == ("TOP",)
    assert set(found.cells) == {"LEAF", "TOP"}
    assert found.layers == ("1/0", "2/0")
    assert found.bounds_nm["TOP"] == (14e6, -13e6, 14e6 + 3000, -13e6 + 1000)
    only_target = DesignLibrary.open(gds).bounds_nm(parse_layers("target:1;fill:2"))
    assert only_target == (14e6, -13e6, 14e6 + 2800, -13e6 + 700)


def test_that_roles_part_the_layers(gds: Path) -> None:
    design = DesignLibrary.open(gds).design(EVERYWHERE, parse_layers("target:1;fill:2"))
    assert [(layer.name, layer.role, len(layer.outlines)) for layer in design.layers] == [
        ("1/0", "target", 20),
        ("2/0", "fill", 1),
    ]
    assert len(design.target) == 20
    assert len(design.alignable) == 21
    assert len(DesignLibrary.open(gds).design(EVERYWHERE, parse_layers("ignore:2;target:1")).ignore) == 1


def test_that_several_bare_layers_are_united_and_said(gds: Path) -> None:
    opened = DesignLibrary.open(gds)
    for text in ("1;2", ""):
        _, layers = opened.resolved(parse_layers(text))
        assert "1/0, 2/0 have no role and are united" in layer_warnings(layers)[0]
        (outline,) = opened.design(EVERYWHERE, layers).target
        assert signed_area(outline) == 3e6
    assert layer_warnings(parse_layers("target:1;target:2")) == ()
    assert layer_warnings(parse_layers("1")) == ()


@pytest.mark.parametrize(
    ("layers", "cell", "reason"),
    [
        ("target:7/3", "", "Nothing is drawn on 7/3. The design has the layers 1/0, 2/0"),
        ("fill:1", "", "No layer has the role target"),
        ("target:1", "CHIP", "no cell CHIP. Its top cells are TOP"),
        ("target:2", "LEAF", "Nothing is drawn on 2/0. The design has the layers 1/0"),
    ],
)
def test_that_a_wrong_layer_or_cell_names_what_there_is(gds: Path, layers: str, cell: str, reason: str) -> None:
    with pytest.raises(FileProblem, match=reason):
        DesignLibrary.open(gds).design(EVERYWHERE, parse_layers(layers), cell=cell)


def test_that_one_of_several_top_cells_must_be_named(tmp_path: Path) -> None:
    layout = library()
    layout.new_cell("OTHER").add(gdstk.rectangle((0, 0), (1, 1), layer=1))
    layout.new_cell("FRAME").add(gdstk.rectangle((0, 0), (1, 1), layer=5))
    layout.write_gds(tmp_path / "a.gds")
    opened = DesignLibrary.open(tmp_path / "a.gds")
    with pytest.raises(FileProblem, match=r"2 top cells: TOP, OTHER. Name one in `cell`"):
        opened.resolved(parse_layers("target:1"))
    assert opened.resolved(parse_layers("target:1"), "OTHER")[0] == "OTHER"
    assert opened.resolved(parse_layers("target:5"))[0] == "FRAME"


def test_that_broken_designs_say_what_is_wrong(tmp_path: Path, gds: Path) -> None:
    whole = gds.read_bytes()
    empty_library, circle = gdstk.Library(), gdstk.Library()
    empty_library.write_gds(tmp_path / "cell-less.gds")
    first, second = circle.new_cell("A"), circle.new_cell("B")
    first.add(gdstk.Reference(second))
    second.add(gdstk.Reference(first))
    circle.write_gds(tmp_path / "circle.gds")
    (tmp_path / "empty.gds").touch()
    (tmp_path / "short.gds").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.oas").write_text("layer,datatype\n")
    reasons = {
        "gone.gds": "not there",
        "empty.gds": "is empty",
        "short.gds": "cut short",
        "text.oas": "no GDS or OASIS",
        "cell-less.gds": "no cell",
        "circle.gds": "A, B hold each other in a circle",
    }
    for name, reason in reasons.items():
        with pytest.raises(FileProblem, match=reason):
            DesignLibrary.open(tmp_path / name)


def test_that_a_missing_cell_is_said_and_the_rest_used(tmp_path: Path) -> None:
    layout = library()
    layout["TOP"].add(gdstk.Reference("VIA", (0, 0)))
    layout.write_gds(tmp_path / "a.gds")
    opened = DesignLibrary.open(tmp_path / "a.gds")
    assert "VIA" in opened.warnings[0]
    assert len(opened.design(EVERYWHERE, parse_layers("target:1")).target) == 20


def test_that_threads_read_the_same_design(gds: Path) -> None:
    opened, counts = DesignLibrary.open(gds), []
    threads = [
        threading.Thread(target=lambda: counts.append(len(opened.design(EVERYWHERE, parse_layers("target:1")).target)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [20] * 8


def test_that_real_keyholes_become_holes_without_seams(shared_data: Path) -> None:
    opened = DesignLibrary.open(shared_data / "openebl" / "WF150UL_SEM_LL.gds")
    x, y = -5833290.0, -5616265.0
    design = opened.design((x - 4500, y - 3000, x + 4500, y + 3000), parse_layers("target:1/0"), "raised")
    holes = [outline for outline in design.target if signed_area(outline) < 0]
    assert len(holes) >= 338
    for outline in design.target:
        edges = {(tuple(a), tuple(b)) for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True)}
        assert not any((b, a) in edges for a, b in edges)
        assert np.array_equal(outline, np.round(outline))
