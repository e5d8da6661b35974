import math
import time
from pathlib import Path

import gdstk
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semiview.files.layout_tree import LayoutTree

FAR_NM = np.array([14e6, -13e6])


def tree_of_everything() -> gdstk.Cell:
    """References nested three deep: turned, mirrored, magnified, in lattices and lists; polygons and paths repeated."""
    leaf = gdstk.Cell("leaf")
    leaf.add(gdstk.Polygon([(0, 0), (3, 0), (3, 1), (1, 1), (1, 4), (0, 4)], layer=1))
    leaf.add(gdstk.FlexPath([(0, 0), (5, 5)], 0.5, layer=2))
    for repetition in (gdstk.Repetition(3, 2, (5, 6)), gdstk.Repetition(offsets=[(7, 7), (3, 9)])):
        repeated = gdstk.rectangle((0, 0), (1, 2), layer=1)
        repeated.repetition = repetition
        leaf.add(repeated)
    path = gdstk.FlexPath([(0, 0), (2, 1)], 0.3, layer=2)
    path.repetition = gdstk.Repetition(x_offsets=[4, 8])
    leaf.add(path)
    middle = gdstk.Cell("middle")
    array = {"columns": 4, "rows": 3, "spacing": (30, 40)}
    middle.add(gdstk.Reference(leaf, (10, 3), rotation=0.4, magnification=1.3, x_reflection=True, **array))
    middle.add(gdstk.Reference(leaf, (-50, 0), rotation=math.pi / 2))
    skewed = gdstk.Reference(leaf, (0, -60), rotation=math.pi, x_reflection=True)
    skewed.repetition = gdstk.Repetition(2, 5, v1=(20, 3), v2=(-4, 11))
    listed = gdstk.Reference(leaf, (100, -60), rotation=1.1)
    listed.repetition = gdstk.Repetition(y_offsets=[33, 70])
    middle.add(skewed, listed)
    top = gdstk.Cell("top")
    top.add(gdstk.Reference(middle, (1000, 2000), rotation=-1.2, magnification=0.7))
    top.add(gdstk.Reference(middle, (0, 0), x_reflection=True, columns=2, rows=2, spacing=(400, 300)))
    top.add(gdstk.rectangle((-9, -9), (2, 2), layer=1))
    return top


TOP = tree_of_everything()
TREE = LayoutTree()
LAYERS = ((1, 0), (2, 0))
FLAT = {layer: [each.points for each in TOP.get_polygons(layer=layer[0], datatype=layer[1])] for layer in LAYERS}
BOXES = {layer: np.array([[*p.min(axis=0), *p.max(axis=0)] for p in flat]) for layer, flat in FLAT.items()}


def middles(polygons: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    points = np.array([polygon.mean(axis=0) for polygon in polygons]).reshape(-1, 2)
    return points[np.lexsort(np.round(points, 2).T)]


@settings(deadline=None, max_examples=150)
@given(
    layer=st.sampled_from(LAYERS),
    corner=st.tuples(st.floats(-150, 1100), st.floats(-400, 2100)),
    size=st.tuples(st.floats(0, 250), st.floats(0, 250)),
)
def test_that_a_field_holds_what_the_flattened_cell_has_there(
    layer: tuple[int, int], corner: tuple[float, float], size: tuple[float, float]
) -> None:
    box = np.array([*corner, corner[0] + size[0], corner[1] + size[1]])
    # A thousandth of a nm is the program's grid: what only touches by less may or may not be there.
    slack = np.array([-2e-3, -2e-3, 2e-3, 2e-3])
    found = middles(list(TREE.polygons(TOP, layer, box)))
    for window, compare in ((box + slack, np.less_equal), (box - slack, np.greater_equal)):
        near = (BOXES[layer][:, :2] <= window[2:]).all(axis=1) & (BOXES[layer][:, 2:] >= window[:2]).all(axis=1)
        expected = middles([FLAT[layer][index] for index in np.flatnonzero(near)])
        assert compare(len(found), len(expected))
        if len(found) == len(expected):
            assert np.allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("layer", LAYERS)
def test_that_the_box_holds_all_and_little_more(layer: tuple[int, int]) -> None:
    box, flat = TREE.box(TOP, layer), BOXES[layer]
    low, high = flat[:, :2].min(axis=0), flat[:, 2:].max(axis=0)
    assert (box[:2] <= low).all()
    assert (box[2:] >= high).all()
    assert (box[2:] - box[:2] <= 1.05 * (high - low)).all()
    assert TREE.layers(TOP) == set(LAYERS)


def test_that_a_layer_that_is_not_drawn_has_no_polygons() -> None:
    assert list(TREE.polygons(TOP, (9, 0), np.array([-1e6, -1e6, 1e6, 1e6]))) == []


def test_that_right_angles_are_exact_14_mm_from_the_origin() -> None:
    leaf, top = gdstk.Cell("leaf"), gdstk.Cell("top")
    leaf.add(gdstk.rectangle((0, 0), (100, 40)))
    for quarter in range(4):
        top.add(gdstk.Reference(leaf, tuple(FAR_NM), rotation=quarter * math.pi / 2))
    box = np.concatenate([FAR_NM - 1000, FAR_NM + 1000])
    for polygon in LayoutTree().polygons(top, (0, 0), box):
        assert np.array_equal(polygon, np.round(polygon))


def test_that_a_field_in_a_million_instances_costs_milliseconds(tmp_path: Path) -> None:
    leaf, row, top = gdstk.Cell("leaf"), gdstk.Cell("row"), gdstk.Cell("top")
    leaf.add(gdstk.rectangle((0, 0), (50, 50), layer=1))
    row.add(gdstk.Reference(leaf, (0, 0), columns=1000, rows=1, spacing=(100, 100)))
    top.add(gdstk.Reference(leaf, (0, 0), columns=1000, rows=1000, spacing=(100, 100)))
    top.add(gdstk.Reference(row, (200_000, 0), columns=1, rows=1000, spacing=(100, 100)))
    tree = LayoutTree()
    for left in (0, 200_000):
        begun = time.process_time()
        found = list(tree.polygons(top, (1, 0), np.array([left + 30_000.0, 40_000, left + 30_960, 40_960])))
        assert time.process_time() - begun < 0.1  # flattened it takes over a second
        assert len(found) == 100
        corners = np.array(sorted(polygon.min(axis=0).tolist() for polygon in found))
        grid = np.stack(np.meshgrid(np.arange(10), np.arange(10), indexing="ij"), axis=-1).reshape(-1, 2)
        assert np.array_equal(corners, np.array([left + 30_000, 40_000]) + 100.0 * grid)
