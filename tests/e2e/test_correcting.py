"""Journey 5: the shape is corrected by every tool, the numbers follow, each gesture is one undo step."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from semiview.core.coverage import FULL
from semiview.ui.painting import changed_box
from tests.e2e.small_project import write_small_project

CTRL = Qt.KeyboardModifier.ControlModifier


def shape_of(user) -> np.ndarray:
    return user.window.desk.painting.shape("correction").to_array()


def click(user, u: float, v: float, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    user.qtbot.mouseClick(user.view.viewport(), Qt.MouseButton.LeftButton, modifier, user.place(u, v))


def register(user) -> None:
    """By hand, where the stage says: there and back."""
    for key in (Qt.Key.Key_R, Qt.Key.Key_Right, Qt.Key.Key_Left):
        user.key(key)
    user.key(Qt.Key.Key_Escape)


@pytest.fixture
def case(user, small: Path):
    """The first case, open, the picture large in one view."""
    user.open_project(small)
    user.open_case("c0")
    user.window.actions_["mode.single"].trigger()
    return user


def test_that_a_polygon_is_filled_by_return_and_taken_away_by_ctrl_return(case) -> None:
    case.key(Qt.Key.Key_P)
    corners = [(40, 60), (80, 60), (80, 100), (40, 100)]
    for corner in corners:
        click(case, *corner)
    click(case, 120, 120)
    case.key(Qt.Key.Key_Backspace)
    assert len(case.window.desk.drafting.points) == 4
    case.key(Qt.Key.Key_Return)
    filled = shape_of(case)
    assert filled[62:99, 42:79].min() == FULL
    assert case.session.history.undo_label == "Polygon"
    assert case.window.desk.cases.line("c0").shown_state == "undecided"
    for corner in corners:
        click(case, *corner)
    case.key(Qt.Key.Key_Return, CTRL)
    assert shape_of(case)[62:99, 42:79].max() == 0
    case.key(Qt.Key.Key_Z, CTRL)
    assert np.array_equal(shape_of(case), filled)
    case.key(Qt.Key.Key_Z, CTRL)
    assert case.session.document.correction is None


def test_that_escape_cancels_the_draft_first_and_then_puts_the_tool_away(case) -> None:
    case.key(Qt.Key.Key_P)
    click(case, 40, 60)
    click(case, 80, 60)
    case.key(Qt.Key.Key_Escape)
    assert not case.window.desk.drafting.drafting
    assert case.session.tool == "polygon"
    case.key(Qt.Key.Key_Escape)
    assert case.session.tool == "pan"
    assert case.session.document.correction is None


def test_that_a_draft_waits_while_another_case_is_open(case) -> None:
    case.key(Qt.Key.Key_P)
    click(case, 40, 60)
    click(case, 80, 60)
    case.key(Qt.Key.Key_D)
    case.until(lambda: case.session.case.case_id == "c1")
    assert not case.window.desk.drafting.drafting
    case.key(Qt.Key.Key_A)
    case.until(lambda: case.session.case.case_id == "c0")
    assert len(case.window.desk.drafting.points) == 2
    assert case.session.tool == "polygon"


def test_that_a_case_change_in_the_middle_of_a_stroke_keeps_what_was_painted(case) -> None:
    case.key(Qt.Key.Key_B)
    viewport = case.view.viewport()
    case.qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=case.place(50, 60))
    case.qtbot.mouseMove(viewport, case.place(60, 60))
    painted = case.session.document
    assert painted.correction is not None
    case.window.desk.opening.open("c1")
    case.until(lambda: case.session.case.case_id == "c1")
    case.qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=case.place(60, 60))
    assert case.session.document.correction is None
    case.window.desk.opening.open("c0")
    case.until(lambda: case.session.case.case_id == "c0")
    assert case.session.document is painted


def test_that_a_click_fills_a_hole_and_another_takes_an_island_away(case) -> None:
    session, painting = case.session, case.window.desk.painting
    whole = shape_of(case)
    case.key(Qt.Key.Key_E)
    session.set_view(replace(session.view, brush_radius_px=5.0))
    click(case, 112, 80)  # in the middle of a line
    assert shape_of(case)[80, 112] == 0
    case.key(Qt.Key.Key_G)
    click(case, 112, 80)
    assert session.history.undo_label == "Fill hole"
    assert np.array_equal(shape_of(case) >= 128, whole >= 128)
    case.key(Qt.Key.Key_B)
    click(case, 72, 80)  # between two lines
    case.key(Qt.Key.Key_G)
    click(case, 72, 80)
    assert session.history.undo_label == "Remove island"
    assert np.array_equal(shape_of(case), painting.shape("correction").to_array())
    assert np.array_equal(shape_of(case) >= 128, whole >= 128)
    before = session.document
    click(case, 72, 20)  # a space open to the border is no hole
    assert session.document is before


def test_that_a_dragged_vertex_is_one_step_and_the_epe_follows(case) -> None:
    session = case.session
    register(case)
    case.until(lambda: session.measurement is not None)
    case.key(Qt.Key.Key_V)
    line_edge = 112 + 20 - 0.5
    click(case, line_edge, 80)
    outline = case.window.desk.reshaping.outline
    assert len(outline) >= 4
    case.drag((line_edge, 80), (line_edge + 12, 80))
    assert session.history.undo_label == "Move vertex"
    assert shape_of(case)[80, round(line_edge + 9)] == FULL
    assert len(case.window.desk.reshaping.outline) == len(outline) + 1
    case.until(lambda: session.measurement is not None)
    epe = session.measurement.epe
    approved = epe.epe_nm[(epe.source == "approved") & np.isfinite(epe.epe_nm)]
    assert approved.max() > 10
    case.key(Qt.Key.Key_Backspace)
    assert np.abs(shape_of(case).astype(int) - np.rint(session.case.prediction.probability * FULL)).max() <= 30
    case.key(Qt.Key.Key_Z, CTRL)
    case.key(Qt.Key.Key_Z, CTRL)
    assert session.document.correction is None
    assert not len(case.window.desk.reshaping.outline)


def test_that_design_and_prediction_are_taken_in_a_box(case) -> None:
    session = case.session
    case.key(Qt.Key.Key_E)
    session.set_view(replace(session.view, brush_radius_px=30.0))
    click(case, 112, 80)
    erased = session.document.correction
    case.key(Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier)
    case.drag((100, 70), (124, 90), modifier=CTRL)
    assert session.history.undo_label == "Take the prediction back"
    top, left, bottom, right = changed_box(erased, session.document.correction, 0)
    assert (abs(top - 70), abs(left - 100), abs(bottom - 91), abs(right - 125)) <= (2, 2, 2, 2)
    taken = shape_of(case)
    assert np.array_equal(taken[72:88, 102:122], np.full((16, 20), FULL))
    assert "Not now" in case.window.actions_["tools.take_design"].toolTip()  # nobody has said where the design lies
    case.key(Qt.Key.Key_Escape)
    register(case)
    case.key(Qt.Key.Key_O)
    case.drag((112, 60), (112, 66))
    assert session.history.undo_label == "Take the design's outline"
    assert shape_of(case)[63, 112] == FULL


def test_that_the_ignore_polygon_is_no_material(case) -> None:
    case.key(Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    for corner in ((40, 60), (80, 60), (80, 100)):
        click(case, *corner)
    case.key(Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert case.session.document.correction is None
    assert case.session.document.ignore.to_array()[65, 75] == FULL


def test_that_a_box_is_ignored_cut_and_taken_away_each_in_one_step(case) -> None:
    case.key(Qt.Key.Key_I)
    case.drag((40, 60), (80, 100))
    ignored = case.session.document.ignore.to_array()
    assert case.session.document.correction is None
    assert ignored[65:95, 45:75].min() == FULL
    assert np.count_nonzero(ignored) == pytest.approx(40 * 40, rel=0.15)
    case.drag((60, 40), (70, 120), modifier=CTRL)
    cut = case.session.document.ignore.to_array()
    assert cut[80, 65] == 0
    assert cut[80, 45] == cut[80, 77] == FULL
    click(case, 45, 80)
    left = case.session.document.ignore.to_array()
    assert left[:, :58].max() == 0
    assert left[80, 77] == FULL
    click(case, 20, 20)  # nothing is ignored there
    assert case.session.document.ignore.to_array().max() == FULL
    for kept in (cut, ignored):
        case.key(Qt.Key.Key_Z, CTRL)
        assert np.array_equal(case.session.document.ignore.to_array(), kept)
    case.key(Qt.Key.Key_Z, CTRL)
    assert case.session.document.ignore is None


def test_that_a_snapped_stroke_is_one_step_and_lies_on_the_edge(user, tmp_path: Path) -> None:
    user.open_project(write_small_project(tmp_path / "p"))
    user.open_case("c0")
    session = user.session
    user.window.actions_["mode.single"].trigger()
    user.key(Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    assert session.view.snap
    session.set_view(replace(session.view, brush_radius_px=5.0))
    user.key(Qt.Key.Key_B)
    user.drag((129, 60), (129, 100))
    rim = (shape_of(user)[70:90, 120:145].astype(float) / FULL).sum(axis=1) + 119.5
    assert np.abs(rim - 131.5).max() < 1.0
    assert session.history.undo_label == "Brush"
    user.key(Qt.Key.Key_Z, CTRL)
    assert session.history.undo_label is None
    QApplication.processEvents()
