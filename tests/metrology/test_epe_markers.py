from dataclasses import fields

import numpy as np

from semiview.core.marker import MarkedPlace
from semiview.metrology.epe import EpeTable
from semiview.metrology.epe_markers import epe_markers, markers_at

STEP_NM = 5.0


def table(epe_nm: list[float], state: list[str], feature: list[int], place_class: str = "edge") -> EpeTable:
    count = len(epe_nm)
    columns = {each.name: np.zeros(count) for each in fields(EpeTable)} | {
        "feature_id": np.array(feature, np.int64),
        "x_nm": STEP_NM * np.arange(count),
        "source": np.full(count, "sem"),
        "epe_nm": np.array(epe_nm),
        "feature_class": np.full(count, place_class),
        "state": np.array(state),
        "reason": np.array(["" if name == "valid" else f"because {name}" for name in state]),
    }
    return EpeTable(**columns)


NAN = float("nan")


def test_that_neighbours_with_one_fault_are_one_marker_at_the_worst_of_them() -> None:
    found = epe_markers(table([1, 20, -30, -28, -31, 2, NAN, NAN, NAN],
                              ["valid"] * 6 + ["missing"] * 3, [0] * 9), 15.0)  # fmt: skip
    assert found.fault.tolist() == ["over tolerance", "over tolerance", "missing"]
    assert found.epe_nm[:2].tolist() == [20.0, -31.0]
    assert found.points.tolist() == [1, 3, 3]
    assert (found.x_nm / STEP_NM).tolist() == [1.0, 4.0, 7.0]  # the middle one where there is no EPE
    assert found.point_marker.tolist() == [-1, 0, 1, 1, 1, -1, 2, 2, 2]


def test_that_another_feature_and_every_corner_is_a_marker_of_its_own() -> None:
    values, state = [NAN] * 4, ["missing"] * 4
    assert epe_markers(table(values, state, [0, 0, 1, 1]), 15.0).points.tolist() == [2, 2]
    assert epe_markers(table(values, state, [0, 0, 1, 1], "corner"), 15.0).points.tolist() == [1, 1, 1, 1]


def test_that_the_tolerance_itself_is_no_fault_and_an_empty_table_has_none() -> None:
    assert len(epe_markers(table([15.0, -15.0], ["valid"] * 2, [0, 0]), 15.0)) == 0
    assert len(epe_markers(EpeTable.concatenated([]), 15.0)) == 0


def test_that_a_mark_finds_its_place_again_though_the_worst_point_has_moved_along_the_edge() -> None:
    before, after = (table(values, ["valid"] * 6, [0] * 6) for values in ([1, 20, 25, 1, 1, 1], [1, 1, 21, 30, 22, 1]))
    first = epe_markers(before, 15.0)
    place = MarkedPlace("sem", 0, float(first.x_nm[0]), float(first.y_nm[0]), waived=True)
    elsewhere = MarkedPlace("sem", 1, place.x_nm, place.y_nm, waived=True)
    far = MarkedPlace("sem", 0, place.x_nm + 40 * STEP_NM, place.y_nm, waived=True)
    assert markers_at(after, epe_markers(after, 15.0), [place, elsewhere, far]) == [0, -1, -1]
