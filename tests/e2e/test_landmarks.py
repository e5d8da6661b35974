"""Landmarks through the real window: clicks by turns, the fit live, Backspace, Return, Esc."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from semiview.core.coverage import Coverage
from semiview.core.registration import Registration
from semiview.tasks.demo import unpack_example

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def logic(user, tmp_path: Path):
    """A field of logic at its nominal place, with the landmarks in hand, and the registration that is true."""
    user.open_project(unpack_example(tmp_path / "example"))
    user.open_case("logic-01")
    user.key(Qt.Key.Key_L)
    assert user.session.tool == "landmarks"
    return user


def truth(user) -> Registration:
    return user.session.case.nominal.turned(0.35).scaled(1.002).moved(46.8, -63.4)


def corners(user, count: int) -> np.ndarray:
    """(N, 2) corners of the design, far apart, that both pictures show."""
    points = np.concatenate(user.session.case.design.target)
    places = np.concatenate([truth(user).to_px(points), user.session.case.nominal.to_px(points)], axis=1)
    points = points[((places > 30) & (places < 480)).all(axis=1)]
    wanted = user.session.case.nominal.to_nm([[80, 80], [430, 430], [80, 430], [430, 80]])
    return np.array([points[np.argmin(np.hypot(*(points - place).T))] for place in wanted[:count]])


def click(user, u: float, v: float) -> None:
    user.qtbot.mouseClick(user.view.viewport(), Qt.MouseButton.LeftButton, pos=user.place(u, v))


def pair(user, point_nm: np.ndarray) -> None:
    click(user, *truth(user).to_px([point_nm])[0])
    click(user, *user.session.document.registration.to_px([point_nm])[0])


def test_that_three_pairs_lay_the_design_and_are_one_undo_step(logic) -> None:
    session, panel = logic.session, logic.window.registration
    first = session.document
    assert "Click a place in the SEM" in panel.landmarks.text()
    for number, point in enumerate(corners(logic, 3), 1):
        pair(logic, point)
        assert f"{number} pair" in panel.landmarks.text()
    assert "affine" in panel.landmarks.text()
    assert session.document is first  # nothing is changed before Return
    logic.key(Qt.Key.Key_Return)
    found = session.document.registration
    points = corners(logic, 4)
    assert np.hypot(*(found.to_px(points) - truth(logic).to_px(points)).T).max() < 5.0
    assert (found.method, found.trust.verdict, found.transform) == ("landmarks", "manual", "affine")
    assert logic.window.desk.cases.line("logic-01").shown_state == "undecided"  # Return accepted nothing
    assert not logic.window.desk.landmarking.drafting
    logic.key(Qt.Key.Key_Z, CTRL)
    assert session.document is first


def test_that_one_pair_shifts_and_what_is_free_limits_more(logic) -> None:
    points = corners(logic, 2)
    fit = logic.window.desk.landmarking
    pair(logic, points[0])
    assert fit.fit.registration.transform == "shift"
    pair(logic, points[1])
    assert fit.fit.registration.transform == "similarity"
    box = logic.window.registration.freedom
    box.setCurrentIndex(box.findData("shift"))
    assert fit.fit.registration.transform == "shift"
    assert "left out" in logic.window.registration.landmarks.text()


def test_that_a_fourth_pair_is_checked_by_the_others(logic) -> None:
    points = corners(logic, 4)
    for point in points[:3]:
        pair(logic, point)
    assert "nothing checks them" in logic.window.registration.landmarks.text()
    bare = logic.view.grab().toImage()
    pair(logic, points[3])
    text = logic.window.registration.landmarks.text()
    assert text.count("left out") == 4
    assert "RMS" in text
    assert logic.view.grab().toImage() != bare


def test_that_backspace_takes_the_last_click_off_and_esc_first_the_draft_then_the_tool(logic) -> None:
    panel = logic.window.registration
    pair(logic, corners(logic, 1)[0])
    logic.key(Qt.Key.Key_Backspace)
    assert "Click the same place of the design" in panel.landmarks.text()
    assert "Not now" in logic.window.actions_["landmarks.apply"].toolTip()
    logic.key(Qt.Key.Key_Backspace)
    assert not logic.window.desk.landmarking.drafting
    pair(logic, corners(logic, 1)[0])
    logic.key(Qt.Key.Key_Escape)
    assert logic.session.tool == "landmarks"
    assert not logic.window.desk.landmarking.drafting
    logic.key(Qt.Key.Key_Escape)
    assert logic.session.tool == "pan"
    assert not panel.pairs.isVisible()


def test_that_pairs_on_one_spot_are_refused_in_words(logic) -> None:
    point = corners(logic, 1)[0]
    pair(logic, point)
    pair(logic, point)
    assert "lie on one spot" in logic.window.registration.landmarks.text()
    document = logic.session.document
    logic.key(Qt.Key.Key_Return)
    assert logic.session.document is document


def test_that_the_automatic_alignment_starts_from_the_landmarks_and_looks_not_at_what_is_ignored(logic) -> None:
    session, said = logic.session, []
    session.said.connect(said.append)
    for point in corners(logic, 2):
        pair(logic, point)
    logic.key(Qt.Key.Key_R, CTRL)
    logic.until(lambda: session.document.registration.trust.verdict is not None)
    assert any("from 2 landmarks" in sentence for sentence in said)
    found = session.document.registration
    assert (found.method, found.trust.verdict) == ("auto", "unique")
    everything = Coverage.from_array(np.full(session.case.sem.shape, 255, np.uint8))
    session.apply("Ignore", lambda document: replace(document, ignore=everything))
    logic.key(Qt.Key.Key_R, CTRL)
    logic.until(lambda: any("nearly all of the picture is ignored" in sentence for sentence in said))
    assert session.document.registration is found
