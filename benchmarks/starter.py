"""How good a checkpoint is before anybody taught it: `python -m benchmarks.starter [CHECKPOINT] [FOLDER]`.

Simulated fields that no training draws, at a dose of 20 and more: IoU at least 0.97, mean |EPE| at most 0.3 px, per
pattern type and per smallest drawn width. With a project folder of real pictures, IoU against the registered design
of those whose registration is unique, beside Otsu's threshold: plain, and smoothed as the classical predictor does.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from skimage.filters import threshold_otsu

from semiview.alignment.align import align
from semiview.files.project import Project
from semiview.learning.checkpoint_file import load_network
from semiview.learning.inference import predict
from semiview.learning.networks import PatternNet
from semiview.learning.predictors import classical
from semiview.learning.registry import starter_path
from semiview.learning.samples import Plane
from semiview.learning.starter import HeldOutField, held_out_fields, mean_figures
from semiview.metrology.pixel_scores import pixel_scores
from semiview.tasks.decide import design_raster

WIDTHS_PX = (5, 8, 12, 20, 40, 96)


def simulated(network: PatternNet) -> None:
    fields = list(held_out_fields(network))
    by_type: dict[str, list[HeldOutField]] = defaultdict(list)
    by_width: dict[str, list[HeldOutField]] = defaultdict(list)
    for field in fields:
        by_type[field.pattern_type].append(field)
        place = int(np.searchsorted(WIDTHS_PX, field.smallest_px, side="right"))
        by_width[f"{WIDTHS_PX[place - 1]} to {WIDTHS_PX[place]} px wide"].append(field)
    print(f"{'simulated':<22} fields    IoU  |EPE| px  edges found")
    for groups in (by_type, dict(sorted(by_width.items(), key=lambda one: int(one[0].split()[0]))), {"all": fields}):
        for name, members in groups.items():
            found = mean_figures(members)
            print(
                f"{name:<22} {len(members):6} {found['iou']:6.3f} {found['mean_epe_px']:9.3f} "
                f"{100 * found['edges_found']:10.1f} %"
            )


def real(network: PatternNet, folder: Path) -> None:
    project = Project.open(folder)
    print(f"{'real, IoU':<22}  Otsu  smoothed  network")
    scores = []
    for row in project.rows:
        case = project.load(row.case_id)
        found = align(case)
        raster = design_raster(case, found)
        if found.trust.verdict != "unique" or raster is None:
            continue
        design: Plane = (raster / np.float32(255)).astype(np.float32)
        pixels = case.sem.pixels
        guesses = (
            (pixels > threshold_otsu(pixels)).astype(np.float32),  # type: ignore[no-untyped-call]
            classical(pixels, None, (float("nan"),) * 2),
            predict(network, pixels),
        )
        nothing = np.zeros(design.shape, bool)
        plain, smoothed, seen = (pixel_scores(guess, design, nothing, case.sem.pixel_size).iou for guess in guesses)
        print(f"{row.case_id:<22} {plain:5.3f} {smoothed:9.3f} {seen:8.3f}")
        scores.append((plain, smoothed, seen))
    plain, smoothed, seen = (float(np.mean(column)) for column in zip(*scores, strict=True))
    print(f"{'mean':<22} {plain:5.3f} {smoothed:9.3f} {seen:8.3f}")


def main() -> None:
    checkpoint = Path(sys.argv[1]) if len(sys.argv) > 1 else starter_path()
    network, reference = load_network(checkpoint)
    print(reference.id)
    simulated(network)
    if len(sys.argv) > 2:
        real(network, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
