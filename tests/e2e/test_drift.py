"""Journey 8: incoming images have moved away: which feature, since when; reviewing them proposes retraining."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from tests.tasks.test_drift import project

ACCEPTED, LATER = 30, 20


@pytest.fixture
def faded(tmp_path: Path) -> Path:
    """Thirty accepted images, and twenty later ones of 70 % of their contrast, with predictions that came with them."""
    folder = project(tmp_path / "faded", ACCEPTED, LATER, 0.7)
    lines = np.broadcast_to(np.arange(96) // 8 % 2, (96, 96)).astype(np.float16)
    np.save(folder / "lines.npy", lines)
    with (folder / "cases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "prediction"])
        writer.writeheader()
        writer.writerows([row | {"prediction": "lines.npy"} for row in rows])
    return folder


def correct(user, case_id: str) -> None:
    """Open it from the list, fill a corner with a polygon, approve the shape by Return."""
    user.open_case(case_id)
    user.key(Qt.Key.Key_P)
    for u, v in ((20, 20), (40, 20), (40, 40), (20, 40)):
        user.qtbot.mouseClick(user.view.viewport(), Qt.MouseButton.LeftButton, pos=user.place(u, v))
    user.key(Qt.Key.Key_Return)
    assert user.session.document.correction is not None
    user.key(Qt.Key.Key_Escape)
    user.key(Qt.Key.Key_Return)
    user.until(lambda: user.window.desk.cases.line(case_id).state == "corrected")


@pytest.mark.slow
def test_that_drift_is_seen_with_its_feature_and_start_and_reviewing_it_proposes_a_run(user, faded: Path) -> None:
    window, drifting = user.window, user.window.desk.drifting
    panel = window.drift
    user.open_project(faded)
    window.docks["work"].show()
    window.work.setCurrentWidget(panel)
    user.click(panel.look)
    user.until(lambda: drifting.report is not None and drifting.trigger is not None and not drifting.busy)
    assert panel.table.item(0, 1).text() == "drift"
    assert "contrast" in panel.says.text()
    assert f"since c{ACCEPTED:03d}" in panel.says.text()
    assert panel.now.count() == panel.before.count() == 3
    # Drift alone trains nothing: it asks for a look at some of the images, and a double click opens one.
    assert not drifting.trigger.advice.train
    assert "drift alone does not say" in panel.words.text()
    asked = drifting.trigger.advice.review_first
    assert len(asked) == 5
    first = panel.now.item(0)
    place = panel.now.visualItemRect(first).center()
    user.qtbot.mouseClick(panel.now.viewport(), Qt.MouseButton.LeftButton, pos=place)
    user.qtbot.mouseDClick(panel.now.viewport(), Qt.MouseButton.LeftButton, pos=place)
    user.until(lambda: user.window.desk.opening.current == first.text())
    user.until(lambda: not user.window.desk.opening.latest.busy)

    window.actions_["mode.single"].trigger()
    for case_id in asked:
        correct(user, case_id)
    user.until(lambda: drifting.trigger.advice.train)
    assert "contrast drifts, and there are 5 new corrections" in drifting.trigger.advice.reasons[0]
    window.work.setCurrentWidget(window.training)
    assert "Time to retrain" in window.training.advice.text()
    assert "under 100 pairs" in window.training.advice.text().lower()
    assert window.training.start.isEnabled()
