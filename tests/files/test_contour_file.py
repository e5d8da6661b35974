from pathlib import Path

import gdstk
import numpy as np
import pytest

from semiview.core.outline import as_outline, rectangle
from semiview.files.contour_file import ContouredCase, write_contours
from semiview.files.problem import FileProblem

FAR_NM = (-13_294_220.0, -12_176_370.0)  # a real field 18 mm from the origin


@pytest.mark.parametrize("suffix", [".gds", ".oas"])
def test_that_contours_come_back_in_the_designs_frame_by_layer(tmp_path: Path, suffix: str) -> None:
    x, y = FAR_NM
    ring = rectangle(x, y, x + 100.25, y + 50)
    hole = as_outline(rectangle(x + 20, y + 10, x + 40, y + 30)[::-1])
    angles = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    round_one = as_outline(np.column_stack([np.cos(angles), np.sin(angles)]) * 5000 + FAR_NM)
    cases = [
        ContouredCase("site/1", {"sem": (ring, hole), "prediction": (ring,)}, (ring,)),
        ContouredCase("site:1", {"approved": (round_one,)}),
    ]
    path = tmp_path / f"contours{suffix}"
    assert write_contours(path, cases) == 5
    library = gdstk.read_gds(path, unit=1e-9) if suffix == ".gds" else gdstk.read_oas(path, unit=1e-9)
    cells = {cell.name: cell for cell in library.cells}
    assert set(cells) == {"CONTOURS", "site_1", "site_1_2"}
    found = {(each.layer, each.datatype): each for each in cells["site_1"].polygons}
    assert set(found) == {(1000, 0), (1000, 1), (1001, 0), (1010, 0)}
    assert found[1000, 0].area() == pytest.approx(100.25 * 50, abs=10)
    assert found[1000, 1].area() == pytest.approx(400, abs=1)
    low, high = found[1000, 0].bounding_box()
    assert (*low, *high) == pytest.approx((x, y, x + 100.25, y + 50), abs=0.051)
    area = sum(each.area() for each in cells["site_1_2"].polygons)
    assert area == pytest.approx(np.pi * 5000**2, rel=1e-4)
    assert len(cells["CONTOURS"].references) == 2


def test_that_another_suffix_is_refused_with_what_may_be_used(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"\.gds or \.oas"):
        write_contours(tmp_path / "a.dxf", [])
