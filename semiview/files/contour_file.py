"""Contours as GDS or OASIS: closed polygons in the design's own frame, one layer for each source."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import gdstk

from semiview.core.outline import Points, signed_area
from semiview.files.durable_file import write_durably
from semiview.files.problem import FileProblem

# Layer/datatype of what stands, by whose contour it is; one more for its holes, which a GDS polygon has not.
LAYERS: Mapping[str, tuple[int, int]] = {"sem": (1000, 0), "prediction": (1001, 0), "approved": (1002, 0)}
DESIGN_LAYER = (1010, 0)
HOLES = 1  # datatype
SUFFIXES = (".gds", ".oas")
UNIT_M, PRECISION_M = 1e-6, 1e-10  # GDS counts in 32 bits: an Angstrom reaches 215 mm, a tenth of it only 21
MOST_POINTS = 4000  # of a GDS polygon: more need records longer than 32 kB, which not every reader takes


@dataclass(frozen=True, slots=True, eq=False)
class ContouredCase:
    """Contours of one field in design nm, inside on the left, by source; and the design it was compared with."""

    case_id: str
    outlines_nm: Mapping[str, tuple[Points, ...]]
    design_nm: tuple[Points, ...] = ()


def write_contours(path: Path, cases: Sequence[ContouredCase]) -> int:
    """Write one cell a field under one top cell, all in design coordinates; returns the number of polygons.

    Outer boundaries of standing material lie on the layers of LAYERS, its holes on the same layer with datatype 1, the
    design's target on 1010/0 (holes 1010/1).

    Raises
    ------
    FileProblem
        If the suffix is neither .gds nor .oas, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FileProblem(path, "Contours are written as GDS or OASIS.", f"Name it {' or '.join(SUFFIXES)}.")
    library = gdstk.Library("SEMIVIEW", unit=UNIT_M, precision=PRECISION_M)
    top = library.new_cell("CONTOURS")
    count = 0
    taken: set[str] = set()
    for case in cases:
        cell = library.new_cell(_cell_name(case.case_id, taken))
        for source, outlines in (*case.outlines_nm.items(), ("design", case.design_nm)):
            layer, datatype = LAYERS.get(source, DESIGN_LAYER)
            polygons = [_polygon(outline, layer, datatype) for outline in outlines]
            cell.add(*polygons)
            count += len(polygons)
        top.add(gdstk.Reference(cell))
    # gdstk writes to names only: the bytes go through the one writer that leaves no half file.
    with TemporaryDirectory(prefix="semiview-contours-") as folder:
        scratch = Path(folder) / f"contours{suffix}"
        try:
            if suffix == ".gds":
                library.write_gds(scratch, max_points=MOST_POINTS)
            else:
                library.write_oas(scratch)
            data = scratch.read_bytes()
        except (OSError, RuntimeError) as error:
            raise FileProblem(path, f"The contours cannot be written ({error}).") from error
    write_durably(path, data)
    return count


def _polygon(outline_nm: Points, layer: int, datatype: int) -> gdstk.Polygon:
    hole = signed_area(outline_nm) < 0
    points_um = [(x, y) for x, y in (outline_nm * 1e-3).tolist()]
    return gdstk.Polygon(points_um, layer, datatype + HOLES if hole else datatype)


def _cell_name(case_id: str, taken: set[str]) -> str:
    """A name that GDS allows (32 letters, digits, _ ? $), each only once."""
    plain = re.sub(r"[^A-Za-z0-9_?$]", "_", case_id)[:28] or "case"
    name, number = plain, 2
    while name in taken or name == "CONTOURS":
        name, number = f"{plain[:26]}_{number}", number + 1
    taken.add(name)
    return name
