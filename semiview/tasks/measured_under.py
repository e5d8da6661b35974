"""What the numbers of a case depend on, as one hash: equal hashes are equal tables."""

import hashlib
from importlib.metadata import version

import numpy as np

from semiview.core.document import Document
from semiview.files.registration_table import registration_columns
from semiview.tasks.open import OpenedCase


def measured_under(opened: OpenedCase, document: Document) -> str:
    """sha256 over the case's files, what the case list and the settings say, the registration, and the program.

    Parameters
    ----------
    document
        As it is measured: with the approved shape and the listed gauges.
    """
    case, registration = opened.case, document.registration
    design, prediction = case.design, case.prediction
    told: list[object] = [
        *("semiview", version("semiview"), "numpy", np.__version__),
        *(case.info, case.sem.path, case.sem.sha256, case.sem.area, case.sem.pixel_size, case.calibrated),
        *(case.warnings, opened.review.record_id, document.settings, document.gauges),
        *(registration.frame, tuple(registration_columns(registration).items())),
    ]
    if design is not None:
        layers = tuple((layer.name, layer.role) for layer in design.layers)
        told += [design.path, design.sha256, design.cell, design.tone, design.field_nm, layers]
    digest = hashlib.sha256("\0".join(map(repr, told)).encode())
    if prediction is not None:
        digest.update(prediction.checkpoint_id.encode())
        digest.update(prediction.probability.tobytes())
    for drawn in (document.correction, document.ignore):
        digest.update(b"-" if drawn is None else drawn.to_array().tobytes())
    return digest.hexdigest()
