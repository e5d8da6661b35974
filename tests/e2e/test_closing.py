"""What a closed window leaves behind."""

from pathlib import Path

import h5py
from PySide6.QtCore import Qt


def test_that_one_file_holds_every_approved_case_for_any_hdf5_reader(user, small: Path) -> None:
    user.open_project(small)
    for case_id in ("c0", "c1"):
        user.open_case(case_id)
        user.key(Qt.Key.Key_Return)
    user.close()
    with h5py.File(small / "feedback" / "feedback.h5") as file:
        assert sorted(file["samples"]) == ["c0", "c1"]
        assert file["samples/c0/sem/image"].shape == (160, 224)
