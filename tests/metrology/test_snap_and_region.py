"""A brushed rim lands on the image's edge; a region is the whole hole or island and nothing else."""

import numpy as np
import pytest
from scipy import ndimage

from semiview.core import edits
from semiview.core.coverage import FULL, HALF, Coverage
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.raster import coverage
from semiview.core.registration import Frame, Registration
from semiview.core.sem_image import SemImage
from semiview.metrology.contour import half_contours, on_border
from semiview.metrology.region import region_at
from semiview.metrology.snap import snap_changes

SHAPE = (220, 260)
EDGE = 120.3


def line_image(dark: bool) -> SemImage:
    """Material left of u = EDGE, with some noise."""
    share = coverage([rectangle(-0.5, -0.5, EDGE, SHAPE[0] - 0.5)[::-1]], SHAPE)
    share = ndimage.gaussian_filter(share, 1.2)
    grey = 60 + 120 * (1 - share if dark else share) + np.random.default_rng(3).normal(0, 5, SHAPE)
    return SemImage.from_pixels(np.clip(grey, 0, 255).astype(np.uint8), 1.0)


def painted(edge: float) -> Coverage:
    share = coverage([rectangle(-0.5, -0.5, edge, SHAPE[0] - 0.5)[::-1]], SHAPE)
    return Coverage.from_array(np.rint(share * FULL).astype(np.uint8))


@pytest.mark.parametrize("dark", [False, True])
def test_that_a_stroke_past_the_edge_snaps_back_onto_it(dark: bool) -> None:
    before = painted(EDGE)
    start = Document(Registration(Frame((129.5, 109.5), (0.0, 0.0), 1.0)), before)
    brushed = edits.paint(start, "correction", before, np.array([[118.0, 80.0], [118.0, 140.0]]), 6.0, "add")
    assert brushed.correction is not None
    whole = (0, 0, *SHAPE)
    changes = snap_changes(
        line_image(dark), before.window(*whole), brushed.correction.window(*whole), (0, 0), MeasureSettings(), 8.0
    )
    snapped = edits.reshape(brushed, "correction", brushed.correction, changes)
    assert snapped.correction is not None

    def rim(shape: Coverage) -> np.ndarray:
        (loop,) = half_contours(shape.to_array() / FULL)
        return loop[~on_border(loop, SHAPE), 0]

    assert np.abs(rim(brushed.correction) - EDGE).max() > 3
    assert np.abs(rim(snapped.correction) - EDGE).max() < 1.0
    assert np.sqrt(np.mean((rim(snapped.correction) - EDGE) ** 2)) < 0.35
    # What the stroke did not touch stays as it was.
    assert np.array_equal(snapped.correction.to_array()[:60], before.to_array()[:60])


def test_that_without_an_edge_nearby_nothing_moves() -> None:
    flat = SemImage.from_pixels(np.random.default_rng(1).integers(90, 110, SHAPE, dtype=np.uint8), 1.0)
    before, after = painted(100.0), painted(104.0)
    whole = (0, 0, *SHAPE)
    changes = snap_changes(flat, before.window(*whole), after.window(*whole), (0, 0), MeasureSettings(), 8.0)
    assert sum(np.count_nonzero((old != new).any(axis=1)) for old, new in changes) < 20


def ring() -> Coverage:
    v, u = np.mgrid[: SHAPE[0], : SHAPE[1]]
    away = np.hypot(u - 130, v - 110)
    return Coverage.from_array(np.where((away < 90) & (away > 40), FULL, 0).astype(np.uint8))


@pytest.mark.parametrize(("place", "material", "touches"), [
    ((130.0, 110.0), False, False), ((130.0, 50.0), True, False), ((3.0, 3.0), False, True),
])  # fmt: skip
def test_that_a_region_is_the_connected_part_at_the_place(place, material: bool, touches: bool) -> None:
    shape = ring()
    region = region_at(shape, *place)
    assert region is not None
    assert (region.material, region.touches_border) == (material, touches)
    labels, _ = ndimage.label((shape.to_array() >= HALF) == material)
    whole = np.zeros(SHAPE, bool)
    whole[region.top : region.top + region.mask.shape[0], region.left : region.left + region.mask.shape[1]] = (
        region.mask
    )
    assert np.array_equal(whole, labels == labels[int(place[1]), int(place[0])])


def test_that_outside_the_picture_there_is_no_region() -> None:
    assert region_at(ring(), -1.0, 5.0) is None
    assert region_at(ring(), 5.0, 220.0) is None
