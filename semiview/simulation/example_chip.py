"""The layout of the example project: cells, references and arrays, placed millimetres from the origin."""

from collections.abc import Sequence

import gdstk
import numpy as np
import shapely
from shapely.geometry import Polygon

from semiview.core.outline import Points, rectangle, signed_area
from semiview.simulation.patterns import PATTERNS, SRAM_CELL, Size, outlines_of

METAL, CONTACT, REQUEST = (10, 0), (20, 0), (200, 0)
NM = 1e-3  # the layout's unit is 1 um, its grid 1 nm
BLOCK_NM = (2600.0, 2600.0)

# Where the middle of each block lies on the chip, in nm.
PLACES_NM: dict[str, tuple[float, float]] = {
    "LOGIC_A": (-7_389_240.0, 13_735_060.0),
    "LOGIC_B": (-6_102_500.0, 11_204_310.0),
    "LOGIC_C": (4_518_930.0, 9_876_540.0),
    "CONTACT_RANDOM_A": (2_250_120.0, -3_410_650.0),
    "CONTACT_RANDOM_B": (3_871_460.0, -5_020_330.0),
    "CONTACT_ARRAY": (2_981_770.0, -8_440_920.0),
    "GRATING_FINE": (-9_954_370.0, -7_497_120.0),
    "GRATING_COARSE": (-8_113_480.0, -6_215_740.0),
    "SRAM_ARRAY": (10_644_150.0, 1_305_870.0),
    "ISOLATED": (8_002_200.0, -12_793_250.0),
    "LINE_ENDS": (-1_733_610.0, 5_793_250.0),
}


def example_chip(fields_nm: Sequence[tuple[float, float, float]]) -> gdstk.Library:
    """The layout; a box on the request layer marks each field (x, y of its middle and its side, in nm)."""
    library = gdstk.Library("EXAMPLE", unit=1e-6, precision=1e-9)
    chip = gdstk.Cell("CHIP")
    hole = _cell("CONTACT_HOLE", [rectangle(0, 0, 60, 60)], CONTACT)
    bit = _cell("SRAM_BIT", [rectangle(*box) for box in SRAM_CELL * 44], METAL)
    line = _cell("LINE", [rectangle(-22, -1400, 22, 1400)], METAL)
    quad = _array("SRAM_QUAD", _mirrored(bit, 9 * 44, 8 * 44))
    blocks = [
        _drawn("LOGIC_A", "logic", 40, 11),
        _drawn("LOGIC_B", "logic", 48, 12),
        _drawn("LOGIC_C", "logic", 44, 15),
        _drawn("ISOLATED", "isolated", 60, 4, (1200.0, 1200.0)),
        _drawn("LINE_ENDS", "bars", 42, 6),
        _scattered("CONTACT_RANDOM_A", 21, hole),
        _scattered("CONTACT_RANDOM_B", 22, hole),
        _array("CONTACT_ARRAY", [_lattice(hole, (22, 22), (130, 130))]),
        _array("GRATING_FINE", [_lattice(line, (29, 1), (100, 0))]),
        _array("GRATING_COARSE", [_lattice(line, (21, 1), (140, 0))]),
        _array("SRAM_ARRAY", [_lattice(quad, (4, 4), (18 * 44, 16 * 44))]),
    ]
    for block in blocks:
        turn = np.pi / 2 if block.name in ("LOGIC_B", "GRATING_COARSE") else 0.0
        chip.add(gdstk.Reference(block, _um(PLACES_NM[block.name]), turn))
    for x, y, side in fields_nm:
        chip.add(gdstk.rectangle(_um((x - side / 2, y - side / 2)), _um((x + side / 2, y + side / 2)), *REQUEST))
    library.add(chip, *blocks, quad, hole, bit, line)
    return library


def chip_outlines_nm(library: gdstk.Library, layer: tuple[int, int]) -> tuple[Points, ...]:
    """All polygons of a layer, through every reference, merged, in nm."""
    cells = [cell for cell in library.top_level() if isinstance(cell, gdstk.Cell)]
    polygons = [polygon for cell in cells for polygon in cell.get_polygons(layer=layer[0], datatype=layer[1])]
    return outlines_of(shapely.union_all([Polygon(np.round(np.array(polygon.points) / NM)) for polygon in polygons]))


def _um(point_nm: tuple[float, float]) -> tuple[float, float]:
    return point_nm[0] * NM, point_nm[1] * NM


def _cell(name: str, outlines: Sequence[Points], layer: tuple[int, int]) -> gdstk.Cell:
    """A cell of polygons; GDS knows no holes, so they are joined to their outer boundary by a seam."""
    cell = gdstk.Cell(name)
    outer: list[gdstk.Polygon] = []
    holes: list[gdstk.Polygon] = []
    for outline in outlines:
        polygon = gdstk.Polygon([_um((x, y)) for x, y in outline], *layer)
        (outer if signed_area(outline) > 0 else holes).append(polygon)
    cell.add(*(gdstk.boolean(outer, holes, "not", 1e-4, *layer) if holes else outer))
    return cell


def _drawn(name: str, pattern: str, cd_nm: float, seed: int, size_nm: Size = BLOCK_NM) -> gdstk.Cell:
    return _cell(name, PATTERNS[pattern](size_nm, cd_nm, seed), METAL)


def _scattered(name: str, seed: int, hole: gdstk.Cell) -> gdstk.Cell:
    """Single holes on a lattice of which a third is left out, one reference each."""
    rng = np.random.default_rng(seed)
    places = np.mgrid[-10:11, -10:11].reshape(2, -1).T * 128.0
    kept = places[rng.random(len(places)) > 0.38]
    return _array(name, [gdstk.Reference(hole, _um((x, y))) for x, y in kept])


def _array(name: str, references: Sequence[gdstk.Reference]) -> gdstk.Cell:
    cell = gdstk.Cell(name)
    cell.add(*references)
    return cell


def _lattice(cell: gdstk.Cell, counts: tuple[int, int], pitch_nm: tuple[float, float]) -> gdstk.Reference:
    """An array of a cell about the origin."""
    corner = (-counts[0] / 2 * pitch_nm[0], -counts[1] / 2 * pitch_nm[1])
    return gdstk.Reference(cell, _um(corner), columns=counts[0], rows=counts[1], spacing=_um(pitch_nm))


def _mirrored(bit: gdstk.Cell, width: float, height: float) -> list[gdstk.Reference]:
    """Four references to the bit cell, each neighbour a mirror image of the other."""
    references = []
    for column in (0, 1):
        for row in (0, 1):
            # A reference is mirrored about x first and then turned.
            corner = _um((column * 2 * width, row * 2 * height))
            turn = np.pi if column else 0.0
            references.append(gdstk.Reference(bit, corner, turn, x_reflection=column != row))
    return references
