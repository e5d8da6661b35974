"""The pixel size offered from registrations that stand, kept in the project, taken back; nothing else changes."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt

from semiview.core.registration import Trust
from semiview.files.project import Project
from semiview.files.registration_table import update_registrations


def registered(folder: Path) -> Path:
    """Rows of a sure alignment that found pixels 1 % larger along rows."""
    project = Project.open(folder)
    found = {}
    for number, row in enumerate(project.rows):
        case = project.load(row.case_id)
        trust = Trust("unique", "subpixel", covariance=np.diag([0.01, 0.01, 1e-6, 1e-8, 1e-8, 1e-8]))
        shift = (0.1 * number, 0.0)
        registration = case.nominal.moved(*shift)
        found[row.case_id] = (_sure(registration, trust, 1e-4 * number), case)
    update_registrations(project.registrations_path, found)
    return folder


def _sure(registration, trust, more):
    return type(registration)(
        registration.frame, registration.shift_x_nm, registration.shift_y_nm, 0.0, 0.99 + more, 1.0, 0.0,
        "affine", "auto", trust,
    )  # fmt: skip


def test_that_a_calibration_is_offered_kept_and_taken_back(user, small: Path) -> None:
    window, session = user.window, user.session
    user.open_project(registered(small))
    user.until(lambda: "calibration" in window.questions_bar.names())
    user.open_case("c0")
    user.key(Qt.Key.Key_R)
    user.key(Qt.Key.Key_Right)  # an edit that must stay, and stay undoable
    user.key(Qt.Key.Key_Escape)
    user.until(lambda: session.measurement is not None)
    moved, stated = session.document.registration, session.measurement.scale
    user.answer("calibration", "Keep in the project")
    user.until(lambda: session.case.calibrated is not None and session.measurement is not None)
    assert session.document.registration is moved
    assert session.case.sem.pixel_size == stated
    assert "[[calibration]]" in (small / "project.toml").read_text()
    used = session.measurement.scale
    assert used.x_nm / stated.x_nm > 1.005
    assert used.source.startswith("calibration of 2")
    assert used.source in window.status_line.pixel_size.text()
    assert session.history.undo_label is not None
    user.answer("calibration", "Take it back")
    user.until(lambda: session.case.calibrated is None and session.measurement is not None)
    assert session.measurement.scale == stated
    assert "[[calibration]]" not in (small / "project.toml").read_text()


def test_that_what_is_turned_down_is_not_offered_again_and_who_asks_is_told(user, small: Path) -> None:
    window = user.window
    user.open_project(registered(small))
    user.until(lambda: "calibration" in window.questions_bar.names())
    user.answer("calibration", "Not now")
    window.desk.calibrating.look(asked=False)
    user.until(lambda: not window.desk.calibrating.latest.busy)
    assert "calibration" not in window.questions_bar.names()
    (small / "registrations.csv").unlink()
    said = []
    window.desk.session.said.connect(said.append)
    window.actions_["register.calibrate"].trigger()
    user.until(lambda: any("Align first" in sentence for sentence in said))
