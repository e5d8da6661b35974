import csv
from collections.abc import Callable
from pathlib import Path

import gdstk
import numpy as np
import pytest
import tifffile

from semiview.core.outline import rectangle
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.simulation.patterns import logic
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate

SHAPE = (256, 320)
NM_PER_PX = 2.0


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Write a project of simulated fields that are shifted by (10, -6) nm against their stage positions."""

    def write(count: int = 3, **columns: str) -> Path:
        folder = tmp_path / "project"
        folder.mkdir()
        layout, rows = gdstk.Library(unit=1e-9, precision=1e-12), []
        top = layout.new_cell("TOP")
        for index in range(count):
            outlines = logic((1400.0, 1200.0), 60.0, index)
            middle = np.mean([outline.mean(axis=0) for outline in outlines], axis=0)
            place = np.array([10_000.0 * index, 5_000.0])
            moved = [outline - middle + place for outline in outlines]
            top.add(*[gdstk.Polygon(outline, layer=1) for outline in moved])
            nominal = nominal_registration(SHAPE, PixelSize(NM_PER_PX, NM_PER_PX, "given"), tuple(place))
            field = simulate(moved, "raised", nominal.moved(10.0, -6.0), SHAPE, Recipe(nm_per_px=NM_PER_PX), index)
            tifffile.imwrite(folder / f"field {index}.tif", field.pixels)
            rows.append(
                {
                    "case_id": f"site/{index}",
                    "image": f"field {index}.tif",
                    "design": "design.gds",
                    "layers": "target:1/0",
                    "tone": "raised",
                    "x_nm": str(place[0]),
                    "y_nm": str(place[1]),
                    "nm_per_px": str(NM_PER_PX),
                    "pattern_type": "logic",
                    "group": f"wafer {index}",
                    **columns,
                }
            )
        top.add(gdstk.Polygon(rectangle(-9e5, -9e5, -8e5, -8e5), layer=7))
        layout.write_gds(folder / "design.gds")
        with (folder / "cases.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return folder

    return write
