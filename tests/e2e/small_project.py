"""A project of a few small fields, made by the test itself: lines 80 nm wide at a pitch of 160 nm, 2 nm/px."""

from pathlib import Path

import gdstk
import numpy as np
import tifffile

SHAPE = (160, 224)
NM_PER_PX = 2.0
HEAD = "case_id,image,design,layers,tone,x_nm,y_nm,nm_per_px,prediction,group"


def write_small_project(
    folder: Path, count: int = 4, tone: str = "raised", nm_per_px: str = "2.0", predicted: bool = True
) -> Path:
    """Cases c0, c1, ... around the origin; images, layout and predictions agree to a pixel."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(7)
    library = gdstk.Library(unit=1e-6, precision=1e-11)
    cell = library.new_cell("TOP")
    for number in range(-6, 7):
        cell.add(gdstk.rectangle((0.160 * number - 0.040, -2.0), (0.160 * number + 0.040, 2.0), layer=1))
    library.write_gds(folder / "lines.gds")
    column = (np.arange(SHAPE[1]) - (SHAPE[1] - 1) / 2) * NM_PER_PX
    inside = np.abs((column + 80) % 160 - 80) < 40
    material = np.broadcast_to(inside, SHAPE).astype(np.float32)
    rows = [HEAD]
    for number in range(count):
        grey = 60 + 120 * material + rng.normal(0, 6, SHAPE)
        tifffile.imwrite(folder / f"c{number}.tif", np.clip(grey, 0, 255).astype(np.uint8))
        np.save(folder / f"c{number}_p.npy", material.astype(np.float16))
        prediction = f"c{number}_p.npy" if predicted else ""
        rows.append(f"c{number},c{number}.tif,lines.gds,1/0,{tone},0,0,{nm_per_px},{prediction},g{number}")
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    return folder
