"""Three chips: a decision approves shape, registration and measurements, each on its own."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from semiview.feedback.store import FeedbackStore


@pytest.fixture
def in_place(user, small: Path):
    """Case c0, accepted by nobody yet, with a registration that somebody set and figures read off."""
    user.open_project(small)
    user.register("c0", Qt.KeyboardModifier.AltModifier)
    return user


def approved_of(user, small: Path, case_id: str) -> dict[str, bool]:
    """What the newest decision about a case approves, as it stands on the disk."""
    user.until(lambda: user.window.desk.saving.state == "saved")
    header = FeedbackStore.open(small / "feedback", read_only=True).history(case_id)[-1]
    names = ("shape", "registration", "measurements")
    return {name: getattr(header, f"approves_{name}") for name in names}


def chips(user) -> dict[str, tuple[bool, bool]]:
    """(can be clicked, is on) by name."""
    return {name: (chip.isEnabled(), chip.isChecked()) for name, chip in user.window.review.chips.items()}


def test_that_return_approves_what_the_verdicts_permit(in_place, small: Path) -> None:
    user = in_place
    assert chips(user) == dict.fromkeys(("shape", "registration", "measurements"), (True, True))
    user.key(Qt.Key.Key_Return)
    user.until(lambda: user.window.desk.cases.line("c0").state == "accepted")
    assert approved_of(user, small, "c0") == {"shape": True, "registration": True, "measurements": True}
    # The next case was never registered: its shape alone, and the chips that are off say why.
    user.until(lambda: user.session.case.case_id == "c1" and user.session.measurement is not None)
    assert chips(user) == {"shape": (True, True), "registration": (False, False), "measurements": (False, False)}
    for name in ("registration", "measurements"):
        assert "egist" in user.window.review.chips[name].toolTip()
    user.key(Qt.Key.Key_Return)
    user.until(lambda: user.window.desk.cases.line("c1").state == "accepted")
    assert approved_of(user, small, "c1") == {"shape": True, "registration": False, "measurements": False}


@pytest.mark.parametrize("left_out", ["shape", "registration", "measurements"])
def test_that_a_chip_clicked_off_leaves_its_part_out_of_this_decision_alone(in_place, small: Path, left_out) -> None:
    user = in_place
    user.click(user.window.review.chips[left_out])
    user.key(Qt.Key.Key_Return)
    user.until(lambda: user.window.desk.cases.line("c0").state != "undecided")
    names = ("shape", "registration", "measurements")
    assert approved_of(user, small, "c0") == {name: name != left_out for name in names}
    user.until(lambda: user.session.case.case_id == "c1")
    assert user.window.review.chips["shape"].isChecked()
