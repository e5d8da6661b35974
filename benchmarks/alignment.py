"""Registration error and time beside what a user would script: `python -m benchmarks.alignment ../shared/data/openebl`.

All methods get the same picture and the same design under the nominal registration, in one run on one core; seconds
are processor time. The peers but ECC find a shift only. They get the design as a raster of the full picture,
`matchTemplate` a raster that reaches the stage error beyond it.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from skimage.registration import phase_cross_correlation

from semiview.alignment.align import align
from semiview.alignment.coarse import stage_error_px
from semiview.core.case import Case
from semiview.core.raster import coverage
from semiview.core.registration import Registration, with_linear_nm
from semiview.files.project import Project

Array = npt.NDArray[Any]
POINT_STEP_NM = 50.0


def edge_points(case: Case) -> Array:
    """(N, 2) points along all design edges, nm."""
    assert case.design is not None
    parts = []
    for outline in case.design.target:
        for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            count = int(np.hypot(*(end - start)) / POINT_STEP_NM) + 1
            parts.append(start + (end - start) * ((np.arange(count) + 0.5) / count)[:, None])
    return np.concatenate(parts)


def reference_px(points_nm: Array, reference: dict[str, float]) -> Array:
    """(N, 2) px by the mapping written in pairs.json."""
    away = points_nm - 1000 * np.array([reference["cx_um"], reference["cy_um"]])
    turn = reference["rot_mrad"] * 1e-3
    along = np.cos(turn) * away[:, 0] + np.sin(turn) * away[:, 1]
    across = -np.sin(turn) * away[:, 0] + np.cos(turn) * away[:, 1]
    return np.column_stack([1023.5 + along / reference["px_x_nm"], 684.5 - across / reference["px_y_nm"]])


def shifted(case: Case, right_px: float, down_px: float) -> Registration:
    size = case.nominal.frame.nm_per_px
    return case.nominal.moved(right_px * size, -down_px * size)


def with_phase_correlation(case: Case, raster: Array, normalization: str | None) -> Registration:
    picture = case.sem.pixels.astype(np.float32)
    shift = phase_cross_correlation(picture, raster, upsample_factor=20, normalization=normalization)[0]  # type: ignore[no-untyped-call]
    return shifted(case, float(shift[1]), float(shift[0]))


def with_opencv_phase(case: Case, raster: Array) -> Registration:
    window = cv2.createHanningWindow(raster.shape[::-1], cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(raster, case.sem.pixels.astype(np.float32), window)
    return shifted(case, right, down)


def wide_raster(case: Case) -> Array:
    """The field's design as a raster that reaches the stage error beyond the picture on every side."""
    assert case.design is not None
    reach_u, reach_v = stage_error_px(case.sem.shape, case.nominal.frame.nm_per_px)
    height, width = case.sem.shape
    placed = [case.nominal.outline_to_px(outline) + np.array([reach_u, reach_v]) for outline in case.design.alignable]
    return coverage(placed, (height + 2 * reach_v, width + 2 * reach_u))


def with_match_template(case: Case, wide: Array) -> Registration:
    """The whole picture over the stage error at full resolution; the raster is made before and not counted."""
    reach_u, reach_v = stage_error_px(case.sem.shape, case.nominal.frame.nm_per_px)
    score = cv2.matchTemplate(wide, case.sem.pixels.astype(np.float32), cv2.TM_CCOEFF_NORMED)
    _, _, _, (column, row) = cv2.minMaxLoc(score)
    return shifted(case, reach_u - column, reach_v - row)


def with_ecc(case: Case, raster: Array) -> Registration:
    """OpenCV's affine ECC from the nominal place, on pictures four times smaller."""
    small = [cv2.resize(picture.astype(np.float32), None, fx=0.25, fy=0.25) for picture in (raster, case.sem.pixels)]
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-5)
    try:
        _, warp = cv2.findTransformECC(small[0], small[1], np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, ends)
    except cv2.error:  # it did not converge
        return case.nominal
    middle = (np.array(small[0].shape[::-1]) - 1) / 2
    moved = 4 * (warp[:, :2] @ middle + warp[:, 2] - middle)
    flip = np.diag([1.0, -1.0])
    linear = flip @ warp[:, :2] @ flip @ case.nominal.linear_nm()
    shift = flip @ moved * case.nominal.frame.nm_per_px
    return with_linear_nm(case.nominal, linear, (float(shift[0]), float(shift[1])), "affine")


def main(folder: Path) -> None:
    cv2.setNumThreads(1)
    project = Project.open(folder)
    pairs = json.loads((folder / "pairs.json").read_text())["pairs"]
    references = {Path(pair["image"]).stem: pair["truth"] for pair in pairs if "truth" in pair}
    print(f"{'case':8} {'method':38} {'median px':>10} {'worst px':>10} {'seconds':>8}")
    for case_id, reference in references.items():
        case = project.load(case_id)
        assert case.design is not None
        outlines = [case.nominal.outline_to_px(outline) for outline in case.design.alignable]
        raster = coverage(outlines, case.sem.shape)
        points = edge_points(case)
        expected = reference_px(points, reference)
        height, width = case.sem.shape
        inside = (expected > 0).all(axis=1) & (expected < [width - 1, height - 1]).all(axis=1)
        methods: dict[str, Callable[[Case], Registration]] = {
            "semiview align": align,
            "semiview align --method phase": partial(align, method="phase"),
            "semiview align --method features": partial(align, method="features"),
            "skimage phase_cross_correlation": partial(with_phase_correlation, raster=raster, normalization="phase"),
            "skimage cross_correlation, not whitened": partial(
                with_phase_correlation, raster=raster, normalization=None
            ),
            "cv2.phaseCorrelate": partial(with_opencv_phase, raster=raster),
            "cv2.findTransformECC": partial(with_ecc, raster=raster),
            "cv2.matchTemplate": partial(with_match_template, wide=wide_raster(case)),
        }
        spent: dict[str, float] = {}
        for name, method in methods.items():
            began = time.process_time()
            found = method(case)
            spent[name] = seconds = time.process_time() - began
            error = np.hypot(*(found.to_px(points[inside]) - expected[inside]).T)
            print(f"{case_id:8} {name:38} {np.median(error):10.2f} {error.max():10.2f} {seconds:8.2f}")
        ratio = spent["semiview align"] / spent["cv2.matchTemplate"]
        print(f"{case_id:8} semiview align takes {ratio:.1f} times the time of matchTemplate over the same shifts")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/openebl"))
