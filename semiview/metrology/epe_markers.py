"""Places where the EPE of a field wants to be looked at: neighbouring points with the same fault are one marker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts when they are asked for: the window starts sooner

from semiview.core.marker import MarkedPlace
from semiview.metrology.crossing import Floats, Integers
from semiview.metrology.epe import EpeTable

Fault = Literal["over tolerance", "missing", "bridge", "extra", "unobserved"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
SAME_STEPS = 3.0  # a mark this many steps away on the same feature is still of the same place


@dataclass(frozen=True, slots=True, eq=False)
class EpeMarkers:
    """M markers of one source.

    Attributes
    ----------
    fault
        (M,) the state of the points; of valid ones `over tolerance`.
    feature_class, feature_id
        (M,) as in `EpeTable`.
    x_nm, y_nm, epe_nm, sigma_nm
        (M,) of the point with the largest |EPE|, or of the middle one where there is no EPE; NaN likewise.
    bound_ratio
        (M,) standard deviation of the edge in the picture over its Cramer-Rao bound; NaN where there is none.
    points
        (M,) number of points.
    reason
        (M,) why there is no EPE.
    point_marker
        (N,) marker of each row of the table handed in; -1: none.
    """

    fault: npt.NDArray[np.str_]
    feature_class: npt.NDArray[np.str_]
    feature_id: Integers
    x_nm: Floats
    y_nm: Floats
    epe_nm: Floats
    sigma_nm: Floats
    bound_ratio: Floats
    points: Integers
    reason: npt.NDArray[np.str_]
    point_marker: Integers

    def __len__(self) -> int:
        return len(self.fault)


def faults_of(table: EpeTable, tolerance_nm: float) -> npt.NDArray[np.str_]:
    """(N,) fault of each point; empty for one within the tolerance. |EPE| equal to the tolerance is within it."""
    over = (table.state == "valid") & (np.abs(table.epe_nm) > tolerance_nm)
    result: npt.NDArray[np.str_] = np.where(
        table.state == "valid", np.where(over, "over tolerance", ""), table.state
    ).astype("<U14")
    return result


def bound_ratio(table: EpeTable) -> Floats:
    """(N,) standard deviation of each point's edge in the picture over the least it could be (Cramer-Rao)."""
    ratio: Floats = table.edge_sigma_nm / np.where(table.edge_bound_nm > 0, table.edge_bound_nm, np.nan)
    return ratio


def epe_markers(table: EpeTable, tolerance_nm: float) -> EpeMarkers:
    """Markers of the rows of one source, in the rows' order.

    A run ends where the fault, the feature, the class, the sign of the EPE or the reason changes. Rows follow the
    outline, so neighbours in the table are neighbours on the edge; every extra contour and every corner is alone.
    """
    fault = faults_of(table, tolerance_nm)
    sign = np.where(fault == "over tolerance", np.sign(np.nan_to_num(table.epe_nm)), 0.0)
    alone = (fault == "extra") | (table.feature_class == "corner")
    begins = np.ones(len(fault), dtype=bool)
    begins[1:] = alone[1:] | alone[:-1]
    for column in (fault, table.feature_id, sign, table.reason):
        begins[1:] |= column[1:] != column[:-1]
    run = np.cumsum(begins) - 1
    kept = np.flatnonzero(fault != "")
    runs, first, counts = np.unique(run[kept], return_index=True, return_counts=True)
    number = np.searchsorted(runs, run[kept])
    point_marker = np.full(len(fault), -1, dtype=np.int64)
    point_marker[kept] = number
    # The worst point stands for its run; where none has an EPE, the middle one.
    size = np.nan_to_num(np.abs(table.epe_nm[kept]), nan=-1.0)
    worst = np.lexsort((-size, number))[np.cumsum(counts) - counts]
    without = size[worst] < 0
    worst = kept[np.where(without, first + counts // 2, worst)]
    return EpeMarkers(
        fault[worst], table.feature_class[worst], table.feature_id[worst], table.x_nm[worst], table.y_nm[worst],
        table.epe_nm[worst], table.sigma_nm[worst], bound_ratio(table)[worst], counts, table.reason[worst],
        point_marker,
    )  # fmt: skip


def markers_at(table: EpeTable, markers: EpeMarkers, places: Sequence[MarkedPlace]) -> list[int]:
    """The marker that each remembered place belongs to now; -1: there is none.

    It is that of the nearest point of the same feature, if that lies within `SAME_STEPS` of the points' own distance.
    """
    found = [-1] * len(places)
    if not places or not len(markers):
        return found
    points = np.column_stack([table.x_nm, table.y_nm])
    steps = np.hypot(*np.diff(points, axis=0).T)
    reach = SAME_STEPS * float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
    marked = np.flatnonzero(markers.point_marker >= 0)
    # A coordinate of its own keeps features apart.
    apart = 10 * reach
    tree = scipy.spatial.KDTree(np.column_stack([points[marked], apart * table.feature_id[marked]]))
    asked = np.array([(place.x_nm, place.y_nm, apart * place.feature_id) for place in places])
    distance, index = tree.query(asked, distance_upper_bound=reach)
    return [
        int(markers.point_marker[marked[at]]) if np.isfinite(far) else -1
        for far, at in zip(np.atleast_1d(distance).tolist(), np.atleast_1d(index).tolist(), strict=True)
    ]
