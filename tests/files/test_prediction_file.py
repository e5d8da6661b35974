from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semiview.core.sem_image import PictureArea, PixelSize, SemImage
from semiview.files.prediction_file import read_prediction, write_prediction
from semiview.files.problem import FileProblem

FILE_SHAPE = (24, 30)
AREA = PictureArea(0, 2, 30, 20)
SEM = SemImage(np.zeros(AREA.shape, np.uint8), PixelSize(), AREA, FILE_SHAPE)
WHOLE = np.random.default_rng(0).random(FILE_SHAPE).astype(np.float32)
PART = WHOLE[2:20]


def written(path: Path, values: npt.NDArray[np.generic]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, values)
    elif path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, values)
    else:
        cv2.imwrite(str(path), values)
    return path


@given(arrays(np.float32, AREA.shape, elements=st.floats(0, 1, width=16)))
def test_that_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, values: npt.NDArray[np.float32]
) -> None:
    path = tmp_path_factory.mktemp("p") / "predictions" / "a" / "case.npy"
    write_prediction(path, values)
    prediction = read_prediction(path, SEM, "a")
    assert np.array_equal(prediction.probability, values)
    assert (prediction.checkpoint_id, prediction.path) == ("a", str(path))
    assert np.load(path).dtype == np.float16


@pytest.mark.parametrize(
    ("name", "values", "rounding"),
    [
        ("a.npy", WHOLE.astype(np.float64), 1e-6),
        ("a.npy", WHOLE[None], 0),
        ("a.npz", WHOLE, 0),
        ("a.npy", WHOLE * 255, 1e-6),
        ("a.tif", WHOLE, 0),
        ("a.png", np.rint(WHOLE * 255).astype(np.uint8), 0.002),
        ("a.tif", np.rint(WHOLE * 65535).astype(np.uint16), 1e-5),
        ("a.npy", np.rint(WHOLE * 255).astype(np.int64), 0.002),
    ],
)
@pytest.mark.parametrize("cropped", [True, False])
def test_that_every_form_on_either_grid_is_the_same_prediction(
    tmp_path: Path, name: str, values: npt.NDArray[np.generic], rounding: float, cropped: bool
) -> None:
    path = written(tmp_path / name, values[..., 2:20, :] if cropped else values)
    assert np.abs(read_prediction(path, SEM, "").probability - PART).max() <= rounding


@pytest.mark.parametrize("one", [1, 255])
def test_that_a_mask_is_a_certain_prediction(tmp_path: Path, one: int) -> None:
    mask = (WHOLE > 0.5).astype(np.uint8)
    path = written(tmp_path / "a.png", mask * np.uint8(one))
    assert np.array_equal(read_prediction(path, SEM, "").probability, mask[2:20])


def nan_in(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    holed = values.copy()
    holed[3:5, 3] = np.nan
    return holed


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (nan_in(WHOLE), "2 values are not finite"),
        (WHOLE[:-1], "The prediction is 30 x 23 px, the picture 30 x 18 px"),
        (WHOLE[0], r"An array \(H, W\) is wanted, this one is \(30,\)"),
        (np.stack([WHOLE] * 3), "is wanted"),
        (WHOLE * 4 - 2, "neither 0 to 1 nor 0 to full scale"),
        (WHOLE * 3, "neither 0 to 1"),
        ((WHOLE * 3).astype(np.uint8), "neither 0 to 1"),
        (WHOLE.astype(np.complex64), "Numbers are wanted"),
        (np.empty((0, 5)), "is wanted"),
    ],
)
def test_that_what_is_no_probability_is_refused(tmp_path: Path, values: npt.NDArray[np.generic], reason: str) -> None:
    with pytest.raises(FileProblem, match=reason):
        read_prediction(written(tmp_path / "a.npy", values), SEM, "")


def test_that_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.npy", WHOLE)
    path.write_bytes(path.read_bytes()[:500])
    np.savez(tmp_path / "two.npz", WHOLE, WHOLE)
    (tmp_path / "bad.npz").write_bytes(b"PK\3\4 and nothing")
    np.save(tmp_path / "objects.npy", np.array([{}, {}]), allow_pickle=True)
    (tmp_path / "a.txt").write_text("0.5")
    reasons = {
        "a.npy": "damaged",
        "two.npz": "arr_0, arr_1",
        "bad.npz": "damaged",
        "objects.npy": "damaged",
        "a.txt": "not read here",
        "gone.npy": "not there",
    }
    for name, reason in reasons.items():
        with pytest.raises(FileProblem, match=reason):
            read_prediction(tmp_path / name, SEM, "")
