"""Registration by hand in the real window: alternatives, turning, what is kept, and copying."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from semiview.tasks.demo import unpack_example

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def aligned(user, tmp_path: Path):
    """A field of lines from the example, aligned: it fits at every pitch of 100 nm."""
    user.open_project(unpack_example(tmp_path / "example"))
    user.open_case("line-space-01")
    user.key(Qt.Key.Key_R, CTRL)
    user.until(lambda: user.session.document.registration.trust.verdict is not None)
    assert user.session.document.registration.trust.verdict == "periodic"
    return user


def choose(user, freedom: str) -> None:
    box = user.window.registration.freedom
    box.setCurrentIndex(box.findData(freedom))


def test_that_j_steps_through_the_alternatives_as_undo_steps_and_the_panel_says_where(aligned) -> None:
    session, panel = aligned.session, aligned.window.registration
    found = session.document.registration
    count = len(found.trust.alternatives)
    aligned.key(Qt.Key.Key_R)
    assert panel.alternative.text() == f"The one found; {count} more fit as well"
    aligned.key(Qt.Key.Key_J)
    first = session.document.registration
    away = np.hypot(first.shift_x_nm - found.shift_x_nm, first.shift_y_nm - found.shift_y_nm)
    assert away == pytest.approx(100.0, abs=3.0)
    assert panel.alternative.text() == f"Alternative 1 of {count}, {away:.0f} nm away"
    aligned.key(Qt.Key.Key_J)
    assert session.document.registration is not first
    aligned.key(Qt.Key.Key_Z, CTRL)
    assert session.document.registration is first
    assert panel.alternative.text().startswith("Alternative 1 of")
    aligned.key(Qt.Key.Key_J, SHIFT)
    assert session.document.registration is found
    aligned.key(Qt.Key.Key_J, SHIFT)
    assert panel.alternative.text().startswith(f"Alternative {count} of {count}")


def test_that_t_shows_the_nominal_place_and_changes_nothing(aligned) -> None:
    document, steps = aligned.session.document, aligned.session.history.undo_label
    aligned.key(Qt.Key.Key_R)
    aligned.key(Qt.Key.Key_T)
    assert aligned.session.before
    assert aligned.window.actions_["register.before"].isChecked()
    aligned.key(Qt.Key.Key_T)
    assert not aligned.session.before
    assert aligned.session.document is document
    assert aligned.session.history.undo_label == steps


def test_that_a_ctrl_drag_turns_and_scales_about_the_middle_in_one_undo_step(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    first = user.session.document
    user.key(Qt.Key.Key_R)
    centre = np.array(first.registration.frame.centre_px)
    u, v = centre
    # A quarter turn counter-clockwise on the screen, 1.2 times as far from the middle.
    user.drag((u + 60, v), (u, v - 72), steps=24, modifier=CTRL)
    turned = user.session.document.registration
    assert turned.rotation_deg == pytest.approx(90.0, abs=2.0)
    assert turned.scale_x == pytest.approx(1.2, abs=0.03)
    assert turned.scale_y == turned.scale_x
    assert np.allclose(turned.to_px([first.registration.frame.centre_nm])[0], centre)
    user.key(Qt.Key.Key_Z, CTRL)
    assert user.session.document is first


def test_that_only_what_is_free_is_changed_by_hand_and_by_machine(aligned) -> None:
    session, panel = aligned.session, aligned.window.registration
    choose(aligned, "shift")
    aligned.key(Qt.Key.Key_R)
    before = session.document.registration
    for key in (Qt.Key.Key_Comma, Qt.Key.Key_Period):
        aligned.key(key)
    aligned.drag((60, 60), (90, 80), modifier=CTRL)
    assert session.document.registration is before
    assert not panel.boxes["rotation_deg"].isEnabled()
    assert "only the shift is free" in panel.boxes["rotation_deg"].toolTip()
    assert panel.boxes["shift_x_nm"].isEnabled()
    aligned.key(Qt.Key.Key_R, CTRL)
    aligned.until(lambda: session.document.registration is not before)
    found = session.document.registration
    assert (found.transform, found.rotation_deg, found.scale_x, found.shear) == ("shift", 0.0, 1.0, 0.0)
    choose(aligned, "similarity")
    aligned.key(Qt.Key.Key_Comma)
    assert session.document.registration.rotation_deg == pytest.approx(0.1)
    box = panel.boxes["scale_x"]
    box.selectAll()
    aligned.qtbot.keyClicks(box, "1.02")
    aligned.qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (session.document.registration.scale_x, session.document.registration.scale_y) == (1.02, 1.02)
    assert not panel.boxes["scale_y"].isEnabled()


def test_that_a_registration_is_copied_from_the_case_before_in_one_undo_step(user, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    copy = user.window.actions_["register.copy"]
    assert "no other case" in copy.toolTip()
    user.key(Qt.Key.Key_R)
    user.key(Qt.Key.Key_Right, SHIFT)
    user.key(Qt.Key.Key_Comma)
    given = user.session.document.registration
    user.key(Qt.Key.Key_D)
    user.until(lambda: user.session.case.case_id == "c1")
    first = user.session.document
    user.until(copy.isEnabled)
    user.key(Qt.Key.Key_R, CTRL | SHIFT)
    copied = user.session.document.registration
    assert copied.parameters.tolist() == pytest.approx(given.parameters.tolist())
    assert copied.trust.verdict == "manual"
    assert "copied from c0" in user.window.registration.grounds.text()
    user.key(Qt.Key.Key_Z, CTRL)
    assert user.session.document is first


def test_that_residuals_are_drawn_over_the_image_and_follow_the_registration(user, tmp_path: Path) -> None:
    user.open_project(unpack_example(tmp_path / "example"))
    user.open_case("logic-01")
    user.key(Qt.Key.Key_R, CTRL)
    user.until(lambda: user.session.document.registration.trust.verdict == "unique")
    shown = []
    user.window.desk.residuals.found.connect(shown.append)
    for key in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_6):
        user.key(key)
    bare = user.view.grab().toImage()
    user.key(Qt.Key.Key_9)
    user.until(lambda: shown and shown[-1] is not None)
    assert user.view.grab().toImage() != bare
    assert np.nanmedian(np.abs(shown[-1].offsets_nm)) < 2.0  # of a picture of 2 nm/px
    user.key(Qt.Key.Key_R)
    for _ in range(3):
        user.key(Qt.Key.Key_Up)
    user.until(lambda: np.nanmedian(np.abs(shown[-1].offsets_nm)) > 4.0)
