"""One field of a layout with 100,000 polygons beside the same field alone: `python -m benchmarks.large_layout`.

Seconds of processor time, medians of REPEATS: opening the layout once a project, then loading and aligning the field.
"""

import statistics
import tempfile
import time
from pathlib import Path

import cv2
import gdstk
import numpy as np
import tifffile

from semiview.alignment.align import align
from semiview.core.case import Case
from semiview.core.registration import Registration, nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.files.project import Project
from semiview.simulation.patterns import logic
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate

SHAPE = (512, 512)
NM_PER_PX = 2.0
REPEATS = 5
POLYGONS = 100_000


def write_project(folder: Path, more: int) -> Path:
    """A simulated field of logic in the middle of a chip with `more` further polygons."""
    folder.mkdir()
    drawn = logic((1600.0, 1600.0), 40.0, 1)
    middle = np.mean([outline.mean(axis=0) for outline in drawn], axis=0)
    outlines = [outline - middle for outline in drawn]
    nominal = nominal_registration(SHAPE, PixelSize(NM_PER_PX, NM_PER_PX, "given"), (0.0, 0.0))
    taken = simulate(outlines, "raised", nominal.moved(30.0, -20.0).turned(0.5), SHAPE, Recipe(nm_per_px=NM_PER_PX), 1)
    tifffile.imwrite(folder / "field.tif", taken.pixels)
    layout = gdstk.Library(unit=1e-9, precision=1e-12)
    top = layout.new_cell("TOP")
    top.add(*[gdstk.Polygon(outline, layer=1) for outline in outlines])
    side = int(np.ceil(np.sqrt(more)))
    places = ((number % side, number // side) for number in range(more))
    top.add(*[gdstk.rectangle((3000 + 90 * i, 90 * j), (3050 + 90 * i, 90 * j + 50), layer=1) for i, j in places])
    layout.write_gds(folder / "chip.gds")
    (folder / "cases.csv").write_text(
        "case_id,image,design,layers,tone,x_nm,y_nm,nm_per_px\nfield,field.tif,chip.gds,1/0,raised,0,0,2.0\n"
    )
    return folder


def timed(folder: Path) -> tuple[float, float, float, Registration]:
    """Seconds of the first load (the layout is opened then), of a further one, and of the alignment."""
    project = Project.open(folder)
    began = time.process_time()
    case: Case = project.load("field")
    first = time.process_time() - began
    loads, aligns = [], []
    for _ in range(REPEATS):
        began = time.process_time()
        case = project.load("field")
        loaded = time.process_time()
        found = align(case)
        loads.append(loaded - began)
        aligns.append(time.process_time() - loaded)
    return first, statistics.median(loads), statistics.median(aligns), found


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'polygons':>10} {'first load s':>13} {'load s':>8} {'align s':>8}  verdict")
        found = []
        for more in (0, POLYGONS):
            first, load, aligned, registration = timed(write_project(Path(folder) / str(more), more))
            found.append(registration)
            print(f"{more:>10} {first:13.3f} {load:8.3f} {aligned:8.3f}  {registration.trust.verdict}")
        apart = np.abs(found[0].parameters - found[1].parameters).max()
        print(f"largest difference of a parameter: {apart:.1e}")


if __name__ == "__main__":
    main()
