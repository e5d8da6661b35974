"""Any checkpoint can be taken into use from the list, and none that cannot be."""

from pathlib import Path

from PySide6.QtCore import Qt

from semiview.files.expected_sem_file import DESIGN_TO_SEM
from semiview.learning.registry import CheckpointRef
from semiview.ui.checkpoint_list import CheckpointList

SHIPPED = CheckpointRef("shipped", Path("shipped"), {"learned_from": "simulated SEM; edges of the material"})
OTHER = CheckpointRef("other", Path("other"), {"learned_from": "simulated SEM; edges as measured"})
CANDIDATE = CheckpointRef("candidate", Path("candidate"), {"parent": "shipped"})
PAINTER = CheckpointRef("painter", Path("painter"), {"task": DESIGN_TO_SEM})
ALL = (SHIPPED, OTHER, CANDIDATE, PAINTER)


def shown(qtbot) -> tuple[CheckpointList, list[str]]:
    found = CheckpointList()
    qtbot.addWidget(found)
    wanted: list[str] = []
    found.wanted.connect(wanted.append)
    found.resize(700, 200)
    found.show()
    found.show_checkpoints(ALL, "shipped")
    return found, wanted


def click_row(qtbot, found: CheckpointList, row: int) -> None:
    place = found.table.visualItemRect(found.table.item(row, 0)).center()
    qtbot.mouseClick(found.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_the_newest_stands_first_and_says_where_it_comes_from(qtbot):
    found, _ = shown(qtbot)
    assert [found.table.text(row, 0) for row in range(4)] == ["painter", "candidate", "other", "shipped"]
    assert found.table.text(1, 1) == "shipped"
    assert found.table.text(2, 1) == "simulated SEM; edges as measured"
    assert found.table.text(3, 4) == "in use"


def test_that_a_chosen_one_is_asked_for_by_a_click(qtbot):
    found, wanted = shown(qtbot)
    assert not found.use.isEnabled()
    click_row(qtbot, found, 2)
    assert found.use.isEnabled()
    qtbot.mouseClick(found.use, Qt.MouseButton.LeftButton)
    assert wanted == ["other"]


def test_that_what_cannot_be_used_says_why(qtbot):
    found, wanted = shown(qtbot)
    for row, why in ((3, "in use"), (0, "makes SEM pictures")):
        click_row(qtbot, found, row)
        assert not found.use.isEnabled()
        assert why in found.use.toolTip()
    assert not wanted


def test_that_the_choice_stays_while_a_run_adds_another(qtbot):
    found, _ = shown(qtbot)
    click_row(qtbot, found, 2)
    newer = CheckpointRef("newer", Path("newer"), {"parent": "shipped"})
    found.show_checkpoints((*ALL, newer), "shipped")
    assert [index.row() for index in found.table.selectionModel().selectedRows()] == [3]
    found.show_checkpoints((SHIPPED,), "shipped")
    assert not found.use.isEnabled()
