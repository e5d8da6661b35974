"""Tiles do not show, whatever their size."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from semiview.learning.fine_features import enlarging
from semiview.learning.tiles import Tiling

TILING = Tiling(multiple_px=4, grid_px=16, halo_px=16, tile_px=1024)


def look(part: np.ndarray) -> np.ndarray:
    """Something that sees 15 px around, and all of the square of 16 px on the grid that a pixel lies in."""
    height, width = part.shape
    assert height % 4 == width % 4 == 0
    assert min(height, width) >= 8
    near = ndimage.uniform_filter(part, 9, mode="reflect")
    squares = np.zeros_like(part)
    for top in range(0, height, 16):
        for left in range(0, width, 16):
            square = np.s_[top : top + 16, left : left + 16]
            squares[square] = part[square].mean()
    return 0.5 * near + 0.5 * squares


@pytest.mark.parametrize("tile_px", [1, 16, 40, 1000])
@pytest.mark.parametrize("shape", [(1, 1), (7, 90), (64, 64), (83, 121)])
def test_that_the_tile_size_does_not_show(shape, tile_px):
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    whole = TILING.see(values, look)
    assert whole.shape == shape
    np.testing.assert_allclose(TILING.see(values, look, tile_px), whole, atol=1e-6)


def test_that_a_halo_that_is_too_small_would_show():
    values = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    bare = replace(TILING, halo_px=0)
    assert np.abs(bare.see(values, look, 16) - bare.see(values, look)).max() > 1e-2


def test_that_only_a_picture_larger_than_a_tile_with_its_halo_is_cut():
    tiling = replace(TILING, tile_px=32)
    assert len(list(tiling.tiles((64, 64)))) == 1
    cut = list(tiling.tiles((64, 68)))
    assert len(cut) == 2 * 3
    assert all(rows.start % 16 == columns.start % 16 == 0 for rows, columns, _, _ in cut)
    assert all(rows.start % 16 == columns.start % 16 == 0 for _, _, rows, columns in cut)
    assert max((r.stop - r.start) * (c.stop - c.start) for _, _, r, c in cut) <= tiling.whole_px2


@pytest.mark.parametrize("tile_px", [1, 16, 40])
def test_that_tiles_that_are_enlarged_do_not_show_either(tile_px):
    tiling = replace(TILING, halo_px=64).enlarging(2)
    assert (tiling.multiple_px, tiling.grid_px, tiling.halo_px) == (2, 8, 32)
    values = np.random.default_rng(0).random((83, 121)).astype(np.float32)
    whole = tiling.see(values, enlarging(look, 2))
    assert whole.shape == values.shape
    np.testing.assert_allclose(tiling.see(values, enlarging(look, 2), tile_px), whole, atol=1e-6)
