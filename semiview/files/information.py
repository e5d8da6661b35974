"""What a file says of itself, as plain values to be printed or sent as JSON."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semiview.files.design_file import GDS_SUFFIXES, describe_design
from semiview.files.grey_image import IMAGE_SUFFIXES
from semiview.files.problem import FileProblem
from semiview.files.sem_image_file import describe_sem_image


def describe(path: Path) -> dict[str, Any]:
    """Describe a SEM image or a design; the keys are those of docs/project-file.md, unknown values are None.

    Raises
    ------
    FileProblem
        If the file is of no kind that is read here, or damaged.
    """
    suffix = path.suffix.lower()
    if suffix in GDS_SUFFIXES:
        found = describe_design(path)
        return {
            "file": str(path),
            "kind": "design",
            "cells": list(found.cells),
            "top_cells": list(found.top_cells),
            "layers": list(found.layers),
            "bounds_nm": {name: list(box) for name, box in found.bounds_nm.items()},
            "warnings": list(found.warnings),
        }
    if suffix not in IMAGE_SUFFIXES:
        kinds = ", ".join((*IMAGE_SUFFIXES, *GDS_SUFFIXES))
        raise FileProblem(path, "Files of this kind are not read here.", f"It may be {kinds}.")
    info = describe_sem_image(path)
    size = info.pixel_size
    return {
        "file": str(path),
        "kind": "image",
        "shape": list(info.file_shape),
        "bits": info.bits,
        "pages": info.pages,
        "nm_per_px": _known(size.x_nm),
        "nm_per_px_x": _known(size.x_nm),
        "nm_per_px_y": _known(size.y_nm),
        "nm_per_px_source": size.source,
        "picture_area": asdict(info.area),
        "picture_area_source": info.area_source,
        "vendor": info.vendor,
        "warnings": list(info.warnings),
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
