"""Landmarks from a table: which design point lies where in the image, case by case."""

import math
from pathlib import Path

import numpy as np

from semiview.alignment.landmarks import Landmarks
from semiview.files.csv_table import read_table
from semiview.files.problem import FileProblem

COLUMNS = ("case_id", "x_nm", "y_nm", "u_px", "v_px")


def read_landmarks(path: Path) -> dict[str, Landmarks]:
    """Landmarks by case id from a CSV file with the columns case_id, x_nm, y_nm (design), u_px, v_px (picture).

    Raises
    ------
    FileProblem
        If the file is not there, a column is missing or a coordinate is no number.
    """
    if not path.exists():
        raise FileProblem(path, "There is no such file.", f"Landmarks are a CSV table of {', '.join(COLUMNS)}.")
    pairs: dict[str, list[list[float]]] = {}
    for number, row in enumerate(read_table(path, COLUMNS), start=2):
        try:
            values = [float(row[name]) for name in COLUMNS[1:]]
        except ValueError:
            raise FileProblem(path, f"A coordinate in line {number} is no number.", "Put it right.") from None
        if not all(map(math.isfinite, values)):
            raise FileProblem(path, f"A coordinate in line {number} is not finite.", "Put it right.")
        pairs.setdefault(row["case_id"], []).append(values)
    return {case_id: Landmarks(np.array(rows)[:, :2], np.array(rows)[:, 2:]) for case_id, rows in pairs.items()}
