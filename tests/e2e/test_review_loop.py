"""A reviewer's day through the real window: open, align, nudge, correct, accept, train, close."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from semiview.feedback.store import FeedbackStore
from semiview.files.registration_table import read_registrations
from semiview.learning.starter import STARTER_ID


@pytest.mark.slow
def test_that_a_reviewer_opens_aligns_corrects_accepts_trains_and_closes(user, openebl: Path) -> None:
    window, session = user.window, user.session
    user.open_project(openebl)
    assert len(window.desk.cases.lines) == 21
    user.open_case("LL_131")
    assert session.case.case_id == "LL_131"
    assert "21.875 nm/px (case list)" in window.status_line.pixel_size.text()
    user.until(lambda: session.measurement is not None)
    assert "nregistered" in window.measurements.reasons.text()

    # Align: the answer of an independent measurement, within 4 px over the picture.
    user.key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    user.until(lambda: session.document.registration.trust.verdict is not None)
    registration = session.document.registration
    assert registration.trust.verdict == "unique"
    assert worst_distance_px(registration, openebl, "LL_131") < 4.0
    user.until(lambda: session.measurement is not None)
    assert "nique" in window.registration.verdict.text()

    # Nudge, and undo it: the same object again.
    user.key(Qt.Key.Key_R)
    assert session.tool == "register"
    user.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert session.document.registration.shift_x_nm == pytest.approx(registration.shift_x_nm + 10 * 21.875)
    assert window.registration.boxes["shift_x_nm"].value() == pytest.approx(
        session.document.registration.shift_x_nm, abs=0.01
    )
    user.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.document.registration is registration
    user.drag((1000, 600), (1100, 650))
    assert session.document.registration.shift_x_nm == pytest.approx(
        registration.shift_x_nm + 100 * 21.875, abs=2 * 21.875 / user.view.camera.zoom
    )
    user.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.document.registration is registration
    user.key(Qt.Key.Key_Escape)

    # Predict in the worker, correct with the brush; CD and EPE follow.
    user.key(Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    user.until(lambda: session.case.prediction is not None)
    assert session.document.registration is registration
    user.until(lambda: session.measurement is not None and "prediction" in session.measurement.outlines_px)
    assert "edge points" in window.measurements.figures.text()
    for _ in range(8):
        user.key(Qt.Key.Key_Plus)
    assert session.view.brush_radius_px > 40
    user.key(Qt.Key.Key_B)
    user.drag((300, 200), (700, 220))
    user.key(Qt.Key.Key_E)
    user.drag((300, 900), (700, 900))
    correction = session.document.correction.mask()
    assert correction[200, 300:400].all()
    assert not correction[900, 300:600].any()
    user.until(lambda: session.measurement is not None and "approved" in session.measurement.outlines_px)
    assert window.measurements.source.currentText() == "Correction"
    user.key(Qt.Key.Key_Escape)

    # A click on a row shows the place.
    window.readings.setCurrentWidget(window.measurements)
    window.measurements.tabs.setCurrentWidget(window.measurements.epe)
    table = window.measurements.epe.table
    user.qtbot.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(table.rows.index(0, 0)).center()
    )
    place = session.document.registration.to_px([table.rows.place_nm(0)])[0]
    assert np.hypot(user.view.camera.u - place[0], user.view.camera.v - place[1]) < 1.0

    # Accept with Return; it is in the store before the window says so, and the next case opens.
    user.key(Qt.Key.Key_Return)
    user.until(lambda: window.desk.cases.line("LL_131").state == "corrected")
    user.until(lambda: window.desk.saving.state == "saved")
    (stored,) = FeedbackStore.open(openebl / "feedback", read_only=True).records()
    assert (stored.record.case_id, stored.record.reviewer, stored.record.kind) == ("LL_131", "tester", "correct")
    assert np.array_equal(stored.record.approved, correction.astype(np.uint8))
    assert stored.record.approves_registration
    user.until(lambda: session.case is not None and session.case.case_id == "LL_132")
    assert read_registrations(openebl / "registrations.csv")["LL_131"]["verdict"] == "unique"

    # Take it back and accept it again: the store has kept all three.
    user.key(Qt.Key.Key_U)
    user.until(lambda: window.desk.cases.line("LL_131").state == "undecided" and session.case.case_id == "LL_131")
    assert session.document.correction is not None
    user.until(lambda: not window.desk.saving.pending)
    user.key(Qt.Key.Key_Enter)
    user.until(lambda: window.desk.cases.line("LL_131").state == "corrected")
    history = FeedbackStore.open(openebl / "feedback", read_only=True).history("LL_131")
    # The place that was looked at is marked as visited, in a note.
    assert [header.kind for header in history if header.kind != "note"] == ["correct", "retract", "correct"]

    # Train a few steps; the review goes on meanwhile.
    window.docks["work"].show()
    training = window.training
    training.epochs.setValue(1)
    training.steps.setValue(2)
    user.until(lambda: training.start.isEnabled())
    user.click(training.start)
    user.until(lambda: window.desk.training.pid)
    user.open_case("LL_136")
    assert session.case.case_id == "LL_136"
    user.until(lambda: not window.desk.training.running)
    assert len(window.desk.training.epochs) == 1
    assert np.isfinite(window.desk.training.epochs[0].train_loss)
    assert window.desk.training.candidate
    user.click(training.promote)
    assert window.desk.training.current_id == window.desk.training.candidate
    user.click(training.roll_back)
    assert window.desk.training.current_id == STARTER_ID
    user.close()
    assert not window.isVisible()


def worst_distance_px(registration, folder: Path, case_id: str) -> float:
    """Largest distance in px over the picture from the independent reference."""
    pairs = json.loads((folder / "pairs.json").read_text())["pairs"]
    truth = next(pair["truth"] for pair in pairs if pair["image"] == f"{case_id}.jpg")
    centre = np.array([truth["cx_um"], truth["cy_um"]]) * 1000
    size = np.array([truth["px_x_nm"], truth["px_y_nm"]])
    away = np.stack(np.meshgrid(np.linspace(-900, 900, 7), np.linspace(-600, 600, 5)), -1).reshape(-1, 2) * size
    angle = truth["rot_mrad"] / 1000
    turned = away @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = np.array([1023.5, 684.5]) + turned / size * (1, -1)
    return float(np.max(np.hypot(*(registration.to_px(centre + away) - expected).T)))
