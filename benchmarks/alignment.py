"""Registration error and time beside what a user would script: `python benchmarks/alignment.py ../shared/data/openebl`.

All methods get the same picture and the same design under the nominal registration, in one run on one core. The peers
find a shift only and get the design as a binary raster of the full picture, `matchTemplate` over the same stage error.
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
from semiview.core.registration import Registration
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


def with_match_template(case: Case, raster: Array) -> Registration:
    reach_u, reach_v = stage_error_px(case.sem.shape, case.nominal.frame.nm_per_px)
    picture = case.sem.pixels.astype(np.float32)
    template = np.ascontiguousarray(picture[reach_v:-reach_v, reach_u:-reach_u])
    score = cv2.matchTemplate(raster, template, cv2.TM_CCOEFF_NORMED)
    _, _, _, (column, row) = cv2.minMaxLoc(score)
    return shifted(case, reach_u - column, reach_v - row)


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
            "semiview align --method ncc": partial(align, method="ncc"),
            "skimage phase_cross_correlation": partial(with_phase_correlation, raster=raster, normalization="phase"),
            "skimage cross_correlation, not whitened": partial(
                with_phase_correlation, raster=raster, normalization=None
            ),
            "cv2.phaseCorrelate": partial(with_opencv_phase, raster=raster),
            "cv2.matchTemplate": partial(with_match_template, raster=raster),
        }
        for name, method in methods.items():
            began = time.perf_counter()
            found = method(case)
            seconds = time.perf_counter() - began
            error = np.hypot(*(found.to_px(points[inside]) - expected[inside]).T)
            print(f"{case_id:8} {name:38} {np.median(error):10.2f} {error.max():10.2f} {seconds:8.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/openebl"))
