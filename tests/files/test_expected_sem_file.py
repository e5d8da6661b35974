import json
import os
from pathlib import Path

import numpy as np
import pytest

from semiview.core.sem_image import PictureArea, PixelSize, SemImage
from semiview.files.expected_sem_file import CARD_FILE, find_expected, is_generated, read_expected, write_expected
from semiview.files.prediction_file import read_prediction, write_prediction
from semiview.files.problem import FileProblem

AREA = PictureArea(0, 0, 30, 20)
SEM = SemImage(np.zeros(AREA.shape, np.uint8), PixelSize(), AREA, AREA.shape)
GREY = np.random.default_rng(0).uniform(0, 60_000, AREA.shape).astype(np.float32)


def test_that_what_is_expected_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "generator" / "site%2F1.npy"
    write_expected(path, GREY, "generator")
    np.testing.assert_array_equal(read_expected(path, SEM), GREY)
    assert json.loads((path.parent / CARD_FILE).read_bytes()) == {"id": "generator", "task": "design -> sem"}


def test_that_no_shape_is_read_off_a_generated_picture(tmp_path: Path) -> None:
    path = tmp_path / "generator" / "case.npy"
    write_expected(path, GREY / 60_000, "generator")  # it would pass for probabilities
    with pytest.raises(FileProblem, match="nothing is measured on it"):
        read_prediction(path, SEM, "imported")


def test_that_a_prediction_is_not_taken_for_an_expected_picture(tmp_path: Path) -> None:
    path = tmp_path / "network" / "case.npy"
    write_prediction(path, GREY / 60_000)
    assert not is_generated(path)
    with pytest.raises(FileProblem, match="generated from the design"):
        read_expected(path, SEM)
    for card in (b"{", b"[]", b'{"task": "sem -> pattern"}'):
        path.with_name(CARD_FILE).write_bytes(card)
        assert not is_generated(path)


def test_that_the_newest_expected_picture_of_a_case_is_found(tmp_path: Path) -> None:
    case_id = "site/[1]*"
    assert find_expected(tmp_path, case_id) is None
    name = "site%2F%5B1%5D%2A.npy"
    for number, maker in enumerate(("b", "a", "c")):
        write_expected(tmp_path / maker / name, GREY, maker)
        os.utime(tmp_path / maker / name, ns=(number, number if maker != "a" else 10))
    write_expected(tmp_path / "c" / "site%2F2.npy", GREY, "c")
    write_prediction(tmp_path / "network" / name, GREY / 60_000)
    assert find_expected(tmp_path, case_id) == tmp_path / "a" / name


@pytest.mark.parametrize("grey", [GREY[1:], GREY.astype(np.float64), np.full(AREA.shape, np.nan, np.float32)])
def test_that_what_is_no_picture_of_the_case_is_refused(tmp_path: Path, grey: np.ndarray) -> None:
    path = tmp_path / "generator" / "case.npy"
    write_expected(path, GREY, "generator")
    np.save(path, grey)
    with pytest.raises(FileProblem, match="no expected picture"):
        read_expected(path, SEM)
    path.write_bytes(b"torn")
    with pytest.raises(FileProblem, match="cannot be read"):
        read_expected(path, SEM)
