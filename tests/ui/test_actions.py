"""One table: every action can be reached, no key means two things, what cannot be done says why."""

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from semiview.ui.actions.spec import SCOPE_TITLES, ActionSpec
from semiview.ui.actions.table import GESTURES, MENUS, TABLE, TOOLBAR, clashes
from semiview.ui.key_map import KeyMap
from semiview.ui.key_sheet import rows
from semiview.ui.window_actions import Actions, Binding


def test_that_no_key_means_two_things() -> None:
    assert clashes() == []


def test_that_a_key_used_twice_is_found() -> None:
    table = (ActionSpec("a", "A", "app", ("Ctrl+K",)), ActionSpec("b", "B", "view", ("Ctrl+K",)))
    assert clashes(table) == ["Ctrl+K: a and b"]


def test_that_one_key_may_serve_two_tools_but_not_a_tool_and_all() -> None:
    first, second = (
        ActionSpec("a", "A", "app", ("Return",), tool="x"),
        ActionSpec("b", "B", "app", ("Return",), tool="y"),
    )
    assert clashes((first, second)) == []
    assert clashes((first, second, ActionSpec("c", "C", "app", ("Return",)))) == ["Return: a and c", "Return: b and c"]


def test_that_ids_are_unique_and_keys_are_keys() -> None:
    assert [name for name, count in Counter(spec.id for spec in TABLE).items() if count > 1] == []
    assert [spec.id for spec in TABLE for key in spec.keys if QKeySequence(key).isEmpty()] == []


def test_that_return_and_enter_both_accept_and_no_decision_repeats() -> None:
    specs = {spec.id: spec for spec in TABLE}
    assert specs["review.accept"].keys == ("Return", "Enter")
    decisions = ("review.accept", "review.reject", "review.skip", "review.retract")
    assert not any(specs[name].repeats for name in decisions)


def test_that_the_key_sheet_names_every_key_and_gesture() -> None:
    sheet = [text for scope in SCOPE_TITLES for _, text in rows(KeyMap(), scope)]
    said_at_once = [spec for spec in TABLE if spec.id.endswith(".alone")]
    assert [spec.id for spec in TABLE if spec.keys and spec.text not in sheet and spec not in said_at_once] == []
    assert [gesture.text for gesture in GESTURES if gesture.text not in sheet] == []


def test_that_the_key_sheet_of_a_tool_leaves_out_what_another_one_does() -> None:
    looking = [text for scope in SCOPE_TITLES for _, text in rows(KeyMap(), scope, "pan")]
    assert "Accept" in looking
    assert "Apply the landmarks" not in looking


def test_that_menus_and_toolbar_name_only_what_is_in_the_table() -> None:
    named = [name for _, entries in MENUS for name in entries if name] + [name for group in TOOLBAR for name in group]
    assert set(named) <= {spec.id for spec in TABLE}


# What a key says with and without Shift on US, German and French (AZERTY) keyboards.
PLAIN = {
    "US": "0123456789-=[];',./`\\",
    "German": "0123456789ß´ü+#öä,.-<^",
    "French": "&é\"'(-è_çà)=^$ù*,;:!<²",
}
SHIFTED = {"US": '!@#$%^&*()_+{}:"<>?~|', "German": "!\"§$%&/()=?`*'ÄÖÜ;:_>°", "French": "1234567890°+¨£%µ?./§>"}


def exists(key: str) -> bool:
    """Whether all three keyboards have that key; a letter, an arrow or F1 stands on each."""
    modifiers, last = key.rpartition("+")[::2] if not key.endswith("+") else (key[:-2], "+")
    if len(last) > 1 or last.isalpha():
        return True
    return all(last in PLAIN[name] + ("" if "Shift" in modifiers else SHIFTED[name]) for name in PLAIN)


def test_that_every_action_has_a_key_on_us_german_and_french_keyboards() -> None:
    assert not exists("Shift+.")  # Shift makes the full stop of a French keyboard
    assert [spec.id for spec in TABLE if spec.keys and not any(map(exists, spec.keys))] == []


def every_binding(**changed: Binding) -> dict[str, Binding]:
    bindings = {spec.id: Binding(lambda: None) for spec in TABLE if not spec.held}
    return bindings | {name.replace("__", "."): binding for name, binding in changed.items()}


def test_that_a_table_and_bindings_that_differ_are_refused(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    with pytest.raises(ValueError, match=r"review\.accept"):
        Actions(window, {name: binding for name, binding in every_binding().items() if name != "review.accept"})


def test_that_what_cannot_be_done_says_why_and_is_not_done(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    done: list[str] = []
    reason: list[str | None] = ["no case is open"]
    binding = Binding(lambda: done.append("accepted"), lambda: reason[0])
    actions = Actions(window, every_binding(review__accept=binding))
    actions.refresh()
    action = actions["review.accept"]
    assert not action.isEnabled()
    assert "no case is open" in action.toolTip()
    assert "Return" in action.toolTip()
    reason[0] = None
    actions.refresh()
    action.trigger()
    assert done == ["accepted"]
    reason[0] = "a stroke is open"  # the state moved on, the button has not been redrawn yet
    action.trigger()
    assert done == ["accepted"]
