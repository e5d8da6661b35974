"""A picture or array as a design: a mask that fills the SEM picture, row 0 on top."""

import hashlib
from pathlib import Path

import numpy as np

from semiview.core.design import Design, DesignLayer, Tone
from semiview.core.outline import bounds
from semiview.core.registration import Registration
from semiview.files.grey_image import IMAGE_SUFFIXES, read_bytes
from semiview.files.merged_outlines import without_straight_vertices
from semiview.files.probability_grid import ARRAY_SUFFIXES, read_probability
from semiview.files.problem import FileProblem
from semiview.metrology.contour import half_contours

MASK_SUFFIXES = (*ARRAY_SUFFIXES, *IMAGE_SUFFIXES)


def mask_design(path: Path, registration: Registration, shape: tuple[int, int], tone: Tone | None) -> Design:
    """Outlines of a mask, in nm by the nominal registration.

    Parameters
    ----------
    shape
        (H, W) of the SEM picture in px, which the mask fills whatever its own size.

    Raises
    ------
    FileProblem
        If it cannot be read, or the registration has no pixel size.
    """
    if np.isnan(registration.frame.nm_per_px):
        raise FileProblem(path, "A mask needs the picture's pixel size.", "Set `nm_per_px`.")
    values = read_probability(path)
    scale = np.array([shape[1] / values.shape[1], shape[0] / values.shape[0]])
    # Integers are pixel centres in both grids: the corners agree, not the centres of the corner pixels.
    outlines = tuple(
        registration.outline_to_nm(without_straight_vertices((contour + 0.5) * scale - 0.5))
        for contour in half_contours(values, 0.5)
    )
    height, width = shape
    corners = np.array([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]])
    layer = DesignLayer("mask", "target", outlines)
    sha256 = hashlib.sha256(read_bytes(path)).hexdigest()
    field_nm = bounds([registration.to_nm(corners)])
    return Design(outlines, (layer,), tone, field_nm, str(path), "", sha256)
