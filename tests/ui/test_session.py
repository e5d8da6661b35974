"""One route for every change, one signal for each."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from semiview.core.document import Document
from semiview.core.edits import nudge, set_registration
from semiview.core.prediction import Prediction
from semiview.metrology.measurement import measure
from semiview.ui.session import KEPT_HISTORIES, Session


class Heard:
    """What a session said, in order."""

    def __init__(self, session: Session) -> None:
        self.changes: list[tuple[Document, Document]] = []
        session.changed.connect(lambda old, new: self.changes.append((old, new)))


def test_that_an_edit_is_announced_once_with_the_document_before_and_after(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case())
    heard = Heard(session)
    before = session.document
    assert session.apply("Nudge", lambda document: nudge(document, 1, 0))
    assert heard.changes == [(before, session.document)]
    assert session.document.registration.shift_x_nm == 2.0


def test_that_an_edit_without_effect_is_not_announced_and_leaves_nothing_to_undo(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case())
    heard = Heard(session)
    assert not session.apply("Nothing", lambda document: nudge(document, 0, 0))
    assert heard.changes == []
    assert session.history.undo_label is None


def test_that_a_gesture_is_one_undo_step_and_the_next_gesture_another(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case())
    for _gesture in range(2):
        key = object()
        for _ in range(10):
            session.apply("Drag", lambda document: nudge(document, 1, 0), key)
    assert session.document.registration.shift_x_nm == 40.0
    session.undo()
    assert session.document.registration.shift_x_nm == 20.0
    session.undo()
    assert session.document.registration.shift_x_nm == 0.0
    assert not session.undo()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=20))
def test_that_any_edits_and_then_all_undos_give_the_same_object(qtbot: QtBot, make_case, steps) -> None:
    session = Session()
    session.show(make_case())
    first = session.document
    for right, up in steps:
        session.apply("Nudge", lambda document, right=right, up=up: nudge(document, right, up))
    last = session.document
    while session.undo():
        pass
    assert session.document is first
    while session.redo():
        pass
    assert session.document is last


def test_that_signals_can_be_emitted_five_thousand_times(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case())
    heard = Heard(session)
    flags = []
    session.before_changed.connect(flags.append)
    for number in range(5000):
        session.set_before(number % 2 == 0)
    key = object()
    for _ in range(1000):
        session.apply("Drag", lambda document: nudge(document, 1, 0), key)
    assert len(flags) == 5000
    assert len(heard.changes) == 1000


def test_that_an_unsaved_case_comes_back_with_its_history(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case("one"))
    session.apply("Nudge", lambda document: nudge(document, 1, 0))
    edited = session.document
    session.show(make_case("two"))
    session.show(make_case("one"))
    assert session.document is edited
    assert session.dirty
    assert session.undo()


def test_that_histories_without_unsaved_work_do_not_pile_up(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case("edited"))
    session.apply("Nudge", lambda document: nudge(document, 1, 0))
    edited = session.document
    for number in range(5 * KEPT_HISTORIES):
        session.show(make_case(f"case {number}"))
    assert len(session._left) <= KEPT_HISTORIES + 1
    session.show(make_case("edited"))
    assert session.document is edited


def test_that_a_new_prediction_is_a_new_case_and_keeps_document_and_history(qtbot: QtBot, make_case) -> None:
    session = Session()
    opened = make_case()
    session.show(opened)
    session.apply("Nudge", lambda document: nudge(document, 1, 0))
    document = session.document
    predicted = opened.case.with_prediction(Prediction(np.zeros((64, 96), np.float32), "newer"))
    with qtbot.waitSignal(session.prediction_changed):
        session.swap_prediction(predicted)
    assert session.case is predicted
    assert session.document is document
    session.swap_prediction(replace(predicted, info=replace(predicted.info, case_id="another")))
    assert session.case is predicted


def test_that_a_measurement_of_an_older_document_is_not_shown(qtbot: QtBot, make_case) -> None:
    session = Session()
    opened = make_case(predicted=True)
    session.show(opened)
    old = session.document
    measurement = measure(opened.case, old)
    session.set_measurement(old, measurement)
    assert session.measurement is measurement
    session.apply("Nudge", lambda document: nudge(document, 1, 0))
    assert session.measurement is None
    with qtbot.assertNotEmitted(session.measured):
        session.set_measurement(old, measurement)


def test_that_another_case_puts_the_tool_away(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case("one"))
    session.set_tool("register")
    session.set_before(True)
    session.show(make_case("two"))
    assert (session.tool, session.before) == ("pan", False)


def test_that_a_saved_document_is_not_dirty_and_an_edit_makes_it_so_again(qtbot: QtBot, make_case) -> None:
    session = Session()
    session.show(make_case())
    session.apply("Nudge", lambda document: nudge(document, 1, 0))
    session.mark_saved("one", session.document)
    assert not session.dirty
    session.apply("Back", lambda document: set_registration(document, make_case().case.nominal))
    assert session.dirty


@pytest.mark.parametrize("verb", ["undo", "redo"])
def test_that_undo_and_redo_do_nothing_without_a_case(qtbot: QtBot, verb: str) -> None:
    assert not getattr(Session(), verb)()
