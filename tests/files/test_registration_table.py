import csv
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.core.case import Case, CaseInfo
from semiview.core.registration import PARAMETERS, Registration, Trust, nominal_registration
from semiview.core.sem_image import PictureArea, PixelSize, SemImage
from semiview.files.problem import FileProblem
from semiview.files.registration_table import (
    COLUMNS,
    edited_registrations,
    read_registrations,
    registration_columns,
    registration_of,
    update_registrations,
)


def case_at(
    x_nm: float = -13294220.0, nm_per_px: float = 3.2813, sha256: str = "ab" * 32, left: int = 0, mirrored: bool = False
) -> Case:
    area = PictureArea(left, 0, left + 60, 40)
    size = PixelSize(nm_per_px, nm_per_px, "case list")
    sem = SemImage(np.zeros((40, 60), np.uint8), size, area, (50, 70), "a.png", sha256)
    return Case(CaseInfo("a"), sem, nominal_registration(sem.shape, size, (x_nm, 7.0), mirrored=mirrored))


numbers = st.floats(-1e7, 1e7)
maybe = st.one_of(st.just(float("nan")), st.floats(0, 1e6))
registrations = st.builds(
    lambda p, trust, transform, method: Registration(
        case_at().nominal.frame, p[0], p[1], p[2], abs(p[3]) + 0.1, abs(p[4]) + 0.1, p[5], transform, method, trust
    ),
    st.tuples(*[numbers] * 6),
    st.builds(
        Trust,
        st.sampled_from([None, "unique", "periodic", "weak", "failed", "manual"]),
        st.sampled_from([None, "subpixel", "few_pixel", "significant", "ambiguous"]),
        *[maybe] * 5,
        covariance=st.one_of(
            st.none(), st.lists(numbers, min_size=36, max_size=36).map(lambda v: np.reshape(v, (6, 6)))
        ),
        alternatives=st.lists(st.tuples(numbers, numbers), max_size=3).map(tuple),
        grounds=st.lists(st.text("abc,;\"'\n µ=0.1", min_size=1, max_size=20), max_size=3).map(tuple),
    ),
    st.sampled_from(["shift", "similarity", "affine"]),
    st.sampled_from(["auto", "manual", "nominal"]),
)


@given(registrations)
def test_that_a_registration_comes_back_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, registration: Registration
) -> None:
    path, case = tmp_path_factory.mktemp("r") / "registrations.csv", case_at()
    update_registrations(path, {"a": (registration, case)})
    back = registration_of(read_registrations(path)["a"], case)
    assert back.frame == registration.frame
    assert back.parameters.tolist() == registration.parameters.tolist()
    assert (back.transform, back.method) == (registration.transform, registration.method)
    for name in ("verdict", "registration_class", "alternatives", "grounds"):
        assert getattr(back.trust, name) == getattr(registration.trust, name)
    for name in ("residual_nm", "sigma_x_nm", "sigma_y_nm", "peak_ratio", "free_axis_deg"):
        assert np.array_equal(getattr(back.trust, name), getattr(registration.trust, name), equal_nan=True)
    if registration.trust.covariance is None:
        assert back.trust.covariance is None
    else:
        assert np.array_equal(back.trust.covariance, registration.trust.covariance)


def test_that_the_columns_are_those_agreed(tmp_path: Path) -> None:
    path = tmp_path / "registrations.csv"
    registration = replace(case_at().nominal, shift_x_nm=35.56, trust=Trust("unique", "subpixel", peak_ratio=0.4))
    update_registrations(path, {"a": (registration, case_at())})
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    agreed = (
        "case_id shift_x_nm shift_y_nm rotation_deg scale_x scale_y shear class verdict residual_nm sigma_x_nm "
        "sigma_y_nm peak_ratio free_axis_deg method transform cov alternatives x_nm y_nm nm_per_px image_sha16"
    )
    assert list(row)[:22] == agreed.split()
    assert (row["shift_x_nm"], row["class"], row["verdict"], row["residual_nm"]) == ("35.56", "subpixel", "unique", "")
    assert (row["x_nm"], row["nm_per_px"], row["image_sha16"]) == ("-13294220.0", "3.2813", "ab" * 8)
    assert (row["crop"], row["mirrored"], row["status"]) == ("0,0,60,40", "no", "ok")


def test_that_other_rows_and_foreign_columns_stay(tmp_path: Path) -> None:
    path, case = tmp_path / "registrations.csv", case_at()
    update_registrations(path, {"a": (case.nominal, case), "b": (case.nominal.by_hand(), case)})
    lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{lines[0]},note", *(f"{line},mine" for line in lines[1:])]))
    update_registrations(path, {"a": (replace(case.nominal, shift_y_nm=5.0), case)})
    rows = read_registrations(path)
    assert (rows["a"]["shift_y_nm"], rows["b"]["note"], rows["b"]["verdict"]) == ("5.0", "mine", "manual")
    assert list(rows) == ["a", "b"]


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (case_at(x_nm=-13294221.0), "place"),
        (case_at(nm_per_px=3.29), "pixel size"),
        (case_at(sha256="cd" * 32), "image"),
        (case_at(left=1), "picture area"),
        (case_at(mirrored=True), "mirroring"),
        (case_at(nm_per_px=float("nan")), "pixel size"),
    ],
)
def test_that_a_stale_row_is_not_used(tmp_path: Path, now: Case, word: str) -> None:
    path, then = tmp_path / "registrations.csv", case_at()
    update_registrations(path, {"a": (then.nominal, then)})
    with pytest.raises(FileProblem, match=f"of another {word} .*Align the case again"):
        registration_of(read_registrations(path)["a"], now)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("shift_x_nm", "far"),
        ("scale_x", "-1"),
        ("shear", "nan"),
        ("verdict", "fine"),
        ("cov", "1;2"),
        ("alternatives", "1"),
    ],
)
def test_that_a_broken_row_is_a_problem(tmp_path: Path, column: str, text: str) -> None:
    path, case = tmp_path / "registrations.csv", case_at()
    update_registrations(path, {"a": (case.nominal, case)})
    with pytest.raises(FileProblem, match="The row of a cannot be read"):
        registration_of({**read_registrations(path)["a"], column: text, "row_sha16": ""}, case)


def test_that_a_table_without_its_columns_is_a_problem_and_none_is_none(tmp_path: Path) -> None:
    assert read_registrations(tmp_path / "registrations.csv") == {}
    (tmp_path / "registrations.csv").write_text("case_id,shift_x_nm\na,1\n")
    with pytest.raises(FileProblem, match="column shift_y_nm is missing"):
        read_registrations(tmp_path / "registrations.csv")


def test_that_writers_at_the_same_time_lose_no_row(tmp_path: Path) -> None:
    path, case = tmp_path / "registrations.csv", case_at()
    threads = [
        threading.Thread(target=update_registrations, args=(path, {f"case {number}": (case.nominal, case)}))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read_registrations(path)) == sorted(f"case {number}" for number in range(12))


def test_that_what_is_printed_tells_nan_as_none() -> None:
    told = registration_columns(case_at().nominal)
    assert told["residual_nm"] is None
    assert told["status"] == "unregistered"
    assert [told[name] for name in PARAMETERS] == [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]
    assert set(told) <= set(COLUMNS)


def test_that_a_row_that_changed_is_named_unless_its_hash_is_taken_away(tmp_path: Path) -> None:
    path, case = tmp_path / "registrations.csv", case_at()
    registration = replace(case.nominal, shift_x_nm=35.5, trust=Trust("manual"))
    update_registrations(path, {"a": (registration, case)})
    row = read_registrations(path)["a"]
    assert registration_of(row, case).shift_x_nm == 35.5
    with pytest.raises(FileProblem, match="not as it was written"):
        registration_of({**row, "shift_x_nm": "36.5"}, case)
    assert registration_of({**row, "shift_x_nm": "36.5", "row_sha16": ""}, case).shift_x_nm == 36.5


@pytest.mark.parametrize("edit", ["out", "doubled", "moved", "none", "all"])
def test_that_rows_that_came_went_or_moved_are_told(tmp_path: Path, edit: str) -> None:
    path, case = tmp_path / "registrations.csv", case_at()
    update_registrations(path, {name: (case.nominal.by_hand(), case) for name in "abc"})
    assert edited_registrations(path) is None
    head, a, b, c = path.read_text().splitlines()
    rows = {"out": [a, c], "doubled": [a, b, b, c], "moved": [b, a, c], "none": [a, b, c], "all": []}[edit]
    path.write_text("\n".join([head, *rows]) + "\n")
    problem = edited_registrations(path)
    assert (problem is None) == (edit == "none")
    update_registrations(path, {})
    assert edited_registrations(path) is None or edit == "all"


def test_that_a_table_of_an_older_version_is_no_edit(tmp_path: Path) -> None:
    path, case = tmp_path / "registrations.csv", case_at()
    update_registrations(path, {"a": (case.nominal.by_hand(), case)})
    lines = [line.rsplit(",", 1)[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    assert edited_registrations(path) is None
