"""Expected SEM pictures on disk: what a network says a design should look like in the SEM.

They lie where predictions lie, `predictions/<checkpoint>/<case>.npy`, as float32 grey levels of the case's own picture.
The card beside them says the task, and nothing that reads shapes or lengths takes a picture from such a folder.
"""

import glob
import io
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from semiview.core.sem_image import SemImage
from semiview.files.case_file_name import case_file_name
from semiview.files.durable_file import make_folder, write_durably
from semiview.files.problem import FileProblem

CARD_FILE = "card.json"
DESIGN_TO_SEM = "design -> sem"


def is_generated(path: Path) -> bool:
    """True if the card beside a file says that what lies there was generated from designs."""
    try:
        return bool(json.loads(path.with_name(CARD_FILE).read_bytes())["task"] == DESIGN_TO_SEM)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_expected(path: Path, grey: npt.NDArray[np.floating], checkpoint_id: str) -> None:
    """Write an expected picture (H, W) in grey levels, durably, with the card that says what it is.

    Raises
    ------
    FileProblem
        If it could not be written.
    """
    make_folder(path.parent)
    card = json.dumps({"id": checkpoint_id, "task": DESIGN_TO_SEM}).encode()
    write_durably(path.with_name(CARD_FILE), card)  # first: no picture lies there without it
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(grey, dtype=np.float32), allow_pickle=False)
    write_durably(path, buffer.getvalue())


def find_expected(predictions_folder: Path, case_id: str) -> Path | None:
    """The newest expected picture of a case, or None."""
    found = [
        path for path in predictions_folder.glob(f"*/{glob.escape(case_file_name(case_id))}.npy") if is_generated(path)
    ]
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)


def read_expected(path: Path, sem: SemImage) -> npt.NDArray[np.float32]:
    """(H, W) float32 grey levels that the case's picture is expected to have.

    Raises
    ------
    FileProblem
        If it cannot be read, is no expected picture, or is not on the picture's grid.
    """
    advice = "Predict the SEM pictures again."
    if not is_generated(path):
        raise FileProblem(path, f"No {CARD_FILE} beside it says that it was generated from the design.", advice)
    try:
        grey = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FileProblem(path, f"The expected picture cannot be read ({error}).", advice) from error
    if grey.dtype != np.float32 or grey.shape != sem.shape or not np.isfinite(grey).all():
        raise FileProblem(path, f"{grey.shape} of {grey.dtype} is no expected picture of {sem.shape} px.", advice)
    result: npt.NDArray[np.float32] = grey
    return result
