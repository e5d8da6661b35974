"""Designs and the SEM pictures of the same places, as samples of the way pattern -> SEM."""

import numpy as np
import numpy.typing as npt

from semiview.feedback.record import IGNORED, Record
from semiview.learning.chosen_samples import SMALLEST_SIDE_PX
from semiview.learning.samples import Plane, Sample, scaled


def pair_of(record_id: str, record: Record) -> Sample | str:
    """A record as a sample whose `pixels` are its design's raster and whose `target` is its scaled picture.

    Or the sentence why it is none: where design and picture do not lie on each other to a fraction of a pixel, a
    network would learn to blur.
    """
    if record.sem is None or record.kind not in ("accept", "correct"):
        return "nobody accepted its picture"
    if record.design_raster is None:
        return "it has no design"
    if record.registration is None or not record.approves_registration:
        return "nobody approved its registration"
    trust = record.registration.trust
    if trust.registration_class != "subpixel":
        found = trust.registration_class or "not known"
        return f"its registration is no finer than a pixel: its class is {found}"
    if min(record.sem.shape) < SMALLEST_SIDE_PX:
        return f"its picture is smaller than {SMALLEST_SIDE_PX} px"
    if not np.isfinite(record.sem).all():
        return "its picture holds values that are not finite"
    ignored = np.zeros(record.sem.shape, dtype=bool)
    if record.approved is not None:
        ignored |= record.approved == IGNORED
    if record.ignore is not None:
        ignored |= record.ignore > 0
    if ignored.all():
        return "everything in it is ignored"
    return Sample(
        record_id,
        record.case_id,
        record.group or record.case_id,
        record.pattern_type,
        as_picture(record.design_raster / np.float32(255)),
        scaled(record.sem),
        (~ignored).astype(np.float32),
        (record.nm_per_px_x, record.nm_per_px_y),
    )


def as_picture(share: npt.NDArray[np.floating]) -> Plane:
    """A design's share of standing material, 0 to 1, on the scale of pictures, -1 to 1."""
    result: Plane = (2 * share - 1).astype(np.float32)
    return result
