from pathlib import Path

import numpy as np
import pytest

from semiview.files.landmark_file import read_landmarks
from semiview.files.problem import FileProblem

HEAD = "case_id,x_nm,y_nm,u_px,v_px\n"


def test_that_pairs_are_gathered_by_case(tmp_path: Path) -> None:
    table = tmp_path / "landmarks.csv"
    table.write_text(HEAD + "a,-13294220.5,2,30.25,40\nb,1,2,3,4\na,5,6,7,8\n")
    found = read_landmarks(table)
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"].points_nm, [[-13294220.5, 2], [5, 6]])
    np.testing.assert_array_equal(found["a"].points_px, [[30.25, 40], [7, 8]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("case_id,x_nm,y_nm,u_px\na,1,2,3\n", "column v_px is missing"),
        (HEAD + "a,1,2,3,4\na,1,two,3,4\n", "line 3 is no number"),
        (HEAD + "a,1,inf,3,4\n", "line 2 is not finite"),
        (HEAD + "a,1,2\n", "line 2 is no number"),
    ],
)
def test_that_a_broken_table_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    table = tmp_path / "landmarks.csv"
    table.write_text(text)
    with pytest.raises(FileProblem, match=words):
        read_landmarks(table)


def test_that_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no such file"):
        read_landmarks(tmp_path / "none.csv")
