"""How much a case would teach: how unsure the network is of it, and how unlike the accepted pictures it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from semiview.files.problem import FileProblem
from semiview.files.reference_file import read_reference, read_seen
from semiview.monitoring.drift import novelty
from semiview.tasks.drift import picture_key
from semiview.tasks.predict import uncertainties
from semiview.tasks.workspace import Workspace

HALF_UNSURE_PX = 1.0  # a contour that moves by so much over the turns counts 0.5


@dataclass(frozen=True, slots=True)
class Interest:
    """0 to 1 each; NaN where nothing has been averaged, or no drift been looked for."""

    uncertainty: float = math.nan
    novelty: float = math.nan


def interest_of_cases(workspace: Workspace) -> Mapping[str, Interest]:
    """What is remembered of every case; no image is read, and a table that cannot be read counts as none."""
    project = workspace.project
    try:
        unsure = uncertainties(project, workspace.registry.current().id)
    except FileProblem:
        unsure = {}
    try:
        reference = read_reference(project.drift_folder)
    except FileProblem:
        reference = None
    profiles = {} if reference is None else reference.profiles
    seen = read_seen(project.drift_folder) if profiles else {}
    found = {}
    for row in project.rows:
        picture = seen.get(picture_key(row)) if seen else None
        known = None if picture is None else profiles.get(picture.stratum)
        unlike = math.nan
        if picture is not None and known is not None and known.bins == picture.bins:
            unlike = novelty(known, picture.features)
        found[row.case_id] = Interest(uncertainty_share(unsure.get(row.case_id, math.nan)), unlike)
    return found


def uncertainty_share(contour_sigma_px: float) -> float:
    """A contour's standard deviation as a share: 0 for none, 0.5 for 1 px, towards 1 beyond; NaN stays NaN.

    >>> uncertainty_share(1.0)
    0.5
    """
    return contour_sigma_px / (contour_sigma_px + HALF_UNSURE_PX)
