from pathlib import Path

import cv2
import numpy as np
import pytest

from semiview.core.outline import signed_area
from semiview.core.raster import coverage
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.files.mask_file import mask_design
from semiview.files.problem import FileProblem

SHAPE = (60, 80)
NOMINAL = nominal_registration(SHAPE, PixelSize(2.0, 2.0, "test"), (1e6, -2e6))


def mask(scale: int = 1) -> np.ndarray:
    pixels = np.zeros((SHAPE[0] * scale, SHAPE[1] * scale), np.uint8)
    pixels[10 * scale : 30 * scale, 20 * scale : 60 * scale] = 255  # 40 x 20 px, upper left quarter
    pixels[15 * scale : 20 * scale, 30 * scale : 40 * scale] = 0
    return pixels


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("suffix", [".png", ".npy"])
def test_that_a_mask_fills_the_picture_with_row_0_on_top(tmp_path: Path, scale: int, suffix: str) -> None:
    path = tmp_path / f"mask{suffix}"
    if suffix == ".png":
        cv2.imwrite(str(path), mask(scale))
    else:
        np.save(path, mask(scale) > 0)
    design = mask_design(path, NOMINAL, SHAPE, "raised")
    outer, hole = sorted(design.target, key=lambda outline: -signed_area(outline))
    assert signed_area(outer) == pytest.approx(80 * 40, rel=0.01)
    assert signed_area(hole) == pytest.approx(-20 * 10, rel=0.03)
    # The picture's middle lies at (1e6, -2e6) nm and y points up.
    assert outer.min(axis=0) == pytest.approx([1e6 - 40, -2e6 + 0], abs=1e-6)
    assert outer.max(axis=0) == pytest.approx([1e6 + 40, -2e6 + 40], abs=1e-6)
    assert design.field_nm == pytest.approx((1e6 - 80, -2e6 - 60, 1e6 + 80, -2e6 + 60))
    back = coverage([NOMINAL.outline_to_px(outline) for outline in design.target], SHAPE)
    # The corners of a half contour are cut by half a pixel; everything else comes back exactly.
    assert np.count_nonzero(np.abs(back - (mask() > 0)) > 1e-6) <= 16
    assert len(design.sha256) == 64


def test_that_a_mask_needs_a_pixel_size_and_two_values(tmp_path: Path) -> None:
    np.save(tmp_path / "mask.npy", mask())
    with pytest.raises(FileProblem, match=r"needs the picture's pixel size. Set `nm_per_px`"):
        mask_design(tmp_path / "mask.npy", nominal_registration(SHAPE, PixelSize(), (0, 0)), SHAPE, None)
    np.save(tmp_path / "mask.npy", mask() // 50)
    with pytest.raises(FileProblem, match="neither 0 to 1"):
        mask_design(tmp_path / "mask.npy", NOMINAL, SHAPE, None)
