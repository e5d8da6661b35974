"""Another checkpoint's prediction and the predicted SEM picture, held against what is there."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from semiview.files.expected_sem_file import write_expected
from semiview.files.prediction_file import spread_path, write_prediction
from tests.e2e.small_project import SHAPE


def pair(user, name: str):
    return user.window.actions_[f"pair.{name}"]


@pytest.fixture
def opened(user, small: Path):
    """The small project: c0 also predicted by another checkpoint, c1 with a predicted SEM picture."""
    shifted = np.roll(np.load(small / "c0_p.npy"), 8, axis=1)
    write_prediction(small / "predictions" / "older" / "c0.npy", shifted)
    write_expected(small / "predictions" / "back" / "c1.npy", np.full(SHAPE, 90.0), "back")
    user.open_project(small)
    user.open_case("c0")
    user.until(lambda: not user.window.desk.comparing.latest.busy)
    return user


def test_that_another_checkpoint_is_compared_where_it_has_predicted(opened) -> None:
    desk = opened.window.desk
    assert opened.window.display.checkpoint.currentText() == "older"
    pair(opened, "prediction_other").trigger()
    opened.until(lambda: desk.comparing.guests.other is not None)
    assert desk.comparing.guests.other.checkpoint_id == "older"
    opened.window.actions_["mode.two"].trigger()
    opened.window.actions_["mode.difference"].trigger()
    assert opened.view.message == ""
    opened.open_case("c1")
    opened.until(lambda: not desk.comparing.latest.busy)
    assert "press Predict" in pair(opened, "prediction_other").toolTip()
    assert not pair(opened, "prediction_other").isEnabled()
    assert "press Predict" in opened.view.message


def test_that_the_classical_predictor_can_be_asked_beside_the_checkpoint(opened) -> None:
    display, desk = opened.window.display, opened.window.desk
    before = opened.session.case.prediction
    display.checkpoint.setCurrentIndex(display.checkpoint.findData("classical"))
    display.checkpoint.activated.emit(display.checkpoint.currentIndex())
    opened.until(lambda: desk.comparing.chosen == "classical" and not desk.comparing.latest.busy)
    assert "(not predicted)" in display.checkpoint.currentText()
    opened.window.actions_["compare.predict_other"].trigger()
    opened.until(lambda: desk.comparing.checkpoints.get("classical"))
    assert opened.session.case.prediction is before  # only held against it
    assert display.checkpoint.currentText() == "classical"


def test_that_a_predicted_sem_picture_is_compared_and_says_that_nothing_is_read_off_it(opened) -> None:
    desk = opened.window.desk
    assert "Training, Learns, Design to SEM" in pair(opened, "sem_expected").toolTip()
    assert not pair(opened, "sem_expected").isEnabled()
    assert not opened.window.actions_["compare.predict_sem"].isEnabled()
    opened.open_case("c1")
    opened.until(lambda: pair(opened, "sem_expected").isEnabled())
    pair(opened, "sem_expected").trigger()
    opened.window.actions_["mode.two"].trigger()
    opened.until(lambda: desk.comparing.guests.expected is not None)
    note = opened.window.views.views["design"].surround.note
    assert "no CD is ever read off it" in note
    opened.key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert opened.session.view.pair == "sem_design"  # what cannot be seen is passed over


def test_that_the_band_of_an_averaged_prediction_is_said_in_nm(user, small: Path) -> None:
    np.save(spread_path(small / "c0_p.npy"), np.full(SHAPE, 0.05, np.float16))
    user.open_project(small)
    user.open_case("c1")
    action = user.window.actions_["overlays.uncertainty"]
    assert "Average over turns" in action.toolTip()
    assert not action.isEnabled()
    user.open_case("c0")
    user.until(lambda: action.isEnabled() and user.session.measurement is not None)
    user.key(Qt.Key.Key_0)
    user.until(lambda: "nm" in user.view.surround.note)
    # The prediction falls from 1 to 0 within two pixels of 2 nm: 0.05 of it are 0.1 px, two of that 0.4 nm.
    assert "± 0.4 nm" in user.view.surround.note
    user.key(Qt.Key.Key_0)
    assert user.view.surround.note == ""
